"""One run of a bulk job: a fixed set of workers between a lazy source and a durable journal."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import time
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any, TypeVar

from attrs import define, evolve, field

from confirma_async.bulk.audience import Audience
from confirma_async.bulk.documents import with_documents
from confirma_async.bulk.evidence.classification import (
    Classification,
    Receipts,
    classify_answer,
    classify_error,
)
from confirma_async.bulk.evidence.kinds import Kind
from confirma_async.bulk.evidence.lookups import Lookups
from confirma_async.bulk.evidence.tasks import Again, Decided, Send, Step, Task, decision_of
from confirma_async.bulk.intake import Record, Source, chunks, prepare
from confirma_async.bulk.items import Entry, JobOptions, Refusal, Row, State
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Admission, Admitted, Doubt
from confirma_async.bulk.reporting import outcomes
from confirma_async.bulk.waiting import Waiting
from confirma_async.bulk.watch import Watch
from confirma_async.bulk.workers import Workers
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS
from confirma_async.errors import CallError, JournalError, OutcomeUnknownError, Problem, RequestInvalidError
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionQuery
from confirma_async.session.download import Downloads
from confirma_async.session.pipeline import CallOptions, Pipeline, Reply
from confirma_async.session.retry import RetryQuota, http_date
from confirma_async.session.waiting.halt import CalledOffError, Halt

T = TypeVar("T")

UNKNOWN_ROOM = 1000
"""Invoices of unknown outcome that are kept in memory with their bodies until they are settled."""


@define
class Job:
    """One run.

    Attributes:
        pipeline: The way to the service.
        writer: The journal.
        run: The number of this run in the journal.
        options: How the job runs.
        audience: Hears each outcome, after it is durable.
        stop: Once set, what waits for its turn is put back, and what is under way is brought to its end.
        paused: Why the job paused; None while it can go on.
        paused_by: The error that it paused for, where there is one.
        stopped: Whether it was asked to stop before its end.
        exhausted: Whether the whole source was read.
        clock: Seconds since 1970.
    """

    pipeline: Pipeline
    writer: JournalWriter
    run: int
    options: JobOptions
    audience: Audience
    stop: asyncio.Event
    paused: str | None = None
    paused_by: CallError | None = None
    stopped: bool = False
    exhausted: bool = False
    clock: Callable[[], float] = time.time
    _open: int = field(init=False, default=0)
    _idle: asyncio.Event = field(init=False, factory=asyncio.Event)
    _halt: asyncio.Event = field(init=False, factory=asyncio.Event)
    _calls: Halt = field(init=False, factory=Halt)
    _workers: Workers = field(init=False)
    _waiting: Waiting = field(init=False)
    _room: asyncio.Event = field(init=False, factory=asyncio.Event)
    _watch: Watch = field(init=False)
    _downloads: Downloads = field(init=False)
    _lookups: Lookups = field(init=False)
    _receipts: Receipts = field(init=False)
    _source_error: Exception | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self.pipeline = evolve(self.pipeline, halt=self._calls)
        self._workers = Workers(self.pipeline.limiter.concurrency, self._handle)
        self._waiting = Waiting(self._workers.hand, self._make_room)
        self._watch = Watch(self._workers.most, self.options.wave)
        policy = self.pipeline.policy
        self._downloads = Downloads(self.pipeline.transport, policy, RetryQuota(policy.budget))
        self._lookups = Lookups(
            invoices=Invoices(self.pipeline),
            writer=self.writer,
            options=self.options,
            more=self._may_send,
            backoff=policy.backoff,
            clock=self.clock,
            ask_time=self._service_time,
        )
        self._receipts = Receipts.of(self.pipeline.converter)
        self._idle.set()
        self._room.set()

    async def submit(self, source: Source) -> None:
        """Brings every record of the source to its outcome, or as far as the job can go.

        Raises:
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        self._lookups.begin(*await self.writer.run(_known_so_far))
        lookout = asyncio.create_task(self._lookout())
        try:
            await self._first_of(self._feed_or_drain(source), self._halt.wait())
            await self._first_of(self._idle.wait())
            if self._source_error is not None:
                raise self._source_error
        finally:
            waiting = self._waiting.timers
            self._halted()  # whatever becomes durable after this is not looked up by this run
            await _end([lookout, *waiting, *self._workers.tasks])
            await self._put_back()

    async def _first_of(self, *awaited: Coroutine[Any, Any, Any]) -> None:
        """Waits for the first of some coroutines, and ends the others; a worker that fails fails the job."""
        tasks = [asyncio.create_task(coroutine) for coroutine in awaited]
        try:
            anything = [*tasks, self._workers.failed, self.writer.broken]
            done, _ = await asyncio.wait(anything, return_when=asyncio.FIRST_COMPLETED)
            for ended in done:
                ended.result()
        finally:
            await _end(tasks)

    async def _lookout(self) -> None:
        """Waits until the job is asked to stop, or its time is over."""
        until = self.options.until
        try:
            async with asyncio.timeout(None if until is None else max(0.0, until.timestamp() - time.time())):
                await self.stop.wait()
        except TimeoutError:
            self._pause(f"it is {until:%H:%M}, until when the job was to run")
            return
        self.stopped = True
        self._halted()

    def _halted(self) -> None:
        """Sends nothing new: calls off what waits for its turn, and lets go of what waits for a lookup."""
        self._halt.set()
        self._calls.call()
        for _ in range(self._waiting.let_go()):
            self._close()

    async def _put_back(self) -> None:
        """Has nothing claimed in the journal that nobody holds any more."""
        with contextlib.suppress(JournalError):  # told already, by what could not be written before
            await self.writer.run(lambda journal: journal.put_back(self.run))

    async def _service_time(self) -> float | None:
        today = datetime.datetime.fromtimestamp(self.clock(), datetime.UTC).date()  # any day: its head tells
        query = DistributionQuery(from_inv_date=today, to_inv_date=today)
        return http_date((await self.pipeline.call(DISTRIBUTIONS, Reply, query=query)).date)

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
        async with contextlib.aclosing(chunks(source)) as reading:
            async for chunk in reading:
                if self._halt.is_set():
                    return
                await self._room.wait()
                await self.audience.room()
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
        run, retry = self.run, self.options.retry
        admitted = await self.writer.run(lambda journal: journal.admit(entries, run, retry))
        for entry, answer in zip(entries, admitted, strict=True):
            await self._route(entry, answer)

    async def _route(self, entry: Entry, admitted: Admitted) -> None:
        match admitted:
            case Admitted(Admission.FINAL, row=row) if row is not None:
                self.audience.tell(outcomes.resumed(entry, row))
            case Admitted(Admission.CLASH | Admission.CHANGED as admission, row=row) if row is not None:
                await self._refuse([outcomes.contradiction(entry, admission, row)])
            case Admitted(admission, position, row, sent):
                task = Task(entry, position)
                if row is not None and (admission is Admission.UNKNOWN or _may_be_there(admission, row)):
                    self._lookups.resume(task, row, sent)
                self._open += 1
                self._idle.clear()
                try:
                    await self._workers.hand(task)
                except asyncio.CancelledError:  # halted; the journal has it as it was
                    self._close()
                    raise

    async def _refuse(self, refusals: list[Refusal]) -> None:
        if not refusals:
            return
        await self.writer.run(lambda journal: journal.refuse(refusals, self.run))
        for refusal in refusals:
            self.audience.tell(outcomes.refused(refusal))

    # --- through ----------------------------------------------------------------------------------

    async def _handle(self, task: Task) -> None:
        if self._halt.is_set():
            self._close()
        elif task.unknown:
            await self._resolve(task)
        else:
            await self._send(task)

    async def _send(self, task: Task) -> None:
        async def intent() -> None:
            await self.writer.sending(task.position)
            task.sent_at = asyncio.get_running_loop().time()

        try:
            body = await self._whole_body(task.entry)
        except RequestInvalidError as error:
            await self._withhold(task, error.problems)
            return
        if body is None:
            self._close()
            return
        try:
            reply = await self.pipeline.call(
                CREATE_INVOICE,
                Reply,
                body,
                options=CallOptions(subject=str(task.entry.key), before_send=intent),
            )
        except CalledOffError:
            self._call_off(task)
            return
        except asyncio.CancelledError as cancelled:
            if not isinstance(cancelled.__cause__, OutcomeUnknownError):
                self._call_off(task)
            raise
        except CallError as error:
            found = classify_error(error)
        else:
            found = classify_answer(reply, task.entry.key.number, self._receipts, self._lookups.forms)
        self._decide(task, found)

    def _call_off(self, task: Task) -> None:
        """Puts back an item no request of which has arrived, unless one of an earlier call may have."""
        if task.resends:
            self._leave(task, "the job ended before it was sent again; the attempt before may still appear")
        else:
            self._write(task, Classification(kind=Kind.NOT_SENT), self._close)

    async def _whole_body(self, entry: Entry) -> bytes | None:
        """The body with its documents; None where the job halts before they are there.

        Raises:
            RequestInvalidError: one is not to be had.
        """
        if not entry.placeholders:
            return entry.body
        return await self._unless_halted(with_documents(entry, self._downloads))

    async def _unless_halted(self, work: Coroutine[Any, Any, T]) -> T | None:
        """The result of some work that precedes a call; None where the job halts first."""
        working, halted = asyncio.create_task(work), asyncio.create_task(self._halt.wait())
        try:
            await asyncio.wait([working, halted], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            await _end([working, halted])
            del working  # it has its error, whose traceback has this frame, and those that hold documents

    async def _withhold(self, task: Task, problems: Sequence[Problem]) -> None:
        """Refuses an invoice whose documents are not to be had: nothing was sent, and the next run may."""
        refusal = Refusal(place=task.entry.place, problems=problems, number=str(task.entry.key.number))
        told = outcomes.refused(refusal)
        if task.resends:  # an attempt before this one may have arrived
            self._leave(task, told.detail)
            return

        def written() -> None:
            self.audience.tell(told)
            self._close()

        await self.writer.run(lambda journal: journal.refuse([refusal], self.run))
        self._write(task, Classification(kind=Kind.NOT_SENT, detail=told.detail), written)

    def _decide(self, task: Task, found: Classification) -> None:
        """Makes what became of an item durable, then tells it, or keeps the item for a lookup."""
        self._pause(found.pause, found.cause)
        if found.state is State.PENDING and task.resends:
            # This attempt surely did not arrive, but the one before it may still.
            found = Classification(kind=Kind.EARLIER, detail=found.pause)
        if found.state is State.REJECTED and task.unproven:
            found = evolve(found, kind=Kind.REFUSED_AFTER_RESEND)
        if found.state is State.UNKNOWN:
            self._lose(task, found)
            return
        self._pause(self._watch.note(found))
        self._write(task, found, partial(self._decided, task, found))

    def _decided(self, task: Task, found: Classification) -> None:
        if found.state in outcomes.VERDICTS:
            self.audience.tell(outcomes.decided(task.entry, found, unproven=task.unproven))
        self._close()

    def _write(
        self, task: Task, found: Classification, then: Callable[[], None], *, lost: bool = False
    ) -> None:
        """Has what became of an item written down; nobody waits, ``then`` is called when it is durable."""
        seconds = asyncio.get_running_loop().time() - task.sent_at if task.sent_at else None
        self.writer.decide(decision_of(task, found, wall=self.clock(), seconds=seconds, lost=lost), then)

    # --- unknown outcomes -------------------------------------------------------------------------

    def _lose(self, task: Task, found: Classification) -> None:
        """Makes an unknown outcome durable and has it looked up."""
        self._lookups.lose(task, found)
        if found.form is None:  # one that awaits a word for the form of its answer is no failure yet
            self._pause(self._watch.note(found))
        self._write(task, found, partial(self._look_up_in, task, 0.0), lost=not found.going_on)

    async def _resolve(self, task: Task) -> None:
        """Looks an item up, and does what follows from it."""
        lost = task.lost
        untried = lost is not None and lost.form is not None and not lost.asked
        step = await self._lookups.step(task)
        self._make_room()  # it may have been the last of those in doubt
        if untried and lost is not None and not _is_accepted(step):
            self._pause(self._watch.note(Classification(kind=Kind.FORM_NEW, detail=lost.said)))
        match step:
            case Decided(found, confirmed):
                self._pause(found.pause, found.cause)
                if found.state is not State.UNKNOWN:
                    self._pause(self._watch.note(found))
                self._decided(task, found)
                self._hurry(confirmed)
            case Again(seconds, failed):
                if failed is not None:
                    self._pause(failed.pause, failed.cause)
                self._look_up_in(task, seconds)
            case Send() if self._halt.is_set():
                self._close()
            case Send():
                await self._send(task)

    def _leave(self, task: Task, reason: str | None) -> None:
        """Leaves an item UNKNOWN for the next run, or for a person."""
        found = Classification(kind=Kind.EARLIER, detail=reason)
        self._write(task, found, partial(self._decided, task, found))

    def _may_send(self) -> bool:
        """Whether this run may still send invoices of which nothing is unknown."""
        if self._halt.is_set():
            return False
        return not self.exhausted or self._open > len(self._lookups.open)

    def _look_up_in(self, task: Task, seconds: float) -> None:
        if self._halt.is_set():
            self._close()
            return
        self._waiting.add(task, seconds)

    def _hurry(self, form: str | None) -> None:
        """Has those looked after at once whose answers had a form that is confirmed now."""
        if form is None:
            return
        for task in list(self._lookups.open.values()):
            if task.lost is not None and task.lost.form == form:
                self._waiting.hurry(task)

    def _make_room(self) -> None:
        """Lets nothing more in while too much is in doubt."""
        if len(self._waiting) >= UNKNOWN_ROOM or self._lookups.unconfirmed >= self._watch.limit:
            self._room.clear()
        else:
            self._room.set()

    # --- out --------------------------------------------------------------------------------------

    def _pause(self, reason: str | None, cause: CallError | None = None) -> None:
        """Pauses the job where there is a reason to; the first one is told."""
        if reason is not None and self.paused is None:
            self.paused, self.paused_by = reason, cause
            self._halted()

    def _close(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._idle.set()


def _known_so_far(journal: Journal) -> tuple[set[str], Doubt | None]:
    return set(journal.confirmed_forms()), journal.doubt()


def _may_be_there(admission: Admission, row: Row) -> bool:
    """Whether this was sent before, and is not there by no more than a gateway's word, or a list."""
    return row.attempts > 0 and (
        admission is Admission.CLAIMED or (admission is Admission.RETRIED and row.says_no)
    )


def _is_accepted(step: Step) -> bool:
    return isinstance(step, Decided) and step.classification.state is State.ACCEPTED


async def _end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
