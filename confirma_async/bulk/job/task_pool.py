"""A pool of asyncio tasks that handle the items of a job. It grows while items wait for a task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from attrs import define, field

from confirma_async.bulk.evidence.tasks import Task


@define
class TaskPool:
    """A pool of asyncio tasks that take items from one queue, one at a time each.

    Attributes:
        most: How many asyncio tasks there may be.
        handle: Handles one item. An error in it ends the job.
        failed: A future that gets the first error of an asyncio task.
        tasks: The asyncio tasks of the pool.
    """

    most: int
    handle: Callable[[Task], Awaitable[None]]
    failed: asyncio.Future[None] = field(init=False)
    _queue: asyncio.Queue[Task] = field(init=False)
    tasks: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _free: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.failed = asyncio.get_running_loop().create_future()
        self._queue = asyncio.Queue(maxsize=2 * self.most)

    async def hand(self, task: Task) -> None:
        """Queue an item for the pool; start another asyncio task if all are busy, up to ``most``."""
        await self._queue.put(task)
        if self._queue.qsize() > self._free and len(self.tasks) < self.most:
            self._free += 1
            running = asyncio.create_task(self._work())
            running.add_done_callback(self._ended)
            self.tasks.add(running)

    async def drained(self) -> None:
        """Wait until every queued item is handled, or until an asyncio task has failed (``failed``)."""
        joined = asyncio.ensure_future(self._queue.join())
        try:
            await asyncio.wait([joined, self.failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            joined.cancel()

    async def _work(self) -> None:
        while True:
            task = await self._queue.get()
            self._free -= 1
            await self.handle(task)
            self._free += 1
            self._queue.task_done()

    def _ended(self, running: asyncio.Task[None]) -> None:
        """Keep the error of an asyncio task that has ended: a task ends by itself only with an error."""
        if not running.cancelled() and (error := running.exception()) and not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # whoever waits may have gone: then the loop must not complain
