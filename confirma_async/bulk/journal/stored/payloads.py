"""Keeps payloads in the tables of a journal until their writes are final."""

from __future__ import annotations

from confirma_async.bulk.journal.stored.tables import Tables

_FINAL = {
    "payload": "coalesce((SELECT state FROM item WHERE item.position = payload.position), 4) IN (4, 5)",
    "write_payload": "(SELECT state FROM write WHERE write.id = write_payload.write) IN (4, 5)",
}
"""The condition by which the rows of each table may be removed: the item is final, or was archived."""


class StoredPayloads:
    """``Payloads`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def keep(self, position: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._tables.change(
            "INSERT INTO payload VALUES (?, ?) ON CONFLICT (position) DO UPDATE SET body = excluded.body",
            position, body,
        )  # fmt: skip

    def keep_write(self, ident: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._tables.change(
            "INSERT INTO write_payload VALUES (?, ?) ON CONFLICT (write) DO UPDATE SET body = excluded.body",
            ident, body,
        )  # fmt: skip

    def of(self, position: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM payload WHERE position = ?", position)

    def of_write(self, ident: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM write_payload WHERE write = ?", ident)

    def _found(self, query: str, value: int) -> bytes | None:
        return next((bytes(body) for (body,) in self._tables.few(query, value)), None)

    def forget_final(self) -> int:
        """See ``Payloads``. The log and the backups of the database may still hold what is removed."""
        return sum(
            self._tables.change(f"DELETE FROM {table} WHERE {condition}")
            for table, condition in _FINAL.items()
        )
