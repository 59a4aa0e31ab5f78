"""Sends invoices one at a time, for the tasks that give them, and brings each to its outcome once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.job.brake import Brake, end
from confirma_async.bulk.job.decisions import Decisions
from confirma_async.bulk.job.feeder import ELSEWHERE_PAUSE
from confirma_async.bulk.job.preparation import Record, prepare
from confirma_async.bulk.job.run_lookups import task_of
from confirma_async.bulk.job.sender import Sender
from confirma_async.bulk.job.task_pool import TaskPool
from confirma_async.bulk.journal.records import Admission, Admitted
from confirma_async.bulk.models import Entry, JobOptions, RefusedRecord, Verdict
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import CallError, JournalError, Problem, RequestInvalidError
from confirma_async.formats.models import Place, ReadInvoice
from confirma_async.outbox.events import WriteEvent
from confirma_async.outbox.gate import Gate
from confirma_async.outbox.held import ELSEWHERE, LOST, HeldWrites
from confirma_async.outbox.invoices.admissions import Admissions
from confirma_async.outbox.invoices.invoice_outcomes import (
    HeldInvoice,
    InvoiceOutcome,
    InvoiceOutcomes,
    differs,
    held_invoice,
)
from confirma_async.outbox.invoices.unknown_invoices import UnknownInvoices
from confirma_async.outbox.write_options import WriteOptions
from confirma_async.validation import Checks

_FULL = (
    "too many outcomes are unknown, or wait for the form of their answers to be confirmed; nothing new is "
    "sent until some of them are known"
)

_OTHER_SELLER = Problem(
    "$.invoice.parties.sellerParty",
    "outbox.seller",
    "the seller is none of those whose invoices this outbox takes; give it to the outbox of its account",
)


@define
class _DeskBrake(Brake):
    """Stops the sending only when the outbox closes: an error of a call concerns that call only."""

    gate: Gate

    def pause(self, reason: str | None, cause: CallError | None = None) -> None:  # noqa: ARG002 (its form)
        """Close the gate if the service rejected the key; other errors do not stop an outbox."""
        if cause is not None:
            self.gate.note(cause, self.gate.key)


@define(eq=False)
class InvoiceDesk:
    """The invoices of an open outbox.

    Attributes:
        run: The run of the outbox.
        options: The options of lookups.
        notify: Called with each change of an outcome, once it is durable.
        keep: Whether the journal keeps the payloads until they are final.
        sellers: The sellers whose invoices it accepts, in one spelling; None for any seller.
        held: The invoices that are under way here, or looked up.
        unknown: The invoices of earlier runs, which no caller has given to this one.
    """

    run: AccountRun
    options: JobOptions
    notify: Callable[[WriteEvent], object]
    keep: bool = False
    sellers: frozenset[str] | None = None
    _brake: _DeskBrake = field(init=False)
    _lookers: TaskPool = field(init=False)
    _decisions: Decisions = field(init=False)
    _sender: Sender = field(init=False)
    _admissions: Admissions = field(init=False)
    _gate: Gate = field(init=False)
    _outcomes: InvoiceOutcomes = field(init=False)
    held: HeldWrites[HeldInvoice] = field(init=False)
    unknown: UnknownInvoices = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.held = HeldWrites[HeldInvoice](self.notify)
        pipeline, writer = self.run.pipeline, self.run.writer
        self._gate = Gate(pipeline, CREATE_INVOICE)
        self._brake = _DeskBrake(self._gate)
        self.unknown = UnknownInvoices(
            self.held, writer, self.options.settle_seconds, self._bring_again, self._brake.halted.is_set
        )
        self._outcomes = InvoiceOutcomes(self.held, pipeline.converter, self._gate, self.unknown.look_again)
        half = max(1, pipeline.limiter.concurrency // 2)  # the rest is for what is new
        self._lookers = TaskPool(half, self._look_up)
        self._decisions = Decisions(
            run=self.run,
            options=self.options,
            listener=self._outcomes,
            pool=self._lookers,
            brake=self._brake,
            may_send=self._may_send,
        )
        self._sender = Sender(self._decisions)
        self._admissions = Admissions(writer, self.run.number, self.keep)
        writer.broken.add_done_callback(self._broke)

    async def begin(self) -> None:
        """Read what lookups need from the journal, and look up invoices that earlier runs left unknown."""
        await self._decisions.lookups.begin()
        await self.unknown.take_up()
        if self.keep:
            await self.unknown.send_kept()

    async def create(self, invoice: Record, how: WriteOptions, *, key: str | None) -> InvoiceOutcome:
        """Bring an invoice to its outcome; wait for the same invoice if it is under way already.

        Args:
            invoice: The invoice.
            how: How it is checked and sent.
            key: The caller's own name for it, for messages and the journal.

        Raises:
            RequestInvalidError: it breaks a rule, or the journal has other contents for it.
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        entry = self._entry(invoice, key, how.checks)
        held = self.held.get(entry.key)
        if held is None:
            held = self.held.hold(held_invoice(entry, key))
            self.held.begin(self._bring(held, how))
        elif held.entry.digest != entry.digest:
            raise differs(entry, str(held.entry.place), "under way")
        elif held.reported is not None:
            if held.task is not None and not held.task.entry.body:
                held.entry = held.task.entry = entry  # it can be sent again now, should that be right
            return evolve(held.reported, resumed=True)
        return await asyncio.shield(held.answer)

    def _entry(self, invoice: Record, key: str | None, checks: Checks) -> Entry:
        entry = prepare(invoice, 1, self.run.pipeline.converter, checks)
        if isinstance(entry, RefusedRecord):
            what = "the invoice" if entry.number is None else f"invoice {entry.number}"
            raise RequestInvalidError(what, entry.problems)
        if self.sellers is not None and entry.key.seller not in self.sellers:
            raise RequestInvalidError(f"invoice {entry.key.number}", [_OTHER_SELLER])
        if isinstance(invoice, ReadInvoice) and key is None:
            return entry
        return evolve(entry, place=Place("outbox" if key is None else f"outbox ({key})"))

    async def _bring(self, held: HeldInvoice, how: WriteOptions) -> None:
        """Bring an invoice to its first outcome, in a task that the cancellation of a caller does not end."""
        with self.held.answering(held):
            loop, halted = asyncio.get_running_loop(), self._brake.halted
            until = loop.time() + self.run.pipeline.timeout
            admitted = await self._admissions.admit(held.entry, how.retry)
            while admitted.admission is Admission.ELSEWHERE and not halted.is_set() and loop.time() < until:
                await asyncio.sleep(ELSEWHERE_PAUSE)
                admitted = await self._admissions.admit(held.entry, how.retry)
            await self._route(held, admitted, how)

    def _bring_again(self, held: HeldInvoice) -> None:
        self.held.begin(self._bring(held, WriteOptions()))

    async def _route(self, held: HeldInvoice, admitted: Admitted, how: WriteOptions) -> None:
        """Report an invoice that has an outcome, and send or look up any other.

        Raises:
            RequestInvalidError: the journal has other contents for it.
        """
        row = admitted.row
        match admitted.admission:
            case Admission.FINAL if row is not None:
                self.held.report(held, held.known(row, duplicate=row.duplicate))
            case Admission.CHANGED | Admission.CLASH if row is not None:
                raise differs(held.entry, row.source, row.state.name.lower())
            case Admission.ELSEWHERE:
                self.held.report(held, held.outcome(Verdict.UNKNOWN, detail=ELSEWHERE, resumed=True))
            case Admission.UNKNOWN:
                held.task = task_of(held.entry, admitted, self._decisions.lookups)
                detail = row.detail if row is not None else None
                self.held.report_unknown(
                    held, held.outcome(Verdict.UNKNOWN, detail=detail or LOST, resumed=True)
                )
                self.held.begin(self._lookers.hand(held.task))
            case _:
                held.task = task_of(held.entry, admitted, self._decisions.lookups)
                held.task.timeout, held.task.headers = how.timeout, how.headers
                await self._send(held.task)

    async def _send(self, task: Task) -> None:
        refusal = self._gate.passed()
        if refusal is not None:
            self._put_back(task, f"the key was refused just now: {refusal}", refusal)
        elif not self._decisions.room.is_set():
            self._put_back(task, _FULL)
        else:
            await self._sender.bring(task)

    def _put_back(self, task: Task, reason: str, cause: CallError | None = None) -> None:
        self._decisions.write(task, Classification(kind=EvidenceKind.NOT_SENT, detail=reason, cause=cause))

    def _may_send(self) -> bool:
        """Say whether invoices are under way that may become witnesses."""
        return bool(self.held.working)

    def _broke(self, broken: asyncio.Future[None]) -> None:
        """Fail all waiting callers and send nothing new: the journal cannot be written."""
        if broken.cancelled() or (error := broken.exception()) is None:
            return
        for held in self.held.all():
            self.held.fail(held, error)
        self._brake.stop_sending()

    async def _look_up(self, task: Task) -> None:
        """Look up an invoice of unknown outcome; an error of the journal is reported by the writer."""
        try:
            await self._sender.bring(task)
        except JournalError as error:
            self._outcomes.failed(task, error)

    async def close(self) -> None:
        """Put back the invoices that wait for their turn, and wait for the calls under way."""
        self._brake.stop_sending()
        await self.held.finish()
        await self._lookers.drained()
        await end(self._lookers.tasks)
