"""How lists of distribution records are read, even where the service ignores filters (contract §5)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve

from confirma_async.pagination import OVERLAP, RecordSpec, may_be_cut
from confirma_async.schemas import (
    DistributionInformation,
    DistributionPage,
    DistributionPageMeta,
    DistributionRecord,
)
from confirma_async.schemas.drift import Drift

OF_OTHERS = Drift("the invoice number", "records of the number asked for alone", "records of other numbers")

Note = Callable[[Drift], None]


def reading_of(number: str | None, note: Note) -> RecordSpec[Any, DistributionRecord]:
    """Return how records are read, of an invoice number or, with None, of any.

    A number alone does not tell a record apart: a reminder has that of its invoice.
    """
    return RecordSpec[Any, DistributionRecord](
        records=lambda answer: of_number(answer.data, number, note),
        identity=lambda record: (
            record.invoice_number
            and (record.invoice_date or record.created_at)
            and (record.invoice_number, record.invoice_date, record.created_at)
        ),
        day=lambda record: record.invoice_date,
        missing=_missing,
        with_records=lambda answer, records: evolve(answer, data=tuple(records)),
    )


def of_number(
    records: Sequence[DistributionRecord], number: str | None, note: Note
) -> Sequence[DistributionRecord]:
    """Return the records that are of a number, or may be; all of them with None."""
    if number is None:
        return records
    own = [record for record in records if record.invoice_number is None or _is_of(record, number)]
    if len(own) == len(records):
        return records
    note(OF_OTHERS)
    return own


def is_outside(record: DistributionRecord, first: datetime.date | None, last: datetime.date | None) -> bool:
    """Say whether a record bears a date outside of a period, and not next to it."""
    day = record.invoice_date
    if day is None:
        return False
    return (first is not None and day < first - OVERLAP) or (last is not None and day > last + OVERLAP)


def is_last(answer: DistributionPage, count: int) -> bool:
    """Say whether no page follows.

    An empty page ends the list, and so does one that completes the total. One that is shorter than a page
    should be ends it, too, unless it may have been cut.

    Args:
        answer: The answer with the page.
        count: How many records there were so far, with this page; 0 where that is not known.
    """
    meta = answer.meta_data or DistributionPageMeta()
    here = len(answer.data)
    if not here:
        return True
    if meta.total_count is not None and meta.page is not None and meta.page_size == here:
        return meta.page * here >= meta.total_count
    if meta.total_count is not None and count:
        return count >= meta.total_count
    return meta.page_size is not None and here < meta.page_size and not may_be_cut(here)


def _is_of(record: DistributionRecord, number: str) -> bool:
    """Say whether a record is of a number, however the service spells it: ``0001042``, ``INV-1042``."""
    digits = "".join(filter(str.isdigit, record.invoice_number or ""))
    return digits.lstrip("0") == number.lstrip("0")


def _missing(answer: DistributionInformation) -> int | None:
    total = answer.meta_data.total_count if answer.meta_data else None
    return None if total is None else total - len(answer.data)
