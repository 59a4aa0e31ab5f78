"""Looking up an invoice that may have arrived, and how far to believe what is found, or not found."""

from __future__ import annotations

import datetime
import enum

from attrs import frozen

from confirma_async.bulk.items import InvoiceKey
from confirma_async.bulk.journal import Rivals
from confirma_async.resources.invoices import Invoices
from confirma_async.schemas import (
    DistributionInformation,
    DistributionRecord,
    InvoiceStatus,
    InvoiceType,
)

MARGIN = datetime.timedelta(days=1)
"""Asked for on both sides of the invoice's date, in case a time zone moves it."""


class Finding(enum.Enum):
    """What a lookup says."""

    PRESENT = "present"
    ABSENT = "absent"
    UNSURE = "unsure"
    """The answer cannot decide it; a person must."""


@frozen
class Lookup:
    """The result of looking an invoice up.

    Attributes:
        finding: Whether it is there.
        record: The record that shows it.
        reason: Why it cannot be decided.
    """

    finding: Finding
    record: DistributionRecord | None = None
    reason: str | None = None


async def look_up(invoices: Invoices, key: InvoiceKey, *, rivals: Rivals) -> Lookup:
    """Looks for an invoice in the distribution information.

    Args:
        invoices: The resource to ask.
        key: The invoice.
        rivals: What else was sent under the same number.

    Raises:
        CallError: the lookup itself failed; nothing is known.
    """
    date = datetime.date.fromisoformat(key.date)
    answer = await invoices.distributions(
        invoice_number=key.number, from_date=date - MARGIN, to_date=date + MARGIN
    )
    return judge(answer, key, rivals=rivals)


def judge(answer: DistributionInformation, key: InvoiceKey, *, rivals: Rivals) -> Lookup:
    """Decides what an answer says about an invoice.

    The names of the query are provisional: a service that ignores them would answer about other invoices.
    So absence is believed only when the answer itself confirms the filters and is complete.
    """
    number, date = str(key.number), datetime.date.fromisoformat(key.date)
    found = [record for record in answer.data if record.invoice_number == number]
    if found:
        return _present(found, key, date, rivals=rivals)
    return _absent(answer, number, date)


def _absent(answer: DistributionInformation, number: str, date: datetime.date) -> Lookup:
    meta = answer.meta_data
    filters = meta.filters_applied if meta else None
    if any(record.invoice_number is None for record in answer.data):
        return _unsure("the answer holds records without an invoice number; is its name another one?")
    if meta is None or filters is None:
        return _unsure("the answer does not say which filters were applied")
    if filters.invoice_number not in {None, number}:
        return _unsure("the answer is about another invoice number")
    if filters.invoice_number == number and meta.total_count:
        return _unsure("the answer counts records of this number, but none of them bears it")
    covers = (
        filters.from_inv_date is not None
        and filters.to_inv_date is not None
        and filters.from_inv_date <= date <= filters.to_inv_date
    )
    if not covers:
        return _unsure("the answer does not confirm the window of dates asked for")
    if meta.total_count is None or meta.total_count > len(answer.data):
        return _unsure("the answer does not hold all records that it counts")
    return Lookup(Finding.ABSENT)


def _present(
    found: list[DistributionRecord], key: InvoiceKey, date: datetime.date, *, rivals: Rivals
) -> Lookup:
    if key.type == InvoiceType.REMINDER:
        return _unsure("a reminder bears its invoice's number, so the record may be the invoice's")
    if rivals.others:
        return _unsure("the job sent another document under the same number")
    if any(record.invoice_date != date for record in found):
        return _unsure("there is a record of this number, but with another date or none")
    if rivals.former:  # rejected before, and sent again: what is in error may be what was rejected
        found = [record for record in found if record.status != InvoiceStatus.ERROR]
        if not found:
            return _unsure("the record in error may be that of the attempt that was rejected before")
    first = [record for record in found if record.status != InvoiceStatus.DUPLICATE] or found
    if len({record.status == InvoiceStatus.ERROR for record in first}) > 1:
        return _unsure("there are several records of this number, in error and not in error")
    return Lookup(Finding.PRESENT, first[0])


def _unsure(reason: str) -> Lookup:
    return Lookup(Finding.UNSURE, reason=reason)
