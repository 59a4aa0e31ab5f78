"""Payments, how they are allocated, and the settlements that pay them out."""

from decimal import Decimal
from typing import Any

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Sandbox, Terms
from confirma_async.schemas import AllocationType


@pytest.fixture
async def reminded(partner, sandbox, make_invoice):
    """Invoice 1042: 150.00, a reminder of 5.00, and interest of 0.43 on Wednesday, 25 March."""
    await partner.post(make_invoice(invoice__references={"payment": "12344"}))
    sandbox.clock.advance(days=23)
    return partner


def _balance(case: dict[str, Any]) -> tuple[Any, ...]:
    balance = case["balance"]
    return (balance["capitalAmount"], balance["interestAmount"], balance["costsAmount"])


async def _settlements(partner: Any, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await partner.get("settlements", **query)).body["settlements"]
    return found


async def test_a_full_payment_closes_the_case(reminded, sandbox):
    assert sandbox.pay(1042).amount == Decimal("155.43")
    sandbox.clock.advance(days=100)
    case = await reminded.case()
    assert _balance(case) == (0, 0, 0)
    assert (case["summary"]["status"], case["summary"]["closedAt"]) == ("CLOSED", "2026-03-25")


@pytest.mark.parametrize(
    ("amount", "balance"),
    [
        ("3.00", (150, Decimal("0.43"), 2)),
        ("5.20", (150, Decimal("0.23"), 0)),
        ("105.43", (50, 0, 0)),
        ("160.00", (Decimal("-4.57"), 0, 0)),
    ],
)
async def test_a_payment_covers_fees_then_interest_then_capital(reminded, sandbox, amount, balance):
    sandbox.pay(1042, amount=Decimal(amount))
    assert _balance(await reminded.case()) == balance


async def test_the_terms_may_say_another_order(partner_of, make_invoice, sandbox):
    capital_first = (AllocationType.CAPITAL, AllocationType.FEES, AllocationType.INTEREST)
    async with Sandbox(clock=sandbox.clock, terms=Terms(allocation_order=capital_first)) as other:
        partner = partner_of(other)
        await partner.post(make_invoice())
        other.clock.advance(days=23)
        other.pay(1042, amount=Decimal("100.00"))
        assert _balance(await partner.case()) == (50, Decimal("0.43"), 5)


async def test_after_a_partial_payment_less_capital_bears_interest(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("105.43"))
    sandbox.clock.advance(days=10)  # 0.4315 and 0.1438: 0.58 in all, rounded once, of which 0.43 is paid
    assert _balance(await reminded.case())[1] == Decimal("0.15")


async def test_payments_tell_what_came_in(reminded, sandbox):
    payment = sandbox.pay(1042, amount=Decimal("100.10"), reference="my own words")
    assert (await reminded.get("payments")).body == [
        {
            "caseId": payment.case_id,
            "invoiceNumber": "1042",
            "invoicePaymentReference": "12344",
            "originalPaymentReference": "my own words",
            "accountName": "Client funds",
            "bookingDate": "2026-03-25T12:00:00.000Z",
            "paymentDate": "2026-03-25T12:00:00.000Z",
            "amount": Decimal("100.10"),
            "currency": "EUR",
        }
    ]


async def test_payments_of_a_window_of_days(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=40)
    sandbox.pay(1042, amount=Decimal("2.00"))
    assert [it["amount"] for it in (await reminded.get("payments")).body] == [2]
    query = {"fromDate": "2026-03-25", "toDate": "2026-03-25"}
    assert [it["amount"] for it in (await reminded.get("payments", **query)).body] == [1]


