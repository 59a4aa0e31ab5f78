"""The exit codes of commands, on which calling scripts can rely."""

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
    """The exit code of a command."""

    ACCEPTED = 0
    """Everything was accepted, or nothing is wrong."""
    REJECTED = 1
    """The command has done its work, but something was refused or rejected, or is wrong."""
    USAGE = 2
    """The command, its files, its journal, its key or its configuration cannot be used."""
    PAUSED = 3
    """The command stopped early, or the service could not be reached; the same command goes on."""
    UNKNOWN = 4
    """The call may have taken effect; find out before you give the command again."""
    JOURNAL_GONE = 5
    """The journal was deleted or replaced while the job ran; see to that before anything else is sent."""
    BUSY = 6
    """Another run is at work on the same mirror; this one changed nothing."""
    INTERNAL = 70
    """A fault of the SDK itself."""
    INTERRUPTED = 130
    """Ctrl-C or a signal, also of a closed terminal, ended the command; the same command goes on."""
    UNREAD = 141
    """Nobody reads the output any more: ``head`` has ended, or a terminal was closed without a signal.

    The work of a job is in its journal; the same command goes on.
    """


_NOT_SERVED = frozenset({501, 505})
"""HTTP statuses with which a later call would fail as well."""

_FOR_GOOD = frozenset({Exit.USAGE, Exit.REJECTED})
"""Exit codes of errors that would come again, such as a wrong key or path."""


def of_error(error: ConfirmaError) -> Exit:
    """Return the exit code for an error."""
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
    """Return the exit code for a pause; not PAUSED if repeating the command could never end it."""
    return Exit.USAGE if cause is not None and of_error(cause) in _FOR_GOOD else Exit.PAUSED


def of_report(report: Report) -> Exit:
    """Return the exit code for the report of a job."""
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
"""The order in which the exit codes of several accounts count.

First come those that a person must see to, then those after which the same command goes on, then those that
it would end with again.
"""


def foremost(codes: Collection[Exit]) -> Exit:
    """Return the exit code of a command for several accounts, by the codes of each."""
    return next((code for code in _FOREMOST if code in codes), Exit.ACCEPTED)


def of_creditors(report: CreditorsReport) -> Exit:
    """Return the exit code for the report of a job for many accounts."""
    codes = {of_report(each) for each in report.accounts.values()}
    codes |= {of_error(error) for error in report.failed.values()}
    return foremost(codes | {Exit.REJECTED} if report.refused else codes)
