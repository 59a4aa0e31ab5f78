"""Plans a job: reads, checks and encodes every record once, and queues it for workers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from functools import partial

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.job.documents import with_documents
from confirma_async.bulk.job.preparation import Source, batches, prepare
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.admission import TAKEN_UP
from confirma_async.bulk.journal.records import Admission, Admitted
from confirma_async.bulk.journal_places import PostgresPlace
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.planned_journal import PlannedJournal, open_planned
from confirma_async.bulk.models import CHUNK_SIZE, Entry, JobOptions, Outcome, RefusedRecord
from confirma_async.bulk.placement import Placement
from confirma_async.bulk.reporting import outcomes
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import ConfigurationError, RequestInvalidError
from confirma_async.session.download import Downloads
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.retry import RetryQuota

CHUNK_BYTES = 8_000_000
"""Bytes of bodies, with their documents, after which a chunk is full."""


@define
class PlannedJob:
    """The result of a plan.

    Attributes:
        journal: The name of the journal.
        run: The number of the run that the invoices count for.
        planned: How many invoices workers will send or look up.
        known: How many invoices were accepted or rejected before.
        elsewhere: Invoices that are in the hands of another run now.
        refused: The first thousand records that are not sent, and why.
        refusals: How many records are not sent, in all.
        warnings: Warnings about the journal: that it is in doubt, or does not last.
    """

    journal: str
    run: int
    planned: int = 0
    known: int = 0
    elsewhere: int = 0
    refused: list[Outcome] = field(factory=list[Outcome])
    refusals: int = 0
    warnings: Sequence[str] = ()


NAMED = 1000
"""Refused records that the result of a plan names, at most."""


def planned_journal(journal: Journal) -> PlannedJournal:
    """Return a journal that was opened by ``open_planned``, with its own type."""
    if not isinstance(journal, PlannedJournal):
        raise TypeError("the journal was opened without its planned chunks")
    return journal


def database_of(placement: Placement) -> PostgresPlace:
    """Return the database that a journal is in.

    Raises:
        ConfigurationError: the journal is a file.
    """
    if not isinstance(placement.path, PostgresPlace):
        raise ConfigurationError(
            "workers share a journal in a PostgreSQL database (postgresql://HOST/DATABASE); "
            f"{placement.path or 'this one'} is none"
        )
    return placement.path


async def plan(
    pipeline: Pipeline,
    placement: Placement,
    source: Source,
    options: JobOptions,
    *,
    keep_days: int | None = None,
    chunk_size: int = CHUNK_SIZE,
    progress: Callable[[PlannedJob], object] = lambda _: None,
) -> PlannedJob:
    """Plan every record of a source for workers; send nothing. See ``Bulk.plan``.

    Raises:
        JournalError: the journal cannot be written.
        ConfigurationError: the journal is a file.
    """
    database = database_of(placement)
    writer = await JournalWriter.open(partial(open_planned, database.url), pipeline.timeout)
    try:
        run = await AccountRun.begin(placement, pipeline, writer, options)
        if keep_days is not None:
            await writer.run(lambda journal: planned_journal(journal).keep_bodies(run.number, keep_days))
        planner = _Planner(
            pipeline,
            writer,
            options,
            chunk_size,
            PlannedJob(journal=writer.name, run=run.number, warnings=run.warnings),
        )
        await planner.plan(source, progress)
        await writer.run(lambda journal: planned_journal(journal).hand_over(run.number, now=time.time()))
        return planner.made
    finally:
        await writer.close()


@define
class _Planner:
    pipeline: Pipeline
    writer: JournalWriter
    options: JobOptions
    chunk_size: int
    made: PlannedJob
    _entries: list[Entry] = field(init=False, factory=list[Entry])
    _refusals: list[RefusedRecord] = field(init=False, factory=list[RefusedRecord])
    _bytes: int = field(init=False, default=0)
    _writing: asyncio.Task[None] | None = field(init=False, default=None)
    _downloads: Downloads = field(init=False)

    def __attrs_post_init__(self) -> None:
        policy = self.pipeline.policy
        self._downloads = Downloads(self.pipeline.transport, policy, RetryQuota(policy.budget))

    async def plan(self, source: Source, progress: Callable[[PlannedJob], object]) -> None:
        try:
            await self._read(source, progress)
            while self._entries or self._refusals or self._writing:
                await self._queue()
            progress(self.made)
        finally:
            if self._writing is not None:  # what stopped the plan is the error to raise
                await asyncio.gather(self._writing, return_exceptions=True)

    async def _read(self, source: Source, progress: Callable[[PlannedJob], object]) -> None:
        index = 0
        async with contextlib.aclosing(batches(source)) as reading:
            async for records in reading:
                for record in records:
                    index += 1
                    prepared = prepare(record, index, self.pipeline.converter, self.options.checks)
                    if isinstance(prepared, Entry) and prepared.placeholders:
                        prepared = await self._whole(prepared)
                    self._take(prepared)
                    gathered = max(len(self._entries), len(self._refusals))
                    if gathered >= self.chunk_size or self._bytes >= CHUNK_BYTES:
                        await self._queue()
                progress(self.made)

    def _take(self, prepared: Entry | RefusedRecord) -> None:
        if isinstance(prepared, RefusedRecord):
            self._refuse(prepared)
            return
        self._entries.append(prepared)
        self._bytes += len(prepared.body)

    async def _whole(self, entry: Entry) -> Entry | RefusedRecord:
        """Return an entry with its documents in its body: workers have no access to the files."""
        try:
            return evolve(entry, body=await with_documents(entry, self._downloads), placeholders=())
        except RequestInvalidError as error:
            return RefusedRecord(place=entry.place, problems=error.problems, number=str(entry.key.number))

    def _refuse(self, refusal: RefusedRecord) -> None:
        self._refusals.append(refusal)
        self.made.refusals += 1
        if len(self.made.refused) < NAMED:
            self.made.refused.append(outcomes.refused(refusal))

    async def _queue(self) -> None:
        """Pack the gathered entries, and write them in the background, after the chunk before."""
        entries, self._entries, self._bytes = self._entries, [], 0
        refusals, self._refusals = self._refusals, []
        bundle = await asyncio.to_thread(Bundle.of, entries)
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing
        if entries or refusals:
            self._writing = asyncio.create_task(self._write(bundle, refusals))

    async def _write(self, bundle: Bundle, refusals: Sequence[RefusedRecord]) -> None:
        """Write down a chunk, in one transaction."""
        run, retry = self.made.run, self.options.retry

        def write(journal: Journal) -> Sequence[Admitted]:
            journal.runs.refuse(refusals, run)
            return planned_journal(journal).plan(bundle, run, retry) if bundle.entries else ()

        for entry, answer in zip(bundle.entries, await self.writer.run(write), strict=True):
            self._count(entry, answer)

    def _count(self, entry: Entry, admitted: Admitted) -> None:
        match admitted:
            case Admitted(admission) if admission in TAKEN_UP:
                self.made.planned += 1
            case Admitted(Admission.FINAL):
                self.made.known += 1
            case Admitted(Admission.ELSEWHERE):
                self.made.elsewhere += 1
            case Admitted(Admission.CLASH | Admission.CHANGED as admission, row=row) if row is not None:
                self._refuse(outcomes.contradiction(entry, admission, row))
            case _:
                raise AssertionError(f"an entry was neither admitted nor refused: {admitted.admission}")
