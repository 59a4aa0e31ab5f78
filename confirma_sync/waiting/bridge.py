"""The bridge between a job on the loop and the thread that reads its source and its outcomes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

from attrs import frozen

from confirma_async.bulk import Outcome, Record

ROOM = 512
"""Outcomes that may wait for the thread before the job waits too."""


@frozen
class Batch:
    """What the thread gets to know each time it has been on the loop.

    Attributes:
        outcomes: What has been decided since.
        wanted: Whether the job waits for more records.
        ended: Whether the job has come to its end.
    """

    outcomes: Sequence[Outcome]
    wanted: bool
    ended: bool


class Bridge:
    """Hands records from the thread to the job, and outcomes from the job to the thread. It is on the loop.

    So the thread reads its own source, with its own database connection and its own context, and the loop
    goes on meanwhile.
    """

    def __init__(self) -> None:
        self.stop: asyncio.Event = asyncio.Event()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._outcomes: list[Outcome] = []
        self._wanted: asyncio.Future[Sequence[Record]] | None = None
        self._job: asyncio.Task[None] | None = None

    async def records(self) -> AsyncIterator[Record]:
        """Yield what the thread supplies, as the job takes it; an empty supply is the end."""
        loop = asyncio.get_running_loop()
        while True:
            self._wanted = loop.create_future()
            self._news.set()
            supply = await self._wanted
            if not supply:
                return
            for record in supply:
                yield record

    def supply(self, records: Sequence[Record] | BaseException) -> None:
        """Give the job what it waits for: records, none at the end, or why there are none."""
        wanted, self._wanted = self._wanted, None
        if wanted is None or wanted.done():  # the job wants no more
            return
        if isinstance(records, BaseException):
            wanted.set_exception(records)
        else:
            wanted.set_result(records)

    async def next_batch(self, outcomes: AsyncIterable[Outcome]) -> Batch:
        """Wait until there is something new.

        Raises:
            Exception: what the job ended with, after everything else has been handed over.
        """
        if self._job is None:
            self._job = asyncio.create_task(self._gather(outcomes))
            self._job.add_done_callback(lambda _: self._news.set())
        await self._news.wait()
        decided, self._outcomes = self._outcomes, []
        self._room.set()
        if not self._job.done():
            self._news.clear()
        elif not decided:
            self._job.result()
            return Batch((), wanted=False, ended=True)
        return Batch(decided, wanted=self._wanted is not None, ended=False)

    async def finish(self) -> None:
        """Send nothing new, and wait for the end of what is under way."""
        self.stop.set()
        self._room.set()
        if self._job is not None:
            try:
                await asyncio.wait([self._job])
            finally:
                self._job.cancel()

    async def _gather(self, outcomes: AsyncIterable[Outcome]) -> None:
        async for outcome in outcomes:
            self._outcomes.append(outcome)
            self._news.set()
            if len(self._outcomes) >= ROOM and not self.stop.is_set():
                self._room.clear()
                await self._room.wait()
