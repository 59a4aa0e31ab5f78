"""Reads the journal's writes that are no invoices."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.writes import WriteDecision, WriteRow
from confirma_async.bulk.models import State, digest_of
from confirma_async.outbox.held import LOST


def subject_of(row: WriteRow) -> str:
    """Return what a write is, in words: ``accounting.submit_ledger 2026-11``."""
    return f"{row.operation} {row.key}"


def find_here(journal: Journal, operation: str, key: str, run: int) -> WriteRow | None:
    """Return the write of a key; mark it unknown if this run was sending it and noted no answer."""
    row = journal.writes.find(operation, key)
    if row is not None and row.state is State.SENDING and row.run == run:
        lost = WriteDecision(id=row.id, state=State.UNKNOWN, detail=LOST, at=time.time())
        journal.writes.decide(lost, run)
        return journal.writes.find(operation, key)
    return row


def kept(journal: Journal) -> Iterator[tuple[WriteRow, bytes, Sequence[str]]]:
    """Return the writes that surely were not sent and whose bodies were kept, with their names.

    A body that was kept before a correction of the write is left out.
    """
    for row in [*journal.writes.rows(State.PENDING)]:
        body = journal.payloads.of_write(row.id)
        if body is not None and digest_of(body) == row.digest:
            yield row, body, journal.writes.names(row.id)
