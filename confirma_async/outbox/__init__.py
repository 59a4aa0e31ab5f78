"""The outbox of a service: each write exactly once, whatever dies in between.

``async with confirma.outbox() as outbox: await outbox.invoices.create(invoice)``. An outbox is a run in the
journal of the account: every job knows what the outbox has sent, and the outbox knows what jobs have sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from attrs import evolve, frozen

from confirma_async.bounds import Bounds
from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.models import JobOptions, Outcome, Retry, State, Unknown, Verdict
from confirma_async.bulk.placement import JournalSource
from confirma_async.bulk.reporting.report import Report
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE
from confirma_async.converters import Converter
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.formats.actions import ReadAction
from confirma_async.outbox.action_batches import ActionBatch, BeginReading, checked_actions
from confirma_async.outbox.events import EventStream, WriteEvent
from confirma_async.outbox.invoices.desk import InvoiceDesk
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.resources import OutboxAccounting, OutboxInvoices, OutboxOnboarding
from confirma_async.outbox.write_options import WriteArguments, WriteOptions
from confirma_async.outbox.writes.desk import WriteDesk
from confirma_async.schemas import ActionsReceipt
from confirma_async.schemas.identity import same_seller
from confirma_async.session.closing import AsyncClosing
from confirma_async.session.hooks import OutboxState
from confirma_async.session.pipeline import Pipeline
from confirma_async.validation import Checks, Validate

if TYPE_CHECKING:
    from confirma_async.bulk import Bulk

__all__ = [
    "EventStream",
    "Outbox",
    "OutboxAccounting",
    "OutboxInvoices",
    "OutboxOnboarding",
    "Wanted",
    "WriteArguments",
    "WriteEvent",
    "WriteOptions",
    "WriteOutcome",
]

INPUT = "outbox"
"""What the list of runs shows as the input of an outbox."""

FORGOTTEN_AFTER = 1.0
"""Seconds after which payloads that were kept are removed, at the latest, once they are final."""

_UNSENT = "the run that took it in ended before its turn came"

_FOUND_OUT = {
    Verdict.ACCEPTED: State.ACCEPTED,
    Verdict.REJECTED: State.REJECTED,
    Verdict.NOT_SENT: State.PENDING,
}
"""The states that a person may find a write to be in."""

logger: logging.Logger = logging.getLogger("confirma_async")


@frozen(kw_only=True)
class Wanted:
    """A write that surely was not sent. It is sent when the caller gives it again.

    Attributes:
        operation: The name of its operation: ``invoices.create``.
        subject: What it is, in words: ``invoice 1042``.
        key: The invoice number; of another write its key.
        source: Where it came from: a place in a file, or ``outbox (order-4711)`` with the caller's key.
        why: Why it was not sent, in words.
    """

    operation: str
    subject: str
    key: str
    source: str
    why: str


class Outbox(AsyncClosing):
    """An outbox, as ``Confirma.outbox`` makes it; open within its ``async with`` block.

    Any number of tasks of its event loop may use it at once; their writes share commits. A write goes on even
    if the task that gave it is cancelled: give it again to learn its outcome.

    Attributes:
        invoices: Invoices, and actions on them.
        accounting: Ledgers and payments.
        onboarding: Clients.
    """

    def __init__(
        self,
        bulk: Bulk,
        pipeline: Pipeline,
        journal: JournalSource,
        target: str | None,
        options: JobOptions,
        *,
        keep_payloads: bool = False,
        sellers: Iterable[str] | None = None,
        inputs: Iterable[str] = (),
    ) -> None:
        self._bulk = bulk
        self._pipeline = pipeline
        self._journal = journal
        self._target = target
        self._options = options
        self._keep = keep_payloads
        self._sellers = None if sellers is None else frozenset(map(same_seller, sellers))
        self._inputs = tuple(inputs) or (INPUT,)
        self._forgetting: asyncio.Task[None] | None = None
        self._run: AccountRun | None = None
        self._desks: tuple[InvoiceDesk, WriteDesk] | None = None
        self._closed = False
        self._streams = WeakSet[EventStream]()
        self.invoices: OutboxInvoices = OutboxInvoices(self)
        self.accounting: OutboxAccounting = OutboxAccounting(self)
        self.onboarding: OutboxOnboarding = OutboxOnboarding(self)

    # --- its life -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._closed or self._run is not None:
            raise ConfigurationError("an outbox is opened once; make a new one to go on")
        placement = await self._bulk.place(self._journal, target=self._target)
        writer = await JournalWriter.open(placement.open, self._pipeline.timeout, awaited=True)
        try:
            self._run = await AccountRun.begin(placement, self._pipeline, writer, inputs=self._inputs)
            invoices = InvoiceDesk(
                self._run, self._options, self._notify, keep=self._keep, sellers=self._sellers
            )
            writes = WriteDesk(self._run, self._options.settle_seconds, self._notify, self._keep)
            await self._run.writer.run(_forget)
            await invoices.begin()
            await writes.begin()
            self._desks = invoices, writes
            self._forgetting = asyncio.create_task(self._forget()) if self._keep else None
            self._pipeline.hooks.outbox_opened(self._state)
        except BaseException:
            self._run = None
            await writer.close()
            raise
        return self

    async def aclose(self) -> None:
        """Send nothing new, wait for the writes under way, and close the journal.

        Writes that wait for their turn are put back: their callers get the outcome that they were not sent,
        and they are sent once they are given again. Open writes are logged as a warning. Closing twice is
        fine.

        Raises:
            JournalError: the journal could not be written; the next run settles the open writes.
        """
        run, desks, self._closed = self._run, self._desks, True
        self._run = self._desks = None
        if run is None or desks is None:
            return
        self._pipeline.hooks.outbox_closed(self._state)
        try:
            for desk in desks:
                await desk.close()
            await run.writer.run(_forget)
            await self._end(run)
        finally:
            if self._forgetting is not None:
                self._forgetting.cancel()
            for stream in tuple(self._streams):
                stream.end()
            await run.writer.close()

    async def _forget(self) -> None:
        """Remove the payloads of final writes from time to time."""
        writer = self._opened().writer
        while True:
            await asyncio.sleep(FORGOTTEN_AFTER)
            with contextlib.suppress(JournalError):  # raised for whoever writes next
                await writer.run(_forget)

    async def _end(self, run: AccountRun) -> None:
        left = await run.writer.run(lambda journal: _left(journal, run.number))
        unknown, pending = left[State.UNKNOWN] + left[State.SENDING], left[State.PENDING]
        ending = f"not finished: {unknown} unknown, {pending} pending" if unknown or pending else "finished"
        await run.end(ending)
        if unknown or pending:
            logger.warning(
                "the outbox was closed with %d writes not sent and %d of unknown outcome; the journal %s has "
                "them",
                pending,
                unknown,
                run.writer.name,
            )

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about the journal, such as that it is in doubt, or does not last."""
        return self._opened().warnings

    @property
    def journal(self) -> str:
        """The name of the journal, which is the path of its file."""
        return self._opened().writer.name

    # --- what is open -------------------------------------------------------------------------------

    async def settle(self) -> Sequence[WriteOutcome[Any]]:
        """Look up now every write of unknown outcome, also those of earlier runs, and wait for the results.

        The outbox also looks them up in the background, with growing pauses. A write that no list shows stays
        unknown until the settle time has passed and a witness of its absence is listed. So this call can take
        as long as the settle time.

        Returns:
            The outcome of each of them now.

        Raises:
            JournalError: the journal cannot be read.
        """
        return [*await self.invoice_desk().unknown.settle(), *await self.write_desk().settle()]

    async def wanted(self) -> Sequence[Wanted]:
        """Return the invoices that surely were not sent, and that are sent once they are given again.

        The journal holds no payloads: give each to ``invoices.create`` again, or run the job again that read
        it from a file.

        Raises:
            JournalError: the journal cannot be read.
        """
        invoices = [
            Wanted(
                operation=CREATE_INVOICE.name, subject=str(row.key), key=str(row.key.number),
                source=row.source, why=row.detail or _UNSENT,
            )
            for row in await self.invoice_desk().unknown.wanted()
        ]  # fmt: skip
        return invoices + [
            Wanted(
                operation=row.operation, subject=f"{row.operation} {row.key}", key=row.key, source=INPUT,
                why=row.detail or _UNSENT,
            )
            for row in await self.write_desk().wanted()
        ]  # fmt: skip

    async def submit_actions(
        self,
        read: BeginReading,
        *,
        validate: Validate = True,
        allow: Iterable[str] = (),
        retry: Retry | str = Retry.NONE,
        stop: asyncio.Event | None = None,
        on_outcome: Callable[[Outcome], object] | None = None,
    ) -> Report:
        """Send the actions of a file, each exactly once under its key; the same call again resumes.

        Each action is a request of its own. Once all were sent, those of unknown outcome are looked up once.

        Args:
            read: Begins to read the file: ``lambda: read_actions("actions.csv")``. It is read twice.
            validate: Whether to check the actions against the rules that need no server, or ``"strict"``.
            allow: Rules that may be broken, by their ids.
            retry: Which actions that the service rejected before are sent again: ``none``, those that have
                ``changed``, or ``all``.
            stop: An event that, once set, ends the run after the calls under way.
            on_outcome: Called with each outcome, after it is durable; its ``number`` is the action's key.

        Raises:
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open.
        """
        checks, allowed = Checks(validate, allow), tuple(allow)

        async def give(record: ReadAction) -> WriteOutcome[ActionsReceipt]:
            return await self.invoices.create_actions(
                [record.action], key=record.key, validate=validate, allow=allowed, retry=retry
            )

        batch = ActionBatch(
            give=give,
            settle=self.write_desk().settle,
            width=self._pipeline.limiter.concurrency,
            stop=stop or asyncio.Event(),
            on_outcome=on_outcome or _ignore,
        )
        run = self._opened()
        report = await batch.run(checked_actions(read, self.converter, checks), run.writer.name)
        return evolve(report, run=run.number, warnings=tuple(run.warnings), allowed=allowed)

    def events(self) -> EventStream:
        """Return the changes of state from now on: accepted, rejected, unknown, settled later, not sent.

        Each comes after it is durable. A slow listener does not slow the outbox down: ``missed`` counts the
        events that it has lost.

        Raises:
            ConfigurationError: the outbox is not open.
        """
        self._opened()
        stream = EventStream(self._streams.discard)
        self._streams.add(stream)
        return stream

    async def resolve(self, operation: str, key: str, verdict: Verdict | str, *, because: str) -> None:
        """Write what a person found out about a write that is no invoice.

        Invoices are resolved by ``confirma resolve``.

        Args:
            operation: The name of its operation: ``accounting.submit_ledger``.
            key: The key of the write.
            verdict: ``accepted`` if the service has it, which confirms the form of its answer as well;
                ``rejected`` if it is in error; ``not sent`` if it surely is not there: it is sent once it is
                given again.
            because: How the person knows, in words; the journal keeps it.

        Raises:
            ConfigurationError: there is no such write, its outcome is not unknown, or the verdict is another.
            JournalError: the journal cannot be written; or the write may still arrive, and anything but
                ``accepted`` is said of it: look again after the time that the message names.
        """
        state = _FOUND_OUT.get(Verdict(verdict))
        if state is None:
            raise ConfigurationError("verdict must be accepted, rejected or not sent")
        await self.write_desk().resolve(operation, key, state, because)

    # --- for the verbs ------------------------------------------------------------------------------

    def invoice_desk(self) -> InvoiceDesk:
        """See ``Desks``."""
        return self._open_desks()[0]

    def write_desk(self) -> WriteDesk:
        """See ``Desks``."""
        return self._open_desks()[1]

    @property
    def converter(self) -> Converter:
        """Reads and writes the schemas as dicts and JSON."""
        return self._pipeline.converter

    def _notify(self, operation: str, outcome: WriteOutcome[Any], *, settled: bool) -> None:
        """Put a durable change into the event streams."""
        if not self._streams:
            return
        event = WriteEvent(
            operation=operation, subject=outcome.subject, key=outcome.key, verdict=outcome.verdict,
            settled=settled, detail=outcome.detail, at=time.time(),
        )  # fmt: skip
        for stream in tuple(self._streams):
            stream.put(event)

    def _state(self) -> OutboxState:
        """Return the writes that are open here; any thread may call this."""
        desks = self._desks or ()
        since = [moment for desk in desks for moment in desk.held.open_since()]
        unknown = sum(desk.held.count_unknown() for desk in desks)
        return OutboxState(under_way=len(since) - unknown, unknown=unknown, since=min(since, default=None))

    def _opened(self) -> AccountRun:
        if self._run is None:
            when = "closed; make a new one" if self._closed else "not open; use it as a context manager"
            raise ConfigurationError(f"this outbox is {when}. Nothing was sent")
        return self._run

    def _open_desks(self) -> tuple[InvoiceDesk, WriteDesk]:
        self._opened()
        if self._desks is None:
            raise ConfigurationError("this outbox is being opened")
        return self._desks

    def checked_timeout(self, timeout: float | None) -> float | None:
        """See ``Desks``: refuse a timeout that is longer than the longest call of this run."""
        if timeout is not None:
            Bounds(least=0, most=self._pipeline.timeout, above=True, of="seconds").check("timeout", timeout)
        return timeout


def options_of(settle_seconds: float, on_unknown: Unknown | str) -> JobOptions:
    """Return how the lookups of an outbox go; no rejections in a row stop it.

    Raises:
        ConfigurationError: a number is out of its bounds, or ``on_unknown`` is no word for it.
    """
    if on_unknown not in {*Unknown, *(one.value for one in Unknown)}:
        raise ConfigurationError("on_unknown must be hold or resend")
    return JobOptions(
        settle_seconds=settle_seconds, on_unknown=Unknown(on_unknown), max_consecutive_rejections=None
    )


def _ignore(_outcome: Outcome) -> None:
    pass


def _forget(journal: Journal) -> None:
    journal.payloads.forget_final()


def _left(journal: Journal, run: int) -> Counter[State]:
    """Put back the writes that a run has claimed, and count those that it leaves open, by state."""
    journal.runs.put_back(run)
    journal.writes.put_back(run)
    return Counter(dict(journal.figures.open_counts(run))) + Counter(dict(journal.writes.counts(run)))
