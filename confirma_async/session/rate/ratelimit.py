"""The limiter: limits the rate and the concurrency of calls, first come first served.

The vendor documents no limits, so the ceiling is the user's setting; below it the rate follows what the
service bears (``adaptive_rate``). A generic cell rate algorithm, with one timer for the queue beside that of
all waiters' deadlines: nobody is woken before its turn, and one at a time.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Protocol

from attrs import field, frozen

from confirma_async import bounds
from confirma_async.bounds import within
from confirma_async.errors import ConfigurationError
from confirma_async.session.rate.adaptive_rate import AdaptiveRate
from confirma_async.session.waiting.deadlines import Deadlines

GRAIN = 0.002
"""The precision of timers, in seconds. Calls that are due within it start together (above 500 a second)."""


@frozen(kw_only=True)
class RateLimit:
    """The ceiling for all calls that share a limiter.

    Attributes:
        per_second: Calls per second, from 0.001 to 100,000; None for no limit on the rate.
        burst: How many calls may start at once after a pause, from 1 to 10,000. A burst of ``per_second``
            would double the rate in the first second, so keep it small.
        concurrency: How many calls may be under way at once, from 1 to 10,000.

    Raises:
        ConfigurationError: one is out of these bounds.
    """

    per_second: float | None = field(default=None, validator=within(bounds.PER_SECOND, optional=True))
    burst: int = field(default=1, validator=within(bounds.BURST))
    concurrency: int = field(default=16, validator=within(bounds.CONCURRENCY))


class Limiter(Protocol):
    """Admits calls. Several clients can share one limiter.

    ``LocalLimiter`` works within one event loop; a limiter for several machines can take its place. Moments
    are by the clock of the running loop.
    """

    @property
    def concurrency(self) -> int:
        """How many calls may be under way at once."""
        ...

    async def acquire(self, deadline: float) -> None:
        """Wait for this call's turn; each admitted call is ended by one ``release``.

        Raises:
            TimeoutError: the call was not admitted by the deadline, or cannot be; nothing is held. The text
                of the error, where there is one, says why.
        """
        ...

    def release(self) -> None:
        """End a call that was admitted."""
        ...

    def answered(
        self, started: float, *, throttled: bool = False, quiet_seconds: float | None = None
    ) -> None:
        """Take note that the service answered a call. This is called before ``release``.

        Args:
            started: The loop time at which the call started.
            throttled: Whether the service throttled the call (429, 503).
            quiet_seconds: Seconds from now in which the service wants no calls (``Retry-After``); None where
                it named none.
        """
        ...


class LocalLimiter:
    """Admits calls of one event loop in the order in which they came, each by its own deadline.

    It never exceeds the ceiling, and is slower while the service throttles too many calls.

    Args:
        limit: The rate, the burst and the concurrency that are never exceeded.
    """

    def __init__(self, limit: RateLimit = RateLimit()) -> None:
        self.limit: RateLimit = limit
        self._rate = AdaptiveRate(limit.per_second or math.inf)
        interval = 1.0 / self._rate.ceiling
        self._tolerance = max((limit.burst - 1) * interval, GRAIN - interval if limit.per_second else 0.0)
        self._next = -math.inf  # when the next call would start if they came evenly
        self._gate = -math.inf  # the service asked for quiet until then
        self._under_way = 0
        self._called = 0  # admitted waiters that have not run yet: nobody overtakes them
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0  # uvloop's handle for a moment that has come does not say it
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadlines = Deadlines[asyncio.Future[bool]](_expire)

    @property
    def concurrency(self) -> int:
        """How many calls it admits at once."""
        return self.limit.concurrency

    async def acquire(self, deadline: float) -> None:
        """Wait for this call's turn.

        Args:
            deadline: The loop time until which to wait.

        Raises:
            TimeoutError: the turn did not come in time; or, right away, the service wants no calls until
                after the deadline. Nothing is held.
            ConfigurationError: the limiter is in use in another event loop.
        """
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self._move_to(loop)
        now = loop.time()
        if not self._waiting and not self._called and self._has_room() and self._opens_at() <= now:
            self._admit(now)
            return
        if self._gate >= deadline:
            raise TimeoutError(f"the service asks for quiet for another {self._gate - now:.0f} s")
        turn: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(turn)
        self._arrange(loop)
        self._deadlines.add(turn, deadline, loop)
        try:
            if turn.done():
                await asyncio.sleep(0)  # those who were called just before go first
            admitted = await turn
        except BaseException:
            if turn.done() and not turn.cancelled() and turn.result():
                self._called -= 1
                self.release()  # the turn came together with the cancellation: pass it on
            raise
        finally:
            self._deadlines.remove(turn)
        if not admitted:
            raise TimeoutError
        self._called -= 1

    def release(self) -> None:
        """End a call that was admitted, and admit the next one."""
        self._under_way -= 1
        if self._waiting:
            self._arrange(asyncio.get_running_loop())

    def answered(
        self, started: float, *, throttled: bool = False, quiet_seconds: float | None = None
    ) -> None:
        """Adapt the rate to the answer, and admit nothing while the service wants no calls.

        Args:
            started: The loop time at which the call started.
            throttled: Whether the service throttled the call (429, 503).
            quiet_seconds: Seconds from now in which the service wants no calls; the latest end of several
                counts.
        """
        now = asyncio.get_running_loop().time()
        if not throttled:
            self._rate.taken(started, now)
            return
        if quiet_seconds:
            self._gate = max(self._gate, now + quiet_seconds)
        self._rate.throttled(started, now)

    def _has_room(self) -> bool:
        return self._under_way < self.limit.concurrency

    def _opens_at(self) -> float:
        """Return the loop time at which the next call may start. While the rate is cut, there is no burst."""
        return max(self._next if self._rate.is_cut else self._next - self._tolerance, self._gate)

    def _admit(self, turn: float) -> None:
        self._next = max(self._next, turn) + 1.0 / self._rate.per_second
        self._under_way += 1

    def _arrange(self, loop: asyncio.AbstractEventLoop) -> None:
        """Admit the calls that are due, and set the one timer for the next call."""
        now = loop.time()
        while self._waiting and self._has_room():
            turn = self._waiting[0]
            if not turn.done():  # else it gave up waiting
                opens_at = self._opens_at()
                if opens_at > now:
                    self._wake_at(loop, opens_at)
                    return
                self._admit(opens_at if now - opens_at < GRAIN else now)  # a late timer slows nobody down
                self._called += 1
                turn.set_result(True)
            del self._waiting[0]

    def _wake_at(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        if self._timer is not None:
            if self._timer_at <= moment:
                return
            self._timer.cancel()
        self._timer_at = moment
        self._timer = loop.call_at(moment, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._arrange(loop)

    def _move_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bind the limiter to this loop, if no other open loop uses it."""
        if self._loop is not None and not self._loop.is_closed():
            raise ConfigurationError(
                "this limiter is in use in another event loop; make one limiter per loop, "
                "and give each the share of the ceiling that is its own"
            )
        # What a closed loop left behind will never end; the rate and the gate hold on.
        self._loop, self._timer, self._under_way, self._called = loop, None, 0, 0
        self._waiting.clear()
        self._deadlines.stop()


def _expire(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_result(False)
