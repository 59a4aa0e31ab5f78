"""The limiter: a ceiling on how fast and how wide calls go out, first come first served.

The vendor documents no limits, so the ceiling is the user's setting. A generic cell rate algorithm, with one
timer for the queue beside each waiter's own deadline: nobody is woken before its turn, and one at a time.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque

from attrs import field, frozen, validators


@frozen(kw_only=True)
class RateLimit:
    """The ceiling for all calls of one client.

    Attributes:
        per_second: Calls per second; None for no limit on the rate.
        burst: How many calls may start at once after a pause. A burst of ``per_second`` would double the
            rate in the first second, so keep it small.
        concurrency: How many calls may be under way at once.
    """

    per_second: float | None = field(default=None, validator=validators.optional(validators.gt(0)))
    burst: int = field(default=1, validator=validators.ge(1))
    concurrency: int = field(default=16, validator=validators.ge(1))


class Limiter:
    """Admits calls in the order they came, within the ceiling, each within its own deadline."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._interval = 1.0 / limit.per_second if limit.per_second else 0.0
        self._tolerance = self._interval * (limit.burst - 1)
        self._next = -math.inf  # when the next call would start if they came evenly
        self._gate = -math.inf  # the service asked for quiet until then
        self._under_way = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def acquire(self, deadline: float) -> None:
        """Waits for this call's turn.

        Args:
            deadline: The loop time until which to wait.

        Raises:
            TimeoutError: the turn did not come in time; nothing is held.
        """
        loop = asyncio.get_running_loop()
        if not self._waiting and self._opens_at() <= loop.time() and self._has_room():
            self._admit(loop.time())
            return
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        self._arrange(loop)
        try:
            async with asyncio.timeout_at(deadline):
                await turn
        except BaseException:
            if turn.done() and not turn.cancelled():
                self.release()  # the turn came together with the timeout or cancellation: pass it on
            raise

    def release(self) -> None:
        """Ends a call that was admitted."""
        self._under_way -= 1
        if self._waiting:
            self._arrange(asyncio.get_running_loop())

    def pause_until(self, moment: float) -> None:
        """Admits nothing before the given loop time; the latest such moment counts."""
        self._gate = max(self._gate, moment)

    def _has_room(self) -> bool:
        return self._under_way < self.limit.concurrency

    def _opens_at(self) -> float:
        return max(self._next - self._tolerance, self._gate)

    def _admit(self, now: float) -> None:
        self._next = max(self._next, now) + self._interval
        self._under_way += 1

    def _arrange(self, loop: asyncio.AbstractEventLoop) -> None:
        """Admits whose turn it is, and sets the one timer for the turn after."""
        now = loop.time()
        while self._waiting and self._has_room():
            turn = self._waiting[0]
            if not turn.done():  # else it gave up waiting
                opens_at = self._opens_at()
                if opens_at > now:
                    self._wake_at(loop, opens_at)
                    return
                self._admit(now)
                turn.set_result(None)
            del self._waiting[0]

    def _wake_at(self, loop: asyncio.AbstractEventLoop, moment: float) -> None:
        if self._timer is not None:
            if self._timer.when() <= moment and not self._timer.cancelled():
                return
            self._timer.cancel()
        self._timer = loop.call_at(moment, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        self._arrange(loop)
