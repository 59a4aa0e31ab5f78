"""Where the invoices of a journal stand at the service."""

from __future__ import annotations

import datetime
from pathlib import Path

from attrs import frozen

from confirma_async.bulk import State
from confirma_async.bulk.numbers import renumbered
from confirma_async.bulk.sqlite_journal import reading
from confirma_async.client import Confirma
from confirma_async.formats import Identity

SHOWN_AT_MOST = 5000
"""Invoices asked for in one listing; beyond that the answer would say little to a person."""


@frozen(kw_only=True)
class Standing:
    """What the service says of one invoice."""

    number: int
    type: str
    status: str
    method: str | None
    detail: str | None


def numbers_of(path: Path) -> dict[Identity, int]:
    """The whole numbers given to documents whose own number is none."""
    with reading(path) as journal:
        return renumbered(journal.numbered())


async def standing(confirma: Confirma, path: Path) -> list[Standing] | None:
    """Asks for the distribution of every accepted invoice; None when there are too many to show."""
    with reading(path) as journal:
        if journal.counts()[State.ACCEPTED] > SHOWN_AT_MOST:
            return None
        rows = list(journal.rows(State.ACCEPTED))
    if not rows:
        return []
    dates = [datetime.date.fromisoformat(row.key.date) for row in rows]
    answer = await confirma.invoices.distributions(from_date=min(dates), to_date=max(dates))
    records = {
        (record.invoice_number, str(record.invoice_date)): record
        for record in answer.data
        if record.status != "DUPLICATE"
    }
    told: list[Standing] = []
    for row in rows:
        record = records.get((str(row.key.number), row.key.date))
        told.append(
            Standing(
                number=row.key.number,
                type=row.key.type,
                status=str(record.status) if record and record.status else "not listed",
                method=str(record.method) if record and record.method else None,
                detail=record.error if record else None,
            )
        )
    return told
