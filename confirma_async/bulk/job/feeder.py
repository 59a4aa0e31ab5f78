"""The feeder of a run: it prepares records, claims them in the journal, and hands them to the task pool."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from attrs import define, evolve, field

from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.job.decisions import Decisions
from confirma_async.bulk.job.item_listener import OpenItems, OutcomeChannel
from confirma_async.bulk.job.preparation import Record, Source, batches, prepare
from confirma_async.bulk.job.run_lookups import task_of
from confirma_async.bulk.journal.records import Admission, Admitted
from confirma_async.bulk.models import Entry, JobOptions, RefusedRecord
from confirma_async.bulk.reporting import outcomes
from confirma_async.errors import JournalError
from confirma_async.session.pipeline import Pipeline

ELSEWHERE_PAUSE = 1.0
"""Seconds after which a job tries again to claim an invoice that another job has in its hands."""


@define
class Feeder:
    """Reads the source, only as fast as the run can handle its records.

    Attributes:
        pipeline: The way to the service.
        options: How the job runs.
        run: The number of the run in the journal.
        decisions: Has the journal and the pool, and says whether more items may come in.
        channel: Gets the outcomes that are known without a call.
        open_items: Counts the items that the run has taken up and not finished.
        elsewhere: The places in the source of the invoices that another job has in its hands, by position.
        exhausted: Whether the whole source was read.
        error: The error of the source; None where it has not failed.
    """

    pipeline: Pipeline
    options: JobOptions
    run: int
    decisions: Decisions
    channel: OutcomeChannel
    open_items: OpenItems
    elsewhere: dict[int, str] = field(init=False, factory=dict[int, str])
    exhausted: bool = field(init=False, default=False)
    error: Exception | None = field(init=False, default=None)

    async def feed(self, source: Source) -> None:
        """Feed the pool from the source. If the source fails, items under way are finished first.

        Raises:
            JournalError: the journal cannot be written.
        """
        try:
            await self._feed(source)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 (raised again after the drain)
            self.error = error
            self.decisions.brake.stop_sending()

    async def _feed(self, source: Source) -> None:
        index = 0
        async with contextlib.aclosing(batches(source)) as reading:
            async for batch in reading:
                if self.decisions.brake.halted.is_set():
                    return
                await self.decisions.room.wait()
                await self.channel.wait_for_capacity()
                await self._take(batch, index)
                index += len(batch)
                await asyncio.sleep(0)  # a source that never waits must not starve the other tasks
        self.exhausted = True

    async def _take(self, batch: list[Record], index: int) -> None:
        """Check a batch of records, claim its entries in the journal, and hand them to the pool."""
        prepared = [
            prepare(record, position, self.pipeline.converter, self.options.checks)
            for position, record in enumerate(batch, index + 1)
        ]
        entries = [entry for entry in prepared if isinstance(entry, Entry)]
        await self._refuse([refusal for refusal in prepared if isinstance(refusal, RefusedRecord)])
        for entry, answer in zip(entries, await self._admit(entries), strict=True):
            await self._route(entry, answer)

    async def _admit(self, entries: Sequence[Entry]) -> list[Admitted]:
        run, retry = self.run, self.options.retry
        return await self.decisions.writer.run(lambda journal: journal.admit(entries, run, retry))

    async def _route(self, entry: Entry, admitted: Admitted) -> None:
        """Hand an entry to the pool, if it must be sent or looked up."""
        task = await self._taken(entry, admitted)
        if task is None:
            return
        if task.elsewhere is not None:
            self.decisions.wait(task, ELSEWHERE_PAUSE)
            return
        try:
            await self.decisions.pool.hand(task)
        except asyncio.CancelledError:  # halted; the journal has it as it was
            self.open_items.finish()
            raise

    async def _taken(self, entry: Entry, admitted: Admitted) -> Task | None:
        """Return the task of an entry; None where there is nothing to do, and report that."""
        match admitted:
            case Admitted(Admission.FINAL, row=row) if row is not None:
                self.channel.put(outcomes.resumed(entry, row))
                return None
            case Admitted(Admission.CLASH | Admission.CHANGED as admission, row=row) if row is not None:
                await self._refuse([outcomes.contradiction(entry, admission, row)])
                return None
            case Admitted(Admission.ELSEWHERE, position, row) if position in self.elsewhere:
                if row is not None:
                    first = evolve(row, source=self.elsewhere[position])
                    await self._refuse([outcomes.contradiction(entry, Admission.CLASH, first)])
                return None
            case Admitted(Admission.ELSEWHERE, position):
                self.elsewhere[position] = str(entry.place)
                patience = self.options.settle_seconds + self.pipeline.timeout
                until = asyncio.get_running_loop().time() + patience
                task = Task(entry, position, elsewhere=until)
            case _:
                task = task_of(entry, admitted, self.decisions.lookups)
        self.open_items.take_up()
        return task

    async def ask_again(self, task: Task, until: float) -> Task | None:
        """Try again to claim an invoice that another job had in its hands.

        Args:
            task: The invoice, as the task that waits for it.
            until: The loop time from which the invoice is reported as in the hands of another job.

        Returns:
            The invoice as it must be handled now; None where there is nothing to handle.
        """
        entry, following = task.entry, None
        (admitted,) = await self._admit([entry])
        if admitted.admission is not Admission.ELSEWHERE:
            self.elsewhere.pop(task.position, None)
            following = await self._taken(entry, admitted)
        elif asyncio.get_running_loop().time() < until:
            self.decisions.wait(task, ELSEWHERE_PAUSE)
            return None
        else:
            self.channel.put(outcomes.elsewhere(entry))
        self.open_items.finish()
        return following

    async def _refuse(self, refusals: list[RefusedRecord]) -> None:
        if not refusals:
            return
        await self.decisions.writer.run(lambda journal: journal.runs.refuse(refusals, self.run))
        for refusal in refusals:
            self.channel.put(outcomes.refused(refusal))
