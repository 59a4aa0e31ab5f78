"""Carries out the tasks of the schedule as time passes, one after the other.

The rules are in ``rules``; this module reads what they need and keeps what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from attrs import evolve, frozen

from confirma_async.converters import Converter
from confirma_async.sandbox.rules import accounts, actions, cases
from confirma_async.sandbox.rules.accounting import SYNCED_AFTER, RecordKind, transfer
from confirma_async.sandbox.rules.cases import FIRST_CASE, CaseStatus, SandboxCase, SandboxEvent
from confirma_async.sandbox.rules.invoices import CONTROLLED
from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT, AmountByKind
from confirma_async.sandbox.rules.stages import Route
from confirma_async.sandbox.rules.terms import Terms
from confirma_async.sandbox.store import Store
from confirma_async.sandbox.store.accounting import AccountingRecord
from confirma_async.sandbox.store.cases import PastEvent
from confirma_async.sandbox.store.invoices import DeliveredInvoice
from confirma_async.sandbox.store.money import ReceivedPayment
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import Action, InvoiceStatus, InvoiceType
from confirma_async.schemas.accounting import SYNCED


@frozen(kw_only=True)
class Tick:
    """A moment, with everything that a task may need."""

    store: Store
    at: datetime
    converter: Converter
    terms: Terms


def catch_up(store: Store, now: datetime, converter: Converter, terms: Terms) -> None:
    """Carry out all that is due by a moment, in order of time; tasks of the schedule share a transaction.

    Args:
        store: The state.
        now: The moment, by the virtual clock.
        converter: Reads stored bodies.
        terms: Timing, fees and rates.
    """
    store.invoices.advance(now)
    if not store.schedule.is_due(now):
        return
    with store.transaction():
        while (entry := store.schedule.take(now)) is not None:
            tick = Tick(store=store, at=entry.at, converter=converter, terms=terms)
            _HAPPENS[entry.kind](tick, entry.subject)


def save_case(
    store: Store, before: SandboxCase, after: SandboxCase, at: datetime, terms: Terms, *events: SandboxEvent
) -> None:
    """Store a changed case, add events to its history, and schedule its next step.

    Args:
        store: The state.
        before: The case before the change.
        after: The case after the change.
        at: The moment of the change.
        terms: Timing, fees and rates.
        events: The events to add to its history.
    """
    for event in events:
        _add_event(store, after.id, at, event)
    if after.status is CaseStatus.CLOSED and before.status is not CaseStatus.CLOSED:
        closed = SandboxEvent(code="CLOSED", description="Nothing is open any more.")
        _add_event(store, after.id, at, closed)
    store.cases.put(after)
    due = cases.due_of(after, terms)
    store.schedule.put(Due.CASE, after.id, None if due is None else max(due, at))


def _add_event(store: Store, case_id: int, at: datetime, event: SandboxEvent) -> None:
    store.events.put(PastEvent(case_id=case_id, at=at, event=event))


def _delivered(tick: Tick, invoice_id: int) -> None:
    store = tick.store
    invoice = store.invoices.delivered(invoice_id)
    if invoice.snapshot.booked:
        submit(
            store,
            AccountingRecord(
                client=invoice.client, kind=RecordKind.INVOICE, number=invoice.number, day=invoice.date
            ),
            tick.at,
        )
    if invoice.type == InvoiceType.CREDIT_NOTE:
        _credit(tick, invoice)
    elif invoice.control == CONTROLLED:
        original = store.invoices.original_of(invoice) if invoice.type == InvoiceType.REMINDER else None
        if original is None:
            _open(tick, invoice)
        elif original.case_id is not None:
            store.invoices.put_case(invoice.id, original.case_id)
            event = SandboxEvent(code="REMINDER", description="The creditor sent a reminder.")
            _add_event(store, original.case_id, tick.at, event)


def _open(tick: Tick, invoice: DeliveredInvoice) -> None:
    store, snapshot, today = tick.store, invoice.snapshot, tick.at.date()
    is_collection = invoice.type == InvoiceType.COLLECTION
    client = store.accounts.by_name(invoice.client)
    prefix = 0 if client is None else client.reference_prefix
    case = SandboxCase(
        id=FIRST_CASE + invoice.id,
        client=invoice.client,
        number=invoice.number,
        route=Route.DEBT_COLLECTION if is_collection else Route.LIFECYCLE,
        creditor=snapshot.creditor,
        currency=snapshot.currency,
        reference=snapshot.reference or accounts.reference_number(prefix, invoice.number),
        collectable=snapshot.collectable,
        opened_at=tick.at,
        due_date=snapshot.due_date,
        percentage=snapshot.percentage,
        base=today if is_collection else max(today, snapshot.due_date),
        charged=AmountByKind(capital=snapshot.amount, interest=snapshot.interest, fees=snapshot.fees),
        interest_until=snapshot.due_date,
    )
    store.invoices.put_case(invoice.id, case.id)
    settled = cases.settle_up(case, today)
    if settled.status is CaseStatus.CLOSED:
        save_case(store, case, settled, tick.at, tick.terms)
    else:
        opened, event = cases.advance_case(case, today, tick.terms)
        save_case(store, case, opened, tick.at, tick.terms, event)


def _credit(tick: Tick, note: DeliveredInvoice) -> None:
    store = tick.store
    original = store.invoices.original_of(note)
    if original is None:
        return
    if note.snapshot.currency != original.snapshot.currency:
        if original.case_id is not None:
            description = f"Refused: credit note {note.number} is in another currency than the case."
            event = SandboxEvent(code="CREDITED", description=description)
            _add_event(store, original.case_id, tick.at, event)
        return
    if original.case_id is None:
        left = WIDE.subtract(original.snapshot.amount, note.snapshot.amount)
        store.invoices.put_snapshot(original.id, evolve(original.snapshot, amount=max(left, ZERO_AMOUNT)))
    else:
        case = store.cases.get(original.case_id)
        credited = cases.credit(case, note.snapshot.amount, tick.at.date(), tick.terms)
        left = credited.total.capital
        description = f"Credit note {note.number}: {note.snapshot.amount} {case.currency}."
        event = SandboxEvent(code="CREDITED", description=description)
        save_case(store, case, credited, tick.at, tick.terms, event)
    if left <= 0:
        store.invoices.put_status(original.id, InvoiceStatus.CREDITED)


def _advance_case(tick: Tick, case_id: int) -> None:
    case = tick.store.cases.get(case_id)
    due = cases.due_of(case, tick.terms)
    if due is None or due > tick.at:  # the terms are others now than when this was put on the schedule
        save_case(tick.store, case, case, tick.at, tick.terms)
        return
    later, event = cases.advance_case(case, tick.at.date(), tick.terms)
    save_case(tick.store, case, later, tick.at, tick.terms, event)


def _process(tick: Tick, action_id: int) -> None:
    queued = tick.store.actions.get(action_id)
    tick.store.actions.drop(action_id)
    action = tick.converter.loads(queued.action, Action)
    case = tick.store.cases.get(queued.case_id)
    later, event, paid = actions.process(case, action, tick.at.date(), tick.terms)
    save_case(tick.store, case, later, tick.at, tick.terms, event)
    if paid is not None:
        tick.store.money.payments.put(
            ReceivedPayment(
                client=case.client,
                case_id=case.id,
                number=case.number,
                at=tick.at,
                amount=paid.total,
                currency=case.currency,
                invoice_reference=case.reference,
                reference=action.data.reference or case.reference,
                split=paid,
                direct=True,
            )
        )


def submit(store: Store, record: AccountingRecord, at: datetime) -> None:
    """Store a record for the accounting system; its transfer is scheduled, and may fail."""
    kept = store.records.put(record)
    store.schedule.put(Due.TRANSFER, kept.id, at + SYNCED_AFTER)


def _transfer(tick: Tick, record_id: int) -> None:
    record = tick.store.records.get(record_id)
    client = tick.store.accounts.by_name(record.client)
    provider, refusal = (None, None) if client is None else (client.provider, client.refusal)
    ended = transfer(provider, refusal, record.imbalance)
    tick.store.records.put(
        evolve(
            record,
            status=ended.status,
            description=ended.description,
            synced_at=tick.at if ended.status == SYNCED else None,
        )
    )


def _settle(tick: Tick, client_id: int) -> None:
    tick.store.money.settle(tick.store.accounts.by_id(client_id).name, tick.at)


_HAPPENS: Mapping[Due, Callable[[Tick, int], None]] = MappingProxyType(
    {
        Due.DELIVERED: _delivered,
        Due.CASE: _advance_case,
        Due.ACTION: _process,
        Due.TRANSFER: _transfer,
        Due.SETTLEMENT: _settle,
    }
)
