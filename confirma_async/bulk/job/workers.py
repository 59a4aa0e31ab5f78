"""The workers of a job: tasks that handle items one at a time, as many as have work."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from confirma_async.bulk.evidence.tasks import Task


@define
class Workers:
    """Workers that take items from one queue.

    Attributes:
        most: How many workers there may be.
        handle: Handles one item. An error in it ends the job.
        failed: Gets the first error of a worker.
    """

    most: int
    handle: Callable[[Task], Awaitable[None]]
    failed: asyncio.Future[None] = field(init=False)
    _queue: asyncio.Queue[Task] = field(init=False)
    _tasks: set[asyncio.Task[None]] = field(init=False, factory=set[asyncio.Task[None]])
    _free: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self.failed = asyncio.get_running_loop().create_future()
        self._queue = asyncio.Queue(maxsize=2 * self.most)

    @property
    def tasks(self) -> Sequence[asyncio.Task[None]]:
        """The asyncio tasks of the workers."""
        return [*self._tasks]

    async def hand(self, task: Task) -> None:
        """Hand an item to the workers; if all are busy, start another one, up to ``most``."""
        await self._queue.put(task)
        if self._queue.qsize() > self._free and len(self._tasks) < self.most:
            self._free += 1
            worker = asyncio.create_task(self._work())
            worker.add_done_callback(self._ended)
            self._tasks.add(worker)

    async def drained(self) -> None:
        """Wait until no item is left to handle, or until a worker has failed (``failed``)."""
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

    def _ended(self, worker: asyncio.Task[None]) -> None:
        """Note the error of a worker that has ended: a worker ends by itself only with an error."""
        if not worker.cancelled() and (error := worker.exception()) and not self.failed.done():
            self.failed.set_exception(error)
            self.failed.exception()  # whoever waits may have gone: then the loop must not complain
