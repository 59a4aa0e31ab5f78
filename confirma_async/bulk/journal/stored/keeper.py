"""Gives new items their positions, and keeps the earlier versions of items."""

from __future__ import annotations

from collections.abc import Callable

from confirma_async.bulk.journal.records import Version
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import date_of
from confirma_async.bulk.models import State
from confirma_async.schemas import InvoiceStatus


class StoredKeeper:
    """Gives positions and the numbers of stored texts, and keeps earlier versions of items.

    Args:
        tables: Runs the statements on the database of the journal.

    Attributes:
        word: Returns the stored form of a text that repeats: its number, or the text itself.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._last: int | None = None
        self.word: Callable[[str], int | str] = tables.word

    def next_position(self) -> int:
        """Return the position of the next new item."""
        if self._last is None:
            self._last = self._tables.one("SELECT coalesce(max(position), 0) FROM item")
        self._last += 1
        return self._last

    def forget_last(self) -> None:
        """Forget which position is the last: other jobs may have taken further ones."""
        self._last = None

    def keep_former(self, position: int, now: float, note: str) -> None:
        """Keep the present version of an item before it is changed; one that was never sent as PENDING."""
        tables = self._tables
        tables.change(
            "INSERT INTO former (position, at, state, digest, status, detail, note, sequence, date) "
            f"SELECT position, ?, CASE WHEN attempts = 0 AND {tables.is_open} THEN 0 ELSE state END, digest, "
            f"{tables.status_text}, detail, ?, sequence, date FROM item WHERE position = ?",
            now, note, position,
        )  # fmt: skip

    def version_sent(self, position: int) -> Version | None:
        """Return the version of an item that was sent last, if it was corrected since."""
        found = self._tables.few(
            "SELECT former.digest, former.date FROM former JOIN item USING (position, sequence) "
            "WHERE position = ? ORDER BY former.id LIMIT 1",
            position,
        )
        return next((Version(digest=digest, date=date_of(date)) for digest, date in found), None)

    def take_back_version(self, position: int) -> None:
        """Give an item that a list shows in error the digest of its version that was rejected before.

        The record may be of that version. A retry can then send the present one.
        """
        self._tables.change(
            "UPDATE item SET digest = former.digest FROM former WHERE item.position = ? "
            "AND item.status = ? AND former.id = "
            "(SELECT max(id) FROM former WHERE position = item.position AND state = ?)",
            position, self._tables.word(InvoiceStatus.ERROR), int(State.REJECTED),
        )  # fmt: skip
