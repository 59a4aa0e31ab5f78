"""Makes of an error a message, an exit code, and details for machines."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import Mapping
from typing import Any

import click
from attrs import field, frozen

from confirma_async.accounts.unknown import UnknownAccountError, UnknownKeyError
from confirma_async.cli.errors.account_errors import in_words
from confirma_async.cli.errors.exit_codes import Exit, of_error
from confirma_async.cli.flags import in_flags
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import error_in_words
from confirma_async.cli.output.render import problem_as_json
from confirma_async.errors import (
    APIError,
    CallError,
    ConfirmaError,
    JournalGoneError,
    JournalMismatchError,
    OutcomeUnknownError,
    RateLimitedError,
    RequestInvalidError,
    ResponseDecodeError,
    ServerError,
)
from confirma_async.privacy import visible

FIND_OUT: Mapping[str, str] = {
    "payments.settlements": "confirma settlements --from YYYY-MM-DD --to YYYY-MM-DD",
    "accounting.submit_ledger": "confirma ledger status",
    "accounting.submit_payments": "confirma accounting-payment status",
    "onboarding.renew_token": "confirma token check",
}
"""The command that finds out what became of a call, for operations whose errors name none."""

_COMMANDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "invoices.distributions": (
        "confirma invoice distribution",
        {"invoice_number": "--invoice {}", "from_date": "--from {}", "to_date": "--to {}"},
    ),
    "invoices.case": ("confirma invoice case", {"case_id": "{}", "invoice_number": "--invoice {}"}),
}
"""By the verb of the library that an error names, the command that does the same, and its options."""


@frozen
class CommandFailure:
    """Why a command failed.

    Attributes:
        message: One or several sentences, without secrets.
        code: The exit code of the command.
        details: The reason in fields, for machines.
    """

    message: str
    code: Exit
    details: Mapping[str, Any] = field(factory=dict[str, Any])


def explained(error: BaseException) -> CommandFailure:
    """Return the message, exit code and details for an error.

    Raises:
        BaseException: the error itself, if it is a fault of the SDK and CONFIRMA_DEBUG is set.
    """
    match error:
        case click.ClickException():
            cause = error.__cause__
            details = _details(cause) if isinstance(cause, ConfirmaError) else {}
            return CommandFailure(visible(error.format_message()), Exit.USAGE, details)
        case click.Abort() | KeyboardInterrupt() | asyncio.CancelledError():
            return CommandFailure("stopped at once; the same command goes on", Exit.INTERRUPTED)
        case OutcomeUnknownError():
            return _unknown(error)
        case UnknownKeyError() | UnknownAccountError() | JournalMismatchError():
            return CommandFailure(in_words(error), of_error(error))
        case ConfirmaError():
            return CommandFailure(_in_words(error), of_error(error), _details(error))
        case sqlite3.Error():
            return CommandFailure(f"a file of the sandbox: {error}; the same command goes on", Exit.PAUSED)
        case OSError() if error.filename:
            reason = error.strerror or error
            name = visible(str(error.filename))
            return CommandFailure(f"{name}: {reason}; see to that, or name another file", Exit.USAGE)
        case OSError():
            return CommandFailure(f"a file, or what was to be printed: {error.strerror or error}", Exit.USAGE)
        case _ if os.environ.get("CONFIRMA_DEBUG"):
            raise error
        case _:
            return CommandFailure(
                f"a fault of the SDK itself ({type(error).__name__}); nothing recorded is lost. "
                "Set CONFIRMA_DEBUG=1 to see where, and please report it",
                Exit.INTERNAL,
            )


def told(error: BaseException) -> str:
    """Return what an error says in the language that is spoken."""
    problems = error.problems if isinstance(error, RequestInvalidError) else ()
    return error_in_words(explained(error).message, problems)


def failed_in_words(error: ConfirmaError) -> str:
    """Return that an account has failed, and why, in the language that is spoken."""
    return _("Failed: {reason}").format(reason=told(error))


def _unknown(error: OutcomeUnknownError) -> CommandFailure:
    """Return the failure for a call that may have taken effect, with the command to find out whether."""
    if error.find_out is None:
        command = FIND_OUT.get(error.operation or "")
        message = f"{error}\nTo find out: {command}" if command else str(error)
    else:
        name, forms = _COMMANDS[error.find_out.verb]
        given = [forms[argument].format(value) for argument, value in error.find_out.arguments.items()]
        command = " ".join([name, *given])
        message = str(error).replace(str(error.find_out), command)
    return CommandFailure(in_flags(message), of_error(error), {**_details(error), "find_out": command})


def _in_words(error: ConfirmaError) -> str:
    lists = isinstance(error, RequestInvalidError | ResponseDecodeError)  # a problem on each line
    return visible(in_flags(str(error)), lines=lists)


def _details(error: ConfirmaError) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if isinstance(error, CallError):
        details |= {
            "operation": error.operation,
            "phase": error.phase.value,
            "attempts": len(error.attempts),
            "request_id": error.request_id,
        }
    if isinstance(error, APIError):
        details["status"] = error.status
    if isinstance(error, RateLimitedError | ServerError):
        details["retry_after"] = error.retry_after
    if isinstance(error, JournalGoneError):
        details["rescued"] = error.rescued
    if isinstance(error, RequestInvalidError):
        details["problems"] = [problem_as_json(problem) for problem in error.problems]
    return details
