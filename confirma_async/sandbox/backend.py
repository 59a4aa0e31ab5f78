"""The sandbox behind its endpoints: its parts, and the tasks of its schedule, carried out as time passes.

The rules are in ``rules``; this module reads what they need and keeps what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType

from attrs import evolve, field, frozen

from confirma_async.converters import Converter
from confirma_async.sandbox.clock import VirtualClock
from confirma_async.sandbox.rules import accounts, actions, cases
from confirma_async.sandbox.rules.accounting import SYNCED_AFTER, RecordKind, transfer
from confirma_async.sandbox.rules.cases import FIRST_CASE, CaseStatus, SandboxCase, SandboxEvent
from confirma_async.sandbox.rules.invoices import CONTROLLED
from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT, AmountByKind
from confirma_async.sandbox.rules.stages import Route
from confirma_async.sandbox.rules.terms import DEFAULT_TERMS, Terms
from confirma_async.sandbox.store import Store
from confirma_async.sandbox.store.invoices import DeliveredInvoice
from confirma_async.sandbox.store.money import ReceivedPayment
from confirma_async.sandbox.store.records import AccountingRecord, PastEvent
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import Action, InvoiceStatus, InvoiceType
from confirma_async.schemas.accounting import SYNCED


@frozen(kw_only=True)
class Backend:
    """Store, clock and terms.

    Attributes:
        store: All stored records.
        clock: The virtual clock.
        converter: Reads and writes bodies, with the wire names in force.
        terms: Timing, fees and rates.
        provisioning_token: The token that onboards clients and does nothing else.
    """

    store: Store
    clock: VirtualClock
    converter: Converter
    terms: Terms = DEFAULT_TERMS
    provisioning_token: str = field(repr=False)

    def token_expiry(self) -> datetime | None:
        """Return when a token that is made now expires; None is never."""
        lifetime = self.terms.token_lifetime
        return None if lifetime is None else self.clock.now() + lifetime

    def now(self) -> datetime:
        """Return the virtual time, once all that is due by then has happened, in order of time.

        Tasks of the schedule share a transaction.
        """
        now = self.clock.now()
        self.store.invoices.advance(now)
        if self.store.schedule.is_due(now):
            with self.store.transaction():
                while (task := self.store.schedule.take(now)) is not None:
                    at, kind, subject = task
                    _HAPPENS[kind](self, at, subject)
        return now


def save_case(
    backend: Backend, before: SandboxCase, after: SandboxCase, at: datetime, *events: SandboxEvent
) -> None:
    """Store a changed case, add events to its history, and schedule its next step.

    Args:
        backend: The parts of the sandbox.
        before: The case before the change.
        after: The case after the change.
        at: The moment of the change.
        events: The events to add to its history.
    """
    store = backend.store
    for event in events:
        _add_event(store, after.id, at, event)
    if after.status is CaseStatus.CLOSED and before.status is not CaseStatus.CLOSED:
        _add_event(store, after.id, at, SandboxEvent("CLOSED", "Nothing is open any more."))
    store.cases.put(after)
    due = cases.due_of(after, backend.terms)
    store.schedule.put(Due.CASE, after.id, None if due is None else max(due, at))


def _add_event(store: Store, case_id: int, at: datetime, event: SandboxEvent) -> None:
    store.events.put(PastEvent(case_id=case_id, at=at, event=event))


def _delivered(backend: Backend, at: datetime, invoice_id: int) -> None:
    store = backend.store
    invoice = store.invoices.delivered(invoice_id)
    if invoice.snapshot.booked:
        kind, number, day = RecordKind.INVOICE, invoice.number, invoice.date
        submit(store, AccountingRecord(client=invoice.client, kind=kind, number=number, day=day), at)
    if invoice.type == InvoiceType.CREDIT_NOTE:
        _credit(backend, at, invoice)
    elif invoice.control == CONTROLLED:
        original = store.invoices.original_of(invoice) if invoice.type == InvoiceType.REMINDER else None
        if original is None:
            _open(backend, at, invoice)
        elif original.case_id is not None:
            store.invoices.put_case(invoice.id, original.case_id)
            event = SandboxEvent("REMINDER", "The creditor sent a reminder.")
            _add_event(store, original.case_id, at, event)


def _open(backend: Backend, at: datetime, invoice: DeliveredInvoice) -> None:
    store, snapshot, today = backend.store, invoice.snapshot, at.date()
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
        opened_at=at,
        due_date=snapshot.due_date,
        percentage=snapshot.percentage,
        base=today if is_collection else max(today, snapshot.due_date),
        charged=AmountByKind(capital=snapshot.amount, interest=snapshot.interest, fees=snapshot.fees),
        interest_until=snapshot.due_date,
    )
    store.invoices.put_case(invoice.id, case.id)
    settled = cases.settle_up(case, today)
    if settled.status is CaseStatus.CLOSED:
        save_case(backend, case, settled, at)
    else:
        opened, event = cases.advance_case(case, today, backend.terms)
        save_case(backend, case, opened, at, event)


def _credit(backend: Backend, at: datetime, note: DeliveredInvoice) -> None:
    store = backend.store
    original = store.invoices.original_of(note)
    if original is None:
        return
    if note.snapshot.currency != original.snapshot.currency:
        if original.case_id is not None:
            description = f"Refused: credit note {note.number} is in another currency than the case."
            _add_event(store, original.case_id, at, SandboxEvent("CREDITED", description))
        return
    if original.case_id is None:
        left = WIDE.subtract(original.snapshot.amount, note.snapshot.amount)
        store.invoices.put_snapshot(original.id, evolve(original.snapshot, amount=max(left, ZERO_AMOUNT)))
    else:
        case = store.cases.get(original.case_id)
        credited = cases.credit(case, note.snapshot.amount, at.date(), backend.terms)
        left = credited.total.capital
        description = f"Credit note {note.number}: {note.snapshot.amount} {case.currency}."
        save_case(backend, case, credited, at, SandboxEvent("CREDITED", description))
    if left <= 0:
        store.invoices.put_status(original.id, InvoiceStatus.CREDITED)


def _advance_case(backend: Backend, at: datetime, case_id: int) -> None:
    case = backend.store.cases.get(case_id)
    due = cases.due_of(case, backend.terms)
    if due is None or due > at:  # the terms are others now than when this was put on the schedule
        save_case(backend, case, case, at)
        return
    later, event = cases.advance_case(case, at.date(), backend.terms)
    save_case(backend, case, later, at, event)


def _process(backend: Backend, at: datetime, action_id: int) -> None:
    queued = backend.store.actions.get(action_id)
    backend.store.actions.drop(action_id)
    action = backend.converter.loads(queued.action, Action)
    case = backend.store.cases.get(queued.case_id)
    effect = actions.process(case, action, at.date(), backend.terms)
    save_case(backend, case, effect.case, at, SandboxEvent(action.code, effect.description))
    if (paid := effect.paid) is not None:
        backend.store.money.payments.put(
            ReceivedPayment(
                client=case.client,
                case_id=case.id,
                number=case.number,
                at=at,
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


def _transfer(backend: Backend, at: datetime, record_id: int) -> None:
    record = backend.store.records.get(record_id)
    client = backend.store.accounts.by_name(record.client)
    provider, provider_error = (None, None) if client is None else (client.provider, client.provider_error)
    status, description = transfer(provider, provider_error, record.imbalance)
    synced_at = at if status == SYNCED else None
    backend.store.records.put(evolve(record, status=status, description=description, synced_at=synced_at))


def _settle(backend: Backend, at: datetime, client_id: int) -> None:
    backend.store.money.settle(backend.store.accounts.by_id(client_id).name, at)


_HAPPENS: Mapping[Due, Callable[[Backend, datetime, int], None]] = MappingProxyType(
    {
        Due.DELIVERED: _delivered,
        Due.CASE: _advance_case,
        Due.ACTION: _process,
        Due.TRANSFER: _transfer,
        Due.SETTLEMENT: _settle,
    }
)
