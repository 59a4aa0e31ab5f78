"""Bulk jobs: every invoice sent exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path

from confirma_async.bulk.audience import Audience
from confirma_async.bulk.intake import Record, Source
from confirma_async.bulk.items import (
    WAVE,
    InvoiceKey,
    JobOptions,
    Outcome,
    Retry,
    State,
    Unknown,
    Verdict,
)
from confirma_async.bulk.job import Job
from confirma_async.bulk.journal import JobName, Journal
from confirma_async.bulk.report import Ending, Report, Tally
from confirma_async.bulk.sqlite_journal import open_sqlite
from confirma_async.bulk.writer import JournalWriter, OpenJournal
from confirma_async.errors import ConfigurationError
from confirma_async.session.pipeline import Pipeline

__all__ = [
    "Bulk",
    "BulkStream",
    "InvoiceKey",
    "JobOptions",
    "Journal",
    "OpenJournal",
    "Outcome",
    "Record",
    "Report",
    "Retry",
    "Source",
    "State",
    "Unknown",
    "Verdict",
]

PROGRESS_SECONDS = 0.1
"""The least time between two reports to a ``progress`` callback."""


class BulkStream:
    """A running job, outcome by outcome: ``async for outcome in confirma.bulk.stream(...)``.

    It can be iterated once. Breaking off the iteration stops the job as an interruption would: what is
    under way comes to its end, and the same call goes on later.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        source: Source,
        journal: str | Path | OpenJournal,
        options: JobOptions,
        stop: asyncio.Event | None,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._open = _opener(journal)
        self._name = "" if callable(journal) else str(Path(journal).absolute())
        self._options = options
        self._stop = stop or asyncio.Event()
        self._tally = Tally()
        self._started: float | None = None
        self._ending: Ending | None = None
        self._audience = Audience()

    @property
    def report(self) -> Report:
        """What has come of the job so far; final, and maybe complete, once the iteration has ended."""
        return self._tally.report(self._name, self._ending, self._seconds())

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        if self._started is not None:
            raise ConfigurationError("a job's outcomes can be iterated once; make a new stream to go on")
        self._started = time.monotonic()
        running = asyncio.create_task(self._run())
        running.add_done_callback(lambda _: self._audience.end())
        try:
            while told := await self._audience.hear():
                for outcome in told:
                    self._tally.add(outcome)
                    yield outcome
            await running
        except GeneratorExit:
            self._stop.set()
            self._audience.leave()
            await asyncio.wait([running])
            raise
        finally:
            self._audience.leave()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _seconds(self) -> float:
        if self._ending is not None:
            return self._ending.seconds
        return 0.0 if self._started is None else time.monotonic() - self._started

    async def _run(self) -> None:
        writer = await JournalWriter.open(self._open)
        try:
            self._name = writer.name
            job_name = JobName(self._options.target or self._pipeline.base_url, tuple(self._options.inputs))
            longest_call, now = self._pipeline.timeout, time.time()
            run = await writer.run(lambda open_: open_.begin(job_name, now=now, longest_call=longest_call))
            expected = self._options.expected
            if expected is not None:
                await writer.run(lambda open_: open_.expect(expected))
            job = Job(self._pipeline, writer, run, self._options, self._audience, self._stop)
            try:
                await job.submit(self._source)
            except asyncio.CancelledError:
                self._ending = await self._ended(job, writer, cut_off=True)
                raise
            self._ending = await self._ended(job, writer)
        finally:
            await writer.close()

    async def _ended(self, job: Job, writer: JournalWriter, *, cut_off: bool = False) -> Ending:
        """What a run leaves behind; ``cut_off`` where it was cancelled."""
        left = await writer.run(lambda open_: open_.open_counts())
        withheld = await writer.run(lambda open_: open_.withheld())
        unknown = left[State.UNKNOWN] + left[State.SENDING]
        pending = left[State.PENDING] + left[State.CLAIMED] - withheld  # these are told as refused
        done = job.exhausted and not unknown and not pending
        return Ending(
            unknown=unknown,
            pending=pending,
            paused=job.paused,
            paused_by=job.paused_by,
            interrupted=(job.stopped or cut_off) and not done,
            seconds=self._seconds(),
        )


