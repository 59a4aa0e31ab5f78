"""Invoice actions, and case details."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_body, read_query, with_blanks
from confirma_async.sandbox.rules import cases as rules
from confirma_async.sandbox.rules.actions import ACTIONS, PENDING, PROCESSED_AFTER
from confirma_async.sandbox.rules.money.settlement import AGENCY
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.sandbox.store.records import QueuedAction, find_cases
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import (
    Action,
    ActionReceipt,
    ActionsReceipt,
    Case,
    CaseBalance,
    CaseDetails,
    CaseEvent,
    CasePayment,
    CaseQuery,
    CaseSummary,
    CaseTimelineEntry,
    InvoiceActions,
)


def create_actions(backend: Backend, call: Call) -> SandboxResponse:
    """Queue actions and answer 200 (contract §5: queued as pending, then processed).

    The answer is not shown: its names are provisional. That one wrong action has them all rejected is
    assumed, and so are 404 for an invoice or case that the client does not have, and 402 for an invoice
    without a case.
    """
    request = read_body(backend, call, InvoiceActions)
    if not request.actions:
        missing = Problem("$.actions", "actions", "must hold at least one action")
        raise RejectedError(400, "there is nothing to do", [missing])
    problems = [found for place, action in enumerate(request.actions) for found in _faults(place, action)]
    if problems:
        raise RejectedError(400, "such actions cannot be taken", problems)
    now = backend.now()
    with backend.store.transaction():
        found = [_case_of(backend, call, place, action) for place, action in enumerate(request.actions)]
        receipts = [
            _queue(backend, action, case, now) for action, case in zip(request.actions, found, strict=True)
        ]
    answer = ActionsReceipt(message="The actions are pending.", actions=receipts)
    return SandboxResponse(body=backend.converter.dumps(answer))


def case_details(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with a case: its balance as of now, payments, events and timeline (contract §5).

    A query that names neither case nor invoice gets 400, a case of somebody else 404; both are assumed. Where
    several invoices have the number it is the first one's case, which is assumed, too.
    """
    query = read_query(backend, call, CaseQuery)
    if query.case_id is None and query.invoice_number is None:
        missing = Problem("$.caseId", "case", "name a case, or an invoice number")
        raise RejectedError(400, "the query names no case", [missing])
    added = backend.store.added_records.named(call.client.name, ListedKind.CASE, str(query.case_id))
    if added is not None:
        name = {item.attribute: item.wire for item in backend.converter.fields_of(CaseDetails)}["case"]
        return SandboxResponse(body=backend.converter.encode({name: added}))
    now = backend.now()
    found = find_cases(
        backend.store.cases, call.client.name, ident=query.case_id, number=query.invoice_number
    )
    if not found:
        raise RejectedError(404, "there is no such case")
    details = CaseDetails(case=_to_wire(backend, rules.accrue(found[0], now.date(), backend.terms), now))
    return SandboxResponse(body=backend.converter.dumps(details))


def _faults(place: int, action: Action) -> Sequence[Problem]:
    where = f"$.actions[{place}]"
    rule = ACTIONS.get(action.code)
    if rule is None:
        return [Problem(f"{where}.code", "code", f"must be one of {', '.join(ACTIONS)}")]
    if rule.needs is not None and getattr(action.data, rule.needs) is None:
        return [Problem(f"{where}.data", "needs", f"{action.code} needs {rule.needs}")]
    if action.data.invoice_number is None and action.data.case_id is None:
        return [Problem(f"{where}.data", "case", "name an invoice number or a case")]
    amount = action.data.amount
    if amount is not None and amount <= 0:
        return [Problem(f"{where}.data.amount", "amount", "must be over 0")]
    return []


def _case_of(backend: Backend, call: Call, place: int, action: Action) -> rules.SandboxCase:
    data, client = action.data, call.client.name
    found = find_cases(backend.store.cases, client, ident=data.case_id, number=data.invoice_number)
    if found:
        return found[0]
    number, where = data.invoice_number, f"$.actions[{place}].data"
    is_known = number is not None and backend.store.invoices.of_number(client, str(number))
    if is_known and data.case_id is None:
        what = "the invoice has no case: it is not under payment control, or not delivered yet"
        raise RejectedError(402, "nothing was queued", [Problem(where, "case", what)])
    what = "there is no such invoice or case"
    raise RejectedError(404, f"{what}; nothing was queued", [Problem(where, "case", what)])


def _queue(backend: Backend, action: Action, case: rules.SandboxCase, now: datetime) -> ActionReceipt:
    store = backend.store
    queued = store.actions.put(QueuedAction(case_id=case.id, action=backend.converter.dumps(action)))
    store.schedule.put(Due.ACTION, queued.id, now + PROCESSED_AFTER)
    return ActionReceipt(code=action.code, invoice_number=int(case.number), case_id=case.id, status=PENDING)


def _to_wire(backend: Backend, case: rules.SandboxCase, now: datetime) -> Case:
    history = backend.store.events.find(case_id=case.id)
    end = case.closed_on or now.date()
    summary = CaseSummary(
        case_id=case.id,
        status=case.status.value,
        stage=None if case.stage is None else case.stage.value,
        created_at=case.opened_at,
        closed_at=case.closed_on,
        active_days=(end - case.opened_at.date()).days,
        creditor=case.creditor,
        currency=case.currency,
        agency=AGENCY,
    )
    on_the_wire = Case(
        summary=with_blanks(backend, summary, "closed_at"),
        balance=CaseBalance(
            capital_amount=case.open.capital,
            interest_amount=case.open.interest,
            costs_amount=case.open.fees,
            total_amount=case.open.total,
        ),
        payments=tuple(
            CasePayment(payment_date=payment.at, amount=payment.amount, reference=payment.reference)
            for payment in backend.store.money.payments.find(case_id=case.id)
        ),
        events=tuple(
            CaseEvent(date=past.at, code=past.event.code, description=past.event.description)
            for past in history
        ),
        timeline=tuple(
            CaseTimelineEntry(date=past.at, stage=past.event.stage.value, description=past.event.description)
            for past in history
            if past.event.stage is not None
        ),
    )
    return with_blanks(backend, on_the_wire, "payments")
