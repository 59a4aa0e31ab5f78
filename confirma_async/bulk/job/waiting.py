"""Items of unknown outcome that wait for their next lookup."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from confirma_async.bulk.evidence.tasks import Task


@define
class Waiting:
    """The items that wait, by their positions in the journal.

    Attributes:
        hand: Hands an item to the workers when its time has come.
        changed: Called when the number of those that wait has changed.
    """

    hand: Callable[[Task], Awaitable[None]]
    changed: Callable[[], None]
    _timers: dict[int, asyncio.Task[None]] = field(init=False, factory=dict[int, asyncio.Task[None]])

    def __len__(self) -> int:
        return len(self._timers)

    @property
    def timers(self) -> Sequence[asyncio.Task[None]]:
        """The tasks that wait."""
        return [*self._timers.values()]

    def add(self, task: Task, seconds: float) -> None:
        """Have an item wait for so many seconds."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.hand(task)
            self._forget(task.position)

        self._timers[task.position] = asyncio.create_task(later())
        self.changed()

    def hurry(self, task: Task) -> None:
        """Have an item wait no longer, if it does."""
        if task.position in self._timers:
            self._timers.pop(task.position).cancel()
            self.add(task, 0.0)

    def let_go(self) -> int:
        """Have nothing wait any more; return how many items did."""
        waited = [*self._timers.items()]
        for position, timer in waited:
            timer.cancel()
            self._forget(position)
        return len(waited)

    def _forget(self, position: int) -> None:
        self._timers.pop(position, None)
        self.changed()
