"""The outbox of a service: each write exactly once, whatever dies in between.

``async with confirma.outbox() as outbox: await outbox.invoices.create(invoice)``. An outbox is a run in the
journal of the account: every job knows what the outbox has sent, and the outbox knows what jobs have sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from attrs import evolve, frozen

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.models import JobOptions, Outcome, Retry, State, Unknown, Verdict
from confirma_async.bulk.placement import JournalSource
from confirma_async.bulk.reporting.report import Report
from confirma_async.bulk.writer import JournalWriter
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError
from confirma_async.formats.actions import ReadAction
from confirma_async.outbox.action_batches import ActionBatch, BeginReading, checked_actions
from confirma_async.outbox.events import EventStream, WriteEvent
from confirma_async.outbox.opened import OpenOutbox
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.resources import OutboxAccounting, OutboxInvoices, OutboxOnboarding
from confirma_async.outbox.write_options import WriteArguments, WriteOptions
from confirma_async.schemas import ActionsReceipt
from confirma_async.schemas.identity import same_seller
from confirma_async.session.closing import AsyncClosing
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

_UNSENT = "the run that took it in ended before its turn came"

_FOUND_OUT = {
    Verdict.ACCEPTED: State.ACCEPTED,
    Verdict.REJECTED: State.REJECTED,
    Verdict.NOT_SENT: State.PENDING,
}
"""The states that a person may find a write to be in."""


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
        options: JobOptions,
        *,
        keep_payloads: bool = False,
        sellers: Iterable[str] | None = None,
    ) -> None:
        self._bulk = bulk
        self._pipeline = pipeline
        self._journal = journal
        self._options = options
        self._keep = keep_payloads
        self._sellers = None if sellers is None else frozenset(map(same_seller, sellers))
        self._open: OpenOutbox | None = None
        self._opening = False
        self._closed = False
        self.invoices: OutboxInvoices = OutboxInvoices(self.opened)
        self.accounting: OutboxAccounting = OutboxAccounting(self.opened)
        self.onboarding: OutboxOnboarding = OutboxOnboarding(self.opened)

    async def __aenter__(self) -> Self:
        if self._closed or self._opening or self._open is not None:
            raise ConfigurationError("an outbox is opened once; make a new one to go on")
        self._opening = True
        try:
            placement = await self._bulk.place(self._journal, target=self._options.target)
            writer = await JournalWriter.open(placement.open, self._pipeline.timeout, awaited=True)
            try:
                run = await AccountRun.begin(placement, self._pipeline, writer, self._options)
                opened = OpenOutbox(run, self._options, keep=self._keep, sellers=self._sellers)
                await opened.begin()
            except BaseException:
                await writer.close()
                raise
            self._open = opened
        finally:
            self._opening = False
        return self

    async def aclose(self) -> None:
        """Send nothing new, wait for the writes under way, and close the journal.

        Writes that wait for their turn are put back: their callers get the outcome that they were not sent,
        and they are sent once they are given again. Open writes are logged as a warning. Closing twice is
        fine.

        Raises:
            JournalError: the journal could not be written; the next run releases or looks up the open writes.
        """
        opened, self._open, self._closed = self._open, None, True
        if opened is not None:
            await opened.close()

    @property
    def warnings(self) -> Sequence[str]:
        """Warnings about the journal, such as that it is in doubt, or does not last."""
        return self.opened().run.warnings

    @property
    def journal(self) -> str:
        """The name of the journal, which is the path of its file."""
        return self.opened().run.writer.name

    async def look_up(self) -> Sequence[WriteOutcome[Any]]:
        """Look up now every write of unknown outcome, also those of earlier runs, and wait for the results.

        The outbox also looks them up in the background, with growing pauses. A write that no list shows stays
        unknown until the settle time has passed and a witness of its absence is listed. So this call can take
        as long as the settle time.

        Returns:
            The outcome of each of them now.

        Raises:
            JournalError: the journal cannot be read.
        """
        opened = self.opened()
        return [*await opened.invoices.unknown.look_up(), *await opened.writes.look_up()]

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
            for row in await self.opened().invoices.unknown.wanted()
        ]  # fmt: skip
        return invoices + [
            Wanted(
                operation=row.operation, subject=f"{row.operation} {row.key}", key=row.key, source=INPUT,
                why=row.detail or _UNSENT,
            )
            for row in await self.opened().writes.wanted()
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
            look_up=self.opened().writes.look_up,
            width=self._pipeline.limiter.concurrency,
            stop=stop or asyncio.Event(),
            on_outcome=on_outcome or _ignore,
        )
        run = self.opened().run
        report = await batch.run(checked_actions(read, self._pipeline.converter, checks), run.writer.name)
        return evolve(report, run=run.number, warnings=tuple(run.warnings), allowed=allowed)

    def events(self) -> EventStream:
        """Return the changes of state from now on: accepted, rejected, unknown, decided later, not sent.

        Each comes after it is durable. A slow listener does not slow the outbox down: ``missed`` counts the
        events that it has lost.

        Raises:
            ConfigurationError: the outbox is not open.
        """
        return self.opened().events()

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
        await self.opened().writes.resolve(operation, key, state, because)

    def opened(self) -> OpenOutbox:
        """Return what the outbox has while it is open.

        Raises:
            ConfigurationError: it is not open.
        """
        if self._open is None:
            when = "closed; make a new one" if self._closed else "not open; use it as a context manager"
            raise ConfigurationError(f"this outbox is {when}. Nothing was sent")
        return self._open


def options_of(
    settle_seconds: float, on_unknown: Unknown | str, inputs: Iterable[str], target: str | None
) -> JobOptions:
    """Return how the run of an outbox is described, and its lookups go; no rejections in a row stop it.

    Raises:
        ConfigurationError: a number is out of its bounds, or ``on_unknown`` is no word for it.
    """
    if on_unknown not in {*Unknown, *(one.value for one in Unknown)}:
        raise ConfigurationError("on_unknown must be hold or resend")
    return JobOptions(
        settle_seconds=settle_seconds,
        on_unknown=Unknown(on_unknown),
        max_consecutive_rejections=None,
        target=target,
        inputs=tuple(inputs) or (INPUT,),
    )


def _ignore(_outcome: Outcome) -> None:
    pass
