"""What an outbox makes of the journal's other writes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.writes import WriteDecision, WriteRow
from confirma_async.bulk.models import State, digest_of
from confirma_async.outbox.held import LOST


def subject_of(row: WriteRow) -> str:
    """Return what a write is, for people."""
    return f"{row.operation} {row.key}"


def find_here(journal: Journal, operation: str, key: str, run: int) -> WriteRow | None:
    """Return a write that a run looks for; where its answer could not be noted, it is unknown from now on."""
    row = journal.writes.find(operation, key)
    if row is not None and row.state is State.SENDING and row.run == run:
        lost = WriteDecision(id=row.id, state=State.UNKNOWN, detail=LOST, at=time.time())
        journal.writes.decide(lost, run)
        return journal.writes.find(operation, key)
    return row


def kept(journal: Journal) -> Iterator[tuple[WriteRow, bytes, Sequence[str]]]:
    """Return what surely was not sent and whose body was kept, with its names.

    A body that was kept before the write was corrected is not its body any more.
    """
    for row in [*journal.writes.rows(State.PENDING)]:
        body = journal.payloads.of_write(row.id)
        if body is not None and digest_of(body) == row.digest:
            yield row, body, journal.writes.names(row.id)
