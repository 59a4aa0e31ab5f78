"""Passes records and outcomes between a job on the event loop and the thread that reads its source."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Sequence

from attrs import frozen

from confirma_async.bulk import Outcome, Record

ROOM = 512
"""The number of outcomes that wait for the thread before the job waits for it."""


@frozen
class Batch:
    """What the job has for the thread.

    Attributes:
        outcomes: The outcomes since the last batch.
        wanted: Whether the job waits for more records.
        ended: Whether the job has come to its end.
    """

    outcomes: Sequence[Outcome]
    wanted: bool
    ended: bool


class Bridge:
    """Passes records from the thread to the job, and outcomes from the job to the thread.

    The thread reads the source itself, with its own database connection and context, and the loop goes on
    meanwhile. All methods run on the loop.
    """

    def __init__(self) -> None:
        self.stop: asyncio.Event = asyncio.Event()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._outcomes: list[Outcome] = []
        self._wanted: asyncio.Future[Sequence[Record]] | None = None
        self._job: asyncio.Task[None] | None = None

    async def records(self) -> AsyncIterator[Record]:
        """Yield the records that the thread supplies; an empty supply ends them."""
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
        """Give the job the records that it waits for, none at their end, or the error of the source."""
        wanted, self._wanted = self._wanted, None
        if wanted is None or wanted.done():  # the job wants no more
            return
        if isinstance(records, BaseException):
            wanted.set_exception(records)
        else:
            wanted.set_result(records)

    async def next_batch(self, outcomes: AsyncIterable[Outcome]) -> Batch:
        """Wait for outcomes, or until the job wants records or has ended, and return them.

        Raises:
            Exception: the error that ended the job, after all outcomes have been returned.
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
        """Stop the job, and wait until what is being sent is brought to its end."""
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
