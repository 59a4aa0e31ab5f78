"""Bulk jobs: send any number of invoices, each exactly once, even if the process crashes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import TYPE_CHECKING, Unpack

from attrs import define, evolve, field

from confirma_async import bounds
from confirma_async.accounts.folders import target_of
from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import check_successor
from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.job import Job
from confirma_async.bulk.job.item_listener import OutcomeChannel
from confirma_async.bulk.job.preparation import Record, Source
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.models import (
    CHUNK_SIZE,
    JobArguments,
    JobOptions,
    Outcome,
    Retry,
    State,
    Unknown,
    Verdict,
)
from confirma_async.bulk.placement import JournalSource, OpenJournal, Placement, place
from confirma_async.bulk.reporting.report import Report, ReportBuilder, RunResult
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_CLIENT, CREATE_INVOICE
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.schemas.identity import InvoiceKey
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.rate.ratelimit import RateLimit

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.planner import PlannedJob
    from confirma_async.bulk.machines.worker import WorkerEnd, WorkerHealth

__all__ = [
    "Bulk",
    "BulkStream",
    "InvoiceKey",
    "JobArguments",
    "JobOptions",
    "Journal",
    "OpenJournal",
    "Outcome",
    "Placement",
    "Record",
    "Report",
    "Retry",
    "Source",
    "State",
    "Unknown",
    "Verdict",
]

PROGRESS_SECONDS = 0.1
"""Seconds between two calls of a ``progress`` callback, at least."""


@define(eq=False, repr=False)
class BulkStream:
    """A running job that yields its outcomes: ``async for outcome in confirma.bulk.stream(...)``.

    It can be iterated once. Breaking off the iteration stops the job like an interruption: calls under way
    are finished, and the same call goes on later.
    """

    _bulk: Bulk
    _pipeline: Pipeline
    _source: Source
    _journal: JournalSource
    _options: JobOptions
    _stop: asyncio.Event
    _name: str = field(init=False, default="")
    _builder: ReportBuilder = field(init=False, factory=ReportBuilder)
    _started: float | None = field(init=False, default=None)
    _run_number: int = field(init=False, default=0)
    _warnings: tuple[str, ...] = field(init=False, default=())
    _ending: RunResult | None = field(init=False, default=None)
    _channel: OutcomeChannel = field(init=False, factory=OutcomeChannel)

    @property
    def report(self) -> Report:
        """The report of the job so far; final once the iteration has ended."""
        return evolve(
            self._builder.report(self._name, self._ending, self._seconds()),
            run=self._run_number,
            warnings=self._warnings,
            allowed=tuple(sorted(self._options.allow)),
        )

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        if self._started is not None:
            raise ConfigurationError("a job's outcomes can be iterated once; make a new stream to go on")
        self._started = time.monotonic()
        running = asyncio.create_task(
            self._run(await self._bulk.place(self._journal, target=self._options.target))
        )
        running.add_done_callback(lambda _: self._channel.finish())
        try:
            while outcomes := await self._channel.get():
                for outcome in outcomes:
                    self._builder.add(outcome)
                    yield outcome
            await running
        except GeneratorExit:
            self._stop.set()
            self._channel.close()
            await asyncio.wait([running])
            raise
        finally:
            self._channel.close()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _seconds(self) -> float:
        return 0.0 if self._started is None else time.monotonic() - self._started

    async def _run(self, placement: Placement) -> None:
        writer = await JournalWriter.open(placement.open, self._pipeline.timeout)
        try:
            self._name = writer.name
            run = await AccountRun.begin(placement, self._pipeline, writer, self._options)
            self._run_number, self._warnings = run.number, tuple(run.warnings)
            job = Job(run, self._options, self._channel, self._stop)
            try:
                await job.submit(self._source)
            except BaseException as error:
                words = f"failed ({type(error).__name__})"
                with contextlib.suppress(JournalError):  # what stopped the job is the error to raise
                    if isinstance(error, asyncio.CancelledError):
                        words = "interrupted"
                        self._ending = await self._ended(job, cut_off=True)
                    await run.end(words)
                raise
            self._ending = await self._ended(job)
            await run.end(self._ending.in_words)
        finally:
            await writer.close()

    async def _ended(self, job: Job, *, cut_off: bool = False) -> RunResult:
        """Return how the run ended; ``cut_off`` says that it was cancelled."""
        writer, run = job.run.writer, job.run.number
        left = await writer.run(lambda journal: journal.figures.open_counts(run))
        withheld = await writer.run(lambda journal: journal.figures.withheld(run))
        open_ends = left[State.UNKNOWN] + left[State.SENDING] + len(job.feeder.elsewhere)
        reported = self._builder.counts[Verdict.UNKNOWN.value]  # another job may have taken these up
        unknown = max(open_ends, reported)
        pending = left[State.PENDING] + left[State.CLAIMED] - withheld  # these are reported as refused
        done = job.feeder.exhausted and not unknown and not pending
        return RunResult(
            unknown=unknown,
            pending=pending,
            paused=job.brake.reason,
            paused_by=job.brake.cause,
            interrupted=(job.stopped or cut_off) and not done,
            seconds=self._seconds(),
        )


class Bulk:
    """``confirma.bulk``: jobs of any size, each with a journal."""

    def __init__(self, pipeline: Pipeline, account: AccountName) -> None:
        self._pipeline = pipeline
        self._account = account

    async def place(self, journal: JournalSource = None, *, target: str | None = None) -> Placement:
        """Find the journal that a job goes into, and make its account known; send nothing.

        Where there is only a provisioning token, it is a journal of the partner's own.

        Args:
            journal: The account's own journal unless given.
            target: What the journal is bound to; the base URL unless given.

        Returns:
            The place of the journal and its account; ``submit`` and ``stream`` take it as ``journal=``.

        Raises:
            ConfigurationError: the key belongs to no account that is known, or there is no place for the
                journal.
        """
        base_url, keys = self._pipeline.base_url, self._pipeline.keys
        credential = keys.of(CREATE_CLIENT if keys.client is None else CREATE_INVOICE)
        placement = await asyncio.to_thread(
            place,
            journal,
            base_url=base_url,
            key=await credential.get(),
            account=self._account,
            target=target,
            partner=keys.client is None,
        )
        credential.check = partial(check_successor, target_of(base_url))  # the journal is of its account
        return placement

    async def submit(
        self,
        invoices: Source,
        *,
        journal: JournalSource = None,
        stop: asyncio.Event | None = None,
        progress: Callable[[Report], object] | None = None,
        **options: Unpack[JobArguments],
    ) -> Report:
        """Send every invoice exactly once; running the same call again resumes.

        Args:
            invoices: Invoices, mappings of wire names, or what ``confirma_async.formats.read`` yields; any
                iterable or async iterable. It is read lazily, and read again on resume.
            journal: The account's own journal unless given, which knows what any job has sent for it. Or a
                file, the URL of a PostgreSQL database (``postgresql://...``), or a function that opens a
                journal of another form (``Journal``). No payload is kept.
            stop: An event that, once set, ends the job after the calls under way.
            progress: Called with the report so far, at most ten times a second, and with the last one.
            options: How the job runs; see ``JobOptions``.

        Returns:
            Counts, and the first thousand outcomes that need attention. ``report.paused`` says why a job
            stopped early: a key that is not accepted, a service that cannot be reached, a spent quota, or
            rejections in a row for the same cause.

        Raises:
            JournalError: the journal cannot be used; nothing is sent without it.
            ConfigurationError: a number is out of its bounds.
            UnknownKeyError: the key belongs to no account that is known here, while others are.
        """
        stream = self.stream(invoices, journal=journal, stop=stop, **options)
        reported_at = time.monotonic()
        async for _ in stream:
            if progress is not None and time.monotonic() - reported_at >= PROGRESS_SECONDS:
                progress(stream.report)
                reported_at = time.monotonic()
        if progress is not None:
            progress(stream.report)
        return stream.report

    def stream(
        self,
        invoices: Source,
        *,
        journal: JournalSource = None,
        stop: asyncio.Event | None = None,
        **options: Unpack[JobArguments],
    ) -> BulkStream:
        """Start the same job as ``submit``, outcome by outcome, each after it is durable.

        An invoice that an earlier run decided is reported again, with ``resumed`` set.

        Args:
            invoices: The invoices, as for ``submit``.
            journal: The journal, as for ``submit``.
            stop: An event that, once set, ends the job after the calls under way.
            options: How the job runs; see ``JobOptions``.
        """
        return BulkStream(
            self, self._pipeline, invoices, journal, JobOptions(**options), stop or asyncio.Event()
        )

    async def plan(
        self,
        invoices: Source,
        *,
        journal: JournalSource,
        keep_days: int | None = None,
        chunk_size: int = CHUNK_SIZE,
        progress: Callable[[PlannedJob], object] = lambda _: None,
        **options: Unpack[JobArguments],
    ) -> PlannedJob:
        """Read, check and encode every invoice once, and queue it for workers (``work``); send nothing.

        After an interruption, the same call goes on. The body of an invoice stays in the journal's database
        until the invoice is final and the worker has finished its chunk.

        Args:
            invoices: The invoices, as for ``submit``.
            journal: The URL of a PostgreSQL database (``postgresql://...``).
            keep_days: Days for which the body of a final invoice is kept there, from 1 to 3,650; None
                removes it at once. Bodies are personal data. After these days, the next plan or worker there
                removes them.
            chunk_size: Invoices that a worker takes at a time, from 1 to 10,000.
            progress: Called with what is planned so far, after each portion.
            options: How the job runs; see ``JobOptions``. Options of lookups have no effect here.

        Returns:
            Counts, and the first thousand records that are refused.

        Raises:
            JournalError: the journal cannot be used.
            ConfigurationError: the journal is no database, or the extra ``postgres`` is not installed.
        """
        from confirma_async.bulk.machines.planner import plan

        made = JobOptions(**options)
        if keep_days is not None:
            bounds.KEEP_DAYS.check("keep_days", keep_days)
        bounds.CHUNK_SIZE.check("chunk_size", chunk_size)
        placement = await self.place(journal, target=made.target)
        return await plan(
            self._pipeline,
            placement,
            invoices,
            made,
            keep_days=keep_days,
            chunk_size=chunk_size,
            progress=progress,
        )

    async def work(
        self,
        *,
        journal: JournalSource,
        stop: asyncio.Event | None = None,
        per_second: float | None = None,
        until_empty: bool = False,
        begun: Callable[[WorkerHealth], object] = lambda _: None,
        **options: Unpack[JobArguments],
    ) -> WorkerEnd:
        """Send what was planned, together with any number of other workers, until asked to stop.

        Args:
            journal: The URL of the PostgreSQL database in which the invoices were planned.
            stop: An event that, once set, ends the worker after the calls under way.
            per_second: Calls per second of all workers together, from 0.001 to 100,000; None keeps
                the present rate. The ``rate_limit`` of the client is for this worker alone.
            until_empty: Whether the worker ends once no worker has anything left to send. It waits for the
                invoices of a dead worker, and not for invoices of unknown outcome.
            begun: Called once the worker has begun, with its health: ``trouble`` says why it cannot send, and
                ``counts`` and ``chunks`` what it has done so far. Any thread may ask, at any time.
            options: How lookups go, and when too many rejections stop the worker; see ``JobOptions``.

        Raises:
            JournalError: the journal cannot be used any more; other workers take over the invoices of this
                one.
            ConfigurationError: the journal is no database, or the extra ``postgres`` is not installed.
        """
        from confirma_async.bulk.machines.worker import work

        made = JobOptions(**options)
        placement = await self.place(journal, target=made.target)
        return await work(
            self._pipeline,
            placement,
            made,
            stop=stop or asyncio.Event(),
            per_second=RateLimit(per_second=per_second).per_second,  # within its bounds
            until_empty=until_empty,
            begun=begun,
        )
