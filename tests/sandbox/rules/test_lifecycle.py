"""What becomes of an invoice as virtual time passes."""

from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.sandbox.rules.invoices import RULES, TRANSITIONS, RoutingFacts
from confirma_async.schemas import InvoiceStatus


async def _record_after(partner: Any, invoice: dict[str, Any], **time: float) -> Any:
    await partner.post(invoice)
    partner.sandbox.clock.advance(**time)
    return await partner.record(invoice["invoice"]["header"]["number"])


async def test_it_stays_paused_before_validation(partner, make_invoice):
    assert (await _record_after(partner, make_invoice(), seconds=59))["status"] == "PAUSED"


async def test_it_is_accepted_once_validated(partner, make_invoice):
    record = await _record_after(partner, make_invoice(), minutes=1)
    assert record["status"] == "ACCEPTED"
    assert "distributedAt" not in record
    assert "caseId" not in record


async def test_it_is_invoiced_once_distributed(partner, make_invoice):
    record = await _record_after(partner, make_invoice(), hours=1, minutes=1)
    assert record["status"] == "INVOICED"
    assert record["createdAt"] == "2026-03-02T12:00:00.000Z"
    assert record["distributedAt"] == "2026-03-02T13:01:00.000Z"
    assert record["method"] == "EMAIL"


async def test_distribution_is_dated_when_it_was_due_not_when_it_was_read(partner, make_invoice):
    record = await _record_after(partner, make_invoice(), days=3)
    assert record["distributedAt"] == "2026-03-02T13:01:00.000Z"


async def test_stored_invoices_move_on_without_a_listing(partner, sandbox, make_invoice):
    await partner.post(make_invoice())
    sandbox.clock.advance(days=1)
    assert sandbox.invoices()[0].status == InvoiceStatus.INVOICED


async def test_an_intermediated_invoice_has_no_case(partner_of, make_invoice):
    clock = VirtualClock(datetime(2026, 3, 2, tzinfo=UTC))
    async with Sandbox(service="INTERMEDIATION", clock=clock) as sandbox:
        record = await _record_after(partner_of(sandbox), make_invoice(), days=1)
    assert record["status"] == "INTERMEDIATED"
    assert record["distributedAt"]
    assert "caseId" not in record
    assert "paymentControlStatus" not in record


async def test_a_payment_controlled_invoice_gets_a_case_of_its_own(partner, sandbox, make_invoice):
    for number in (1, 2):
        await partner.post(make_invoice(number))
    sandbox.clock.advance(days=1)
    cases = {record["caseId"] for record in await partner.records()}
    assert len(cases) == 2


async def test_an_invoice_without_payment_control_has_no_case(partner, make_invoice):
    invoice = make_invoice(processing__paymentControlEnabled=False)
    record = await _record_after(partner, invoice, days=1)
    assert record["status"] == "INVOICED"
    assert "caseId" not in record


async def test_manual_approval_waits_for_a_person(partner, make_invoice):
    invoice = make_invoice(processing__manualApprovalEnabled=True)
    assert (await _record_after(partner, invoice, days=7))["status"] == "MANUAL"


async def test_distribution_switched_off_stays_accepted(partner, make_invoice):
    record = await _record_after(partner, make_invoice(distribution__enabled=False), days=7)
    assert record["status"] == "ACCEPTED"
    assert "distributedAt" not in record


async def test_a_collection_is_not_printed_but_has_a_case(partner, make_invoice):
    invoice = make_invoice(invoice__header__type="COLLECTION", distribution__method="LETTER")
    record = await _record_after(partner, invoice, days=1)
    assert record["status"] == "INVOICED"
    assert "distributedAt" not in record
    assert record["caseId"]


async def test_an_unknown_type_lives_like_an_invoice(partner, make_invoice):
    record = await _record_after(partner, make_invoice(invoice__header__type="BRAND_NEW"), days=1)
    assert record["status"] == "INVOICED"


