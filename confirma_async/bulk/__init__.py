"""Bulk jobs: every invoice sent exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial
from pathlib import Path

from confirma_async.bulk.intake import Record, Source
from confirma_async.bulk.items import (
    InvoiceKey,
    JobOptions,
    Outcome,
    State,
    Unknown,
    Verdict,
)
from confirma_async.bulk.job import Job
from confirma_async.bulk.journal import begin_run
from confirma_async.bulk.report import Ending, Report, Tally, open_items
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import ConfigurationError
from confirma_async.session.pipeline import Pipeline

__all__ = [
    "Bulk",
    "BulkStream",
    "InvoiceKey",
    "JobOptions",
    "Outcome",
    "Record",
    "Report",
    "Source",
    "State",
    "Unknown",
    "Verdict",
]

BUFFER = 256
"""Outcomes that may wait for whoever iterates over them before the workers wait too."""

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
        path: Path,
        options: JobOptions,
        stop: asyncio.Event | None,
    ) -> None:
        self._pipeline = pipeline
        self._source = source
        self._path = path
        self._options = options
        self._stop = stop or asyncio.Event()
        self._tally = Tally()
        self._started: float | None = None
        self._ending: Ending | None = None
        self._told: asyncio.Queue[Outcome | Ending | BaseException] = asyncio.Queue()
        self._room = asyncio.Semaphore(BUFFER)
        self._heard = True

    @property
    def report(self) -> Report:
        """What has come of the job so far; final, and maybe complete, once the iteration has ended."""
        return self._tally.report(self._path, self._ending, self._seconds())

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        if self._started is not None:
            raise ConfigurationError("a job's outcomes can be iterated once; make a new stream to go on")
        self._started = time.monotonic()
        running = asyncio.create_task(self._run())
        running.add_done_callback(self._ended)
        try:
            while isinstance(told := await self._told.get(), Outcome):
                self._room.release()
                self._tally.add(told)
                yield told
            if isinstance(told, BaseException):
                raise told
            self._ending = told
        except GeneratorExit:
            self._stop.set()
            self._deafen()
            await asyncio.wait([running])
            raise
        finally:
            self._deafen()
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _seconds(self) -> float:
        if self._ending is not None:
            return self._ending.seconds
        return 0.0 if self._started is None else time.monotonic() - self._started

    def _deafen(self) -> None:
        """Nobody listens any more: outcomes are durable in the journal, and need not be told."""
        self._heard = False
        self._room.release()

    async def _tell(self, outcome: Outcome) -> None:
        if self._heard:
            await self._room.acquire()
        if self._heard:
            self._told.put_nowait(outcome)
        else:
            self._room.release()

    def _ended(self, running: asyncio.Task[Ending]) -> None:
        if running.cancelled():
            self._told.put_nowait(asyncio.CancelledError("the job was cancelled"))
        else:
            self._told.put_nowait(running.exception() or running.result())

    async def _run(self) -> Ending:
        writer = await JournalWriter.open(self._path)
        try:
            run = await writer.run(
                partial(
                    begin_run,
                    path=self._path,
                    target=self._options.target or self._pipeline.base_url,
                    inputs=self._options.inputs,
                    longest_call=self._pipeline.timeout,
                )
            )
            job = Job(self._pipeline, writer, run, self._options, self._tell, self._stop)
            await job.submit(self._source)
            left_open = await writer.run(open_items)
        finally:
            await writer.close()
        done = job.exhausted and not (left_open.unknown or left_open.pending)
        return Ending(
            unknown=left_open.unknown,
            pending=left_open.pending,
            paused=job.paused,
            interrupted=job.stopped and not done,
            seconds=self._seconds(),
        )


class Bulk:
    """``confirma.bulk``: jobs of any size over a journal."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def submit(
        self,
        invoices: Source,
        *,
        journal: str | Path,
        settle: float = 60.0,
        unknown: Unknown | str = Unknown.RESEND,
        validate: bool = True,
        target: str | None = None,
        inputs: Iterable[str] = (),
        stop: asyncio.Event | None = None,
        progress: Callable[[Report], object] | None = None,
    ) -> Report:
        """Sends every invoice exactly once; running the same call again resumes.

        Args:
            invoices: Invoices, mappings of wire names, or what ``confirma_async.formats.read`` yields; any
                iterable or async iterable. It is read lazily, and read again on resume.
            journal: The journal's file. No payload is kept in it.
            settle: Seconds after an attempt during which an invoice that is not listed may still appear.
                No figure is documented; 60 is this project's choice.
            unknown: ``resend`` an invoice that has not appeared by then, or ``hold`` it for a person.
            validate: Whether to check invoices against the rules that need no server.
            target: What the journal is bound to; the base URL unless said otherwise.
            inputs: Names of the input files, so that the journal is not continued with other files.
            stop: An event that, once set, ends the job after what is under way.
            progress: Called with the report so far, at most ten times a second, and with the last one.

        Returns:
            Counts, and the first thousand outcomes that need attention. ``report.paused`` says why a job
            stopped early: a key that is not accepted, a service that cannot be reached, a spent quota.

        Raises:
            JournalError: the journal cannot be used; nothing is sent without it.
        """
        stream = self.stream(
            invoices,
            journal=journal,
            settle=settle,
            unknown=unknown,
            validate=validate,
            target=target,
            inputs=inputs,
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
        journal: str | Path,
        settle: float = 60.0,
        unknown: Unknown | str = Unknown.RESEND,
        validate: bool = True,
        target: str | None = None,
        inputs: Iterable[str] = (),
        stop: asyncio.Event | None = None,
    ) -> BulkStream:
        """The same as ``submit``, outcome by outcome, each told after it is durable.

        An invoice that an earlier run decided is told again, with ``resumed`` set.
        """
        options = JobOptions(
            settle=settle,
            unknown=Unknown(unknown),
            validate=validate,
            target=target,
            inputs=tuple(inputs),
        )
        return BulkStream(self._pipeline, invoices, Path(journal).absolute(), options, stop)
