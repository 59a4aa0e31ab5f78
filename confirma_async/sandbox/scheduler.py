"""What happens as time passes: takes one thing after the other off the agenda and does it.

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
from confirma_async.sandbox.rules.cases import FIRST_CASE, Case, CaseStatus, Event
from confirma_async.sandbox.rules.invoices import CONTROLLED
from confirma_async.sandbox.rules.money import EXACT, ZERO, Split
from confirma_async.sandbox.rules.stages import Route
from confirma_async.sandbox.rules.terms import Terms
from confirma_async.sandbox.store import Store
from confirma_async.sandbox.store.accounting import Record
from confirma_async.sandbox.store.invoices import DeliveredInvoice
from confirma_async.sandbox.store.money import ReceivedPayment
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import Action, InvoiceStatus, InvoiceType
from confirma_async.schemas.accounting import SYNCED


@frozen(kw_only=True)
class Occasion:
    """When something happens, and all that it may need."""

    store: Store
    at: datetime
    converter: Converter
    terms: Terms


def catch_up(store: Store, now: datetime, converter: Converter, terms: Terms) -> None:
    """Does everything that is due by a moment, in order of time; all of it or nothing."""
    store.invoices.advance(now)
    if not store.agenda.is_due(now):
        return
    with store.transaction():
        while (entry := store.agenda.take(now)) is not None:
            occasion = Occasion(store=store, at=entry.at, converter=converter, terms=terms)
            _HAPPENS[entry.kind](occasion, entry.subject)


def keep(store: Store, before: Case, after: Case, at: datetime, terms: Terms, *events: Event) -> None:
    """Keeps what has become of a case, tells its history, and says when it goes on."""
    for event in events:
        store.cases.tell(after.id, at, event)
    if after.status is CaseStatus.CLOSED and before.status is not CaseStatus.CLOSED:
        store.cases.tell(after.id, at, Event(code="CLOSED", description="Nothing is open any more."))
    store.cases.put(after)
    due = cases.due_of(after, terms)
    store.agenda.put(Due.CASE, after.id, None if due is None else max(due, at))


def _delivered(occasion: Occasion, invoice_id: int) -> None:
    store = occasion.store
    invoice = store.invoices.delivered(invoice_id)
    if invoice.claim.booked:
        submit(
            store,
            Record(client=invoice.client, kind=RecordKind.INVOICE, number=invoice.number, day=invoice.date),
            occasion.at,
        )
    if invoice.type == InvoiceType.CREDIT_NOTE:
        _credit(occasion, invoice)
    elif invoice.control == CONTROLLED:
        original = store.invoices.original_of(invoice) if invoice.type == InvoiceType.REMINDER else None
        if original is None:
            _open(occasion, invoice)
        elif original.case_id is not None:
            store.invoices.put_case(invoice.id, original.case_id)
            told = Event(code="REMINDER", description="The creditor sent a reminder.")
            store.cases.tell(original.case_id, occasion.at, told)


def _open(occasion: Occasion, invoice: DeliveredInvoice) -> None:
    store, claim, today = occasion.store, invoice.claim, occasion.at.date()
    is_collection = invoice.type == InvoiceType.COLLECTION
    client = store.accounts.by_name(invoice.client)
    prefix = 0 if client is None else client.reference_prefix
    case = Case(
        id=FIRST_CASE + invoice.id,
        client=invoice.client,
        number=invoice.number,
        route=Route.DEBT_COLLECTION if is_collection else Route.LIFECYCLE,
        creditor=claim.creditor,
        currency=claim.currency,
        reference=claim.reference or accounts.reference_number(prefix, invoice.number),
        collectable=claim.collectable,
        opened_at=occasion.at,
        due_date=claim.due_date,
        percentage=claim.percentage,
        base=today if is_collection else max(today, claim.due_date),
        charged=Split(capital=claim.amount, interest=claim.interest, fees=claim.fees),
        interest_until=claim.due_date,
    )
    store.invoices.put_case(invoice.id, case.id)
    settled = cases.settle_up(case, today)
    if settled.status is CaseStatus.CLOSED:
        keep(store, case, settled, occasion.at, occasion.terms)
    else:
        opened, event = cases.go_on(case, today, occasion.terms)
        keep(store, case, opened, occasion.at, occasion.terms, event)


def _credit(occasion: Occasion, note: DeliveredInvoice) -> None:
    store = occasion.store
    original = store.invoices.original_of(note)
    if original is None:
        return
    if note.claim.currency != original.claim.currency:
        if original.case_id is not None:
            told = f"Refused: credit note {note.number} is in another currency than the case."
            store.cases.tell(original.case_id, occasion.at, Event(code="CREDITED", description=told))
        return
    if original.case_id is None:
        left = EXACT.subtract(original.claim.amount, note.claim.amount)
        store.invoices.put_claim(original.id, evolve(original.claim, amount=max(left, ZERO)))
    else:
        case = store.cases.get(original.case_id)
        credited = cases.credit(case, note.claim.amount, occasion.at.date(), occasion.terms)
        left = credited.total.capital
        told = f"Credit note {note.number}: {note.claim.amount} {case.currency}."
        event = Event(code="CREDITED", description=told)
        keep(store, case, credited, occasion.at, occasion.terms, event)
    if left <= 0:
        store.invoices.put_status(original.id, InvoiceStatus.CREDITED)


def _go_on(occasion: Occasion, case_id: int) -> None:
    case = occasion.store.cases.get(case_id)
    due = cases.due_of(case, occasion.terms)
    if due is None or due > occasion.at:  # the terms are others now than when this was put on the agenda
        keep(occasion.store, case, case, occasion.at, occasion.terms)
        return
    later, event = cases.go_on(case, occasion.at.date(), occasion.terms)
    keep(occasion.store, case, later, occasion.at, occasion.terms, event)


def _process(occasion: Occasion, action_id: int) -> None:
    queued = occasion.store.cases.take_action(action_id)
    action = occasion.converter.loads(queued.action, Action)
    case = occasion.store.cases.get(queued.case_id)
    later, event, paid = actions.process(case, action, occasion.at.date(), occasion.terms)
    keep(occasion.store, case, later, occasion.at, occasion.terms, event)
    if paid is not None:
        occasion.store.money.put_payment(
            ReceivedPayment(
                client=case.client,
                case_id=case.id,
                number=case.number,
                at=occasion.at,
                amount=paid.total,
                currency=case.currency,
                invoice_reference=case.reference,
                reference=action.data.reference or case.reference,
                split=paid,
                direct=True,
            )
        )


def submit(store: Store, record: Record, at: datetime) -> None:
    """Takes a record for the accounting system; it is synced, or fails, a while later."""
    kept = store.records.put(record)
    store.agenda.put(Due.TRANSFER, kept.id, at + SYNCED_AFTER)


def _transfer(occasion: Occasion, record_id: int) -> None:
    record = occasion.store.records.get(record_id)
    client = occasion.store.accounts.by_name(record.client)
    provider, refusal = (None, None) if client is None else (client.provider, client.refusal)
    ended = transfer(provider, refusal, record.imbalance)
    occasion.store.records.put(
        evolve(
            record,
            status=ended.status,
            description=ended.description,
            synced_at=occasion.at if ended.status == SYNCED else None,
        )
    )


def _settle(occasion: Occasion, client_id: int) -> None:
    occasion.store.money.settle(occasion.store.accounts.by_id(client_id).name, occasion.at)


_HAPPENS: Mapping[Due, Callable[[Occasion, int], None]] = MappingProxyType(
    {
        Due.DELIVERED: _delivered,
        Due.CASE: _go_on,
        Due.ACTION: _process,
        Due.TRANSFER: _transfer,
        Due.SETTLEMENT: _settle,
    }
)
