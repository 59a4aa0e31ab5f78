"""Bulk jobs: every invoice sent exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import AsyncIterator, Callable, Iterable

from attrs import evolve

from confirma_async.accounts.owner import AccountName
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
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.placement import JournalSource, OpenJournal, Placement, place
from confirma_async.bulk.reporting.report import Ending, Report, Tally
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.session.pipeline import Pipeline

__all__ = [
    "Bulk",
    "BulkStream",
    "InvoiceKey",
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
"""The least time between two reports to a ``progress`` callback."""


_DOUBT = (
    "the journal {journal} may not know all that was sent ({reason}): every invoice is looked up before it "
    "is sent, until a person says that the journal is whole"
)


class BulkStream:
    """A running job, outcome by outcome: ``async for outcome in confirma.bulk.stream(...)``.

    It can be iterated once. Breaking off the iteration stops the job as an interruption would: what is
    under way comes to its end, and the same call goes on later.
    """

    def __init__(
        self,
        bulk: Bulk,
        pipeline: Pipeline,
        source: Source,
        journal: JournalSource,
        options: JobOptions,
        stop: asyncio.Event | None,
    ) -> None:
        self._bulk = bulk
        self._pipeline = pipeline
        self._source = source
        self._journal = journal
        self._name = ""
        self._options = options
        self._stop = stop or asyncio.Event()
        self._tally = Tally()
        self._started: float | None = None
        self._run_number = 0
        self._warnings: tuple[str, ...] = ()
        self._ending: Ending | None = None
        self._audience = Audience()

    @property
    def report(self) -> Report:
        """What has come of the job so far; final, and maybe complete, once the iteration has ended."""
        return evolve(
            self._tally.report(self._name, self._ending, self._seconds()),
            run=self._run_number,
            warnings=self._warnings,
        )

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        if self._started is not None:
            raise ConfigurationError("a job's outcomes can be iterated once; make a new stream to go on")
        self._started = time.monotonic()
        running = asyncio.create_task(
            self._run(await self._bulk.place(self._journal, target=self._options.target))
        )
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

    async def _run(self, placement: Placement) -> None:
        writer = await JournalWriter.open(placement.open, self._pipeline.timeout)
        try:
            self._name = writer.name
            name = JobName(placement.target, tuple(self._options.inputs))
            owner, expected = placement.owner, self._options.expected
            run = await writer.run(
                lambda journal: journal.begin(name, now=time.time(), owner=owner, expected=expected)
            )
            self._run_number = run
            doubt = await writer.run(lambda journal: journal.doubt())
            doubtful = None if doubt is None else _DOUBT.format(journal=writer.name, reason=doubt.reason)
            self._warnings = tuple(filter(None, (placement.warning, doubtful)))
            job = Job(self._pipeline, writer, run, self._options, self._audience, self._stop)
            try:
                await job.submit(self._source)
            except BaseException as error:
                with contextlib.suppress(JournalError):  # what stopped the job is the error to tell
                    if isinstance(error, asyncio.CancelledError):
                        self._ending = await self._ended(job, writer, run, cut_off=True)
                    await self._end(writer, run, _in_words(error), placement)
                raise
            self._ending = await self._ended(job, writer, run)
            await self._end(writer, run, self._ending.in_words, placement)
        finally:
            await writer.close()

    async def _ended(self, job: Job, writer: JournalWriter, run: int, *, cut_off: bool = False) -> Ending:
        """What a run leaves behind; ``cut_off`` where it was cancelled."""
        left = await writer.run(lambda journal: journal.open_counts(run))
        withheld = await writer.run(lambda journal: journal.withheld(run))
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

    async def _end(self, writer: JournalWriter, run: int, ending: str, placement: Placement) -> None:
        """Writes down how the run ended; the key may have been renewed in it."""
        owner = placement.owner
        key = self._pipeline.keys.of(CREATE_INVOICE).current
        if key is not None and key != owner.key:
            owner = evolve(owner, key=key)
        await writer.run(lambda journal: journal.end(run, ending, now=time.time(), owner=owner))
        if placement.prove is not None and await writer.run(lambda journal: journal.has_sent()):
            with contextlib.suppress(ConfigurationError):  # the journal itself knows its owner
                await asyncio.to_thread(
                    placement.prove, await writer.run(lambda journal: journal.owners()[1])
                )


def _in_words(error: BaseException) -> str:
    return "interrupted" if isinstance(error, asyncio.CancelledError) else f"failed ({type(error).__name__})"


class Bulk:
    """``confirma.bulk``: jobs of any size over a journal."""

    def __init__(self, pipeline: Pipeline, account: AccountName) -> None:
        self._pipeline = pipeline
        self._account = account

    async def place(self, journal: JournalSource = None, *, target: str | None = None) -> Placement:
        """Finds the journal that a job goes into, and makes its account known; sends nothing.

        Args:
            journal: The account's own journal unless given.
            target: What the journal is bound to; the base URL unless said otherwise.

        Returns:
            Where it is, and whose; ``submit`` and ``stream`` take it as ``journal=``.

        Raises:
            ConfigurationError: the key belongs to no account that is known, or there is no place for the
                journal.
        """
        return await asyncio.to_thread(
            place,
            journal,
            base_url=self._pipeline.base_url,
            key=await self._pipeline.keys.of(CREATE_INVOICE).get(),
            account=self._account,
            target=target,
        )

    async def submit(
        self,
        invoices: Source,
        *,
        journal: JournalSource = None,
        settle_seconds: float = 60.0,
        on_unknown: Unknown | str = Unknown.HOLD,
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
            journal: The account's own journal unless given, which knows what any job has sent for it. Or a
                file, or a function that opens a journal of another form (``Journal``). No payload is kept.
            settle_seconds: Seconds for which the service may still be at work on a call that has ended;
                before they have passed, an invoice that is not listed may still appear. No figure is
                documented; 60 is this project's choice. From 0 to 604,800, which is a week.
            on_unknown: What to do with an invoice that may have arrived, is not listed, and has no witness
                of its absence: ``hold`` it for the next run or a person, or ``resend`` it after the settle
                time, which doubles it if the service's list was later than that.
            validate: Whether to check invoices against the rules that need no server.
            retry: Whether invoices that the service rejected in an earlier run are sent again, under the same
                number: ``none``, those that have ``changed`` since, or ``all``.
            wave: Rejections in a row of the same cause that pause the job, from 1 to 1,000,000; None for no
                such limit.
            until: When the job pauses, whatever is left.
            target: What the journal is bound to; the base URL unless said otherwise.
            inputs: Names of the inputs, for people who look at the run later.
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
            UnknownKeyError: the key belongs to no account that is known here, while others are.
        """
        stream = self.stream(
            invoices,
            journal=journal,
            settle_seconds=settle_seconds,
            on_unknown=on_unknown,
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
        journal: JournalSource = None,
        settle_seconds: float = 60.0,
        on_unknown: Unknown | str = Unknown.HOLD,
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
            settle_seconds=settle_seconds,
            on_unknown=Unknown(on_unknown),
            validate=validate,
            retry=Retry(retry),
            wave=wave,
            until=until,
            target=target,
            inputs=tuple(inputs),
            expected=expected,
        )
        return BulkStream(self, self._pipeline, invoices, journal, options, stop)
