"""Credit notes and reminders, and what they change of their originals."""

from typing import Any

from tests.sandbox.handlers.events import codes_of


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
    assert codes_of(case)[-1] == "REMINDER"


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
