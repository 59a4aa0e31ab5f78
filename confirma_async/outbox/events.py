"""Changes of state as a stream: each after it is durable. A slow listener does not slow the outbox down."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Self

from attrs import frozen

from confirma_async.bulk.models import Verdict

BUFFER = 10_000
"""Events that wait for a listener; the oldest give way to the newest beyond that."""


@frozen(kw_only=True)
class WriteEvent:
    """A change of a write's state, as it is durable in the journal.

    Attributes:
        operation: The name of its operation: ``invoices.create``.
        subject: What it is: ``invoice 1042``.
        key: The caller's own name for it, where it was given one.
        verdict: Accepted, rejected, unknown or not sent.
        was_unknown: Whether its outcome was reported as unknown before.
        detail: Why, in words.
        at: When the change was made; seconds since 1970.
    """

    operation: str
    subject: str
    key: str | None
    verdict: Verdict
    was_unknown: bool
    detail: str | None
    at: float


class EventStream:
    """The events of an outbox from now on: ``async for event in outbox.events()``. It ends with the outbox.

    A slow listener does not slow the outbox down: if more than ``BUFFER`` events wait, the oldest are
    dropped.

    Attributes:
        missed: How many events were dropped.
    """

    def __init__(self, leave: Callable[[EventStream], object]) -> None:
        self.missed: int = 0
        self._leave = leave
        self._waiting: deque[WriteEvent] = deque()
        self._changed = asyncio.Event()
        self._ended = False

    def put(self, event: WriteEvent) -> None:
        """Add an event."""
        if len(self._waiting) >= BUFFER:
            self._waiting.popleft()
            self.missed += 1
        self._waiting.append(event)
        self._changed.set()

    def end(self) -> None:
        """End the stream: there are no more events."""
        self._ended = True
        self._changed.set()

    async def aclose(self) -> None:
        """Stop listening. Closing twice is fine."""
        self._leave(self)
        self._waiting.clear()
        self.end()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> WriteEvent:
        while not self._waiting:
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._waiting.popleft()
