"""The services of the contract as a user of the client meets them: every verb, over a real socket."""

import datetime
from decimal import Decimal

import pytest

from confirma_async import Confirma, FileTokenStore
from confirma_async.errors import AuthenticationError, NotFoundError, PermissionDeniedError
from confirma_async.resources.operations import pick_address
from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.schemas import (
    ActionCode,
    Comment,
    DirectPayment,
    DueDate,
    Objection,
    Pause,
    PaymentPlan,
    Withdraw,
)

START = datetime.datetime(2026, 11, 2, 9, tzinfo=datetime.UTC)
LEDGER = {
    "ledgerIdentifier": "L-1",
    "documentDate": "2026-11-30",
    "ledgerRows": [
        {"accountNumber": "1700", "netAmount": Decimal("100.10")},
        {"accountNumber": "3000", "netAmount": Decimal("-100.10")},
    ],
}
COMPANY = {
    "service": {"type": "LIFECYCLE", "partnerCode": "P-1"},
    "client": {"name": "Uusi Oy", "businessCode": "0000001-9"},
}


@pytest.fixture
async def sandbox(overrides):
    async with Sandbox(clock=VirtualClock(START), overrides=overrides) as running:
        running.connect_accounting("Netvisor")
        yield running


@pytest.fixture
def invoice(wire_invoice):
    """100.00 of 1 November, due on the 15th."""
    return wire_invoice(1042, references={"payment": "12344"})


async def test_an_unpaid_invoice_is_reminded_of_paid_and_settled(sandbox, confirma, invoice):
    await confirma.invoices.create(invoice)
    sandbox.clock.advance(days=22)  # 24 November: a reminder, and nine days of interest
    listing = await confirma.invoices.distributions(invoice_number=1042)
    case = (await confirma.invoices.case(listing.data[0].case_id)).case
    assert case.summary is not None
    assert case.balance is not None
    assert (case.summary.stage, case.balance.total_amount) == ("REMINDER", Decimal("105.26"))
    assert [entry.stage for entry in case.timeline] == ["PAYMENT_CONTROL", "OVERDUE", "REMINDER"]

    sandbox.pay(1042, amount=Decimal("55.26"))
    sandbox.clock.advance(days=7)
    (payment,) = await confirma.payments.list()
    assert (payment.amount, payment.original_payment_reference) == (Decimal("55.26"), "12344")
    (settlement,) = (await confirma.payments.settlements()).settlements
    (allocation,) = settlement.allocations
    parts = {str(part.type): part.amount for part in allocation.breakdown}
    assert parts == {"CAPITAL": Decimal("50.00"), "INTEREST": Decimal("0.26"), "FEES": Decimal("5.00")}
    assert settlement.settlement_amount == allocation.allocated_total_amount == Decimal("55.26")


async def test_settlements_are_read_by_period_and_once_by_the_filter(sandbox, confirma, invoice):
    await confirma.invoices.create(invoice)
    sandbox.clock.advance(days=1)
    for _ in range(3):
        sandbox.pay(1042, amount=Decimal("10.00"))
        sandbox.clock.advance(days=40)
    first, last = START.date(), sandbox.clock.now().date()
    every = [it async for it in confirma.payments.settlements(from_date=first, to_date=last)]
    assert [it.settlement_amount for it in every] == [Decimal("10.00")] * 3
    assert len([it async for it in confirma.payments.list(from_date=first, to_date=last)]) == 3
    sandbox.pay(1042, amount=Decimal("1.00"))
    sandbox.clock.advance(days=7)
    fetched = [len((await confirma.payments.settlements(unfetched_only=True)).settlements) for _ in range(2)]
    assert fetched == [1, 0]


async def test_the_seven_actions_are_taken_and_processed(sandbox, confirma, invoice):
    await confirma.invoices.create(invoice)
    sandbox.clock.advance(days=1)
    receipt = await confirma.invoices.create_actions(
        [
            Comment(invoice_number=1042, comment="hello"),
            DueDate(invoice_number=1042, due_date=datetime.date(2026, 12, 1)),
            Pause(invoice_number=1042),
            PaymentPlan(invoice_number=1042),
            Objection(invoice_number=1042),
            DirectPayment(invoice_number=1042, amount=Decimal("10.00"), currency="EUR"),
            Withdraw(invoice_number=1042),
        ]
    )
    assert [it.code for it in receipt.actions] == [
        "COMMENT",
        "DUEDATE",
        "PAUSE",
        "PAYMENTPLAN",
        "OBJECTION",
        "DIRECTPAYMENT",
        "WITHDRAW",
    ]
    assert {it.status for it in receipt.actions} == {"PENDING"}
    sandbox.clock.advance(minutes=5)
    case = (await confirma.invoices.case(invoice_number=1042)).case
    reported = {event.code for event in case.events}
    assert set(ActionCode) <= reported
    assert case.summary is not None
    assert case.summary.status == "CLOSED"


