"""Ending what a task waits for, from outside, without taking it for a cancellation of the task."""

from __future__ import annotations

import asyncio
from typing import Any


class Interruption:
    """A wait of the running task that may be ended; a cancellation from elsewhere stays what it is.

    It is made as the task begins to wait.
    """

    __slots__ = ("_before", "_ended", "_task")

    def __init__(self) -> None:
        running: Any = asyncio.current_task()  # a coroutine always runs in one
        self._task: asyncio.Task[object] = running
        self._before = self._task.cancelling()
        self._ended = False

    def end(self) -> None:
        """End the wait."""
        self._ended = True
        self._task.cancel()

    def over(self, kind: type[BaseException] | None) -> bool:
        """Return the task waits no more; returns whether that was because the wait was ended.

        Args:
            kind: What the wait was left with.
        """
        return self._ended and self._task.uncancel() <= self._before and kind is asyncio.CancelledError
