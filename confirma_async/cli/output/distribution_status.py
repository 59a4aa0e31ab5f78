"""Asks the service for the status of a journal's invoices."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from attrs import frozen

from confirma_async.bulk import State
from confirma_async.bulk.journal_places import JournalPlace, reading
from confirma_async.client import Confirma

SHOWN_AT_MOST = 5000
"""The greatest number of invoices to ask for; a person could not read more."""


@frozen(kw_only=True)
class DistributionStatus:
    """The status of one invoice at the service."""

    number: int
    type: str
    status: str
    method: str | None
    detail: str | None


async def distribution_statuses(
    confirma: Confirma, path: JournalPlace, numbers: Collection[int]
) -> list[DistributionStatus] | None:
    """Ask for the distribution of accepted invoices; return None if there are too many to show.

    Args:
        confirma: The client to ask with.
        path: The journal, which knows the dates of the invoices.
        numbers: The numbers of the invoices.
    """
    if len(numbers) > SHOWN_AT_MOST:
        return None
    with reading(path) as journal:
        rows = [row for row in journal.rows(State.ACCEPTED) if row.key.number in numbers]
    if not rows:
        return []
    dates = [datetime.date.fromisoformat(row.key.date) for row in rows]
    answer = await confirma.invoices.distributions(from_date=min(dates), to_date=max(dates))
    records = {
        (record.invoice_number, str(record.invoice_date)): record
        for record in answer.data
        if record.status != "DUPLICATE"
    }
    statuses: list[DistributionStatus] = []
    for row in rows:
        record = records.get((str(row.key.number), row.key.date))
        statuses.append(
            DistributionStatus(
                number=row.key.number,
                type=row.key.type,
                status=str(record.status) if record and record.status else "not listed",
                method=str(record.method) if record and record.method else None,
                detail=record.error if record else None,
            )
        )
    return statuses
