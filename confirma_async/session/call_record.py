"""The record of one call, from which errors, the log and hooks are made."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence

from attrs import define, field, frozen

from confirma_async.contract import Operation
from confirma_async.errors import APIError, Attempt, FindOut, OutcomeUnknownError, Phase
from confirma_async.privacy import visible
from confirma_async.schemas.drift import Drift

UNAUTHORIZED = 401

logger: logging.Logger = logging.getLogger("confirma_async")


def _no_attempts() -> list[Attempt]:
    return []  # a list[Attempt] called takes eight times as long


@frozen(kw_only=True)
class CallFailure:
    """What the caller of a call got instead of an answer. It holds no exception, and so keeps nothing alive.

    Attributes:
        type: The class of the exception, which may be a cancellation.
        message: The text of the exception.
        status: The HTTP status of an ``APIError``; None for others.
        is_unknown: Whether the call changes something and may have taken effect.
    """

    type: type[BaseException]
    message: str
    status: int | None
    is_unknown: bool

    @classmethod
    def of(cls, error: BaseException) -> CallFailure:
        """Return the facts about an exception that a call ends with."""
        return cls(
            type=type(error),
            message=str(error),
            status=error.status if isinstance(error, APIError) else None,
            is_unknown=any(isinstance(one, OutcomeUnknownError) for one in (error, error.__cause__)),
        )


@define(kw_only=True, eq=False)
class CallRecord:
    """One call, from its start to its end.

    Attributes:
        operation: What is called.
        url: Scheme, host and path, without the query.
        subject: What the call is about, in words: ``invoice 1042``; None where nothing names it.
        find_out: Returns the call that shows the outcome.
        started: The loop time of its start, in seconds.
        attempts: Its requests, in their order; a request is added when its outcome is known.
        ended: The loop time of its end, in seconds; None while it is under way.
        failure: What its caller got instead of an answer; None where it got one.
        drift: The differences of its answer from the contract.
    """

    operation: Operation[object]
    url: str
    subject: str | None
    find_out: Callable[[], FindOut | None] | None = None
    started: float
    attempts: list[Attempt] = field(factory=_no_attempts)
    ended: float | None = None
    failure: CallFailure | None = None
    drift: Sequence[Drift] = ()

    def note_drift(self, drift: Sequence[Drift]) -> None:
        """Add differences of the answer from the contract."""
        self.drift = drift

    @property
    def path(self) -> str:
        """The path from the host on, without the query."""
        return "/" + self.url.split("/", 3)[3]

    @property
    def seconds(self) -> float:
        """Seconds that the whole call took; 0 while it is under way."""
        return 0.0 if self.ended is None else self.ended - self.started

    @property
    def waited_seconds(self) -> float:
        """Seconds that its requests waited for the limiter."""
        return sum(attempt.waited_seconds for attempt in self.attempts)

    @property
    def key_rejections(self) -> int:
        """How many of its requests were rejected for their key (401)."""
        return sum(attempt.status == UNAUTHORIZED for attempt in self.attempts)

    @property
    def request_id(self) -> str | None:
        """The id that the service gave the last request, where it gave one."""
        return self.attempts[-1].request_id if self.attempts else None


def log(record: CallRecord) -> None:
    """Log a call that has ended: one line for people, and the same facts as fields of the log record.

    Neither holds a key, a body or a query.
    """
    level = logging.INFO if record.failure is None else logging.WARNING
    if not logger.isEnabledFor(level):
        return
    fields = log_fields(record)
    logger.log(
        level,
        "%s %s %s: %s in %.0f ms, attempts: %d%s, request id: %s",
        fields["operation"],
        fields["method"],
        fields["path"],
        _outcome(record),
        fields["milliseconds"],
        fields["attempts"],
        _reasons(record),
        fields["request_id"] or "-",
        extra=fields,
    )


def log_fields(record: CallRecord) -> Mapping[str, str | int | float | bool | None]:
    """Return the fields of the log record of a call."""
    last = record.attempts[-1] if record.attempts else None
    return {
        "operation": record.operation.name,
        "method": record.operation.method,
        "path": visible(record.path),
        "subject": record.subject and visible(record.subject),
        "phase": Phase.NOT_SENT.value if last is None else last.phase.value,
        "status": None if last is None else last.status,
        "error": None if record.failure is None else record.failure.type.__name__,
        "attempts": len(record.attempts),
        "milliseconds": round(record.seconds * 1000, 3),
        "waited_milliseconds": round(record.waited_seconds * 1000, 3),
        "request_id": record.request_id,
    }


def _outcome(record: CallRecord) -> str:
    if not record.attempts:
        return "not sent"
    last = record.attempts[-1]
    unknown = record.failure is not None and record.failure.is_unknown
    return f"{last.status or last.phase.value}{', the outcome is unknown,' if unknown else ''}"


def _reasons(record: CallRecord) -> str:
    """Return why a call was attempted again, for each further attempt."""
    reasons = [attempt.reason or "answered" for attempt in record.attempts]
    return visible(f" ({'; '.join(reasons)})") if len(reasons) > 1 else ""
