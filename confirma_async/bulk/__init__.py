"""Bulk jobs: every invoice sent exactly once, whatever dies in between."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterable
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
from confirma_async.bulk.report import Ending, Report, Tally, ending
from confirma_async.bulk.writer import JournalWriter
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


class BulkStream:
    """A running job, outcome by outcome: ``async for outcome in confirma.bulk.stream(...)``.

    Breaking off the iteration stops the job as an interruption would: the same call goes on later.
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
        self._started = time.monotonic()
        self._seconds = 0.0
        self._ending = Ending()

    @property
    def report(self) -> Report:
        """What has come of the job so far; final once the iteration has ended."""
        seconds = self._seconds or time.monotonic() - self._started
        return self._tally.report(self._path, self._ending, seconds, interrupted=self._stop.is_set())

    async def __aiter__(self) -> AsyncIterator[Outcome]:
        outcomes: asyncio.Queue[Outcome | Ending | Exception] = asyncio.Queue(maxsize=BUFFER)
        running = asyncio.create_task(self._run(outcomes))
        try:
            while isinstance(told := await outcomes.get(), Outcome):
                self._tally.add(told)
                yield told
            if isinstance(told, Exception):
                raise told
            self._ending = told
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            self._seconds = time.monotonic() - self._started

    async def _run(self, outcomes: asyncio.Queue[Outcome | Ending | Exception]) -> None:
        try:
            writer = await JournalWriter.open(self._path)
            try:
                target = self._options.target or self._pipeline.base_url
                run = await writer.run(
                    partial(begin_run, path=self._path, target=target, inputs=self._options.inputs)
                )
                job = Job(self._pipeline, writer, run, self._options, outcomes.put, self._stop)
                await job.submit(self._source)
                end = await writer.run(partial(ending, paused=job.paused))
            finally:
                await writer.close()
        except Exception as error:  # noqa: BLE001 (raised again where the caller iterates)
            await outcomes.put(error)
        else:
            await outcomes.put(end)


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
        async for _ in stream:
            pass
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
        return BulkStream(self._pipeline, invoices, Path(journal), options, stop)
