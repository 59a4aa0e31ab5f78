"""Retrieve Payments, and Retrieve settlements."""

from __future__ import annotations

from typing import Any

from confirma_async.sandbox.answers import SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_query, with_blanks
from confirma_async.sandbox.handlers.listed import added_records_of, kept, listed, window_of
from confirma_async.sandbox.rules.money.amounts import added
from confirma_async.sandbox.rules.money.settlement import AGENCY
from confirma_async.sandbox.store import SandboxClient
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.sandbox.store.money import MadeSettlement, ReceivedPayment
from confirma_async.schemas import (
    AllocationBreakdown,
    AllocationType,
    Beneficiary,
    Payment,
    PaymentsQuery,
    Settlement,
    SettlementAllocation,
    Settlements,
    SettlementsQuery,
)

ACCOUNT_NAME = "Client funds"
"""What ``accountName`` says. Assumed."""

FIRST_ALLOCATION = 300_000_000
"""Allocations are numbered above this. Assumed."""


def payments(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with a bare array of what was paid (contract §6, documented), settled or not (assumed).

    The window is on the booking date; what creditors were paid directly is not in it (assumed).
    """
    query = read_query(backend, call, PaymentsQuery)
    today = backend.now().date()
    window = window_of(query.from_date, query.to_date, today, all_days=call.faults.unfiltered)
    found = backend.store.money.payments.find(client=call.client.name, days=(window.first, window.last))
    on_the_wire: list[Any] = [
        backend.converter.unstructure(_payment(payment)) for payment in found if not payment.direct
    ]
    on_the_wire += added_records_of(backend, call, ListedKind.PAYMENT, window)
    return SandboxResponse(body=backend.converter.encode(kept(call, on_the_wire)))


def settlements(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with the settlements of a period, by default of the last 30 days (contract §6, documented).

    ``unfetchedOnly=true`` returns what it has not returned before, and marks it: an answer lost on the way
    is lost for it. ``apiFetchDate`` shows when that was.
    """
    query = read_query(backend, call, SettlementsQuery)
    now = backend.now()
    window = window_of(query.from_date, query.to_date, now.date(), all_days=call.faults.unfiltered)
    unfetched_only = query.unfetched_only is True
    with backend.store.transaction():
        found = backend.store.money.settled(
            call.client.name, window.first, window.last, unfetched_only=unfetched_only
        )
        if unfetched_only:
            backend.store.money.mark_fetched(found, now)
    answer = Settlements(
        created_at=now, settlements=tuple(_settlement(backend, call.client, made) for made in found)
    )
    added = () if unfetched_only else added_records_of(backend, call, ListedKind.SETTLEMENT, window)
    return listed(backend, call, with_blanks(backend, answer, "settlements"), "settlements", added)


def _payment(payment: ReceivedPayment) -> Payment:
    return Payment(
        case_id=payment.case_id,
        invoice_number=payment.number,
        invoice_payment_reference=payment.invoice_reference,
        original_payment_reference=payment.reference,
        account_name=ACCOUNT_NAME,
        booking_date=payment.at,
        payment_date=payment.at,
        amount=payment.amount,
        currency=payment.currency,
    )


def _settlement(backend: Backend, client: SandboxClient, made: MadeSettlement) -> Settlement:
    settlement = Settlement(
        settlement_id=made.id,
        settlement_date=made.at.date(),
        agency=AGENCY,
        beneficiary=Beneficiary(name=client.title, iban=client.iban, bic=client.bic) if client.iban else None,
        settlement_amount=added(payment.amount for payment in made.payments),
        currency=made.currency,
        api_fetch_date=made.fetched_at,
        allocations=tuple(_allocation(payment) for payment in made.payments),
    )
    return with_blanks(backend, settlement, "remittance_reference", "beneficiary", "api_fetch_date")


def _allocation(payment: ReceivedPayment) -> SettlementAllocation:
    return SettlementAllocation(
        allocation_id=str(FIRST_ALLOCATION + payment.id),
        allocated_total_amount=payment.amount,
        allocation_date=payment.at.date(),
        currency=payment.currency,
        case_id=payment.case_id,
        original_invoice_number=payment.number,
        original_payment_reference=payment.reference,
        breakdown=tuple(
            AllocationBreakdown(type=kind, amount=payment.split.get(kind))
            for kind in AllocationType
            if payment.split.get(kind)
        ),
    )
