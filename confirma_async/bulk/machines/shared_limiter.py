"""One rate for all workers of a journal: permits from one row, leased a few at a time.

A lease says in how many seconds from now its permits are due, so that the clocks of the machines need not
agree. A worker leases only as many permits as calls wait for one, so that none is wasted. It leases none
further ahead than ``AHEAD``, so that every worker gets some.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import deque

from attrs import define, field

from confirma_async.bulk.machines.queue import QueueConnector, unreachable
from confirma_async.session.rate.ratelimit import Limiter

AHEAD = 0.1
"""Seconds whose permits are leased at a time; a worker that hangs wastes no more than these."""

GATHERING = AHEAD / 4
"""Seconds for which single calls are gathered for one lease, while those before them still wait for their
permits to be due."""

LATE = 0.17
"""Seconds by which a call may be later than its permit; an older permit is given up. So within any ten
seconds there may be as many calls more than the rate allows as are due in this time, and no more: no permit
is used twice."""

LAG = LATE - 0.02
"""Seconds in the past from which permits that nobody took are still leased: ``LATE``, less the way to get
here."""

LOOK_SECONDS = 0.5
"""Seconds after which the rate, and the time until which the service wants no calls, are read again."""

_LEASE = (
    "UPDATE rate SET next_at = greatest(next_at, moment.now - make_interval(secs => %(lag)s), quiet_until) "
    "+ make_interval(secs => %(count)s / per_second) FROM (SELECT clock_timestamp() AS now) AS moment "
    "RETURNING per_second, extract(epoch FROM next_at - moment.now)::float8 AS until"
)
_QUIET = (
    "UPDATE rate SET quiet_until = "
    "greatest(quiet_until, clock_timestamp() + make_interval(secs => %(seconds)s))"
)
_LOOK = (
    "SELECT per_second, greatest(0, extract(epoch FROM quiet_until - clock_timestamp()))::float8 AS quiet "
    "FROM rate"
)


@define(eq=False)
class SharedLimiter:
    """A ``Limiter`` with a common rate for all workers, and a concurrency for this worker alone.

    Attributes:
        local: Limits the concurrency of this worker, and its rate while the service throttles too many calls.
        connector: The connection to the database.
        per_second: Calls per second of all workers; infinity while no rate is set, and no permits are
            leased.
    """

    local: Limiter
    connector: QueueConnector
    per_second: float
    _waiting: deque[asyncio.Future[None]] = field(init=False, factory=deque[asyncio.Future[None]])
    _missed: deque[asyncio.Future[None]] = field(init=False, factory=deque[asyncio.Future[None]])
    _leasing: asyncio.Task[None] | None = field(init=False, default=None)
    _looking: asyncio.Task[None] | None = field(init=False, default=None)
    _sharing: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _gate: float = field(init=False, default=-math.inf)

    @property
    def concurrency(self) -> int:
        """How many calls this worker admits at once."""
        return self.local.concurrency

    async def acquire(self, deadline: float) -> None:
        """Wait for a permit. See ``Limiter``.

        Raises:
            TimeoutError: no permit came by the deadline.
        """
        loop = asyncio.get_running_loop()
        if self._looking is None:
            self._looking = loop.create_task(self._look())
        await self.local.acquire(deadline)
        try:
            if self.per_second == math.inf and (self._gate == -math.inf or self._gate <= loop.time()):
                return
            turn: asyncio.Future[None] = loop.create_future()
            self._enqueue(turn)
            async with asyncio.timeout_at(deadline):
                await turn
        except BaseException:
            self.local.release()
            raise

    def _enqueue(self, turn: asyncio.Future[None]) -> None:
        """Queue a call for a permit or, where no rate is set, until the service wants calls again."""
        loop = asyncio.get_running_loop()
        if turn.done():
            return
        if self.per_second < math.inf:
            self._waiting.append(turn)
            self._lease_on()
        elif self._gate > loop.time():
            loop.call_at(self._gate, self._enqueue, turn)  # by then there may be a rate
        else:
            turn.set_result(None)

    def release(self) -> None:
        """End a call that was admitted."""
        self.local.release()

    def answered(
        self, started: float, *, throttled: bool = False, quiet_seconds: float | None = None
    ) -> None:
        """Stop the calls of all workers for ``quiet_seconds``. See ``Limiter``."""
        self.local.answered(started, throttled=throttled, quiet_seconds=quiet_seconds)
        if throttled and quiet_seconds:
            loop = asyncio.get_running_loop()
            self._gate = max(self._gate, loop.time() + quiet_seconds)
            sharing = loop.create_task(self._share_quiet(quiet_seconds))
            self._sharing.add(sharing)
            sharing.add_done_callback(self._sharing.discard)

    async def close(self) -> None:
        """Lease no more permits."""
        tasks = [task for task in (self._leasing, self._looking, *self._sharing) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.connector.close_async()

    def _lease_on(self) -> None:
        if self._leasing is None or self._leasing.done():
            self._leasing = asyncio.get_running_loop().create_task(self._lease_for_all())

    async def _lease_for_all(self) -> None:
        """Lease permits as long as calls wait for one, a few at a time."""
        loop = asyncio.get_running_loop()
        while wanted := self._wanted():
            count = int(min(wanted, max(1.0, self.per_second * AHEAD)))
            lease = await self._lease(count)
            if lease is None:
                await asyncio.sleep(AHEAD)  # nobody sends without a permit
                continue
            first, interval = lease
            for number in range(count):
                if not self._wanted():  # they have given up, or got the permits of others that had
                    break
                turn = (self._missed or self._waiting).popleft()
                due = first + number * interval
                loop.call_at(due, self._admit, turn, due)
            ahead = first + count * interval - loop.time()
            await self._pause(max(0.0, ahead - AHEAD, min(GATHERING, ahead / 2)))

    def _wanted(self) -> int:
        """Return how many calls wait for a permit, without those whose deadline has passed."""
        for turns in (self._missed, self._waiting):
            while turns and turns[0].done():
                del turns[0]
        return len(self._missed) + len(self._waiting)

    async def _pause(self, seconds: float) -> None:
        """Wait for some seconds, or until another rate is set."""
        loop, rate = asyncio.get_running_loop(), self.per_second
        until = loop.time() + seconds
        await asyncio.sleep(min(seconds, LOOK_SECONDS))
        while self.per_second == rate and (left := until - loop.time()) > 0:  # noqa: ASYNC110 (it looks too)
            await asyncio.sleep(min(left, LOOK_SECONDS))

    async def _lease(self, count: int) -> tuple[float, float] | None:
        """Lease permits; return the loop time at which the first is due, and the seconds between two."""
        loop = asyncio.get_running_loop()
        try:
            found = await self.connector.ask_at_the_rate(_LEASE, {"count": count, "lag": LAG})
        except unreachable:
            return None
        if not found:
            return None
        self.per_second, interval = found[0]["per_second"], 1.0 / found[0]["per_second"]
        return loop.time() + found[0]["until"] - count * interval, interval

    def _admit(self, turn: asyncio.Future[None], due: float) -> None:
        """Give a call its permit, unless the service wants no calls, or the permit is too old.

        A worker that was held up would otherwise use all its old permits at once.
        """
        loop = asyncio.get_running_loop()
        if turn.done():  # it has given up: its permit is the next one's
            if not self._wanted():
                return
            turn = (self._missed or self._waiting).popleft()
        if self._gate > loop.time():
            loop.call_at(self._gate, self._admit, turn, self._gate)
        elif loop.time() > due + LATE:
            self._missed.append(turn)
            self._lease_on()
        else:
            turn.set_result(None)

    async def _share_quiet(self, quiet_seconds: float) -> None:
        with contextlib.suppress(unreachable):
            await self.connector.ask_at_the_rate(_QUIET, {"seconds": quiet_seconds})

    async def _look(self) -> None:
        """Read the rate, and the time until which the service wants no calls, from the database."""
        loop = asyncio.get_running_loop()
        while True:
            with contextlib.suppress(unreachable):
                for found in await self.connector.ask_at_the_rate(_LOOK, {}):
                    self.per_second = found["per_second"]
                    if found["quiet"]:
                        self._gate = max(self._gate, loop.time() + found["quiet"])
            await asyncio.sleep(LOOK_SECONDS)
