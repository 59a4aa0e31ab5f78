"""A worker: takes planned chunks from the queue, and sends them, until it is asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import logging
import os
import random
import socket
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, evolve, field, frozen

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.job.brake import end
from confirma_async.bulk.machines.chunk_sender import ChunkSender
from confirma_async.bulk.machines.planned_journal import open_planned
from confirma_async.bulk.machines.planner import database_of, planned_journal
from confirma_async.bulk.machines.queue import QUEUE, TASK, QueueConnector, QueuedJobs
from confirma_async.bulk.machines.shared_limiter import SharedLimiter
from confirma_async.bulk.machines.watchdog import Watchdog
from confirma_async.bulk.models import JobOptions, State
from confirma_async.bulk.placement import Placement
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import CallError, ConfigurationError, JournalError
from confirma_async.session.pipeline import Pipeline

try:
    from procrastinate import App, RetryStrategy, exceptions
except ImportError as _missing:
    raise ConfigurationError(
        "workers over PostgreSQL need procrastinate: pip install 'confirma-sdk[postgres]'"
    ) from _missing

_log = logging.getLogger("confirma_async")

CHUNKS_AT_ONCE = 2
"""Chunks that a worker has in its hands at once. The second one begins once the first has fewer invoices left
than calls may be under way."""

POLL_SECONDS = 1.0
"""Seconds between two looks into an empty queue. LISTEN is not used: a half-open connection would go
unnoticed."""

EMPTY_SECONDS = 0.2
"""Seconds between two checks whether all is sent, for a worker that is to end then."""

HEARTBEAT_SECONDS = 10.0
"""Seconds between two heartbeats of a worker in the queue."""

STALLED_SECONDS = 30.0
"""Seconds without a heartbeat after which the chunks of a worker are queued again. The worker may still be
alive: what it may have sent is looked up."""

RATE_SECONDS = 4.0
"""Seconds after which a connection without an answer about the rate is closed: calls with deadlines wait for
it."""

SWEEP_SECONDS = 10.0
"""Seconds between two searches for the chunks of workers without a heartbeat."""

AT_ONCE = datetime.datetime.fromtimestamp(0, datetime.UTC)
"""When such a chunk is due again: a moment that is surely past by the database's clock, too."""

FORGET_SECONDS = 3600.0
"""Seconds between two removals of bodies that were kept for their number of days."""


@frozen(kw_only=True)
class WorkerEnd:
    """How a worker ended.

    Attributes:
        name: The name of the worker: its machine, its process, and a random part.
        counts: How many invoices this worker brought to each state.
        chunks: How many chunks this worker has finished.
        paused: Why the worker stopped by itself; None where it was asked to stop.
        paused_by: The error for which it stopped; None where there was none.
    """

    name: str
    counts: dict[State, int]
    chunks: int
    paused: str | None
    paused_by: CallError | None = None


@frozen(eq=False)
class WorkerHealth:
    """The health of a worker from its beginning on, and its figures. Any thread may ask."""

    _watchdog: Watchdog
    _sender: ChunkSender

    @property
    def trouble(self) -> str | None:
        """Why the worker cannot send now, in words; None where it can."""
        return self._watchdog.trouble

    @property
    def counts(self) -> dict[State, int]:
        """How many invoices this worker has brought to each state so far."""
        return dict(self._sender.counts)

    @property
    def chunks(self) -> int:
        """How many chunks this worker has finished so far."""
        return self._sender.chunks


async def work(
    pipeline: Pipeline,
    placement: Placement,
    options: JobOptions,
    *,
    stop: asyncio.Event,
    per_second: float | None = None,
    until_empty: bool = False,
    begun: Callable[[WorkerHealth], object] = lambda _: None,
) -> WorkerEnd:
    """Send planned chunks until asked to stop; then finish the calls under way. See ``Bulk.work``.

    Raises:
        JournalError: the journal cannot be written, or others have taken over what this worker had.
        ConfigurationError: the journal is a file.
    """
    database = database_of(placement)
    writer = await JournalWriter.open(partial(open_planned, database.url), pipeline.timeout)
    try:
        name = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"  # no other worker has or had it
        run = await AccountRun.begin(placement, pipeline, writer, JobOptions(inputs=[name]))
        common, check_hold = await writer.run(
            lambda journal: (
                planned_journal(journal).become_worker(run.number, name, per_second),
                journal.check_hold,
            )
        )
        await writer.run(lambda journal: planned_journal(journal).queue_lost())
        watchdog = Watchdog(check_hold)
        way = QueueConnector(database.url, patience_seconds=RATE_SECONDS)
        limiter = SharedLimiter(pipeline.limiter, way, common)
        sender = ChunkSender(evolve(run, pipeline=evolve(pipeline, limiter=limiter)), options)
        await sender.begin()
        watchdog.begin()
        begun(WorkerHealth(watchdog, sender))
        worker = _Worker(sender, QueueConnector(database.url), name, until_empty=until_empty)
        try:
            await worker.serve(stop)
        except BaseException as error:
            with contextlib.suppress(JournalError):  # what stopped the worker is the error to raise
                await run.end(f"failed ({type(error).__name__})")
            raise
        finally:
            watchdog.finish()
            await limiter.close()
        await run.end(sender.brake.reason or "stopped")
        return WorkerEnd(
            name=name,
            counts=dict(sender.counts),
            chunks=sender.chunks,
            paused=sender.brake.reason,
            paused_by=sender.brake.cause,
        )
    finally:
        await writer.close()