async def test_a_payment_is_paid_out_in_the_next_settlement_run(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("100.00"))
    sandbox.clock.advance(days=1)
    assert await _settlements(reminded) == []
    sandbox.clock.advance(days=1)
    (settlement,) = await _settlements(reminded)
    assert settlement["settlementDate"] == "2026-03-27"
    assert len(str(settlement["settlementId"])) == 12
    assert settlement["settlementAmount"] == 100
    assert settlement["agency"] == "CashIn"
    assert (
        settlement["beneficiary"] is settlement["remittanceReference"] is settlement["apiFetchDate"] is None
    )
    (allocation,) = settlement["allocations"]
    assert (allocation["originalInvoiceNumber"], allocation["allocatedTotalAmount"]) == ("1042", 100)
    assert {part["type"]: part["amount"] for part in allocation["breakdown"]} == {
        "FEES": 5,
        "INTEREST": Decimal("0.43"),
        "CAPITAL": Decimal("94.57"),
    }


async def test_a_payment_is_settled_once(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("100.00"))
    sandbox.clock.advance(days=20)
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=7)
    amounts = [settlement["settlementAmount"] for settlement in await _settlements(reminded)]
    assert amounts == [100, 1]


async def test_settlements_are_made_by_currency(partner, sandbox, make_invoice):
    for number, currency in ((1, "EUR"), (2, "SEK"), (3, "EUR")):
        await partner.post(make_invoice(number, invoice__header__currencyCode=currency))
    sandbox.clock.advance(days=1)
    for number in (1, 2, 3):
        sandbox.pay(number)
    sandbox.clock.advance(days=7)
    found = await _settlements(partner)
    assert [(it["currency"], it["settlementAmount"]) for it in found] == [("EUR", 300), ("SEK", 150)]


async def test_a_client_with_an_account_is_the_beneficiary(partner_of, sandbox, make_invoice):
    onboarding = partner_of(sandbox, sandbox.provisioning_token)
    client = {"name": "New Oy", "businessCode": "0000001-9", "ibanAccount": "FI2112345600000785", "bic": ""}
    service = {"type": "LIFECYCLE", "partnerCode": "P"}
    reply = await onboarding.send("client", {"service": service, "client": client})
    newcomer = partner_of(sandbox, reply.body["apiAccessToken"])
    await newcomer.post(make_invoice())
    sandbox.clock.advance(days=1)
    sandbox.pay(1042, client="0000001-9")
    sandbox.clock.advance(days=7)
    (settlement,) = await _settlements(newcomer)
    assert settlement["beneficiary"] == {"name": "New Oy", "iban": "FI2112345600000785"}


async def test_unfetched_settlements_are_returned_once(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=7)
    (first,) = await _settlements(reminded, unfetchedOnly="true")
    assert first["apiFetchDate"] is None
    assert await _settlements(reminded, unfetchedOnly="true") == []
    (later,) = await _settlements(reminded)
    assert later["apiFetchDate"] == "2026-04-01T12:00:00.000Z"


async def test_other_readings_mark_nothing(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=7)
    for query in ({}, {"unfetchedOnly": "false"}):
        assert len(await _settlements(reminded, **query)) == 1
    assert len(await _settlements(reminded, unfetchedOnly="true")) == 1


async def test_without_a_period_settlements_are_those_of_the_last_30_days(reminded, sandbox):
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=33)
    assert await _settlements(reminded) == []
    query = {"fromDate": "2026-03-27", "toDate": "2026-03-27"}
    assert len(await _settlements(reminded, **query)) == 1


WINDOWS = [
    ("/api/v1/partner/payments", "fromDate", "toDate"),
    ("/api/v1/partner/settlements", "fromDate", "toDate"),
    ("/api/v1/partner/invoice/distribution", "fromInvDate", "toInvDate"),
    ("/api/v2/partner/invoice/distribution", "fromInvDate", "toInvDate"),
]


@pytest.mark.parametrize(("path", "first", "last"), WINDOWS)
@pytest.mark.parametrize("days", [("2026-03-02", "2026-03-01"), ("yesterday", "2026-03-01")])
async def test_dates_that_are_none_or_upside_down_get_400(partner, path, first, last, days):
    reply = await partner.call("GET", path, query=dict(zip((first, last), days, strict=True)))
    assert reply.status == 400


