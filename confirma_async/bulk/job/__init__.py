"""One run of a bulk job: a feeder, a pool of tasks, and lookups, over a durable journal."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.job.brake import Brake, end
from confirma_async.bulk.job.decisions import Decisions
from confirma_async.bulk.job.feeder import Feeder
from confirma_async.bulk.job.item_listener import JobListener, OpenItems, OutcomeChannel
from confirma_async.bulk.job.preparation import Source
from confirma_async.bulk.job.sender import Sender
from confirma_async.bulk.job.task_pool import TaskPool
from confirma_async.bulk.models import JobOptions
from confirma_async.errors import JournalError


@define
class Job:
    """One run of a bulk job, from its source to the outcome of each record.

    Attributes:
        run: The run, in the journal of its account.
        options: How the job runs.
        channel: Gets each outcome, after it is durable.
        stop: Once set, invoices that wait for their turn are put back, and calls under way are finished.
        stopped: Whether the job was asked to stop before its end.
        clock: Returns the time in seconds since 1970.
        brake: Says why the run paused, if it has.
        feeder: Says how far the source was read, and what of it is in the hands of another job.
    """

    run: AccountRun
    options: JobOptions
    channel: OutcomeChannel
    stop: asyncio.Event
    stopped: bool = field(init=False, default=False)
    clock: Callable[[], float] = time.time
    brake: Brake = field(init=False, factory=Brake)
    feeder: Feeder = field(init=False)
    _open_items: OpenItems = field(init=False, factory=OpenItems)
    _pool: TaskPool = field(init=False)
    _decisions: Decisions = field(init=False)
    _sender: Sender = field(init=False)

    def __attrs_post_init__(self) -> None:
        run = self.run
        self._pool = TaskPool(run.pipeline.limiter.concurrency, self._handle)
        self._decisions = Decisions(
            run=run,
            options=self.options,
            listener=JobListener(self.channel, self._open_items),
            pool=self._pool,
            brake=self.brake,
            may_send=self._may_send,
            clock=self.clock,
        )
        self._sender = Sender(self._decisions)
        self.feeder = Feeder(
            run.pipeline, self.options, run.number, self._decisions, self.channel, self._open_items
        )

    async def submit(self, source: Source) -> None:
        """Bring every record of the source to its outcome; stop early where the run is stopped or paused.

        Raises:
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        await self._decisions.lookups.begin()
        watching = asyncio.create_task(self._watch_stop())
        try:
            await self._first_of(self.feeder.feed(source), self.brake.halted.wait())
            await self._first_of(self._open_items.none_left.wait())
            if self.feeder.error is not None:
                raise self.feeder.error
        finally:
            self.brake.stop_sending()  # whatever becomes durable after this is not looked up by this run
            await end([watching, *self._pool.tasks])
            with contextlib.suppress(JournalError):  # reported already, by what could not be written before
                await self.run.writer.run(lambda journal: journal.runs.put_back(self.run.number))

    async def _first_of(self, *awaited: Coroutine[Any, Any, Any]) -> None:
        """Wait until one of the coroutines ends, then cancel the others; an error ends the job."""
        tasks = [asyncio.create_task(coroutine) for coroutine in awaited]
        try:
            anything = [*tasks, self._pool.failed, self.run.writer.broken]
            done, _ = await asyncio.wait(anything, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            await end(tasks)

    async def _watch_stop(self) -> None:
        """Wait until the job is asked to stop, or its time is over."""
        until = self.options.until
        try:
            async with asyncio.timeout(None if until is None else max(0.0, until.timestamp() - time.time())):
                await self.stop.wait()
        except TimeoutError:
            self.brake.pause(f"it is {until:%H:%M}, until when the job was to run")
            return
        self.stopped = True
        self.brake.stop_sending()

    async def _handle(self, task: Task) -> None:
        """Ask for an item of another job, or look an item up, or send it: whatever it needs next."""
        if task.elsewhere is None or self.brake.halted.is_set():
            await self._sender.bring(task)
        elif following := await self.feeder.ask_again(task, task.elsewhere):
            await self._handle(following)

    def _may_send(self) -> bool:
        """Say whether this run may still send invoices that need no lookup first."""
        if self.brake.halted.is_set():
            return False
        return not self.feeder.exhausted or self._open_items.count > len(self._decisions.lookups.open)
