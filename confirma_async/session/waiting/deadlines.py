"""Keeps many deadlines with one timer, since nearly all calls end in time and a timer for each is slow."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import Generic, TypeVar

from confirma_async.session.waiting.interruption import Interruption

K = TypeVar("K", bound=Hashable)


class Deadlines(Generic[K]):
    """Calls a function for each entry that was not removed before its deadline.

    The timer is never later than the earliest deadline. An entry that is removed does not change it: the
    timer may find nothing to do, and is then set again for the entries that are left.

    Args:
        expire: Called with the key of each entry whose deadline has passed; the entry is removed before.
    """

    def __init__(self, expire: Callable[[K], None]) -> None:
        self._expire = expire
        self._moments: dict[K, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0

    def add(self, key: K, moment: float, loop: asyncio.AbstractEventLoop) -> None:
        """Set a deadline.

        Args:
            key: What identifies the entry.
            moment: The deadline, as a loop time.
            loop: The running event loop.
        """
        self._moments[key] = moment
        if self._timer is None or moment < self._timer_at:
            self._set(moment, loop)

    def remove(self, key: K) -> None:
        """Remove an entry that has ended."""
        self._moments.pop(key, None)

    def stop(self) -> None:
        """Remove all entries, because nothing is under way or the loop is closed."""
        self._moments.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set(self, moment: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = moment
        self._timer = loop.call_at(moment, self._on_timer, loop)

    def _on_timer(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        due = [key for key, moment in self._moments.items() if moment <= now]
        for key in due:
            del self._moments[key]
        if self._moments:
            self._set(min(self._moments.values()), loop)
        for key in due:
            self._expire(key)


class Timeouts(Deadlines["Timeout"]):
    """``asyncio.timeout_at`` for many waits of one loop at a time."""

    def __init__(self) -> None:
        super().__init__(Timeout.end)

    def end_all(self) -> None:
        """End the waits of all tasks but the running one, before their deadlines."""
        running = asyncio.current_task()
        for timeout in [each for each in self._moments if not each.is_of(running)]:
            self.remove(timeout)
            timeout.end()
        if not self._moments:
            self.stop()

    def until(self, moment: float, loop: asyncio.AbstractEventLoop) -> Timeout:
        """Limit a wait: a context manager that ends the wait and raises ``TimeoutError`` at the deadline.

        Args:
            moment: The deadline, as a loop time.
            loop: The running event loop.
        """
        return Timeout(self, moment, loop)


class Timeout(Interruption):
    """One wait with a deadline."""

    __slots__ = ("_loop", "_moment", "_timeouts")

    def __init__(self, timeouts: Timeouts, moment: float, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._timeouts = timeouts
        self._moment = moment
        self._loop = loop

    def __enter__(self) -> None:
        self._timeouts.add(self, self._moment, self._loop)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timeouts.remove(self)
        if self.over(kind):
            raise TimeoutError from error
