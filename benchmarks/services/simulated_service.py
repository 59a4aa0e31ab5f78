"""A service of limited capacity, without a socket: the transport of clients that run in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from typing import TypeAlias

from attrs import define, field
from services.raw_server import RECEIPT

from confirma_async.session.transport import Request, Response

Capacity: TypeAlias = Callable[[float], float]
"""Calls per second that the service takes at a moment."""

_TAKEN: Mapping[str, str] = {"Content-Type": "application/json"}


@define
class TokenBucket:
    """Takes calls as long as it has tokens; they come at the rate of the capacity.

    Attributes:
        seconds: How many seconds' worth of tokens it holds at most.
    """

    seconds: float
    _tokens: float | None = field(init=False, default=None)
    _at: float = field(init=False, default=0.0)

    def takes(self, now: float, capacity: float) -> bool:
        """Say whether it takes a call at this moment."""
        full = max(1.0, self.seconds * capacity)
        tokens = full if self._tokens is None else min(full, self._tokens + (now - self._at) * capacity)
        self._at, self._tokens = now, tokens - 1.0 if tokens >= 1.0 else tokens
        return tokens >= 1.0


@define
class SecondWindow:
    """Takes so many calls in every second of the clock."""

    _second: int = field(init=False, default=-1)
    _taken: int = field(init=False, default=0)

    def takes(self, now: float, capacity: float) -> bool:
        """Say whether it takes a call at this moment."""
        if int(now) != self._second:
            self._second, self._taken = int(now), 0
        self._taken += 1
        return self._taken <= capacity


@define
class SimulatedService:
    """Answers in virtual time, at once or after a random latency, and keeps a log.

    Attributes:
        capacity: Calls per second that it takes at a moment.
        limiter: How it counts them.
        dice: For the latency.
        latency: Seconds that an answer takes in the mean.
        retry_after: What a refusal asks for, if anything.
        log: When each call came, and whether it was taken.
    """

    capacity: Capacity
    limiter: TokenBucket | SecondWindow
    dice: random.Random
    latency: float = 0.05
    retry_after: str | None = None
    log: list[tuple[float, bool]] = field(init=False, factory=list[tuple[float, bool]])

    def line(self) -> Line:
        """Return a line to the service, for one client."""
        return Line(self)

    async def answer(self) -> bool:
        """Take a call or refuse it; return which, when the client gets to know."""
        await asyncio.sleep(self._half())
        now = asyncio.get_running_loop().time()
        taken = self.limiter.takes(now, self.capacity(now))
        self.log.append((now, taken))
        await asyncio.sleep(self._half())
        return taken

    def _half(self) -> float:
        return self.latency / 2 * (0.5 + self.dice.expovariate(2.0))


@define
class Line:
    """The transport of one client.

    Attributes:
        service: What is at the other end.
        log: When each call of this client was answered, and whether it was taken.
    """

    service: SimulatedService
    log: list[tuple[float, bool]] = field(init=False, factory=list[tuple[float, bool]])

    async def send(self, request: Request) -> Response:  # noqa: ARG002 (a transport's)
        """Send a request."""
        taken = await self.service.answer()
        self.log.append((asyncio.get_running_loop().time(), taken))
        if taken:
            return Response(200, _TAKEN, RECEIPT)
        asked = self.service.retry_after
        return Response(429, {} if asked is None else {"Retry-After": asked}, b"")

    async def close(self) -> None:
        """Do nothing."""
