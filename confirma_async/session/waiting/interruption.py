"""Ends a wait of a task from outside, without cancelling the task."""

from __future__ import annotations

import asyncio
from typing import Any


class Interruption:
    """A wait of the running task that ``end`` can end; other cancellations of the task keep their effect.

    Make it when the task begins to wait.

    Args:
        loop: The running event loop; looked up unless given.
    """

    __slots__ = ("_before", "_ended", "_task")

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        running: Any = asyncio.current_task(loop)  # a coroutine always runs in one
        self._task: asyncio.Task[object] = running
        self._before = self._task.cancelling()
        self._ended = False

    def is_of(self, task: asyncio.Task[object] | None) -> bool:
        """Say whether it is a wait of this task."""
        return self._task is task

    def end(self) -> None:
        """End the wait."""
        self._ended = True
        self._task.cancel()

    def over(self, kind: type[BaseException] | None) -> bool:
        """Take note that the wait is over; return whether ``end`` has ended it.

        Args:
            kind: The type of the exception that left the wait; None where there was none.
        """
        return self._ended and self._task.uncancel() <= self._before and kind is asyncio.CancelledError