async def test_a_payment_can_be_changed_until_it_is_settled(reminded, sandbox):
    payment = sandbox.pay(1042)
    assert (await reminded.case())["summary"]["status"] == "CLOSED"
    sandbox.change_payment(payment.id, amount=Decimal("100.00"))
    assert _balance(await reminded.case()) == (Decimal("55.43"), 0, 0)
    assert (await reminded.case())["summary"]["status"] == "OPEN"
    assert [it["amount"] for it in (await reminded.get("payments")).body] == [100]
    sandbox.clock.advance(days=7)
    assert [it["settlementAmount"] for it in await _settlements(reminded)] == [100]
    with pytest.raises(ConfigurationError, match="settlements are final"):
        sandbox.change_payment(payment.id, amount=Decimal("1.00"))


async def test_a_payment_that_was_taken_back_never_was(reminded, sandbox):
    payment = sandbox.pay(1042)
    assert sandbox.change_payment(payment.id, amount=Decimal(0)) is None
    sandbox.clock.advance(days=7)
    assert (await reminded.get("payments")).body == []
    assert await _settlements(reminded) == []
    assert (await reminded.case())["summary"]["status"] == "OPEN"


def test_an_unknown_payment_cannot_be_changed(sandbox):
    with pytest.raises(ConfigurationError, match="no payment 7"):
        sandbox.change_payment(7, amount=Decimal("1.00"))


def test_neither_invoice_nor_case_is_nothing_to_pay(sandbox):
    with pytest.raises(ConfigurationError, match="name an invoice number or a case"):
        sandbox.pay()


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "1E+60"])
async def test_an_amount_that_is_no_money_cannot_be_paid(reminded, sandbox, amount):
    with pytest.raises(ConfigurationError):
        sandbox.pay(1042, amount=Decimal(amount))


async def test_what_has_no_case_cannot_be_paid_through_the_agency(partner, sandbox, make_invoice):
    await partner.post(make_invoice(processing__paymentControlEnabled=False))
    sandbox.clock.advance(days=1)
    with pytest.raises(ConfigurationError, match="under payment control"):
        sandbox.pay(1042)


async def test_a_number_of_two_sellers_wants_a_case(partner, sandbox, make_invoice):
    await partner.post(make_invoice())
    await partner.post(make_invoice(invoice__parties__sellerParty__businessId="1111111-1"))
    sandbox.clock.advance(days=1)
    with pytest.raises(ConfigurationError, match="several invoices"):
        sandbox.pay(1042)
    second = (await partner.records(invoiceNumber="1042"))[1]["caseId"]
    assert sandbox.pay(case_id=second).case_id == second


async def test_cases_payments_and_settlements_survive_a_restart(tmp_path, partner_of, make_invoice):
    async with Sandbox(db=tmp_path / "db") as sandbox:
        partner = partner_of(sandbox)
        today = sandbox.clock.now().date().isoformat()
        dates = {"invoice__header__date": today, "invoice__header__dueDate": "9999-12-31"}
        for number in (1, 2):
            await partner.post(make_invoice(number, **dates))
        await partner.send("accounting/ledger", {"ledgers": {"ledgerIdentifier": "L1", "ledgerRows": []}})
        sandbox.clock.advance(days=1)
        sandbox.pay(1)
        await partner.act("OBJECTION", 2)
    async with Sandbox(db=tmp_path / "db") as sandbox:
        partner = partner_of(sandbox)
        sandbox.clock.advance(days=7)
        assert [it["settlementAmount"] for it in await _settlements(partner)] == [150]
        assert (await partner.case(1))["summary"]["status"] == "CLOSED"
        assert (await partner.case(2))["summary"]["status"] == "OBJECTED"
        assert (await partner.get("accounting/ledger")).body["ledgers"][0]["sourceIdentifier"] == "L1"