async def test_a_credit_note_must_reference_the_original(partner, make_invoice):
    record = await _record_after(partner, make_invoice(invoice__header__type="CREDIT_NOTE"), minutes=1)
    assert (record["status"], record["error"]) == (
        "ERROR",
        "a credit note must reference the original invoice",
    )


async def test_a_credit_note_with_its_original_is_distributed_without_a_case(partner, make_invoice):
    invoice = make_invoice(
        invoice__header__type="CREDIT_NOTE", invoice__references={"creditedInvoiceNumber": 1}
    )
    record = await _record_after(partner, invoice, days=1)
    assert record["status"] == "INVOICED"
    assert "caseId" not in record


async def test_a_due_date_before_the_date_is_an_error(partner, make_invoice):
    record = await _record_after(partner, make_invoice(invoice__header__dueDate="2026-02-28"), minutes=1)
    assert (record["status"], record["error"]) == ("ERROR", "the due date is before the invoice date")


async def test_an_error_is_not_told_before_validation(partner, make_invoice):
    record = await _record_after(partner, make_invoice(invoice__header__dueDate="2026-02-28"), seconds=1)
    assert "error" not in record


async def test_an_error_wins_over_manual_approval(partner, make_invoice):
    invoice = make_invoice(invoice__header__dueDate="2026-02-28", processing__manualApprovalEnabled=True)
    assert (await _record_after(partner, invoice, days=1))["status"] == "ERROR"


async def test_all_that_validation_finds_is_told_together(partner, make_invoice):
    invoice = make_invoice(
        distribution__method="LETTER",
        invoice__header__dueDate="2026-02-28",
        invoice__parties__buyerParty__address=None,
    )
    record = await _record_after(partner, invoice, minutes=1)
    assert record["error"].split("; ") == [RULES[1].error, RULES[2].error]


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ({"postalCode": "00100", "countryCode": "FI"}, "INVOICED"),
        ({"postalCode": "00100"}, "INVOICED"),
        ({"postalCode": "111 22", "countryCode": "SE"}, "INVOICED"),
        ({"postalCode": "SW1A 1AA", "countryCode": "GB"}, "INVOICED"),
        ({"postalCode": "1234", "countryCode": "FI"}, "ERROR"),
        ({"postalCode": " ", "countryCode": "GB"}, "ERROR"),
        ({"countryCode": "FI"}, "ERROR"),
        (None, "ERROR"),
    ],
)
async def test_a_letter_needs_a_valid_postal_code(partner, make_invoice, address, status):
    invoice = make_invoice(distribution__method="LETTER", invoice__parties__buyerParty__address=address)
    assert (await _record_after(partner, invoice, days=1))["status"] == status


async def test_a_letter_goes_to_the_recipient_where_there_is_one(partner, make_invoice):
    invoice = make_invoice(
        distribution__method="LETTER",
        invoice__parties__invoiceRecipientParty={"address": {"postalCode": "bad", "countryCode": "FI"}},
    )
    assert (await _record_after(partner, invoice, days=1))["status"] == "ERROR"


async def test_a_missing_postal_code_stops_the_transfer_to_payment_control(partner, make_invoice):
    record = await _record_after(partner, make_invoice(invoice__parties__buyerParty__address=None), days=1)
    assert (record["status"], record["paymentControlStatus"]) == ("INVOICED", "STOPPED")
    assert "caseId" not in record


def test_transitions_ask_only_for_facts_that_exist():
    known = {item.name for item in attrs.fields(RoutingFacts)}
    assert {fact for transition in TRANSITIONS for fact in transition.when} <= known


def test_every_rule_and_transition_says_what_it_lives_by():
    assert all(rule.basis.startswith(("§", "assumed")) for rule in RULES)
    assert all(transition.basis.startswith(("§", "assumed")) for transition in TRANSITIONS)


def test_one_pass_in_order_takes_a_row_through_all_that_is_due():
    sources = [transition.source for transition in TRANSITIONS]
    for place, transition in enumerate(TRANSITIONS):
        assert transition.target not in sources[: place + 1] or transition.target in sources[place + 1 :]
