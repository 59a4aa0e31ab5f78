"""Writes the rows of an admission batch to the tables of a journal in a file."""

from __future__ import annotations

import sqlite3
from collections import Counter

from confirma_async.bulk.journal.admission import AdmissionBatch
from confirma_async.bulk.journal.stored.figures import StoredCounts
from confirma_async.bulk.journal.stored.values import milliseconds, period, places, slices

_INSERTED = (
    "position, number, type, seller, repeat, date, source, digest, state, run, amount, currency, detail, "
    "holder"
)


def write_batch(
    connection: sqlite3.Connection, batch: AdmissionBatch, run: int, counts: StoredCounts
) -> None:
    """Write down what a batch has admitted, but for how many invoices it met as accepted before.

    Args:
        connection: The connection to the journal, within a transaction.
        batch: The admitted entries, with the rows to insert and to change.
        run: The number of the run that admits them.
        counts: Counts the decided items of the journal.
    """
    for new in slices(batch.new):
        values = [value for row in new for value in row]
        connection.execute(f"INSERT INTO item ({_INSERTED}) VALUES {places(new, 14)}", values)
    many = connection.executemany
    if batch.claimed_again:
        many(
            "UPDATE item SET state = ?, run = ?, holder = ?, digest = ?, date = ?, source = ?, "
            "amount = ?, currency = ?, ended = NULL, detail = ?, status = NULL, decided_at = NULL, "
            "took = NULL, says_no = NULL, form = NULL, attempts = CASE WHEN ? THEN 0 ELSE attempts END "
            "WHERE position = ?",
            batch.claimed_again,
        )
    if batch.reopened:  # it counts where it is decided again
        counted = Counter(
            (row.run, period(milliseconds(row.decided_at or 0.0)), row.state) for row in batch.reopened
        )
        counts.add_up({key: -count for key, count in counted.items()})
    if batch.taken_up:
        many("UPDATE item SET run = ?, holder = ? WHERE position = ?", batch.taken_up)
    if batch.rejected:
        many("INSERT OR IGNORE INTO known VALUES (?, ?)", [(run, position) for position in batch.rejected])
