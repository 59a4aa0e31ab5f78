"""One run of a bulk job: a fixed set of workers between a lazy source and a durable journal."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from functools import partial
from typing import Any

from attrs import define, field

from confirma_async.bulk import journal, rulings
from confirma_async.bulk.intake import Record, Source, chunks, prepare
from confirma_async.bulk.items import Entry, JobOptions, Outcome, Refusal, Row, State, Unknown, Verdict
from confirma_async.bulk.journal import Admission
from confirma_async.bulk.reconcile import Finding, look_up
from confirma_async.bulk.rulings import Ruling
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import CallError, JournalError, Problem
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import InvoiceReceipt
from confirma_async.session.pipeline import CallOptions, Pipeline

UNKNOWN_ROOM = 1000
"""Invoices of unknown outcome that are kept in memory with their bodies until they are settled."""

UNKNOWN_STREAK = 20
"""Unknown outcomes in a row after which the service is taken to be unwell, and the job pauses. Where more
calls are under way at once, twice their number: one blip may take them all."""

RESENDS = 3
"""Times that one run sends an invoice of unknown outcome again before it leaves it for the next run."""

LOOKUPS = 3
"""Failed lookups of one invoice after which it is left for the next run."""

_VERDICTS = {
    State.ACCEPTED: Verdict.ACCEPTED,
    State.REJECTED: Verdict.REJECTED,
    State.UNKNOWN: Verdict.UNKNOWN,
}

Emit = Callable[[Outcome], Awaitable[None]]


@define
class _Task:
    """An entry on its way, with its place in the journal."""

    entry: Entry
    position: int
    settles_at: float = 0.0  # loop time: a clock that is set does not shorten the wait
    unknown: bool = False
    conflict: bool = False
    failed_lookups: int = 0
    resends: int = 0
    detail: str | None = None


@define
class Job:
    """One run.

    Attributes:
        pipeline: The way to the service.
        writer: The journal.
        run: The number of this run in the journal.
        options: How the job runs.
        emit: Takes each outcome, after it is durable.
        stop: Once set, nothing new is sent; what is under way is brought to its end.
        paused: Why the job paused; None while it can go on.
        stopped: Whether it was asked to stop before its end.
        exhausted: Whether the whole source was read.
    """

    pipeline: Pipeline
    writer: JournalWriter
    run: int
    options: JobOptions
    emit: Emit
    stop: asyncio.Event
    paused: str | None = None
    stopped: bool = False
    exhausted: bool = False
    _work: asyncio.Queue[_Task] = field(init=False)
    _open: int = field(init=False, default=0)
    _idle: asyncio.Event = field(init=False, factory=asyncio.Event)
    _halt: asyncio.Event = field(init=False, factory=asyncio.Event)
    _waiting: dict[int, asyncio.Task[None]] = field(init=False, factory=dict[int, asyncio.Task[None]])
    _room: asyncio.Event = field(init=False, factory=asyncio.Event)
    _streak: int = field(init=False, default=0)
    _source_error: Exception | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._work = asyncio.Queue(maxsize=2 * self._workers)
        self._idle.set()
        self._room.set()

    @property
    def _workers(self) -> int:
        return self.pipeline.limiter.concurrency

    async def submit(self, source: Source) -> None:
        """Brings every record of the source to its outcome, or as far as the job can go.

        Raises:
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        workers = [asyncio.create_task(self._worker()) for _ in range(self._workers)]
        lookout = asyncio.create_task(self._lookout())
        try:
            await self._first_of(workers, self._feed_or_drain(source), self._halt.wait())
            await self._first_of(workers, self._idle.wait())
            if self._source_error is not None:
                raise self._source_error
        finally:
            await _end([lookout, *self._waiting.values(), *workers])

    async def _first_of(self, workers: list[asyncio.Task[Any]], *awaited: Coroutine[Any, Any, Any]) -> None:
        """Waits for the first of some coroutines, and ends the others.

        A worker never ends by itself: one that does has failed, and so has the job.
        """
        tasks = [asyncio.create_task(coroutine) for coroutine in awaited]
        try:
            done, _ = await asyncio.wait([*tasks, *workers], return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            await _end(tasks)

    async def _lookout(self) -> None:
        await self.stop.wait()
        self.stopped = True
        self._halted()

    def _halted(self) -> None:
        """Sends nothing new, and lets go of what only waits for its settle time."""
        self._halt.set()
        for position, waiting in list(self._waiting.items()):
            waiting.cancel()
            self._forget_waiting(position)
            self._close()

    # --- in ---------------------------------------------------------------------------------------

    async def _feed_or_drain(self, source: Source) -> None:
        """Feeds the workers; a source that fails lets what is under way come to its end first."""
        try:
            await self._feed(source)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 (raised again after the drain)
            self._source_error = error
            self._halted()

    async def _feed(self, source: Source) -> None:
        index = 0
        async with aclosing(chunks(source)) as reading:
            async for chunk in reading:
                if self._halt.is_set():
                    return
                await self._room.wait()
                await self._take(chunk, index)
                index += len(chunk)
                await asyncio.sleep(0)  # a source that never waits must not starve the workers
        self.exhausted = True

    async def _take(self, chunk: list[Record], index: int) -> None:
        """Checks a chunk, writes down the intent to send it, and hands it to the workers."""
        validate, converter = self.options.validate, self.pipeline.converter
        prepared = [
            prepare(record, position, converter, validate=validate)
            for position, record in enumerate(chunk, index + 1)
        ]
        entries = [entry for entry in prepared if isinstance(entry, Entry)]
        await self._refuse([refusal for refusal in prepared if isinstance(refusal, Refusal)])
        admitted = await self.writer.run(partial(journal.admit, entries=entries, run=self.run))
        for entry, (admission, row) in zip(entries, admitted, strict=True):
            await self._route(entry, admission, row)

    async def _route(self, entry: Entry, admission: Admission, row: Row) -> None:
        match admission:
            case Admission.FINAL:
                await self.emit(_resumed(entry, row))
            case Admission.CLASH | Admission.CHANGED:
                await self._refuse([_contradiction(entry, admission, row)])
            case Admission.CLAIMED | Admission.UNKNOWN:
                unknown = admission is Admission.UNKNOWN
                settles_at = self._settles_at(time.time() - (row.attempted_at or 0.0)) if unknown else 0.0
                task = _Task(entry, row.position, settles_at, unknown, detail=row.detail)
                self._open += 1
                self._idle.clear()
                try:
                    await self._work.put(task)
                except asyncio.CancelledError:  # halted; the journal has it as it was
                    self._close()
                    raise

    async def _refuse(self, refusals: list[Refusal]) -> None:
        if not refusals:
            return
        await self.writer.run(partial(journal.refuse, refusals=refusals))
        for refusal in refusals:
            await self.emit(
                Outcome(
                    verdict=Verdict.REFUSED,
                    place=refusal.place,
                    number=refusal.number,
                    problems=refusal.problems,
                    detail="; ".join(str(problem) for problem in refusal.problems),
                )
            )

    # --- through ----------------------------------------------------------------------------------

    async def _worker(self) -> None:
        while True:
            task = await self._work.get()
            if self._halt.is_set():
                self._close()
            elif task.unknown:
                await self._resolve(task)
            else:
                await self._send(task)

    async def _send(self, task: _Task) -> None:
        async def intent() -> None:
            await self.writer.run(partial(journal.sending, position=task.position, now=time.time()))

        try:
            receipt = await self.pipeline.call(
                CREATE_INVOICE,
                InvoiceReceipt,
                task.entry.body,
                options=CallOptions(subject=str(task.entry.key), before_send=intent),
            )
        except CallError as error:
            ruling = rulings.on_error(error)
        else:
            ruling = rulings.on_receipt(receipt)
        await self._decide(task, ruling)

    async def _decide(self, task: _Task, ruling: Ruling) -> None:
        """Makes a ruling durable, then tells it, or keeps the item for a lookup."""
        if ruling.pause is not None:
            self._pause(ruling.pause)
        if ruling.state is State.PENDING and task.resends:
            # This attempt surely did not arrive, but the one before it may still.
            ruling = Ruling(state=State.UNKNOWN, detail=task.detail)
        if ruling.state is State.UNKNOWN:
            await self._lose(task, ruling)
            return
        await self.writer.run(
            partial(
                journal.decide,
                position=task.position,
                state=ruling.state,
                status=ruling.status,
                detail=ruling.detail,
                duplicate=ruling.duplicate,
            )
        )
        self._streak = 0
        if ruling.state in _VERDICTS:
            await self._tell(task, ruling)
        self._close()

    # --- unknown outcomes -------------------------------------------------------------------------

    async def _lose(self, task: _Task, ruling: Ruling) -> None:
        """Makes an unknown outcome durable and has it looked up."""
        task.settles_at = self._settles_at(0.0)
        task.unknown, task.conflict, task.detail = True, ruling.conflict, ruling.detail
        await self.writer.run(
            partial(journal.lose, position=task.position, now=time.time(), detail=ruling.detail)
        )
        self._streak += 1
        if self._streak >= max(UNKNOWN_STREAK, 2 * self._workers):
            self._pause(f"{self._streak} outcomes in a row are unknown; the last: {ruling.detail}")
        self._look_up_in(task, 0.0)

    async def _resolve(self, task: _Task) -> None:
        """Looks an item up; absent, it waits for the settle time, and is sent again only after that."""
        key = task.entry.key
        rivals = await self.writer.run(partial(journal.has_rivals, position=task.position, key=key))
        try:
            lookup = await look_up(Invoices(self.pipeline), key, rivals=rivals)
        except CallError as error:
            await self._lookup_failed(task, error)
            return
        left = task.settles_at - asyncio.get_running_loop().time()
        match lookup.finding:
            case Finding.PRESENT:
                conflict = task.detail if task.conflict else None
                await self._decide(task, rulings.on_record(lookup.record, conflict=conflict))
            case Finding.UNSURE:
                await self._leave(task, lookup.reason)
            case Finding.ABSENT if left > 0:
                self._look_up_in(task, left)
            case Finding.ABSENT if task.conflict:
                await self._decide(task, Ruling(state=State.REJECTED, detail=task.detail))
            case Finding.ABSENT if self.options.unknown is Unknown.HOLD:
                await self._leave(task, "not listed; held for a person to decide")
            case Finding.ABSENT if task.resends >= RESENDS:
                await self._leave(task, f"not listed after being sent {task.resends + 1} times")
            case Finding.ABSENT if self._halt.is_set():
                self._close()
            case Finding.ABSENT:
                task.unknown = False
                task.resends += 1
                await self._send(task)

    async def _lookup_failed(self, task: _Task, error: CallError) -> None:
        task.failed_lookups += 1
        ruling = rulings.on_error(error)
        if ruling.pause is not None:
            self._pause(ruling.pause)
        if task.failed_lookups >= LOOKUPS:
            await self._leave(task, f"the lookup failed: {error}")
        else:
            self._look_up_in(task, self.pipeline.policy.backoff(task.failed_lookups))

    async def _leave(self, task: _Task, reason: str | None) -> None:
        """Leaves an item UNKNOWN for the next run, or for a person."""
        ruling = Ruling(state=State.UNKNOWN, detail=reason)
        await self.writer.run(
            partial(journal.decide, position=task.position, state=State.UNKNOWN, detail=reason)
        )
        await self._tell(task, ruling)
        self._close()

    def _settles_at(self, age: float) -> float:
        """When an attempt of that age has settled: never later than one settle time from now."""
        left = min(max(0.0, self.options.settle - age), self.options.settle)
        return asyncio.get_running_loop().time() + left

    def _look_up_in(self, task: _Task, seconds: float) -> None:
        if self._halt.is_set():
            self._close()
            return

        async def later() -> None:
            await asyncio.sleep(seconds)
            await self._work.put(task)
            self._forget_waiting(task.position)

        self._waiting[task.position] = asyncio.create_task(later())
        if len(self._waiting) >= UNKNOWN_ROOM:
            self._room.clear()

    def _forget_waiting(self, position: int) -> None:
        self._waiting.pop(position, None)
        if len(self._waiting) < UNKNOWN_ROOM:
            self._room.set()

    # --- out --------------------------------------------------------------------------------------

    def _pause(self, reason: str) -> None:
        if self.paused is None:
            self.paused = reason
            self._halted()

    async def _tell(self, task: _Task, ruling: Ruling) -> None:
        entry = task.entry
        await self.emit(
            Outcome(
                verdict=_VERDICTS[ruling.state],
                place=entry.place,
                number=entry.key.number,
                type=entry.key.type,
                status=ruling.status,
                detail=ruling.detail,
                duplicate=ruling.duplicate,
                remarks=entry.remarks,
                original_number=entry.original_number,
            )
        )

    def _close(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._idle.set()


def _resumed(entry: Entry, row: Row) -> Outcome:
    moved = row.source != str(entry.place)
    return Outcome(
        verdict=_VERDICTS[row.state],
        place=entry.place,
        number=entry.key.number,
        type=entry.key.type,
        status=row.status,
        detail=row.detail or (f"sent before from {row.source}" if moved else None),
        duplicate=row.duplicate,
        resumed=True,
        remarks=entry.remarks,
        original_number=entry.original_number,
    )


def _contradiction(entry: Entry, admission: Admission, row: Row) -> Refusal:
    """The same invoice twice: named in both places, and sent at most once."""
    if admission is Admission.CLASH:
        same = "the same" if row.digest == entry.digest else "different"
        message = (
            f"{entry.key} stands twice in this job, at {row.source} and at {entry.place}, with {same} "
            "contents; only the first is sent, give the other a number of its own or remove it"
        )
    else:
        message = (
            f"{entry.key} at {entry.place} differs from what the journal has for it from {row.source} "
            f"({row.state.name.lower()}); it is not sent, restore it or give it a number of its own"
        )
    return Refusal(
        place=entry.place,
        number=str(entry.key.number),
        problems=[Problem("$.invoice.header.number", f"job.{admission.value}", message)],
    )


async def _end(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
