"""Requests lists of the service: for an invoice, for its witnesses, for invoices newer than a doubt."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from attrs import define, field

from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.list_request import asked_list
from confirma_async.bulk.evidence.lists import LookupQuery, classify_list, days_around
from confirma_async.bulk.evidence.newer import Newer, ServiceTime
from confirma_async.bulk.evidence.tasks import Lost
from confirma_async.bulk.evidence.witnesses import Witnesses
from confirma_async.bulk.journal.records import AmbiguousMatches, Doubt
from confirma_async.bulk.models import Row
from confirma_async.bulk.writer import JournalWriter
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionInformation
from confirma_async.schemas.identity import InvoiceKey

MOVED = 366
"""Days by which an invoice may have been dated anew since a journal that is lost had it sent."""


@define
class Observations:
    """Asks the service for lists, and remembers what they have shown.

    Attributes:
        invoices: The resource to ask.
        writer: The journal, which keeps the service's time.
        settle_seconds: The settle time of the job.
        ask_time: Asks for the service's time.
    """

    invoices: Invoices
    writer: JournalWriter
    settle_seconds: float
    ask_time: ServiceTime
    _witnesses: Witnesses = field(init=False)
    _newer: Newer | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        settle = self.settle_seconds
        self._witnesses = Witnesses(self._shows, max(0.02, settle / 120), max(0.02, settle / 4))

    def begin_doubt(self, doubt: Doubt) -> None:
        """Begin to look for records that are newer than a doubt of the journal."""
        pause = max(1.0, self.settle_seconds)
        self._newer = Newer(self.invoices, pause, self.ask_time, self._keep_time, doubt.service_time)

    async def _keep_time(self, moment: float) -> None:
        await self.writer.run(lambda journal: journal.trust.note_service_time(moment))

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

    def note_witnesses(self, rows: Sequence[Row]) -> None:
        """Remember accepted invoices that may be witnesses."""
        self._witnesses.note(rows)

    def may_have_witness(self, key: InvoiceKey, ended: int) -> bool:
        """Say whether a witness is known that the list may still show."""
        return self._witnesses.may_come(key, ended)

    async def has_witness(self, key: InvoiceKey, lost: Lost, ended: int | None) -> bool:
        """Say whether the list shows a witness.

        Args:
            key: The key of the invoice that may have arrived.
            lost: What is known of it.
            ended: Where its attempt had ended, in the order of all attempts; None where that is not known.

        Raises:
            CallError: the list could not be asked.
        """
        if ended is not None and await self._witnesses.has(key, ended):
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
