"""What an answer, or the lack of one, means for an item: the one table between errors and states."""

from __future__ import annotations

from attrs import evolve, field, frozen

from confirma_async.bulk.items import State
from confirma_async.errors import (
    APIError,
    CallError,
    ConflictError,
    OutcomeUnknownError,
    Phase,
    ResponseDecodeError,
)
from confirma_async.redaction import told
from confirma_async.schemas import DistributionRecord, InvoiceReceipt, InvoiceStatus
from confirma_async.session.retry import leaves_open

_ASKS_EVERY_ITEM = frozenset({401, 403, 404, 405, 407, 429, 501, 503, 505})
"""Answers that the next invoice would get as well: they pause the job instead of failing every item."""


_LONGEST_STATUS, _LONGEST_DETAIL = 100, 1000


def _status(word: str | None) -> str | None:
    return word if word is None else told(word, _LONGEST_STATUS)


def _detail(text: str | None) -> str | None:
    return text if text is None else told(text, _LONGEST_DETAIL)


@frozen(kw_only=True)
class Ruling:
    """What to write down for an item, and whether the job can go on.

    What the service said is in here as the journal and every message may hold it: masked, in one line.

    Attributes:
        state: The state to write.
        status: The service's own word.
        detail: Why, in words.
        duplicate: The service had the invoice already.
        pause: Why the job must pause; None when it can go on.
        cause: The error that it pauses for.
        conflict: The service says that it has the invoice; a lookup that does not find it is a rejection.
    """

    state: State
    status: str | None = field(default=None, converter=_status)
    detail: str | None = field(default=None, converter=_detail)
    duplicate: bool = False
    pause: str | None = None
    cause: CallError | None = None
    conflict: bool = False


_TAKEN = frozenset(
    {
        InvoiceStatus.PAUSED,
        InvoiceStatus.DRAFT,
        InvoiceStatus.ACCEPTED,
        InvoiceStatus.INVOICED,
        InvoiceStatus.CREDITED,
        InvoiceStatus.INTERMEDIATED,
        InvoiceStatus.MANUAL,
    }
)
"""Words that say that the service has the invoice (contract §4, documented)."""


def on_receipt(receipt: InvoiceReceipt) -> Ruling:
    """The service answered with success: it took the invoice, unless the receipt says otherwise.

    The receipt's names are provisional. One that bears errors, or a word that is not known, is not taken
    for an acceptance: the invoice is looked up.
    """
    faults = [": ".join(filter(None, (error.field, error.message))) for error in receipt.errors]
    detail = "; ".join(filter(None, faults)) or None
    status = receipt.status
    if status in _TAKEN or (status is None and detail is None):
        return Ruling(state=State.ACCEPTED, status=status, detail=detail)
    if status in {InvoiceStatus.ERROR, InvoiceStatus.DUPLICATE}:
        return _by_status(status, detail or receipt.message or None)
    unclear = detail or (f"the receipt says {status}" if status else "the receipt is not clear")
    return Ruling(state=State.UNKNOWN, status=status, detail=unclear)


def on_record(record: DistributionRecord | None, *, conflict: str | None = None) -> Ruling:
    """A lookup found the invoice.

    Args:
        record: The record.
        conflict: What the service said if it refused the invoice as one that it has already.
    """
    status, error = (record.status, record.error or None) if record else (None, None)
    ruling = _by_status(status, error)
    if conflict is None or ruling.state is not State.ACCEPTED:
        return ruling
    return evolve(ruling, duplicate=True, detail=f"the service has it from before: {conflict}")


def _by_status(status: InvoiceStatus | None, detail: str | None) -> Ruling:
    if status == InvoiceStatus.ERROR:
        return Ruling(state=State.REJECTED, status=status, detail=detail or "the service found it in error")
    if status == InvoiceStatus.DUPLICATE:
        return Ruling(
            state=State.ACCEPTED, status=status, duplicate=True, detail="the service has it from before"
        )
    return Ruling(state=State.ACCEPTED, status=status, detail=detail)


def on_error(error: CallError) -> Ruling:
    """The call failed: rejected, unknown, or nothing happened and the job pauses."""
    match error:
        case OutcomeUnknownError() | ResponseDecodeError():
            return Ruling(state=State.UNKNOWN, detail=_reason(error))
        case CallError(phase=Phase.NOT_SENT):
            return Ruling(state=State.PENDING, pause=str(error), cause=error)
        case ConflictError():
            return Ruling(state=State.UNKNOWN, detail=_reason(error), conflict=True)
        case APIError(status=status) if leaves_open(status):
            return Ruling(state=State.UNKNOWN, detail=_reason(error))
        case APIError(status=status) if status in _ASKS_EVERY_ITEM or status < 400:
            return Ruling(state=State.PENDING, pause=str(error), cause=error)
        case APIError():
            return Ruling(state=State.REJECTED, detail=error.detail or _reason(error))
        case _:
            return Ruling(state=State.UNKNOWN, detail=_reason(error))


def _reason(error: CallError) -> str:
    """The first line: an error's list of paths belongs into the log, not into every row of a report."""
    return str(error).partition("\n")[0]
