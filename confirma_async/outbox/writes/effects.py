"""The later reads that show that a write took effect, as ``contract.Operation.effect`` declares them.

A read that does not show it proves nothing: the service processes later, and lists later.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from confirma_async.bulk.journal.writes import Fact, WriteRow
from confirma_async.contract import CREATE_INVOICE_ACTIONS, SUBMIT_LEDGER, SUBMIT_PAYMENTS
from confirma_async.errors import ConfigurationError, NotFoundError
from confirma_async.resources.accounting import Accounting
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import Action, ActionCode, Case, InvoiceActions
from confirma_async.schemas.values import Moment
from confirma_async.session.pipeline import Pipeline

SKEW = 300.0
"""Seconds by which the clocks of the service and of this machine may differ."""


def facts_of_actions(request: InvoiceActions) -> Sequence[Fact]:
    """Return what actions can be found by: code, invoice or case, and the amount of a direct payment."""
    return [_fact_of(action) for action in request.actions]


def _fact_of(action: Action) -> Fact:
    data = action.data
    fact = {
        "code": str(action.code),
        "invoice": data.invoice_number,
        "case": data.case_id,
        "amount": None if data.amount is None else str(data.amount),
    }
    return {name: value for name, value in fact.items() if value is not None}


def facts_of_names(names: Sequence[str]) -> Sequence[Fact]:
    """Return what ledgers and payments can be found by: their own identifiers."""
    return [{"identifier": name} for name in names]


async def is_shown(pipeline: Pipeline, row: WriteRow, body: bytes) -> bool:
    """Say whether a read shows now that a write took effect.

    Args:
        pipeline: The way to the service.
        row: The write, as the journal has it.
        body: Its JSON, where it is known; else empty.

    Raises:
        CallError: the read failed.
    """
    reader = _READERS.get(row.operation)
    try:
        return reader is not None and bool(row.facts) and await reader(pipeline, row, body)
    except ConfigurationError:  # the service answers about something else
        return False


async def _shows_actions(pipeline: Pipeline, row: WriteRow, body: bytes) -> bool:
    comments, since = _comments(body), row.attempted_at or 0.0
    for at, fact in enumerate(row.facts):
        try:
            details = await Invoices(pipeline).case(fact.get("case"), invoice_number=fact.get("invoice"))
        except NotFoundError:
            return False
        comment = comments[at] if at < len(comments) else None
        if details.case is None or not _has_taken_effect(details.case, fact, comment, since):
            return False
    return True


def _comments(body: bytes) -> Sequence[str | None]:
    """Return the comments of the actions in a body; empty where the body is not known."""
    if not body:
        return ()
    actions: Sequence[Mapping[str, Any]] = json.loads(body).get("actions", ())
    return [action.get("comment") for action in actions]


def _has_taken_effect(case: Case, fact: Fact, comment: str | None, since: float) -> bool:
    code = fact["code"]
    events = [event for event in case.events if event.code == code and _is_since(event.date, since)]
    if code == ActionCode.COMMENT:  # anybody may comment: only its text identifies it
        return bool(comment) and any(str(comment) in (event.description or "") for event in events)
    if code == ActionCode.DIRECTPAYMENT:
        if "amount" not in fact:  # it was sent unchecked: it is not known which payment it is
            return False
        amount = Decimal(fact["amount"])
        paid = any(one.amount == amount and _is_since(one.payment_date, since) for one in case.payments)
        return bool(events) and paid
    return bool(events)


def _is_since(moment: Moment | None, since: float) -> bool:
    earliest = datetime.datetime.fromtimestamp(since - SKEW, datetime.UTC)
    if isinstance(moment, datetime.datetime):
        aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
        return aware >= earliest
    return moment is not None and moment >= earliest.date()


async def _shows_ledger(pipeline: Pipeline, row: WriteRow, _body: bytes) -> bool:
    statuses = await Accounting(pipeline).ledger_statuses()
    return _names_all(row, [one.source_identifier for one in statuses.ledgers])


async def _shows_payments(pipeline: Pipeline, row: WriteRow, _body: bytes) -> bool:
    statuses = await Accounting(pipeline).payment_statuses()
    return _names_all(row, [one.source_identifier for one in statuses.payments])


def _names_all(row: WriteRow, identifiers: Sequence[str | None]) -> bool:
    return {fact.get("identifier") for fact in row.facts} <= {*identifiers}


_READERS: Mapping[str, Callable[[Pipeline, WriteRow, bytes], Awaitable[bool]]] = {
    CREATE_INVOICE_ACTIONS.name: _shows_actions,
    SUBMIT_LEDGER.name: _shows_ledger,
    SUBMIT_PAYMENTS.name: _shows_payments,
}
"""What reads each effect that the contract declares, but that of an invoice, which a job's lookups follow."""
