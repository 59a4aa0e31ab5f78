"""Whoever listens to a job: told in the order of events, waited for when it is slow, free to leave."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from confirma_async.bulk.items import Outcome

BUFFER = 256
"""Outcomes that may wait for the listener before the job reads no further."""


class Audience:
    """Outcomes on their way from a job to its listener, several at a time."""

    def __init__(self) -> None:
        self._told: list[Outcome] = []
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._listening = True
        self._over = False

    def tell(self, outcome: Outcome) -> None:
        """Tells an outcome that is durable."""
        if self._listening:
            self._told.append(outcome)
            self._news.set()
            if len(self._told) >= BUFFER:
                self._room.clear()

    async def room(self) -> None:
        """Waits until the listener has caught up."""
        await self._room.wait()

    async def hear(self) -> Sequence[Outcome]:
        """What was told since; empty when there will be nothing more."""
        while not self._told and not self._over:
            self._news.clear()
            await self._news.wait()
        told, self._told = self._told, []
        self._room.set()
        return told

    def leave(self) -> None:
        """Nobody listens any more: outcomes are durable in the journal, and need not be told."""
        self._listening = False
        self._told = []
        self._room.set()

    def end(self) -> None:
        """There is nothing more to tell."""
        self._over = True
        self._news.set()
