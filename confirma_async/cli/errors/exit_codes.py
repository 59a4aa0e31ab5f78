"""Exit codes: what a calling script can rely on."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import TYPE_CHECKING

from confirma_async.errors import (
    AmbiguousAddressError,
    APIError,
    AuthenticationError,
    ConfirmaError,
    JournalError,
    JournalGoneError,
    MirrorBusyError,
    MirrorError,
    OutcomeUnknownError,
    PermissionDeniedError,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
    TokenNotKeptError,
    TransportError,
)

if TYPE_CHECKING:
    from confirma_async.bulk import Report
    from confirma_async.creditors import CreditorsReport


class Exit(enum.IntEnum):
    """How a command ended."""

    ACCEPTED = 0
    """All is well: everything was accepted, or there was nothing to object to."""
    REJECTED = 1
    """The command is done; something was refused or rejected, or is not as it should be."""
    USAGE = 2
    """The command, its files, its journal, its key or its configuration cannot be used."""
    PAUSED = 3
    """It stopped before its end, or the service could not be asked; the same command goes on."""
    UNKNOWN = 4
    """What was asked for may have taken effect; find out before the command is given again."""
    JOURNAL_GONE = 5
    """The journal was deleted or replaced while the job ran; see to that before anything else is sent."""
    BUSY = 6
    """Another run is at work on the same mirror; this one changed nothing."""
    INTERNAL = 70
    """A fault of the SDK itself."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C or a signal, that of a closed terminal included; the same command goes on."""
    UNREAD = 141
    """Nobody reads the output any more: ``head`` has enough, or a closed terminal did not say so by a signal.
    What a job has done is in its journal; the same command goes on."""


_NOT_SERVED = frozenset({501, 505})
"""Statuses that no later call gets over."""

_FOR_GOOD = frozenset({Exit.USAGE, Exit.REJECTED})
"""Codes of an error that the same command meets again: a key, a path, a form, a certificate."""


def of_error(error: ConfirmaError) -> Exit:
    """Return the exit code that an error stands for."""
    match error:
        case OutcomeUnknownError() | TokenNotKeptError():
            return Exit.UNKNOWN
        case ResponseDecodeError():  # it was answered, but what the answer says is not known
            return Exit.UNKNOWN if _changes_something(error.operation) else Exit.REJECTED
        case ServerError() if error.status in _NOT_SERVED:
            return Exit.REJECTED
        case TransportError(lasting=True):
            return Exit.USAGE
        case TransportError() | RateLimitedError() | ServerError():
            return Exit.PAUSED
        case JournalError() | MirrorError():
            return _of_store_error(error)
        case APIError() if _outcome_is_open(error.status):
            return Exit.PAUSED
        case AuthenticationError() | PermissionDeniedError():
            return Exit.USAGE
        case APIError() | RequestInvalidError() | AmbiguousAddressError():
            return Exit.REJECTED
        case _:
            return Exit.USAGE


def _of_store_error(error: JournalError | MirrorError) -> Exit:
    if isinstance(error, MirrorBusyError):
        return Exit.BUSY
    if isinstance(error, JournalGoneError):
        return Exit.JOURNAL_GONE
    return Exit.PAUSED if error.resumable else Exit.USAGE


def _outcome_is_open(status: int) -> bool:
    from confirma_async.session.retry import outcome_is_open

    return status >= 400 and outcome_is_open(status)


def _changes_something(operation: str | None) -> bool:
    from confirma_async.contract import OPERATIONS

    row = OPERATIONS.get(operation or "")
    return row is not None and not row.repeatable


def of_pause(cause: ConfirmaError | None) -> Exit:
    """Return the exit code of a pause; with some causes a script that goes on would not come to an end."""
    return Exit.USAGE if cause is not None and of_error(cause) in _FOR_GOOD else Exit.PAUSED


def of_report(report: Report) -> Exit:
    """Return the exit code that a job's report stands for."""
    if report.interrupted:
        return Exit.INTERRUPTED
    if of_pause(report.paused_by) is Exit.USAGE:
        return Exit.USAGE
    if not report.complete:
        return Exit.PAUSED
    if report.rejected or report.refused:
        return Exit.REJECTED
    return Exit.ACCEPTED


_FOREMOST = (Exit.INTERRUPTED, Exit.JOURNAL_GONE, Exit.BUSY, Exit.PAUSED, Exit.USAGE, Exit.REJECTED)
"""Which code of several accounts counts: first what a person must see to, then what the same command goes on
with, then what it meets again."""


def foremost(codes: Collection[Exit]) -> Exit:
    """Return the one code that those of several accounts stand for."""
    return next((code for code in _FOREMOST if code in codes), Exit.ACCEPTED)


def of_creditors(report: CreditorsReport) -> Exit:
    """Return the exit code that the report of a job for many accounts stands for."""
    codes = {of_report(each) for each in report.accounts.values()}
    codes |= {of_error(error) for error in report.failed.values()}
    return foremost(codes | {Exit.REJECTED} if report.refused else codes)
