"""Makes the outcome of each item durable and reports it, or keeps the item for a lookup."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeAlias

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.lookups import Lookups
from confirma_async.bulk.evidence.tasks import Again, Decided, Lost, Send, Step, Task, decision_of
from confirma_async.bulk.job.brake import Brake
from confirma_async.bulk.job.circuit_breaker import CircuitBreaker
from confirma_async.bulk.job.item_listener import ItemListener
from confirma_async.bulk.job.run_lookups import lookups_of
from confirma_async.bulk.job.task_pool import TaskPool
from confirma_async.bulk.models import JobOptions, State
from confirma_async.bulk.writer import JournalWriter

UNKNOWN_ROOM = 1000
"""Invoices of unknown outcome that are kept in memory, with their bodies, at most."""


_Timer: TypeAlias = tuple[Task, asyncio.Task[None]]


@define
class Waiting:
    """The items of unknown outcome that wait for their next lookup, by their positions in the journal.

    Attributes:
        hand: Hands an item to the pool.
        changed: Called when the number of waiting items has changed.
    """

    hand: Callable[[Task], Awaitable[None]]
    changed: Callable[[], None]
    _timers: dict[int, _Timer] = field(init=False, factory=dict[int, _Timer])

    def __len__(self) -> int:
        return len(self._timers)

    def add(self, task: Task, seconds: float) -> None:
        """Hand an item to the pool after some seconds."""

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self.hand(task)
            self._forget(task.position)

        self._timers[task.position] = task, asyncio.create_task(later())
        self.changed()

    def hurry(self, task: Task) -> None:
        """Hand an item to the pool at once, if it is among those that wait."""
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


@define(kw_only=True)
class Decisions:
    """Follows every item of a run from its answer to its outcome.

    Attributes:
        run: The run; here the brake calls off the calls of its pipeline.
        options: How lookups go, and how many rejections in a row pause the run.
        listener: Called with the outcome of each item, after it is durable.
        pool: Handles the items whose time for a lookup has come.
        brake: Pauses the run.
        may_send: Says whether the run may still send invoices, which are witnesses then.
        clock: Returns the time in seconds since 1970.
        writer: The journal.
        lookups: Follow the items of unknown outcome.
        room: Set while more items may come in; cleared while too many wait for lookups.
    """

    run: AccountRun
    options: JobOptions
    listener: ItemListener
    pool: TaskPool
    brake: Brake
    may_send: Callable[[], bool]
    clock: Callable[[], float] = time.time
    writer: JournalWriter = field(init=False)
    lookups: Lookups = field(init=False)
    room: asyncio.Event = field(init=False, factory=asyncio.Event)
    waiting: Waiting = field(init=False)
    _breaker: CircuitBreaker = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.run = evolve(self.run, pipeline=evolve(self.run.pipeline, halt=self.brake.calls))
        self.writer = self.run.writer
        self.lookups = lookups_of(self.run, self.options, self.may_send, self.clock)
        self.waiting = Waiting(self.pool.hand, self._make_room)
        self._breaker = CircuitBreaker(
            self.run.pipeline.limiter.concurrency, self.options.max_consecutive_rejections
        )
        self.brake.let_go = self._let_go
        self.room.set()

    def decide(self, task: Task, found: Classification) -> None:
        """Make the outcome of an item durable and report it; keep an item of unknown outcome for a lookup."""
        state = found.state
        self.brake.pause(found.pause, found.cause)
        if state is State.PENDING:
            # Where this attempt surely did not arrive, the one before it may still.
            kind = EvidenceKind.EARLIER if task.resends else found.kind
            found = Classification(kind=kind, detail=found.pause, pause=found.pause, cause=found.cause)
        elif state is State.REJECTED and task.unproven:
            found = evolve(found, kind=EvidenceKind.REJECTED_AFTER_RESEND)
        if found.state is State.UNKNOWN:
            self._mark_unknown(task, found)
            return
        self.brake.pause(self._breaker.note(found))
        self.write(task, found)

    def leave_unknown(self, task: Task, reason: str | None) -> None:
        """Leave an item UNKNOWN for the next run or for a person; ``reason`` is in words."""
        self.write(task, Classification(kind=EvidenceKind.EARLIER, detail=reason))

    def write(
        self,
        task: Task,
        found: Classification,
        then: Callable[[], None] | None = None,
        *,
        lost: bool = False,
        kept: bool = False,
    ) -> None:
        """Write the outcome of an item to the journal, without waiting for it.

        Args:
            task: The item, with its position in the journal.
            found: The classification of its outcome.
            then: Called when the outcome is durable; it is reported as decided unless given.
            lost: Whether the answer was lost just now, and the attempt has surely ended.
            kept: Whether the run keeps the item in its hands, to look it up.
        """
        seconds = asyncio.get_running_loop().time() - task.sent_at if task.sent_at else None
        decision = decision_of(task, found, wall=self.clock(), seconds=seconds, lost=lost, kept=kept)
        self.writer.decide(decision, then or partial(self.listener.decided, task, found))

    async def look_up(self, task: Task) -> bool:
        """Look an item up, and act on what the lookup found; return whether the item must be sent now."""
        lost = task.lost
        untried = lost is not None and lost.form is not None and not lost.asked
        step = await self.lookups.step(task)
        self._make_room()  # it may have been the last of those in doubt
        if untried and lost is not None and not _is_accepted(step):
            self.brake.pause(self._breaker.note(Classification(kind=EvidenceKind.FORM_NEW, detail=lost.said)))
        match step:
            case Decided(found, confirmed):
                self.brake.pause(found.pause, found.cause)
                if found.state is not State.UNKNOWN:
                    self.brake.pause(self._breaker.note(found))
                self.listener.decided(task, found)
                self._hurry(confirmed)
            case Again(seconds, failed):
                if failed is not None:
                    self.brake.pause(failed.pause, failed.cause)
                if failed is not None and self._is_not_to_be_had(lost, failed):
                    self.lookups.let_go(task)
                    self.write(task, failed)
                else:
                    self.wait(task, seconds)
            case Send() if self.brake.halted.is_set():
                self.listener.dropped(task)
            case Send():
                return True
        return False

    def _is_not_to_be_had(self, lost: Lost | None, failed: Classification) -> bool:
        """Say whether a failed lookup is given up: the item was not sent, and waits for nothing."""
        surely_not = lost is not None and lost.surely_not
        return surely_not and failed.state is State.PENDING and not self.brake.halted.is_set()

    def wait(self, task: Task, seconds: float) -> None:
        """Handle an item again after some seconds."""
        if self.brake.halted.is_set():
            self.listener.dropped(task)
            return
        self.waiting.add(task, seconds)

    def _let_go(self) -> None:
        """Drop the items that wait for a lookup. The journal keeps their states."""
        for task in self.waiting.let_go():
            self.listener.dropped(task)

    def _mark_unknown(self, task: Task, found: Classification) -> None:
        """Make an unknown outcome durable, then look the item up."""
        self.lookups.lose(task, found)
        if found.form is None:  # one that awaits a word for the form of its answer is no failure yet
            self.brake.pause(self._breaker.note(found))

        def written() -> None:
            self.listener.unknown(task, found)
            self.wait(task, 0.0)

        self.write(task, found, written, lost=not found.going_on, kept=True)

    def _hurry(self, form: str | None) -> None:
        """Look up at once the items whose answers had a form that was just confirmed."""
        if form is None:
            return
        for task in list(self.lookups.open.values()):
            if task.lost is not None and task.lost.form == form:
                self.waiting.hurry(task)

    def _make_room(self) -> None:
        """Let the feeder take in no more items while too many wait for lookups."""
        if len(self.waiting) >= UNKNOWN_ROOM or self.lookups.unconfirmed >= self._breaker.limit:
            self.room.clear()
        else:
            self.room.set()


def _is_accepted(step: Step) -> bool:
    return isinstance(step, Decided) and step.classification.state is State.ACCEPTED
