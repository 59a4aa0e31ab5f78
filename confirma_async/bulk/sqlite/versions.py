"""The versions of an item: what it was before it was corrected or sent again."""

from __future__ import annotations

import sqlite3

from confirma_async.bulk.journal.records import Version
from confirma_async.bulk.journal.stored.values import date_of
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.migrations import OPEN
from confirma_async.schemas import InvoiceStatus


def keep_former(connection: sqlite3.Connection, position: int, now: float, note: str) -> None:
    """Keep what an item is, before it becomes something else; one that was never sent is PENDING."""
    connection.execute(
        "INSERT INTO former (position, at, state, digest, status, detail, note, sequence, date) "
        f"SELECT position, ?, CASE WHEN attempts = 0 AND {OPEN} THEN 0 ELSE state END, digest, "
        "(SELECT text FROM word WHERE id = status), detail, ?, sequence, date "
        "FROM item WHERE position = ?",
        (now, note, position),
    )


def version_sent(connection: sqlite3.Connection, position: int) -> Version | None:
    """Return the first of the versions that an item has had since its last attempt."""
    found = connection.execute(
        "SELECT former.digest, former.date FROM former JOIN item USING (position, sequence) "
        "WHERE position = ? ORDER BY former.id LIMIT 1",
        (position,),
    ).fetchone()
    return None if found is None else Version(digest=found[0], date=date_of(found[1]))


def take_back_version(connection: sqlite3.Connection, position: int) -> None:
    """Take a record in error for the version that was rejected before, where it may be of that.

    The present one can then be sent by a retry.
    """
    connection.execute(
        "UPDATE item SET digest = former.digest FROM former WHERE item.position = ? "
        "AND item.status = (SELECT id FROM word WHERE text = ?) AND former.id = "
        "(SELECT max(id) FROM former WHERE position = item.position AND state = ?)",
        (position, InvoiceStatus.ERROR, State.REJECTED),
    )
