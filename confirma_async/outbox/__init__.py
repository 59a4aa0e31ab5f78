"""The outbox of a service: each write exactly once, whatever dies in between.

``async with confirma.outbox() as outbox: await outbox.invoices.create(invoice)``. An outbox is a run in the
journal of the account: what it sends is known to every job, and the other way round.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from attrs import frozen

from confirma_async.bounds import Bounds
from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.models import JobArguments, JobOptions, Retry, State, Unknown
from confirma_async.bulk.placement import JournalSource
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.outbox.invoices import InvoiceDesk, InvoiceOutcome
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.session.pipeline import Pipeline

if TYPE_CHECKING:
    from confirma_async.bulk import Bulk
    from confirma_async.formats.models import ReadInvoice
    from confirma_async.schemas import SalesInvoiceRequest

__all__ = ["Outbox", "OutboxInvoices", "Wanted", "WriteOutcome"]

INPUT = "outbox"
"""What the list of runs shows as the input of an outbox."""

_UNSENT = "the run that took it in ended before its turn came"

logger: logging.Logger = logging.getLogger("confirma_async")


@frozen(kw_only=True)
class Wanted:
    """A write that surely was not sent, and is sent once it is given again.

    Attributes:
        subject: What it is: ``invoice 1042``.
        number: The invoice number.
        source: Where it was given: a place in a file, or ``outbox (order-4711)`` with the caller's key.
        why: Why it was not sent, in words.
    """

    subject: str
    number: int
    source: str
    why: str


class Outbox:
    """An outbox, as ``Confirma.outbox`` makes it; open within its ``async with`` block.

    Any number of tasks of its loop may use it at once. What they write shares commits, and each write goes on
    though the task that gave it is cancelled: give it again to learn what became of it.

    Attributes:
        invoices: The invoices.
    """

    def __init__(
        self, bulk: Bulk, pipeline: Pipeline, journal: JournalSource, target: str | None, options: JobOptions
    ) -> None:
        self._bulk = bulk
        self._pipeline = pipeline
        self._journal = journal
        self._target = target
        self._options = options
        self._run: AccountRun | None = None
        self._desk: InvoiceDesk | None = None
        self._closed = False
        self.invoices: OutboxInvoices = OutboxInvoices(self)

    # --- its life -----------------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        if self._closed or self._run is not None:
            raise ConfigurationError("an outbox is opened once; make a new one to go on")
        placement = await self._bulk.place(self._journal, target=self._target)
        writer = await JournalWriter.open(placement.open, self._pipeline.timeout)
        try:
            self._run = await AccountRun.begin(placement, self._pipeline, writer, inputs=[INPUT])
            self._desk = InvoiceDesk(self._run, self._options, self._tell)
            await self._desk.begin()
        except BaseException:
            self._run = self._desk = None
            await writer.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Send nothing new, wait for the end of what is under way, and close the journal.

        What waits for its turn is put back: whoever awaits it is told that it was not sent, and it is sent
        once it is given again. What is left is logged as a warning. Closing twice is fine.

        Raises:
            JournalError: the journal could not be written; the next run settles what is left.
        """
        run, desk, self._closed = self._run, self._desk, True
        self._run = self._desk = None
        if run is None or desk is None:
            return
        try:
            await desk.close()
            await self._end(run)
        finally:
            await run.writer.close()

    async def _end(self, run: AccountRun) -> None:
        await run.writer.run(lambda journal: journal.put_back(run.number))
        left = await run.writer.run(lambda journal: journal.open_counts(run.number))
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
        """What there is to say of the journal: that it is in doubt, or does not last."""
        return self._opened().warnings

    @property
    def journal(self) -> str:
        """What names the journal: the path of its file."""
        return self._opened().writer.name

    # --- what is open -------------------------------------------------------------------------------

    async def settle(self) -> Sequence[WriteOutcome[Any]]:
        """Look up now whatever has an unknown outcome, also that of earlier runs, and wait for the result.

        That happens in the background as well, with pauses that grow. A write that no list shows is left
        unknown until the settle time has passed and a witness of its absence is there, so that this may wait
        for as long as that time.

        Returns:
            How each of them stands now.

        Raises:
            JournalError: the journal cannot be read.
        """
        return await self._open_desk().settle()

    async def wanted(self) -> Sequence[Wanted]:
        """Return the invoices that surely were not sent, and are sent once they are given again.

        The journal holds no payloads: give each to ``invoices.create`` again, or run the job again that read
        it from a file.

        Raises:
            JournalError: the journal cannot be read.
        """
        return [
            Wanted(subject=str(row.key), number=row.key.number, source=row.source, why=row.detail or _UNSENT)
            for row in await self._open_desk().wanted()
        ]

    def _tell(self, told: WriteOutcome[Any]) -> None:
        """Takes note of a change that is durable."""

    def _opened(self) -> AccountRun:
        if self._run is None:
            when = "closed; make a new one" if self._closed else "not open; use it as a context manager"
            raise ConfigurationError(f"this outbox is {when}. Nothing was sent")
        return self._run

    def _open_desk(self) -> InvoiceDesk:
        self._opened()
        if self._desk is None:
            raise JournalError("the outbox is being opened")
        return self._desk

    def _checked_timeout(self, timeout: float | None) -> float | None:
        """Refuse a timeout beyond the latest end of a call by which the journal reckons."""
        if timeout is not None:
            Bounds(least=0, most=self._pipeline.timeout, above=True, of="seconds").check("timeout", timeout)
        return timeout


class OutboxInvoices:
    """``outbox.invoices``."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    async def create(
        self,
        request: SalesInvoiceRequest | ReadInvoice | Mapping[str, Any],
        *,
        validate: bool = True,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
        key: str | None = None,
        retry: Retry | str = Retry.NONE,
    ) -> InvoiceOutcome:
        """Send one invoice exactly once (POST ``/invoice``; contract §4, documented).

        It returns as soon as the outcome is durable, also where that is unknown; what is unknown is looked up
        from then on. The same invoice given again has the same outcome, and is sent once: also while it is
        under way, by another task, and after a crash.

        Args:
            request: The invoice, or a mapping of wire names, or one that a reader of files has read.
            validate: Whether to check the invoice against the rules that need no server.
            timeout: Seconds for the call, its wait for a turn included; at most the client's.
            headers: Headers to add.
            key: Your own name for it, which messages and the journal show: ``order-4711``. An invoice is
                known by its seller, type and number, whatever its key.
            retry: Whether an invoice that the service rejected before is sent again, under the same number:
                ``none``, if it has ``changed``, or ``all``.

        Raises:
            RequestInvalidError: the invoice breaks a rule, or the journal has other contents for it; nothing
                was sent.
            JournalError: the journal cannot be written; nothing is sent without it.
            ConfigurationError: the outbox is not open, or a number is out of its bounds.
        """
        desk = self._outbox._open_desk()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] (its other half)
        timeout = self._outbox._checked_timeout(timeout)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        return await desk.create(
            request, validate=validate, timeout=timeout, headers=headers, key=key, retry=Retry(retry)
        )


def options_of(settle_seconds: float, on_unknown: Unknown | str) -> JobOptions:
    """Return how the lookups of an outbox go; no rejections in a row stop it."""
    return JobOptions(
        settle_seconds=settle_seconds, on_unknown=Unknown(on_unknown), max_consecutive_rejections=None
    )
