"""What becomes of an unpaid invoice: stages, interest, actions, credits."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox import Sandbox, Stage, Terms, VirtualClock
from confirma_async.sandbox.rules.stages import STEPS


@pytest.fixture
async def invoiced(partner, sandbox, make_invoice):
    """Invoice 1042 over 150.00, due on 15 March, under payment control since 2 March."""
    await partner.post(make_invoice())
    sandbox.clock.advance(hours=2)
    return partner


def _codes(case: dict[str, Any]) -> list[str]:
    return [event["code"] for event in case["events"]]


def _stages(case: dict[str, Any]) -> list[tuple[str, str]]:
    return [(entry["date"][:10], entry["stage"]) for entry in case["timeline"]]


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
    assert _stages(case) == [
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
    assert [stage for _, stage in _stages(await invoiced.case())][-1] == "COLLECTION"
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
    assert _stages(case) == [
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


# --- actions ----------------------------------------------------------------------------------------


async def test_actions_are_pending_and_then_processed(invoiced, sandbox):
    reply = await invoiced.act("COMMENT")
    (receipt,) = reply.body["actions"]
    assert (receipt["code"], receipt["invoiceNumber"], receipt["status"]) == ("COMMENT", 1042, "PENDING")
    assert "COMMENT" not in _codes(await invoiced.case())
    sandbox.clock.advance(minutes=5)
    assert (await invoiced.case())["events"][-1] == {
        "code": "COMMENT",
        "date": "2026-03-02T14:05:00.000Z",
        "description": "A comment was left. why",
    }


async def test_a_withdrawn_case_is_closed_and_owes_nothing(invoiced, sandbox):
    sandbox.clock.advance(days=30)
    await invoiced.act("WITHDRAW")
    sandbox.clock.advance(days=30)
    case = await invoiced.case()
    assert case["summary"]["status"] == "CLOSED"
    assert case["balance"]["totalAmount"] == 0
    assert _codes(case)[-2:] == ["WITHDRAW", "CLOSED"]


async def test_a_moved_due_date_is_that_of_the_case(invoiced, sandbox):
    await invoiced.act("DUEDATE", dueDate="2026-04-15")
    sandbox.clock.advance(days=45)  # 16 April
    case = await invoiced.case()
    assert _stages(case)[-1] == ("2026-04-16", "OVERDUE")
    assert case["balance"]["interestAmount"] == Decimal("0.04")


@pytest.mark.parametrize(
    ("code", "status", "reminded_on"),
    [("PAUSE", "PAUSED", "2026-04-06"), ("PAYMENTPLAN", "PAYMENT_PLAN", "2026-06-21")],
)
async def test_a_hold_makes_the_next_steps_later(invoiced, sandbox, code, status, reminded_on):
    sandbox.clock.advance(days=20)  # 22 March, a day before the reminder
    await invoiced.act(code)
    sandbox.clock.advance(hours=1)
    assert (await invoiced.case())["summary"]["status"] == status
    sandbox.clock.advance(days=100)
    case = await invoiced.case()
    assert case["summary"]["status"] == "OPEN"
    assert (reminded_on, "REMINDER") in _stages(case)


async def test_an_objection_holds_until_somebody_resumes_the_case(invoiced, sandbox):
    await invoiced.act("OBJECTION")
    sandbox.clock.advance(days=300)
    case = await invoiced.case()
    assert (case["summary"]["status"], case["summary"]["stage"]) == ("OBJECTED", "PAYMENT_CONTROL")
    sandbox.resume_case(1042)
    sandbox.clock.advance(days=15)
    assert (await invoiced.case())["summary"]["stage"] == "OVERDUE"


async def test_a_direct_payment_reduces_the_balance_and_is_never_settled(invoiced, sandbox):
    await invoiced.act("DIRECTPAYMENT", amount=50, currency="EUR", reference="thanks")
    sandbox.clock.advance(days=10)
    case = await invoiced.case()
    assert case["balance"]["capitalAmount"] == 100
    assert [(it["amount"], it["reference"]) for it in case["payments"]] == [(50, "thanks")]
    assert (await invoiced.get("payments")).body == []
    assert (await invoiced.get("settlements")).body["settlements"] == []


async def test_outstanding_amounts_say_how_a_direct_payment_is_allocated(invoiced, sandbox):
    sandbox.clock.advance(days=22)  # a reminder of 5.00, interest of 0.39
    outstanding = {
        "outstandingCapitalAmount": 100,
        "outstandingInterestAmount": 0.39,
        "outstandingCostsAmount": 5,
    }
    await invoiced.act("DIRECTPAYMENT", amount=50, **outstanding)
    sandbox.clock.advance(minutes=5)
    balance = (await invoiced.case())["balance"]
    assert (balance["capitalAmount"], balance["costsAmount"]) == (100, 5)


async def test_a_direct_payment_in_another_currency_changes_nothing(invoiced, sandbox):
    await invoiced.act("DIRECTPAYMENT", amount=50, currency="SEK")
    sandbox.clock.advance(minutes=5)
    case = await invoiced.case()
    assert case["balance"]["capitalAmount"] == 150
    assert case["events"][-1]["description"].startswith("Refused")


async def test_a_closed_case_takes_comments_only(invoiced, sandbox):
    sandbox.pay(1042)
    for code in ("PAUSE", "COMMENT"):
        await invoiced.act(code)
    sandbox.clock.advance(minutes=5)
    case = await invoiced.case()
    assert case["summary"]["status"] == "CLOSED"
    assert [event["description"].split(":")[0] for event in case["events"][-2:]] == [
        "Refused",
        "A comment was left. why",
    ]


@pytest.mark.parametrize(
    ("code", "data", "field"),
    [
        ("DANCE", {}, "$.actions[0].code"),
        ("DUEDATE", {}, "$.actions[0].data"),
        ("DIRECTPAYMENT", {}, "$.actions[0].data"),
        ("DIRECTPAYMENT", {"amount": -1}, "$.actions[0].data.amount"),
        ("COMMENT", {"invoiceNumber": None}, "$.actions[0].data"),
    ],
)
async def test_an_action_that_makes_no_sense_gets_400(invoiced, code, data, field):
    reply = await invoiced.act(code, **data)
    assert (reply.status, reply.body["errors"][0]["field"]) == (400, field)


async def test_one_unknown_invoice_refuses_all_actions(invoiced, sandbox):
    actions = [
        {"code": "WITHDRAW", "data": {"invoiceNumber": 1042}},
        {"code": "WITHDRAW", "data": {"invoiceNumber": 4711}},
    ]
    assert (await invoiced.send("invoice/action", {"actions": actions})).status == 404
    sandbox.clock.advance(days=1)
    assert (await invoiced.case())["summary"]["status"] == "OPEN"


@pytest.mark.parametrize("places", [{}, {"processing__paymentControlEnabled": False}])
async def test_an_action_on_an_invoice_without_a_case_gets_402(partner, sandbox, make_invoice, places):
    await partner.post(make_invoice(**places))
    if places:
        sandbox.clock.advance(days=1)
    assert (await partner.act("COMMENT")).status == 402


async def test_what_is_not_on_hold_cannot_be_resumed(invoiced, sandbox):
    with pytest.raises(ConfigurationError, match="not on hold"):
        sandbox.resume_case(1042)


async def test_no_actions_at_all_get_400(invoiced):
    assert (await invoiced.send("invoice/action", {"actions": []})).status == 400


# --- credit notes, reminders, approvals -------------------------------------------------------------


def _credit_note(make_invoice: Any, number: int, amount: int) -> Any:
    return make_invoice(
        number,
        invoice__header__type="CREDIT_NOTE",
        invoice__references={"creditedInvoiceNumber": 1042},
        invoice__amounts={"grossAmount": -amount},
    )


async def test_a_full_credit_note_credits_the_original_and_closes_its_case(invoiced, sandbox, make_invoice):
    sandbox.clock.advance(days=25)
    await invoiced.post(_credit_note(make_invoice, 2000, 150))
    sandbox.clock.advance(days=1)
    assert (await invoiced.record(1042))["status"] == "CREDITED"
    case = await invoiced.case()
    assert (case["summary"]["status"], case["balance"]["totalAmount"]) == ("CLOSED", 0)


async def test_an_intermediated_original_can_be_credited(partner_of, sandbox, make_invoice):
    other = partner_of(sandbox, sandbox.add_client("other", service="INTERMEDIATION"))
    await other.post(make_invoice())
    await other.post(_credit_note(make_invoice, 2000, 150))
    sandbox.clock.advance(days=1)
    assert [it["status"] for it in await other.records()] == ["CREDITED", "INTERMEDIATED"]


async def test_a_partial_credit_note_reduces_what_is_owed(invoiced, sandbox, make_invoice):
    await invoiced.post(_credit_note(make_invoice, 2000, 60))
    sandbox.clock.advance(days=1)
    assert (await invoiced.record(1042))["status"] == "INVOICED"
    assert (await invoiced.case())["balance"]["capitalAmount"] == 90


async def test_an_original_that_waits_for_approval_can_be_credited(partner, sandbox, make_invoice):
    await partner.post(make_invoice(processing__manualApprovalEnabled=True))
    await partner.post(_credit_note(make_invoice, 2000, 150))
    sandbox.clock.advance(days=1)
    assert (await partner.record(1042))["status"] == "CREDITED"


async def test_a_credit_before_the_case_makes_it_smaller(partner, sandbox, make_invoice):
    await partner.post(make_invoice(processing__manualApprovalEnabled=True))
    await partner.post(_credit_note(make_invoice, 2000, 50))
    sandbox.clock.advance(days=1)
    await partner.records()
    sandbox.approve(1042)
    sandbox.clock.advance(days=1)
    assert (await partner.case())["balance"]["capitalAmount"] == 100


async def test_a_credit_note_of_another_seller_credits_nothing(invoiced, sandbox, make_invoice):
    note = _credit_note(make_invoice, 2000, 150)
    note["invoice"]["parties"]["sellerParty"]["businessId"] = "1111111-1"
    await invoiced.post(note)
    sandbox.clock.advance(days=1)
    assert (await invoiced.record(1042))["status"] == "INVOICED"


async def test_a_credit_note_in_another_currency_credits_nothing(invoiced, sandbox, make_invoice):
    note = _credit_note(make_invoice, 2000, 150)
    note["invoice"]["header"]["currencyCode"] = "SEK"
    await invoiced.post(note)
    sandbox.clock.advance(days=1)
    case = await invoiced.case()
    assert (await invoiced.record(1042))["status"] == "INVOICED"
    assert case["balance"]["capitalAmount"] == 150
    assert "another currency" in case["events"][-1]["description"]


async def test_a_reminder_may_be_dated_after_the_due_date_of_its_original(invoiced, sandbox, make_invoice):
    sandbox.clock.advance(days=30)
    await invoiced.post(make_invoice(invoice__header__type="REMINDER", invoice__header__date="2026-04-01"))
    sandbox.clock.advance(days=1)
    reported = await invoiced.records(invoiceNumber="1042", fromInvDate="2026-03-01")
    assert [it["status"] for it in reported] == ["INVOICED", "INVOICED"]


async def test_a_reminder_joins_the_case_of_its_original(invoiced, sandbox, make_invoice):
    await invoiced.post(make_invoice(invoice__header__type="REMINDER"))
    sandbox.clock.advance(days=1)
    original, reminder = await invoiced.records(invoiceNumber="1042")
    assert original["caseId"] == reminder["caseId"]
    case = await invoiced.case()
    assert case["balance"]["capitalAmount"] == 150
    assert _codes(case)[-1] == "REMINDER"


async def test_a_reminder_sent_before_its_original_is_delivered_claims_nothing_twice(
    partner, sandbox, make_invoice
):
    await partner.post(make_invoice(processing__manualApprovalEnabled=True))
    await partner.post(make_invoice(invoice__header__type="REMINDER"))
    sandbox.clock.advance(days=1)
    await partner.records()
    sandbox.approve(1042)
    sandbox.clock.advance(days=1)
    original, reminder = await partner.records(invoiceNumber="1042")
    assert "caseId" not in reminder
    assert (await partner.case())["summary"]["caseId"] == original["caseId"]


async def test_a_reminder_without_an_original_opens_a_case(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__header__type="REMINDER"))
    sandbox.clock.advance(days=1)
    assert (await partner.case())["balance"]["capitalAmount"] == 150


@pytest.mark.parametrize(
    "places", [{"processing__manualApprovalEnabled": True}, {"invoice__header__type": "FACTORING"}]
)
async def test_what_waits_for_approval_goes_on_once_approved(partner, sandbox, make_invoice, places):
    await partner.post(make_invoice(**places))
    sandbox.clock.advance(days=7)
    assert (await partner.record(1042))["status"] == "MANUAL"
    sandbox.approve(1042)
    assert (await partner.record(1042))["status"] == "ACCEPTED"
    sandbox.clock.advance(hours=1)
    record = await partner.record(1042)
    assert (record["status"], record["distributedAt"]) == ("INVOICED", "2026-03-09T13:00:00.000Z")


async def test_the_financier_is_the_creditor_of_what_it_has_acquired(partner, sandbox, make_invoice):
    acquired = {"invoice__header__type": "FACTORING", "invoice__factoring": {"financierCode": "BANK"}}
    await partner.post(make_invoice(**acquired))
    sandbox.advance(hours=1)
    sandbox.approve(1042)
    sandbox.advance(hours=1)
    assert (await partner.case())["summary"]["creditor"] == "BANK"


async def test_what_is_approved_and_not_to_be_delivered_stays_accepted(partner, sandbox, make_invoice):
    await partner.post(make_invoice(processing__manualApprovalEnabled=True, distribution__enabled=False))
    sandbox.clock.advance(hours=1)
    sandbox.approve(1042)
    sandbox.clock.advance(days=1)
    assert (await partner.record(1042))["status"] == "ACCEPTED"


async def test_what_is_disapproved_is_an_error_with_its_reason(partner, sandbox, make_invoice):
    await partner.post(make_invoice(invoice__header__type="FACTORING"))
    sandbox.clock.advance(hours=1)
    sandbox.disapprove(1042, reason="the financier declines")
    record = await partner.record(1042)
    assert (record["status"], record["error"]) == ("ERROR", "the financier declines")


async def test_what_does_not_wait_cannot_be_approved(invoiced, sandbox):
    with pytest.raises(ConfigurationError, match="waits for approval"):
        sandbox.approve(1042)