def _opener(journal: str | Path | OpenJournal) -> OpenJournal:
    return journal if callable(journal) else partial(open_sqlite, Path(journal).absolute())


class Bulk:
    """``confirma.bulk``: jobs of any size over a journal."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def submit(
        self,
        invoices: Source,
        *,
        journal: str | Path | OpenJournal,
        settle: float = 60.0,
        unknown: Unknown | str = Unknown.RESEND,
        validate: bool = True,
        retry: Retry | str = Retry.NONE,
        wave: int | None = WAVE,
        until: datetime.datetime | None = None,
        target: str | None = None,
        inputs: Iterable[str] = (),
        expected: int | None = None,
        stop: asyncio.Event | None = None,
        progress: Callable[[Report], object] | None = None,
    ) -> Report:
        """Sends every invoice exactly once; running the same call again resumes.

        Args:
            invoices: Invoices, mappings of wire names, or what ``confirma_async.formats.read`` yields; any
                iterable or async iterable. It is read lazily, and read again on resume.
            journal: The journal's file, or a function that opens a journal of another form (``Journal``). No
                payload is kept in it.
            settle: Seconds after an attempt during which an invoice that is not listed may still appear.
                No figure is documented; 60 is this project's choice. From 0 to 604,800, which is a week.
            unknown: ``resend`` an invoice that has not appeared by then, or ``hold`` it for a person.
            validate: Whether to check invoices against the rules that need no server.
            retry: Whether invoices that the service rejected in an earlier run are sent again, under the same
                number: ``none``, those that have ``changed`` since, or ``all``.
            wave: Rejections in a row of the same cause that pause the job, from 1 to 1,000,000; None for no
                such limit.
            until: When the job pauses, whatever is left.
            target: What the journal is bound to; the base URL unless said otherwise.
            inputs: Names of the input files, so that the journal is not continued with other files.
            expected: How many records there are, where that is known, so that the time left can be told.
            stop: An event that, once set, ends the job after what is under way.
            progress: Called with the report so far, at most ten times a second, and with the last one.

        Returns:
            Counts, and the first thousand outcomes that need attention. ``report.paused`` says why a job
            stopped early: a key that is not accepted, a service that cannot be reached, a spent quota, a wave
            of rejections.

        Raises:
            JournalError: the journal cannot be used; nothing is sent without it.
            ConfigurationError: a number is out of its bounds.
        """
        stream = self.stream(
            invoices,
            journal=journal,
            settle=settle,
            unknown=unknown,
            validate=validate,
            retry=retry,
            wave=wave,
            until=until,
            target=target,
            inputs=inputs,
            expected=expected,
            stop=stop,
        )
        told = time.monotonic()
        async for _ in stream:
            if progress is not None and time.monotonic() - told >= PROGRESS_SECONDS:
                progress(stream.report)
                told = time.monotonic()
        if progress is not None:
            progress(stream.report)
        return stream.report

    def stream(
        self,
        invoices: Source,
        *,
        journal: str | Path | OpenJournal,
        settle: float = 60.0,
        unknown: Unknown | str = Unknown.RESEND,
        validate: bool = True,
        retry: Retry | str = Retry.NONE,
        wave: int | None = WAVE,
        until: datetime.datetime | None = None,
        target: str | None = None,
        inputs: Iterable[str] = (),
        expected: int | None = None,
        stop: asyncio.Event | None = None,
    ) -> BulkStream:
        """The same as ``submit``, outcome by outcome, each told after it is durable.

        An invoice that an earlier run decided is told again, with ``resumed`` set.
        """
        options = JobOptions(
            settle=settle,
            unknown=Unknown(unknown),
            validate=validate,
            retry=Retry(retry),
            wave=wave,
            until=until,
            target=target,
            inputs=tuple(inputs),
            expected=expected,
        )
        return BulkStream(self._pipeline, invoices, journal, options, stop)
