"""What is listed that is newer than a journal's doubt: it stands in for witnesses of what was never sent.

For what a journal never sent there may be no witness of its own, since nothing may be sent before it.
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Sequence

from attrs import define, field

from confirma_async.bulk.classification import WINDOW
from confirma_async.bulk.items import InvoiceKey
from confirma_async.bulk.words import type_word, types_in
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import DistributionRecord, InvoiceType

MARGIN = datetime.timedelta(hours=1)
"""How much newer than the doubt a record must be: the service's clock need not be this one's."""


@define
class Newer:
    """Asks for what is listed, again and again while nothing newer is.

    Attributes:
        invoices: The resource to ask.
        since: When the doubt arose; seconds since 1970.
        pause: Seconds between two questions.
    """

    invoices: Invoices
    since: float
    pause: float
    _found: Sequence[DistributionRecord] = field(init=False, default=())
    _next_at: float = field(init=False, default=0.0)

    async def shows(self, key: InvoiceKey, today: datetime.date) -> bool:
        """Whether something is listed that is like an invoice, and surely newer than the doubt.

        Args:
            key: The invoice.
            today: The day.

        Raises:
            CallError: the list could not be asked.
        """
        now = asyncio.get_running_loop().time()
        if not self._shows(key) and now >= self._next_at:
            answer = await self.invoices.distributions(from_date=today - 2 * WINDOW, to_date=today + WINDOW)
            since = datetime.datetime.fromtimestamp(self.since, datetime.UTC) + MARGIN
            self._found = [record for record in answer.data if _is_after(record.created_at, since)]
            self._next_at = now + self.pause
        return self._shows(key)

    def _shows(self, key: InvoiceKey) -> bool:
        return any(_is_like(record, key) for record in self._found)


def _is_like(record: DistributionRecord, key: InvoiceKey) -> bool:
    """What ``witnesses.is_like`` says of an invoice, of a record: as far as it says what it is.

    Where records do not name their type, only invoices are taken to be among them.
    """
    types = types_in(record.extra) or [InvoiceType.INVOICE]
    dated = record.invoice_date is not None and record.invoice_date.isoformat() >= key.date
    return bool(key.date) and dated and all(told == type_word(key.type) for told in types)


def _is_after(moment: object, other: datetime.datetime) -> bool:
    return isinstance(moment, datetime.datetime) and moment.tzinfo is not None and moment > other
