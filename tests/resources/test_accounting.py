"""What ledgers, payments and their statuses look like on the wire."""

import datetime
from decimal import Decimal

import pytest

from confirma_async.errors import OutcomeUnknownError, Phase, RequestInvalidError, TransportError
from confirma_async.schemas import AccountingPayment, Ledger, LedgerDimension, LedgerRow

LOST = TransportError("reset", phase=Phase.NO_REPLY)

LEDGER = Ledger(
    ledger_identifier="2026-11",
    document_type="ML",
    document_date=datetime.date(2026, 11, 30),
    calculation_mode="GROSS",
    ledger_rows=(
        LedgerRow(
            account_number="3000",
            amount=Decimal("-125.50"),
            net_amount=Decimal("-125.50"),
            is_vat_row=False,
            ledger_dimensions=(LedgerDimension(dimension_type="COST_CENTER", dimension_value="10"),),
        ),
        LedgerRow(account_number="1700", amount=Decimal("125.50"), net_amount=Decimal("100.00")),
        LedgerRow(
            account_number="2939", amount=Decimal("25.50"), net_amount=Decimal("25.50"), is_vat_row=True
        ),
    ),
)


async def test_a_ledger_is_one_object_under_a_plural_name(wire, over_wire):
    await over_wire.accounting.submit_ledger(LEDGER)
    assert wire.asked == [("POST", "/api/v1/partner/accounting/ledger", {})]
    (sent,) = wire.sent
    assert sent["ledgers"]["ledgerIdentifier"] == "2026-11"
    assert [row.get("isVatRow") for row in sent["ledgers"]["ledgerRows"]] == [0, None, 1]


async def test_a_ledger_is_taken_as_a_mapping_too(wire, over_wire):
    await over_wire.accounting.submit_ledger(over_wire.converter.unstructure(LEDGER))
    await over_wire.accounting.submit_ledger(LEDGER)
    assert wire.sent[0] == wire.sent[1]


async def test_a_ledger_that_does_not_balance_is_not_sent(wire, over_wire):
    broken = Ledger(ledger_identifier="x", ledger_rows=LEDGER.ledger_rows[:2])
    with pytest.raises(RequestInvalidError, match=r"(?s)ledger x was not sent.*-25.50.*ledger-balance"):
        await over_wire.accounting.submit_ledger(broken)
    assert wire.requests == []
    await over_wire.accounting.submit_ledger(broken, validate=False)


async def test_a_ledger_whose_answer_is_lost_is_named(wire, over_wire):
    wire.answer(LOST)
    with pytest.raises(OutcomeUnknownError, match=r"(?s)ledger 2026-11.*ledger statuses"):
        await over_wire.accounting.submit_ledger(LEDGER)
    assert len(wire.requests) == 1


async def test_no_content_is_an_empty_list_of_ledgers(wire, over_wire):
    wire.answer(204)
    assert (await over_wire.accounting.ledger_statuses()).ledgers == ()


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (0, (True, False, False)),
        (1, (False, True, False)),
        (2, (False, False, True)),
        (-1, (False, False, True)),
    ],
)
async def test_a_status_keeps_its_number_and_says_what_it_means(wire, over_wire, status, meaning):
    wire.answer({"ledgers": [{"sourceIdentifier": "2026-11", "status": status, "description": "words"}]})
    (ledger,) = (await over_wire.accounting.ledger_statuses()).ledgers
    assert (ledger.status, ledger.description) == (status, "words")
    assert (ledger.is_pending, ledger.is_synced, ledger.has_failed) == meaning


async def test_payments_are_submitted_with_their_numbers_as_text(wire, over_wire):
    payment = AccountingPayment(payment_identifier="p1", invoice_number="1042", amount=Decimal("10.00"))
    await over_wire.accounting.submit_payments([payment, {"paymentIdentifier": "p2", "bookingDate": None}])
    assert wire.sent == [
        {
            "payments": [
                {"paymentIdentifier": "p1", "invoiceNumber": "1042", "amount": Decimal("10.00")},
                {"paymentIdentifier": "p2", "bookingDate": None},
            ]
        }
    ]


async def test_payments_whose_answer_is_lost_are_named(wire, over_wire):
    wire.answer(LOST)
    payments = [AccountingPayment(payment_identifier=f"p{number}") for number in range(5)]
    with pytest.raises(OutcomeUnknownError, match=r"(?s)payment p0, p1, p2, \.\.\..*payment statuses"):
        await over_wire.accounting.submit_payments(payments)


async def test_statuses_of_payments_and_invoices_are_read(wire, over_wire):
    wire.answer({"payments": [{"sourceIdentifier": "p1", "syncDate": None, "status": 1}]})
    (payment,) = (await over_wire.accounting.payment_statuses()).payments
    assert payment.is_synced
    wire.answer({"invoices": [{"invoiceNumber": "1042", "status": 0}]})
    (invoice,) = (await over_wire.accounting.invoice_statuses()).invoices
    assert invoice.is_pending


async def test_filters_that_no_page_shows_are_passed_on(wire, over_wire):
    await over_wire.accounting.payment_statuses({"paymentIdentifier": "p1"})
    assert wire.asked == [("GET", "/api/v1/partner/accounting/payment", {"paymentIdentifier": "p1"})]
