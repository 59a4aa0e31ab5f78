"""What becomes of an unpaid invoice: stages, interest and costs."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from confirma_async.sandbox import Sandbox, Stage, Terms, VirtualClock
from confirma_async.sandbox.rules.stages import STEPS
from tests.sandbox.handlers.events import stages_of


async def test_a_case_is_found_by_its_identifier_and_by_the_number(invoiced):
    case_id = (await invoiced.record(1042))["caseId"]
    by_case = await invoiced.get("invoice/case", caseId=str(case_id))
    assert by_case.body["case"] == await invoiced.case()
    assert by_case.body["case"]["summary"]["caseId"] == case_id


async def test_before_the_due_date_nothing_but_the_capital_is_owed(invoiced, sandbox):
    sandbox.clock.advance(days=13)
    case = await invoiced.case()
    assert case["summary"]["stage"] == "PAYMENT_CONTROL"
    assert case["summary"]["closedAt"] is None
    assert case["summary"]["activeDays"] == 13
    assert case["balance"] == {
        "capitalAmount": 150,
        "interestAmount": 0,
        "costsAmount": 0,
        "totalAmount": 150,
    }


async def test_an_unpaid_invoice_goes_from_overdue_to_collection(invoiced, sandbox):
    sandbox.clock.advance(days=60)
    case = await invoiced.case()
    assert stages_of(case) == [
        ("2026-03-02", "PAYMENT_CONTROL"),
        ("2026-03-16", "OVERDUE"),
        ("2026-03-23", "REMINDER"),
        ("2026-04-06", "SECOND_REMINDER"),
        ("2026-04-20", "COLLECTION"),
    ]
    assert case["balance"]["costsAmount"] == 40


async def test_stages_are_the_same_however_often_somebody_looks(invoiced, sandbox):
    for _ in range(60):
        sandbox.clock.advance(days=1)
        await invoiced.case()
    assert [stage for _, stage in stages_of(await invoiced.case())][-1] == "COLLECTION"
    assert (await invoiced.case())["balance"]["costsAmount"] == 40


async def test_interest_runs_from_the_day_after_the_due_date_at_the_clients_rate(invoiced, sandbox):
    sandbox.clock.advance(days=23)  # 25 March: ten days at 10.5 %
    assert (await invoiced.case())["balance"]["interestAmount"] == Decimal("0.43")


@pytest.mark.parametrize(
    ("terms", "interest"),
    [
        ({"type": "REFERENCE_RATE", "percentage": 99}, Decimal("0.43")),
        ({"type": "FIXED", "percentage": 20}, Decimal("0.82")),
        ({"type": "FIXED", "percentage": 0}, 0),
    ],
)
async def test_a_reference_rate_invoice_ignores_its_percentage(
    partner, sandbox, make_invoice, terms, interest
):
    await partner.post(make_invoice(invoice__terms={"interest": terms}))
    sandbox.clock.advance(days=23)
    assert (await partner.case())["balance"]["interestAmount"] == interest


async def test_a_collection_invoice_goes_the_way_of_debt_collection(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__header__type="COLLECTION"))
    sandbox.clock.advance(days=60)
    case = await partner.case()
    assert stages_of(case) == [
        ("2026-03-02", "REMINDER_LETTER"),
        ("2026-03-12", "CONTROL"),
        ("2026-03-26", "FURTHER_REMINDER"),
        ("2026-04-09", "FORMAL_NOTICE"),
        ("2026-04-23", "COLLECTION"),
    ]
    assert case["balance"]["costsAmount"] == 55


async def test_costs_and_interest_that_an_invoice_brings_along_are_owed(partner, sandbox, make_invoice):
    brought = {
        "costs": {"creditorCostsAmount": 10.5, "collectionFeesAmount": 4.5},
        "interest": {"amount": 1.25},
    }
    await partner.post(make_invoice(invoice__collection=brought))
    sandbox.clock.advance(hours=2)
    balance = (await partner.case())["balance"]
    assert (balance["costsAmount"], balance["interestAmount"]) == (15, Decimal("1.25"))


@pytest.mark.parametrize("state", [{"paidAmount": 50}, {"openAmount": 100}])
async def test_what_was_paid_before_sending_is_not_owed(partner, sandbox, make_invoice, state):
    await partner.post(make_invoice(invoice__paymentData={"state": state}))
    sandbox.clock.advance(hours=2)
    assert (await partner.case())["balance"]["capitalAmount"] == 100


async def test_a_buyer_with_collection_disabled_is_reminded_only(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__parties__buyerParty__disableCollection=True))
    sandbox.clock.advance(days=300)
    assert (await partner.case())["summary"]["stage"] == "SECOND_REMINDER"


async def test_a_stage_that_the_terms_no_longer_have_is_the_last(tmp_path, partner_of, make_invoice):
    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    async with Sandbox(db=tmp_path / "db", clock=clock) as sandbox:
        await partner_of(sandbox).post(make_invoice())
        sandbox.advance(days=23)
    fewer = Terms(steps=[step for step in STEPS if step.stage is not Stage.REMINDER])
    async with Sandbox(db=tmp_path / "db", clock=clock, terms=fewer) as sandbox:
        sandbox.advance(days=300)
        assert (await partner_of(sandbox).case())["summary"]["stage"] == "REMINDER"


async def test_an_invoice_without_anything_to_pay_is_closed_at_once(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__rows=[]))
    sandbox.clock.advance(hours=2)
    case = await partner.case()
    assert (case["summary"]["status"], case["summary"]["closedAt"]) == ("CLOSED", "2026-03-02")


async def test_a_due_date_at_the_end_of_the_calendar_is_no_trouble(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__header__dueDate="9999-12-31"))
    sandbox.clock.advance(days=400)
    assert (await partner.case())["summary"]["stage"] == "PAYMENT_CONTROL"


async def test_the_largest_sums_of_the_wire_are_counted_exactly(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__amounts={"grossAmount": 10**59 + 1}))
    sandbox.clock.advance(days=378)  # a year after the due date
    balance = (await partner.case())["balance"]
    assert balance["capitalAmount"] == 10**59 + 1
    interest = Fraction(10**59 + 1) * Fraction("10.5") * 365 / 36500
    assert abs(Fraction(balance["interestAmount"]) - interest) <= Fraction("0.005")
    sandbox.pay(1042)
    assert (await partner.case())["summary"]["status"] == "CLOSED"