async def test_pages_hold_what_the_first_version_tells(sandbox, confirma, wire_invoice):
    for number in range(1, 8):
        await confirma.invoices.create(wire_invoice(number))
    records = [it async for it in confirma.invoices.distributions_v2(page_size=3)]
    assert tuple(records) == tuple((await confirma.invoices.distributions()).data)


async def test_records_reach_the_books(sandbox, confirma, invoice):
    assert (await confirma.accounting.ledger_statuses()).ledgers == ()
    await confirma.accounting.submit_ledger(LEDGER)
    paid = {
        "paymentIdentifier": "P-1",
        "invoiceNumber": "1042",
        "amount": Decimal("10.00"),
        "currency": "EUR",
    }
    await confirma.accounting.submit_payments([paid])
    await confirma.invoices.create({**invoice, "processing": {"accountingInvoiceEnabled": True}})
    sandbox.clock.advance(hours=2)
    (ledger,) = (await confirma.accounting.ledger_statuses()).ledgers
    (payment,) = (await confirma.accounting.payment_statuses()).payments
    (sent,) = (await confirma.accounting.invoice_statuses()).invoices
    assert (ledger.source_identifier, payment.source_identifier, sent.invoice_number) == (
        "L-1",
        "P-1",
        "1042",
    )
    assert ledger.is_synced
    assert payment.is_synced
    assert sent.is_synced


async def test_a_provider_that_refuses_is_a_failure_with_its_words(sandbox, confirma):
    sandbox.connect_accounting("Procountor", provider_error="the period is closed")
    await confirma.accounting.submit_ledger(LEDGER)
    sandbox.clock.advance(hours=1)
    (ledger,) = (await confirma.accounting.ledger_statuses()).ledgers
    assert ledger.has_failed
    assert ledger.description == "Procountor: the period is closed"


async def test_a_company_with_several_addresses_leaves_the_choice(confirma):
    addresses = await confirma.operations.finvoice_credentials("0000002-7")
    assert len(addresses) == 3
    assert pick_address(addresses, address_type="IBAN").e_invoice_operator_name == "Sandbox Bank"
    assert await confirma.operations.finvoice_credentials("0000003-5") == ()


async def test_a_client_that_was_onboarded_sends_invoices(sandbox, overrides, invoice):
    async with Confirma(
        provisioning_token=sandbox.provisioning_token, base_url=sandbox.url, overrides=overrides
    ) as partner:
        created = await partner.onboarding.create_client(COMPANY)
        with partner.as_client(created.api_access_token) as creditor:
            assert (await creditor.invoices.create(invoice)).status == "PAUSED"
    assert [it.client for it in sandbox.invoices()] == ["0000001-9"]


async def test_an_expired_token_is_renewed_and_kept(sandbox, tmp_path, overrides):
    store = FileTokenStore(tmp_path / "token")
    async with Confirma(sandbox.api_key, base_url=sandbox.url, overrides=overrides) as confirma:
        sandbox.expire_token()
        with pytest.raises(AuthenticationError):
            await confirma.onboarding.validate_token()
        renewed = await confirma.onboarding.renew_token(store=store)
        assert (await confirma.onboarding.validate_token()).is_valid
    assert renewed.reveal() == sandbox.api_key


# --- bad input --------------------------------------------------------------------------------------


async def test_an_unknown_case_or_invoice_is_not_found(confirma):
    with pytest.raises(NotFoundError):
        await confirma.invoices.case(1)
    with pytest.raises(NotFoundError):
        await confirma.invoices.case(invoice_number=4711)
    with pytest.raises(NotFoundError):
        await confirma.invoices.create_actions([Comment(invoice_number=4711)])


async def test_a_clients_token_may_not_onboard(sandbox, overrides):
    async with Confirma(
        provisioning_token=sandbox.api_key, base_url=sandbox.url, overrides=overrides
    ) as client:
        with pytest.raises(PermissionDeniedError):
            await client.onboarding.create_client(COMPANY)
