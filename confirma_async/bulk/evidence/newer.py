"""Listed invoices that are newer than a journal's doubt: witnesses for what the journal never sent.

For what a journal never sent there may be no witness of its own, since nothing may be sent before it.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from attrs import define, field

from confirma_async.bulk.evidence.list_request import asked_list
from confirma_async.bulk.evidence.lists import WINDOW
from confirma_async.bulk.evidence.words import type_word, types_in
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionRecord, InvoiceType
from confirma_async.schemas.identity import InvoiceKey

MARGIN = datetime.timedelta(hours=1)
"""How much newer than the doubt a record must be: not all of a service need have one clock."""

ServiceTime: TypeAlias = Callable[[], Awaitable[float | None]]
"""Asks what the service's clock says; seconds since 1970, None where it does not say."""


@define
class Newer:
    """Asks for lists, again and again, until one shows an invoice that is newer than the doubt.

    Only the service's clock counts: this machine's clock may have been wrong when the doubt arose.

    Attributes:
        invoices: The resource to ask.
        pause: Seconds between two questions.
        ask_time: Asks for the service's time.
        keep: Writes the first time into the journal.
        since: The service's time in its first answer after the doubt arose; None while it is not known.
    """

    invoices: Invoices
    pause: float
    ask_time: ServiceTime
    keep: Callable[[float], Awaitable[None]]
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
            await self.keep(moment)
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
