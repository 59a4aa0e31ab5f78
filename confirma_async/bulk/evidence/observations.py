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
"""Days by which an invoice may have been dated anew since a journal that is lost had it sent."""

MARGIN = datetime.timedelta(hours=1)
"""How much newer than the doubt a record must be: not all of a service need have one clock."""

ServiceTime: TypeAlias = Callable[[], Awaitable[float | None]]
"""Asks what the service's clock says; seconds since 1970, None where it does not say."""


async def asked_list(
    invoices: Invoices, first: datetime.date, last: datetime.date, number: int | None = None
) -> DistributionInformation:
    """Ask for a list, and raise an error for anything in it that the contract does not describe.

    Args:
        invoices: The resource to ask.
        first: The first invoice date, included.
        last: The last invoice date, included.
        number: The invoice number; any with None.

    Raises:
        CallError: the list could not be asked, also where the client's overrides do not allow it.
    """
    try:
        return await invoices.distributions(invoice_number=number, from_date=first, to_date=last, strict=True)
    except ConfigurationError as error:
        raise TransportError(f"the list cannot be asked: {error}", phase=Phase.NOT_SENT) from error


@define
class Newer:
    """Asks for lists, again and again, until one shows an invoice that is newer than a journal's doubt.

    That is a witness for what the journal never sent, which has none of its own: nothing may be sent before.
    Only the service's clock counts: this machine's clock may have been wrong when the doubt arose.

    Attributes:
        invoices: The resource to ask.
        pause: Seconds between two questions.
        ask_time: Asks for the service's time.
        writer: The journal, which keeps the first time.
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
    """Say whether a listed record is like an invoice, as ``witnesses.is_like`` does for an invoice.

    A record that does not name its type counts as an ordinary invoice.
    """
    types = types_in(record.extra) or [InvoiceType.INVOICE]
    dated = record.invoice_date is not None and record.invoice_date.isoformat() >= key.date
    return bool(key.date) and dated and all(said == type_word(key.type) for said in types)


def _is_after(moment: object, other: datetime.datetime) -> bool:
    return isinstance(moment, datetime.datetime) and moment.tzinfo is not None and moment > other


@define
class Observations:
    """Asks the service for lists, and remembers what they have shown.

    Attributes:
        invoices: The resource to ask.
        writer: The journal, which keeps the service's time.
        settle_seconds: The settle time of the job.
        ask_time: Asks for the service's time.
        witnesses: Which accepted invoices it has seen the list show.
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
        """Ask for the list of one number, over a window of dates around the invoice's own; read it strictly.

        Raises:
            CallError: the list could not be asked.
        """
        return await asked_list(self.invoices, wanted.first, wanted.last, wanted.key.number)

    def dates_of(self, key: InvoiceKey, lost: Lost) -> Sequence[str]:
        """Return the dates other than its own, in ISO 8601, that an invoice may have had when it was sent."""
        if lost.new and self._newer is not None:
            return days_around(key.date, MOVED)
        return (lost.sent_on,) if lost.sent_on else ()

    async def has_witness(self, key: InvoiceKey, lost: Lost, ended: int | None) -> bool:
        """Say whether the list shows a witness.

        Args:
            key: The key of the invoice that may have arrived.
            lost: What is known of it.
            ended: Where its attempt had ended, in the order of all attempts; None where that is not known.

        Raises:
            CallError: the list could not be asked.
        """
        if ended is not None and await self.witnesses.has(key, ended):
            return True
        return lost.new and self._newer is not None and await self._newer.shows(key)

    async def _shows(self, row: Row) -> bool:
        """Say whether the list shows an accepted invoice, in whatever status."""
        wanted = LookupQuery(row.key, row.amount)
        found = classify_list(await self.list_of(wanted), wanted, AmbiguousMatches())
        return found.kind in {EvidenceKind.LISTED, EvidenceKind.LISTED_IN_ERROR}


def loop_time() -> float:
    """Return the time of the running loop in seconds; a change of the system's clock does not affect it."""
    return asyncio.get_running_loop().time()
