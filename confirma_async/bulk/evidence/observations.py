"""Requests lists of the service: for an invoice, for its witnesses, for invoices newer than a doubt."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from attrs import define, field

from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.lists import WINDOW, LookupQuery, classify_list, days_around
from confirma_async.bulk.evidence.tasks import Lost
from confirma_async.bulk.evidence.witnesses import Witnesses
from confirma_async.bulk.evidence.words import type_word, types_in
from confirma_async.bulk.journal.records import AmbiguousMatches, Doubt
from confirma_async.bulk.models import Row
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import ConfigurationError, Phase, TransportError
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionInformation, DistributionRecord, InvoiceType
from confirma_async.schemas.identity import InvoiceKey

MOVED = 366
"""Days by which the date of an invoice may have changed since it was sent from a journal that was lost."""

MARGIN = datetime.timedelta(hours=1)
"""How much newer than the doubt a record must be: the machines of the service may have different clocks."""

ServiceTime: TypeAlias = Callable[[], Awaitable[float | None]]
"""Asks the service for its time: seconds since 1970; None where its answer names none."""


async def asked_list(
    invoices: Invoices, first: datetime.date, last: datetime.date, number: int | None = None
) -> DistributionInformation:
    """Request a list, and raise an error for anything in it that the contract does not describe.

    Args:
        invoices: The resource that requests it.
        first: The first invoice date, included.
        last: The last invoice date, included.
        number: The invoice number; None for invoices of any number.

    Raises:
        CallError: the list could not be requested, or the client's overrides do not allow it.
    """
    try:
        return await invoices.distributions(invoice_number=number, from_date=first, to_date=last, strict=True)
    except ConfigurationError as error:
        raise TransportError(f"the list cannot be asked: {error}", phase=Phase.NOT_SENT) from error


@define
class Newer:
    """Requests lists until one shows an invoice that is newer than a journal's doubt.

    A journal in doubt has no witness of its own for what it never sent. Such an invoice is one, and nothing
    may be sent before it is listed. Only the service's clock counts: this machine's clock may have been wrong
    when the doubt arose.

    Attributes:
        invoices: The resource that requests lists.
        pause: Seconds between two requests.
        ask_time: Asks for the service's time.
        writer: The journal, which keeps the first time that the service answered.
        since: The service's time in its first answer after the doubt arose; None while it is not known.
    """

    invoices: Invoices
    pause: float
    ask_time: ServiceTime
    writer: JournalWriter
    since: float | None = None
    _found: Sequence[DistributionRecord] = field(init=False, default=())
    _next_at: float = field(init=False, default=0.0)
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def shows(self, key: InvoiceKey) -> bool:
        """Say whether a record is listed that is like the invoice, and surely newer than the doubt.

        Raises:
            CallError: the service could not be asked.
            JournalError: the journal cannot be written.
        """
        async with self._lock:  # who comes while somebody asks has the same answer
            if not self._shows(key) and asyncio.get_running_loop().time() >= self._next_at:
                await self._ask()
                self._next_at = asyncio.get_running_loop().time() + self.pause
        return self._shows(key)

    async def _ask(self) -> None:
        moment = await self.ask_time()
        if moment is None:
            return
        if self.since is None:
            await self.writer.run(lambda journal: journal.trust.note_service_time(moment))
            self.since = moment
        today = _moment(moment).date()
        answer = await asked_list(self.invoices, today - 2 * WINDOW, today + WINDOW)
        since = _moment(self.since) + MARGIN
        self._found = [record for record in answer.data if _is_after(record.created_at, since)]

    def _shows(self, key: InvoiceKey) -> bool:
        return any(_is_like(record, key) for record in self._found)


def _moment(seconds: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _is_like(record: DistributionRecord, key: InvoiceKey) -> bool:
    """Say whether a listed record may serve as a witness for an invoice, by its type and its date.

    A record that does not name its type counts as an ordinary invoice.
    """
    types = types_in(record.extra) or [InvoiceType.INVOICE]
    dated = record.invoice_date is not None and record.invoice_date.isoformat() >= key.date
    return bool(key.date) and dated and all(said == type_word(key.type) for said in types)


def _is_after(moment: object, other: datetime.datetime) -> bool:
    return isinstance(moment, datetime.datetime) and moment.tzinfo is not None and moment > other


@define
class Observations:
    """Requests lists of the service, and remembers the witnesses that they have shown.

    Attributes:
        invoices: The resource that requests lists.
        writer: The journal, which keeps the service's time.
        settle_seconds: The settle time of the job.
        ask_time: Asks for the service's time.
        witnesses: The accepted invoices that the list was seen to show.
    """

    invoices: Invoices
    writer: JournalWriter
    settle_seconds: float
    ask_time: ServiceTime
    witnesses: Witnesses = field(init=False)
    _newer: Newer | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        settle = self.settle_seconds
        self.witnesses = Witnesses(self._shows, max(0.02, settle / 120), max(0.02, settle / 4))

    def begin_doubt(self, doubt: Doubt) -> None:
        """Begin to look for records that are newer than a doubt of the journal."""
        pause = max(1.0, self.settle_seconds)
        self._newer = Newer(self.invoices, pause, self.ask_time, self.writer, doubt.service_time)

    async def list_of(self, wanted: LookupQuery) -> DistributionInformation:
        """Request the list of one number, by the dates around the invoice's own; read it strictly.

        Raises:
            CallError: the list could not be asked.
        """
        return await asked_list(self.invoices, wanted.first, wanted.last, wanted.key.number)

    def dates_of(self, key: InvoiceKey, lost: Lost) -> Sequence[str]:
        """Return the other dates, in ISO 8601, that an invoice may have had when it was sent."""
        if lost.new and self._newer is not None:
            return days_around(key.date, MOVED)
        return (lost.sent_on,) if lost.sent_on else ()

    async def has_witness(self, key: InvoiceKey, lost: Lost, ended: int | None) -> bool:
        """Say whether the list shows a witness.

        Args:
            key: The key of the invoice that may have arrived.
            lost: What the run knows of it.
            ended: The place of the last attempt of all that had begun when its own had ended; None where that
                is not known.

        Raises:
            CallError: the list could not be asked.
        """
        if ended is not None and await self.witnesses.has(key, ended):
            return True
        return lost.new and self._newer is not None and await self._newer.shows(key)

    async def _shows(self, row: Row) -> bool:
        """Say whether the list shows an accepted invoice, whatever its status is there."""
        wanted = LookupQuery(row.key, row.amount)
        found = classify_list(await self.list_of(wanted), wanted, AmbiguousMatches())
        return found.kind in {EvidenceKind.LISTED, EvidenceKind.LISTED_IN_ERROR}


def loop_time() -> float:
    """Return the time of the running event loop in seconds, which no change of the system's clock affects."""
    return asyncio.get_running_loop().time()
