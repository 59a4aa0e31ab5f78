"""Actions on invoices and cases: holds, due dates, direct payments, and those that make no sense."""

from decimal import Decimal

import pytest

from confirma_async.errors import ConfigurationError
from tests.sandbox.handlers.events import codes_of, stages_of


async def test_actions_are_pending_and_then_processed(invoiced, sandbox):
    reply = await invoiced.act("COMMENT")
    (receipt,) = reply.body["actions"]
    assert (receipt["code"], receipt["invoiceNumber"], receipt["status"]) == ("COMMENT", 1042, "PENDING")
    assert "COMMENT" not in codes_of(await invoiced.case())
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
    assert codes_of(case)[-2:] == ["WITHDRAW", "CLOSED"]


async def test_a_moved_due_date_is_that_of_the_case(invoiced, sandbox):
    await invoiced.act("DUEDATE", dueDate="2026-04-15")
    sandbox.clock.advance(days=45)  # 16 April
    case = await invoiced.case()
    assert stages_of(case)[-1] == ("2026-04-16", "OVERDUE")
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
    assert (reminded_on, "REMINDER") in stages_of(case)


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
