"""The calls of a client that are under way, so that closing the client can end them."""

from __future__ import annotations

import asyncio
from typing import Any

from confirma_async.errors import ConfigurationError
from confirma_async.session.call_record import CallRecord

PATIENCE = 1.0
"""Seconds that closing waits for cancelled calls to end."""

MANY = 4
"""Calls under way that are many.

Each of them then lets the others come as far before it begins with other work: to write what is encoded, and
to go on with an answer. Code that runs for one call after the other is found in the caches of the processor,
and takes about a fifth less time for it; a turn of the loop costs less than that. Nothing waits between the
beginning of a call and the encoding of its contents, which the caller may change right after.
"""


class InFlight:
    """Which task is in which call."""

    def __init__(self) -> None:
        self._calls: dict[CallRecord, tuple[asyncio.Task[object], int]] = {}
        self._cancelled: set[asyncio.Task[object]] = set()
        self._closed = False
        self._all_ended: asyncio.Future[None] | None = None  # awaited while closing

    def are_many(self) -> bool:
        """Say whether there are so many that each lets the others come as far."""
        return len(self._calls) >= MANY

    def begin(self, record: CallRecord, loop: asyncio.AbstractEventLoop) -> None:
        """Note a call that starts.

        Args:
            record: The call.
            loop: The running loop.

        Raises:
            ConfigurationError: the client is closed.
        """
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one, or close it later")
        task: Any = asyncio.current_task(loop)  # a coroutine always runs in one
        self._calls[record] = task, task.cancelling()

    def end(self, record: CallRecord) -> None:
        """Note a call that has ended."""
        del self._calls[record]
        if self._all_ended is not None and not self._calls and not self._all_ended.done():
            self._all_ended.set_result(None)

    async def close(self) -> None:
        """End all calls under way, and wait a moment for their end; refuse every call from now on.

        Raises:
            ConfigurationError: a call is under way in another event loop.
        """
        loop = asyncio.get_running_loop()
        tasks = {task for task, _ in self._calls.values() if not task.get_loop().is_closed()}
        if any(task.get_loop() is not loop for task in tasks):
            raise ConfigurationError("another event loop is using this client; close it there")
        if self._closed:
            return
        self._closed = True
        self._cancelled = tasks - {asyncio.current_task()}
        for task in self._cancelled:
            task.cancel()
        if self._cancelled:
            self._all_ended = loop.create_future()
            await asyncio.wait([self._all_ended], timeout=PATIENCE)

    def closed_under(self, record: CallRecord) -> bool:
        """Say whether this call was cancelled only by closing; if so, undo the task's cancellation."""
        task, before = self._calls[record]
        return task in self._cancelled and task.uncancel() <= before
