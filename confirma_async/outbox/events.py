"""Changes of state as a stream: each after it is durable, none of which any listener can hold up."""

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
    """What has become of a write, as durable in the journal.

    Attributes:
        operation: The name of its operation: ``invoices.create``.
        subject: What it is: ``invoice 1042``.
        key: The caller's own name for it, where it was given one.
        verdict: Accepted, rejected, unknown or not sent.
        settled: Whether its outcome had been told as unknown before.
        detail: Why, in words.
        at: When that was; seconds since 1970.
    """

    operation: str
    subject: str
    key: str | None
    verdict: Verdict
    settled: bool
    detail: str | None
    at: float


class EventStream:
    """The events of an outbox from now on: ``async for event in outbox.events()``. It ends with the outbox.

    A listener that is slow holds nothing up: beyond ``BUFFER`` events that wait, the oldest are left out.

    Attributes:
        missed: How many events were left out.
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
        """Say that there will be no more events."""
        self._ended = True
        self._changed.set()

    async def aclose(self) -> None:
        """Listen no longer. Closing twice is fine."""
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
