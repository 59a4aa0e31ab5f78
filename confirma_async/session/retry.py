"""Decides when a call is tried again: the policy, the pauses, and a quota that stops retry storms.

The policy reads only how far the request came, whether it would come further the next time, whether the
operation may be repeated, and the status.
"""

from __future__ import annotations

import email.utils
import math
import random
import time
from collections.abc import Callable

from attrs import define, field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.errors import Phase

SUCCESSES = frozenset({200, 201, 202, 204})
"""The statuses of success. Not among them are 203 (a copy of somebody else's), 206 (a part), 207 (a list of
outcomes) and 101 (another protocol): they are no answer to what was asked."""

BUSY = frozenset({429, 503})
"""The statuses of throttled calls: the service asks to come back later."""

_UNAVAILABLE = 503
_TOO_MANY = 429

_NEVER_STARTED = frozenset({501, 505})
"""The statuses of a service that does not know how: it did nothing, and would not the next time."""

_REQUEST_TIMEOUT = 408
"""The status for a request that did not arrive whole in time (RFC 9110). Some gateways give it for one that
they passed on."""


def not_taken(status: int | None, retry_after: float | None) -> bool:
    """Say whether the service says that it did not accept a request, and may accept it later.

    A 503 says so where it names the time at which to come back. Without, it may be a gateway's that has lost
    the answer to what it passed on.

    Args:
        status: The HTTP status of the answer.
        retry_after: The seconds that its ``Retry-After`` names; None where it names none.
    """
    return status == _TOO_MANY or (status == _UNAVAILABLE and retry_after is not None)


def _failed(status: int) -> bool:
    """Say whether the status means that the service failed while it handled the request."""
    return status == _REQUEST_TIMEOUT or (status >= 500 and status not in _NEVER_STARTED)


def outcome_is_open(status: int | None, retry_after: float | None = None) -> bool:
    """Say whether a request with this answer may have taken effect, though the answer does not say so.

    After a redirect it may: a gateway may redirect after the service took the request.

    Args:
        status: The HTTP status of the answer; None where there was none.
        retry_after: The seconds that its ``Retry-After`` names; None where it names none.
    """
    if status is None or status in SUCCESSES or not_taken(status, retry_after):
        return False
    return status < 400 or _failed(status)


def is_rejected(status: int | None, retry_after: float | None = None) -> bool:
    """Say whether the service rejected the request, so that it had no effect."""
    return status is not None and status >= 400 and not outcome_is_open(status, retry_after)


SUCCESSES_PER_RETRY = 5
"""Successful calls that earn one retry."""

HELD_BACK_SHARE = 0.25
"""The part of the backoff that a throttled call waits, because the limiter spaces the calls already.

Where a service throttles calls at random, whole pauses would cost more than the throttling.
"""

LONGEST_PAUSE = 3600.0
"""Seconds that a Retry-After counts for, at most: more than that may be a mistake of the service."""


@frozen(kw_only=True)
class RetryPolicy:
    """How often, and after which pauses, a call is tried again.

    Attributes:
        attempts: How many requests one call may start, the first included: from 1 to 100.
        base_seconds: The longest first pause, above 0 and at most 3,600. It doubles with every attempt; the
            pause itself is a random part of it (full jitter).
        cap_seconds: The longest pause of all, above 0 and at most 3,600.
        budget: How many retries all calls of a client together may start beyond what their successes earn
            (five successes earn one): from 0 to 1,000,000. One after a 429 or 503 takes a fifth: the limiter
            holds it back already.

    Raises:
        ConfigurationError: one is out of these bounds.
    """

    attempts: int = field(default=4, validator=within(bounds.ATTEMPTS))
    base_seconds: float = field(default=0.2, validator=within(bounds.BACKOFF))
    cap_seconds: float = field(default=20.0, validator=within(bounds.BACKOFF))
    budget: int = field(default=20, validator=within(bounds.BUDGET))

    def backoff(self, attempt: int, uniform: Callable[[float, float], float] = random.uniform) -> float:
        """Return the pause after an attempt (from 1), in seconds: at random up to base · 2^(attempt-1)."""
        return uniform(0.0, min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 1)))


