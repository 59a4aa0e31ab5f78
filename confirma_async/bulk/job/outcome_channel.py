"""A bounded queue of outcomes between a job and its one consumer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confirma_async.bulk.models import Outcome

CAPACITY = 256
"""Outcomes that may wait for the consumer before the job reads no further."""


class OutcomeChannel:
    """Outcomes on their way to one consumer, several at a time, in the order in which they became durable.

    A slow consumer pauses the job's reading. A consumer that has closed the channel does not.
    """

    def __init__(self) -> None:
        self._waiting: list[Outcome] = []
        self._changed = asyncio.Event()
        self._capacity = asyncio.Event()
        self._capacity.set()
        self._open = True
        self._finished = False

    def put(self, outcome: Outcome) -> None:
        """Add an outcome that is durable."""
        if self._open:
            self._waiting.append(outcome)
            self._changed.set()
            if len(self._waiting) >= CAPACITY:
                self._capacity.clear()

    async def wait_for_capacity(self) -> None:
        """Wait until the consumer has caught up."""
        await self._capacity.wait()

    async def get(self) -> Sequence[Outcome]:
        """Wait for outcomes, and return all that have come; an empty sequence after ``finish``."""
        while not self._waiting and not self._finished:
            self._changed.clear()
            await self._changed.wait()
        outcomes, self._waiting = self._waiting, []
        self._capacity.set()
        return outcomes

    def close(self) -> None:
        """Drop the outcomes from now on: the consumer has gone. The journal has them."""
        self._open = False
        self._waiting = []
        self._capacity.set()

    def finish(self) -> None:
        """End the channel: there are no more outcomes."""
        self._finished = True
        self._changed.set()
