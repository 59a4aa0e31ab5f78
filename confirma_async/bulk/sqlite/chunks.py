"""What entries that are admitted together change in the tables of a journal."""

from __future__ import annotations

import sqlite3
from collections import Counter

from confirma_async.bulk.journal.admission import Chunk
from confirma_async.bulk.journal.stored.counts import StoredCounts
from confirma_async.bulk.journal.stored.values import milliseconds, period, places, slices

_INSERTED = (
    "position, number, type, seller, repeat, date, source, digest, state, run, amount, currency, detail, "
    "holder"
)


def write_chunk(connection: sqlite3.Connection, chunk: Chunk, run: int, counts: StoredCounts) -> None:
    """Write down what a chunk has admitted.

    Args:
        connection: The journal, within a transaction.
        chunk: What is admitted.
        run: The number of the run that admits it.
        counts: The counts of the journal.
    """
    for new in slices(chunk.new):
        values = [value for row in new for value in row]
        connection.execute(f"INSERT INTO item ({_INSERTED}) VALUES {places(new, 14)}", values)
    many = connection.executemany
    if chunk.claimed_again:
        many(
            "UPDATE item SET state = ?, run = ?, holder = ?, digest = ?, date = ?, source = ?, "
            "amount = ?, currency = ?, ended = NULL, detail = ?, status = NULL, decided_at = NULL, "
            "took = NULL, says_no = NULL, form = NULL, attempts = CASE WHEN ? THEN 0 ELSE attempts END "
            "WHERE position = ?",
            chunk.claimed_again,
        )
    if chunk.reopened:  # it counts where it is decided again
        counted = Counter(
            (row.run, period(milliseconds(row.decided_at or 0.0)), row.state) for row in chunk.reopened
        )
        counts.add_up({key: -count for key, count in counted.items()})
    if chunk.taken_up:
        many("UPDATE item SET run = ?, holder = ? WHERE position = ?", chunk.taken_up)
    if chunk.known:
        connection.execute("UPDATE run SET known = known + ? WHERE id = ?", (chunk.known, run))
    if chunk.rejected:
        many("INSERT OR IGNORE INTO known VALUES (?, ?)", [(run, position) for position in chunk.rejected])
