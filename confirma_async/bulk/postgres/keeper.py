"""What is kept of items that are admitted: their places, their words, and their versions."""

from __future__ import annotations

from confirma_async.bulk.journal.records import Version
from confirma_async.bulk.journal.stored.values import date_of
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.schemas import InvoiceStatus


class PostgresKeeper:
    """``Keeper`` over the tables of a journal in a database.

    Args:
        tables: The tables.

    Attributes:
        last: The place of the last item, while a transaction admits; None outside.
    """

    def __init__(self, tables: PostgresTables) -> None:
        self._tables = tables
        self.last: int | None = None

    def next_position(self) -> int:
        """See ``Keeper``."""
        if self.last is None:
            self.last = self._tables.one("SELECT coalesce(max(position), 0) FROM item")
        self.last += 1
        return self.last

    def word(self, text: str) -> str:
        """See ``Keeper``."""
        return text

    def keep_former(self, position: int, now: float, note: str) -> None:
        """See ``Keeper``."""
        self._tables.change(
            "INSERT INTO former (position, at, state, digest, status, detail, note, sequence, date) "
            f"SELECT position, ?, CASE WHEN attempts = 0 AND {OPEN} THEN 0 ELSE state END, digest, status, "
            "detail, ?, sequence, date FROM item WHERE position = ?",
            now, note, position,
        )  # fmt: skip

    def version_sent(self, position: int) -> Version | None:
        """See ``Keeper``."""
        found = self._tables.few(
            "SELECT former.digest, former.date FROM former JOIN item USING (position, sequence) "
            "WHERE position = ? ORDER BY former.id LIMIT 1",
            position,
        )
        return next((Version(digest=digest, date=date_of(date)) for digest, date in found), None)

    def take_back_version(self, position: int) -> None:
        """Take a record in error for the version that was rejected before, where it may be of that.

        The present one can then be sent by a retry.
        """
        self._tables.change(
            "UPDATE item SET digest = former.digest FROM former WHERE item.position = ? "
            "AND item.status = ? AND former.id = "
            "(SELECT max(id) FROM former WHERE position = item.position AND state = ?)",
            position, str(InvoiceStatus.ERROR), int(State.REJECTED),
        )  # fmt: skip
