"""What payments and settlements look like on the wire, and what may be asked for twice."""

import datetime
import logging
from decimal import Decimal

import pytest

from confirma_async.errors import (
    OutcomeUnknownError,
    Phase,
    RequestInvalidError,
    ResponseDecodeError,
    TransportError,
)

JANUARY = {"from_date": datetime.date(2026, 1, 1), "to_date": datetime.date(2026, 1, 10)}
LOST = TransportError("reset", phase=Phase.NO_REPLY)

SETTLEMENT = {
    "settlementId": 202611240001,
    "settlementDate": "2026-01-05",
    "agency": "CASH-IN",
    "remittanceReference": None,
    "beneficiary": {"name": "Esimerkki Oy", "iban": "", "bic": ""},
    "settlementAmount": 30.00,
    "currency": "EUR",
    "apiFetchDate": None,
    "allocations": [
        {
            "allocationId": 5,
            "allocatedTotalAmount": 30.00,
            "caseId": None,
            "originalInvoiceNumber": "1042",
            "events": [{"type": "CAPITAL", "amount": 29.90}, {"type": "FEES", "amount": 0.10}],
        }
    ],
}


async def test_payments_are_a_bare_array(wire, over_wire):
    wire.answer(
        [{"caseId": 7, "invoiceNumber": "1042", "bookingDate": "2026-01-02T00:00:00.000Z", "amount": 5}]
    )
    (payment,) = await over_wire.payments.list(**JANUARY)
    assert (payment.case_id, payment.invoice_number, payment.amount) == (7, "1042", Decimal(5))
    assert wire.asked == [
        ("GET", "/api/v1/partner/payments", {"fromDate": "2026-01-01", "toDate": "2026-01-10"})
    ]


async def test_payments_that_are_no_array_are_told_of(wire, over_wire):
    wire.answer({"payments": []})
    with pytest.raises(ResponseDecodeError, match=r"(?s)list of Payment.*must be an array"):
        await over_wire.payments.list()


async def test_a_payment_that_two_windows_tell_is_told_once(wire, over_wire):
    seam = {"invoiceNumber": "1", "bookingDate": "2026-01-30T23:30:00.000Z", "amount": 1}
    wire.answer([seam], [seam, {**seam, "invoiceNumber": "2"}])
    listing = over_wire.payments.list(from_date=datetime.date(2026, 1, 1), to_date=datetime.date(2026, 2, 10))
    assert [payment.invoice_number async for payment in listing] == ["1", "2"]


async def test_equal_payments_of_one_answer_are_all_told(wire, over_wire):
    wire.answer([{"invoiceNumber": "1", "amount": 1}] * 2)
    assert len([payment async for payment in over_wire.payments.list(**JANUARY)]) == 2


async def test_payments_without_a_date_are_rather_told_twice_than_lost(wire, over_wire):
    payment = {"caseId": 7, "invoiceNumber": "1042"}
    wire.answer([payment], [payment, payment])
    period = {"from_date": datetime.date(2026, 1, 1), "to_date": datetime.date(2026, 2, 15)}
    assert len([payment async for payment in over_wire.payments.list(**period)]) == 3


async def test_settlements_are_read_in_their_older_form_too(wire, over_wire):
    wire.answer({"createdAt": "2026-01-10T00:00:00.000Z", "settlements": [SETTLEMENT]})
    (settlement,) = (await over_wire.payments.settlements(**JANUARY)).settlements
    assert settlement.settlement_id == 202611240001
    assert settlement.beneficiary.iban is None
    (allocation,) = settlement.allocations
    assert allocation.allocation_id == "5"
    assert [str(part.type) for part in allocation.breakdown] == ["CAPITAL", "FEES"]


async def test_sums_that_do_not_hold_are_reported_and_returned(wire, over_wire, caplog):
    wire.answer({"settlements": [{**SETTLEMENT, "settlementAmount": 30.01}]})
    with caplog.at_level(logging.WARNING, "confirma_async"):
        answer = await over_wire.payments.settlements(**JANUARY)
    assert answer.settlements[0].settlement_amount == Decimal("30.01")
    assert "settlement-sum at $.settlements[0].settlementAmount" in caplog.text


async def test_settlements_of_a_period_may_be_asked_for_again(wire, over_wire):
    wire.answer(LOST, {"settlements": []})
    assert (await over_wire.payments.settlements(**JANUARY)).settlements == ()
    assert len(wire.requests) == 2


async def test_settlements_not_yet_fetched_are_asked_for_once(wire, over_wire):
    wire.answer(LOST)
    with pytest.raises(OutcomeUnknownError, match=r"(?s)not yet fetched.*by its dates"):
        await over_wire.payments.settlements(unfetched_only=True)
    assert wire.asked == [("GET", "/api/v1/partner/settlements", {"unfetchedOnly": "true"})]


async def test_iterating_over_what_is_not_yet_fetched_is_one_call(wire, over_wire):
    wire.answer({"settlements": [SETTLEMENT]})
    assert len([it async for it in over_wire.payments.settlements(unfetched_only=True)]) == 1
    assert len(wire.requests) == 1


@pytest.mark.parametrize("more", [JANUARY, {"cursor": "x"}])
def test_what_is_not_yet_fetched_has_no_period(more, over_wire):
    with pytest.raises(RequestInvalidError, match="unfetched-only"):
        over_wire.payments.settlements(unfetched_only=True, **more)