@define(eq=False)
class _Worker:
    """Takes chunks from the queue, and has them sent.

    Attributes:
        sender: Sends the chunks.
        connector: The connection to the queue.
        name: The name of the worker.
        until_empty: Whether it ends once nothing is to be sent, here or in the hands of another one.
    """

    sender: ChunkSender
    connector: QueueConnector
    name: str
    until_empty: bool
    _app: App = field(init=False)
    _failed: asyncio.Future[None] = field(init=False)
    _ends: bool = field(init=False, default=False)
    _in_hand: int = field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        self._failed = asyncio.get_running_loop().create_future()
        self._app = App(connector=self.connector)
        self._app.job_manager = QueuedJobs(self.connector)
        again = RetryStrategy(wait=5)  # its chunk is in the journal, whatever it failed with
        self._app.task(name=TASK, queue=QUEUE, retry=again)(self._chunk)

    async def _chunk(self, chunk: int) -> None:
        self._in_hand += 1
        try:
            await self.sender.send(chunk)
        except Exception as error:
            if not self._failed.done():
                self._failed.set_exception(error)
                self._failed.exception()  # whoever waits may have gone: then the loop must not complain
            raise
        finally:
            self._in_hand -= 1

    async def serve(self, stop: asyncio.Event) -> None:
        """Send chunks until asked to stop, or until the worker must stop by itself.

        Raises:
            JournalError: the journal cannot be written.
        """
        queue = asyncio.create_task(self._follow_queue())
        sweep = asyncio.create_task(self._sweep())
        stopped = asyncio.create_task(self._asked_to_end(stop))
        halted = asyncio.create_task(self.sender.brake.halted.wait())
        own: list[asyncio.Future[Any]] = [stopped, halted]
        if self.until_empty:
            own.append(asyncio.create_task(self._emptied()))
        ends = [queue, *own, self._failed, self.sender.pool.failed, self.sender.run.writer.broken]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        except BaseException:
            self.sender.brake.stop_sending()
            raise
        finally:
            await end([sweep, *own])
            self._ends = True
            queue.cancel()  # nothing new is taken; what was taken is brought to its end
            await self.sender.drain()
            await asyncio.wait([queue], timeout=STALLED_SECONDS)  # else its chunks are queued again by others
            if queue.done() and not queue.cancelled():
                queue.exception()  # that the queue was lost is no news by now
            await self.connector.close_async()

    async def _asked_to_end(self, stop: asyncio.Event) -> None:
        """Wait until the worker is asked to stop, or until the time of ``until`` has come."""
        until = self.sender.options.until
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if until is None else max(0.0, until.timestamp() - time.time())):
                await stop.wait()

    async def _follow_queue(self) -> None:
        """Take chunks from the queue; try again after a while where the queue cannot be reached.

        Raises:
            JournalError: the server refuses what the queue asks.
        """
        pause = 0.5
        while True:
            began = time.monotonic()
            try:
                await self._app.run_worker_async(
                    queues=[QUEUE],
                    name=self.name,
                    concurrency=CHUNKS_AT_ONCE,
                    fetch_job_polling_interval=POLL_SECONDS,
                    listen_notify=False,
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                )
            except exceptions.ConnectorException as error:
                if self._ends:  # the error has taken the place of the cancellation
                    return
                if self.connector.refused is not None:
                    raise self.connector.refused from None
                _log.warning("the queue cannot be reached (%s); it is asked again", error)
            if time.monotonic() - began > 10 * pause:
                pause = 0.5
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 (no secret)
            pause = min(2 * pause, 15.0)

    async def _emptied(self) -> None:
        """Wait until no worker has anything to send, and no chunk is due."""
        run = self.sender.run.writer.run
        while self._in_hand or await run(lambda journal: planned_journal(journal).has_more()):  # noqa: ASYNC110 (nobody could set an event)
            await asyncio.sleep(EMPTY_SECONDS)

    async def _sweep(self) -> None:
        """Queue again the chunks of workers that give no sign of life."""
        manager, forget_at = self._app.job_manager, time.monotonic() + FORGET_SECONDS
        while True:
            if time.monotonic() >= forget_at:
                forget_at += FORGET_SECONDS
                with contextlib.suppress(JournalError):  # the next worker to begin does it as well
                    await self.sender.run.writer.run(lambda journal: planned_journal(journal).forget_bodies())
            with contextlib.suppress(exceptions.ConnectorException):  # the next look may reach it
                for job in await manager.get_stalled_jobs(
                    queue=QUEUE, seconds_since_heartbeat=STALLED_SECONDS
                ):
                    if job.id is not None:
                        await manager.retry_job_by_id_async(job.id, AT_ONCE)
            await asyncio.sleep(SWEEP_SECONDS * random.uniform(0.8, 1.2))  # noqa: S311 (no secret)
