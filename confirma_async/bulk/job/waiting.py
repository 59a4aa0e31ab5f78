"""Items of unknown outcome that wait for their next lookup."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from attrs import define, field

from confirma_async.bulk.evidence.tasks import Task

_Timer: TypeAlias = tuple[Task, asyncio.Task[None]]


@define
class Waiting:
    """The items that wait, by their positions in the journal.

    Attributes:
        hand: Hands an item to the pool when its time has come.
        changed: Called when the number of waiting items has changed.
    """

    hand: Callable[[Task], Awaitable[None]]
    changed: Callable[[], None]
    _timers: dict[int, _Timer] = field(init=False, factory=dict[int, _Timer])

    def __len__(self) -> int:
        return len(self._timers)

    @property
    def timers(self) -> Sequence[asyncio.Task[None]]:
        """The asyncio tasks of the waits."""
        return [timer for _, timer in self._timers.values()]

    def add(self, task: Task, seconds: float) -> None:
        """Hand an item to the pool after some seconds."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.hand(task)
            self._forget(task.position)

        self._timers[task.position] = task, asyncio.create_task(later())
        self.changed()

    def hurry(self, task: Task) -> None:
        """Hand an item to the pool at once, if it waits."""
        if task.position in self._timers:
            self._timers.pop(task.position)[1].cancel()
            self.add(task, 0.0)

    def let_go(self) -> Sequence[Task]:
        """End all waits, and return the items that waited."""
        waited = [*self._timers.values()]
        for task, timer in waited:
            timer.cancel()
            self._forget(task.position)
        return [task for task, _ in waited]

    def _forget(self, position: int) -> None:
        self._timers.pop(position, None)
        self.changed()
