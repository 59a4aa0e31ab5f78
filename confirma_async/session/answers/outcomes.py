"""Makes the record of a request, and the error that the caller of a call gets."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confirma_async.errors import (
    APIError,
    Attempt,
    CallError,
    ConfigurationError,
    OutcomeUnknownError,
    Phase,
    RateLimitedError,
    ServerError,
    TransportError,
)
from confirma_async.privacy import Mask
from confirma_async.session import retry
from confirma_async.session.answers.api_errors import request_id_of
from confirma_async.session.call_record import CallRecord
from confirma_async.session.transport import Response

_CANCELLED = "cancelled"
_REPLIED, _NO_REPLY = Phase.REPLIED, Phase.NO_REPLY  # quickly found: every request asks


def recorded(
    result: Response | BaseException, mask: Mask, *, waited_seconds: float, seconds: float
) -> Attempt:
    """Return the record of one request.

    Args:
        result: Its response or its error.
        mask: Replaces keys in a text, in case the id of the request echoes one.
        waited_seconds: Seconds that it waited for the limiter.
        seconds: Seconds from then to its end.
    """
    phase, status, reason, request_id, retry_after = _NO_REPLY, None, None, None, None
    if isinstance(result, Response):
        phase, status, request_id = _REPLIED, result.status, request_id_of(result, mask)
        if status not in retry.SUCCESSES:
            reason, retry_after = f"HTTP {status}", retry.parse_retry_after(result.headers.get("Retry-After"))
    elif isinstance(result, TransportError):
        phase, reason = result.phase, str(result.args[0])
    elif isinstance(result, asyncio.CancelledError):
        reason = _CANCELLED
    else:
        reason = type(result).__name__
        if isinstance(result, ConfigurationError):
            phase = Phase.NOT_SENT
    return Attempt(
        phase=phase, status=status, reason=reason, request_id=request_id, retry_after=retry_after,
        waited_seconds=waited_seconds, seconds=seconds,
    )  # fmt: skip


def final(record: CallRecord, failure: CallError) -> CallError:
    """Make the error for the caller: an OutcomeUnknownError where the outcome is open."""
    operation = record.operation
    status = failure.status if isinstance(failure, APIError) else None
    if not retry.outcome_unknown(
        failure.phase, operation.repeatable, status, retry_after=retry_after_of(failure)
    ):
        return failure
    detail = failure.detail if isinstance(failure, APIError) else None
    reason = f"HTTP {status}" if status is not None else str(failure.args[0])
    reason = f"{reason}: {detail}" if detail else reason
    look = record.find_out() if record.find_out is not None else None
    unknown = OutcomeUnknownError(
        reason, subject=record.subject, status=status, remedy=operation.remedy, find_out=look
    )
    unknown.__cause__ = failure
    return unknown


def retry_after_of(failure: CallError) -> float | None:
    """Return the seconds that the ``Retry-After`` of a throttled call names; None where it has none."""
    return failure.retry_after if isinstance(failure, RateLimitedError | ServerError) else None


def no_turn(error: TimeoutError, attempts: Sequence[Attempt]) -> TransportError:
    """Make the error of a call that the limiter did not admit by its deadline."""
    reason = str(error) or "the deadline passed while waiting for its turn"
    before = f"; the last request: {attempts[-1].reason}" if attempts else ""
    return TransportError(f"{reason}{before}", phase=Phase.NOT_SENT)


def cut_off(record: CallRecord, message: str) -> TransportError:
    """Make the error of a call that was stopped; its last request may have taken effect.

    An answer that has not reached the caller counts as none.
    """
    last = record.attempts[-1] if record.attempts else None
    nothing_done = (
        last is None or last.phase is Phase.NOT_SENT or retry.is_rejected(last.status, last.retry_after)
    )
    return TransportError(message, phase=Phase.NOT_SENT if nothing_done else Phase.NO_REPLY)
