"""Keeps the calls of a client that are under way, so that closing the client can end them."""

from __future__ import annotations

import asyncio
from typing import Any

from confirma_async.errors import ConfigurationError
from confirma_async.session.call_record import CallRecord

PATIENCE = 1.0
"""Seconds that closing waits for cancelled calls to end."""

MANY = 4
"""Calls under way from which on each waits for the others at the same stage.

Before it writes its request, and before it reads its answer, a call then lets the others come as far. Code
that runs for one call after the other stays in the caches of the processor, and takes about a fifth less
time; a turn of the event loop costs less than that. No call waits before its contents are encoded: the caller
may change them right after.
"""


class InFlight:
    """The calls under way, and the task of each."""

    def __init__(self) -> None:
        self._calls: dict[CallRecord, tuple[asyncio.Task[object], int]] = {}
        self._cancelled: set[asyncio.Task[object]] = set()
        self._closed = False
        self._all_ended: asyncio.Future[None] | None = None  # awaited while closing

    def are_many(self) -> bool:
        """Say whether ``MANY`` calls or more are under way."""
        return len(self._calls) >= MANY

    def begin(self, record: CallRecord, loop: asyncio.AbstractEventLoop) -> None:
        """Add a call that starts.

        Args:
            record: The record of the call.
            loop: The running event loop.

        Raises:
            ConfigurationError: the client is closed.
        """
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one, or close it later")
        task: Any = asyncio.current_task(loop)  # a coroutine always runs in one
        self._calls[record] = task, task.cancelling()

    def end(self, record: CallRecord) -> None:
        """Remove a call that has ended."""
        del self._calls[record]
        if self._all_ended is not None and not self._calls and not self._all_ended.done():
            self._all_ended.set_result(None)

    async def close(self) -> None:
        """Cancel all calls under way, and wait ``PATIENCE`` for their end; refuse calls from now on.

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
        """Say whether only ``close`` cancelled this call; if so, undo the cancellation of the task."""
        task, before = self._calls[record]
        return task in self._cancelled and task.uncancel() <= before
