"""What is kept of items that are admitted: their places, their words, and their versions."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from confirma_async.bulk.journal.records import Version
from confirma_async.bulk.journal.stored.values import date_of
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.migrations import OPEN
from confirma_async.bulk.sqlite.word_numbers import WordNumbers
from confirma_async.schemas import InvoiceStatus


class SqliteKeeper:
    """``Keeper`` over the connection of a journal.

    Args:
        connection: The connection.

    Attributes:
        last: The place of the last item.
        words: The numbers of texts that repeat.
        word: Returns the number of one.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.last: int = 0
        self.words: WordNumbers = WordNumbers(connection)
        self.word: Callable[[str], int] = self.words.__getitem__

    def look(self) -> None:
        """Take in which place is the last."""
        (self.last,) = self._connection.execute("SELECT coalesce(max(position), 0) FROM item").fetchone()

    def next_position(self) -> int:
        """See ``Keeper``."""
        self.last += 1
        return self.last

    def keep_former(self, position: int, now: float, note: str) -> None:
        """See ``Keeper``."""
        self._connection.execute(
            "INSERT INTO former (position, at, state, digest, status, detail, note, sequence, date) "
            f"SELECT position, ?, CASE WHEN attempts = 0 AND {OPEN} THEN 0 ELSE state END, digest, "
            "(SELECT text FROM word WHERE id = status), detail, ?, sequence, date "
            "FROM item WHERE position = ?",
            (now, note, position),
        )

    def version_sent(self, position: int) -> Version | None:
        """See ``Keeper``."""
        found = self._connection.execute(
            "SELECT former.digest, former.date FROM former JOIN item USING (position, sequence) "
            "WHERE position = ? ORDER BY former.id LIMIT 1",
            (position,),
        ).fetchone()
        return None if found is None else Version(digest=found[0], date=date_of(found[1]))

    def take_back_version(self, position: int) -> None:
        """Take a record in error for the version that was rejected before, where it may be of that.

        The present one can then be sent by a retry.
        """
        self._connection.execute(
            "UPDATE item SET digest = former.digest FROM former WHERE item.position = ? "
            "AND item.status = (SELECT id FROM word WHERE text = ?) AND former.id = "
            "(SELECT max(id) FROM former WHERE position = item.position AND state = ?)",
            (position, InvoiceStatus.ERROR, State.REJECTED),
        )
