"""Sends the planned invoices of a worker, chunk by chunk, and looks up those of unknown outcome."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter

from attrs import define, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.job.brake import Brake, end
from confirma_async.bulk.job.decisions import Decisions
from confirma_async.bulk.job.item_listener import OpenItems
from confirma_async.bulk.job.run_lookups import is_looked_up, task_of
from confirma_async.bulk.job.sender import Sender
from confirma_async.bulk.job.task_pool import TaskPool
from confirma_async.bulk.machines.packing import UnreadableBodiesError
from confirma_async.bulk.machines.planner import planned_journal
from confirma_async.bulk.models import JobOptions, RefusedRecord, State
from confirma_async.errors import JournalError

_log = logging.getLogger("confirma_async")

LOOK_SECONDS = 60.0
"""Seconds that a chunk waits for lookups of invoices that surely did not arrive, before it is queued
again."""

DRAIN_SECONDS = 10.0
"""Seconds beyond the longest call that a worker, once it ends, waits for what is under way."""


@define(eq=False)
class ChunkSender:
    """Sends planned chunks for the run of a worker, and is the ``ItemListener`` of their invoices.

    Attributes:
        run: The run of the worker.
        options: How lookups go, and when too many rejections stop the worker.
        counts: How many invoices this worker brought to each state.
        chunks: How many chunks this worker has finished.
        brake: Stops the sending, and keeps the reason.
        pool: Handles the invoices; ``failed`` is its future that fails once the journal cannot be written.
    """

    run: AccountRun
    options: JobOptions
    counts: Counter[State] = field(init=False, factory=Counter[State])
    chunks: int = field(init=False, default=0)
    brake: Brake = field(init=False, factory=Brake)
    pool: TaskPool = field(init=False)
    _first: dict[int, OpenItems] = field(init=False, factory=dict[int, OpenItems])
    _refused: dict[int, OpenItems] = field(init=False, factory=dict[int, OpenItems])
    _drained: asyncio.Event = field(init=False, factory=asyncio.Event)
    _decisions: Decisions = field(init=False)
    _sender: Sender = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.pool = TaskPool(self.run.pipeline.limiter.concurrency, self._handle)
        self._decisions = Decisions(
            run=self.run,
            options=self.options,
            listener=self,
            pool=self.pool,
            brake=self.brake,
            may_send=self._may_send,
        )
        self._sender = Sender(self._decisions)

    async def begin(self) -> None:
        """Read what lookups need from the journal."""
        await self._decisions.lookups.begin()

    async def send(self, chunk: int) -> None:
        """Send those invoices of a chunk that no run has in its hands; return once each was sent once.

        An invoice that the service surely did not accept before is looked up once more, then sent. An invoice
        of unknown outcome is looked up while other chunks are sent. The chunk is removed once all its
        invoices are final; otherwise it is queued again.

        Args:
            chunk: The number of the chunk.

        Raises:
            JournalError: the journal cannot be written.
        """
        if not self.brake.halted.is_set():  # what was claimed and not sent is put back as the worker drains
            try:
                await self.brake.unless_halted(self._send(chunk))
            except UnreadableBodiesError as error:
                await self._set_aside(chunk, error)
                return
        if self.brake.halted.is_set():
            await self._drained.wait()
        now, drained = time.time(), self.brake.halted.is_set()
        open_ = await self.run.writer.run(
            lambda journal: planned_journal(journal).finish(chunk, now=now, drained=drained)
        )
        self.chunks += not open_

    async def _send(self, chunk: int) -> None:
        taken = await self.run.writer.run(lambda journal: planned_journal(journal).take(chunk))
        first, refused = OpenItems(), OpenItems()
        for _, admitted in taken:
            if not is_looked_up(admitted):
                first.take_up()
                self._first[admitted.position] = first
        room, lookups = self._decisions.room, self._decisions.lookups
        for entry, admitted in taken:
            if not room.is_set():
                await room.wait()
            # One at a time: what is taken up counts as in doubt, and there may be no room for all of it.
            task = task_of(entry, admitted, lookups)
            if task.lost is not None and task.lost.surely_not:
                refused.take_up()
                self._refused[task.position] = refused
            await self.pool.hand(task)
        await first.none_left.wait()
        with contextlib.suppress(TimeoutError):  # its lookups fail: others may have more luck
            async with asyncio.timeout(LOOK_SECONDS):
                await refused.none_left.wait()

    async def _set_aside(self, chunk: int, error: UnreadableBodiesError) -> None:
        now = time.time()
        left = await self.run.writer.run(lambda journal: planned_journal(journal).set_aside(chunk, now=now))
        if left:
            _log.error(
                "chunk %d of the journal %s: %s. Nothing of it was sent now; plan its %d invoices again, as "
                "before",
                chunk,
                self.run.writer.name,
                error,
                left,
            )

    async def _handle(self, task: Task) -> None:
        await self._sender.bring(task)

    async def drain(self) -> None:
        """Wait for the calls under way, then release the claims of invoices that were not sent.

        It waits for the timeout of a call and for ``DRAIN_SECONDS``, in which the outcome is written. An
        invoice whose call has not ended by then is unknown, and other workers look it up.
        """
        self.brake.stop_sending()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.run.pipeline.timeout + DRAIN_SECONDS):
                await self.pool.drained()
        await end(self.pool.tasks)
        with contextlib.suppress(JournalError):  # reported already by the write that failed before
            await self.run.writer.run(lambda journal: journal.runs.put_back(self.run.number))
        self._drained.set()

    def decided(self, task: Task, found: Classification) -> None:
        """Count the state of an invoice, and let the chunk go on without it."""
        self.counts[found.state] += 1
        self._forget(task)

    def unknown(self, task: Task, found: Classification) -> None:  # noqa: ARG002 (it is looked up first)
        """Let the chunk go on without an invoice that is looked up from now on."""
        self._forget(task)

    def refused(self, task: Task, refusal: RefusedRecord) -> None:  # noqa: ARG002 (it had its documents)
        """Let the chunk go on without an invoice that was refused."""
        self._forget(task)

    def dropped(self, task: Task) -> None:
        """Let the chunk go on without an invoice that was dropped; the journal keeps its state."""
        self._forget(task)

    def _forget(self, task: Task) -> None:
        for waiting in (self._first, self._refused):
            if task.position in waiting:
                waiting.pop(task.position).finish()

    def _may_send(self) -> bool:
        """Say whether invoices are under way that may become witnesses."""
        return not self.brake.halted.is_set() and bool(self._first)