def may_repeat(
    phase: Phase,
    repeatable: bool,
    status: int | None,
    *,
    retry_after: float | None = None,
    lasting: bool = False,
) -> bool:
    """Say whether a request that ended like this may be sent again without the risk of a double effect.

    Args:
        phase: How far the request came.
        repeatable: Whether the operation may be repeated.
        status: The HTTP status of the answer; None where there was none.
        retry_after: The seconds that its ``Retry-After`` names; None where it names none.
        lasting: Whether the next attempt would fail in the same way.
    """
    if phase is Phase.NOT_SENT:
        return not lasting
    if phase is Phase.NO_REPLY:
        return repeatable
    if repeatable:
        return status is not None and (status in BUSY or _failed(status))
    return not_taken(status, retry_after)


def outcome_unknown(
    phase: Phase, repeatable: bool, status: int | None, *, retry_after: float | None = None
) -> bool:
    """Say whether a request that ended like this may have taken effect.

    Args:
        phase: How far the request came.
        repeatable: Whether the operation may be repeated.
        status: The HTTP status of the answer; None where there was none.
        retry_after: The seconds that its ``Retry-After`` names; None where it names none.
    """
    if repeatable:
        return False
    return phase is Phase.NO_REPLY or (phase is Phase.REPLIED and outcome_is_open(status, retry_after))


@define
class RetryQuota:
    """The budget of retries of a client: failures spend it, successes refill it.

    When most calls fail, retrying them all would multiply the load on a service that is down. A retry that
    the limiter holds back, since the service throttled the call, adds little to that load, and takes a fifth
    of a retry: when capacity falls, dozens of calls are throttled at once, and must not fail for that.

    Attributes:
        budget: Retries that may be spent before a success earns new ones.
    """

    budget: int = 20
    _credit: int = field(init=False)  # counted in successes

    def __attrs_post_init__(self) -> None:
        self._credit = self.budget * SUCCESSES_PER_RETRY

    def take(self, *, held_back: bool = False) -> bool:
        """Spend one retry; False when there is none left.

        Args:
            held_back: Whether the limiter holds the retry back; it then takes a fifth of a retry.
        """
        cost = 1 if held_back else SUCCESSES_PER_RETRY
        if self._credit < cost:
            return False
        self._credit -= cost
        return True

    def refill(self) -> None:
        """Give back a part of a retry, after a call that succeeded."""
        if self._credit < self.budget * SUCCESSES_PER_RETRY:
            self._credit += 1


def next_pause(
    policy: RetryPolicy,
    quota: RetryQuota,
    attempt: int,
    *,
    retry_after: float | None,
    left: float,
    held_back: bool = False,
) -> float | None:
    """Spend a retry, and return the pause before the next attempt in seconds; None where there must be none.

    Args:
        policy: How often, and after which pauses, a call is tried again.
        quota: The client's budget of retries, of which one is spent.
        attempt: How many attempts there were.
        retry_after: The seconds that ``Retry-After`` names; None where it names none.
        left: Seconds to the deadline.
        held_back: Whether the limiter holds the retry back, since the service throttled the call.
    """
    if attempt >= policy.attempts:
        return None
    backoff = policy.backoff(attempt) * (
        1.0 if not held_back else HELD_BACK_SHARE if retry_after != 0 else 0.0
    )
    pause = max(retry_after or 0.0, backoff)
    return pause if pause < left and quota.take(held_back=held_back) else None


def http_date(value: str | None) -> float | None:
    """Return an HTTP date, as in a ``Date`` header, in seconds since 1970; None where it cannot be read."""
    try:
        return email.utils.parsedate_to_datetime(value or "").timestamp()
    except (ValueError, OverflowError):
        return None


def parse_retry_after(value: str | None, now: Callable[[], float] = time.time) -> float | None:
    """Return a Retry-After header (seconds, fractions of a second, or an HTTP date) in seconds from now."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = http_date(value)
        if moment is None:
            return None
        seconds = moment - now()
    return min(max(0.0, seconds), LONGEST_PAUSE) if math.isfinite(seconds) else None
