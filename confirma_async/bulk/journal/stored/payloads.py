"""Payloads in the tables of a journal, until they are final."""

from __future__ import annotations

from confirma_async.bulk.journal.stored.tables import Tables

_FINAL = {
    "payload": "coalesce((SELECT state FROM item WHERE item.position = payload.position), 4) IN (4, 5)",
    "write_payload": "(SELECT state FROM write WHERE write.id = write_payload.write) IN (4, 5)",
}
"""When the rows of each table are final; what was accepted may be archived, and is no item any more."""


class StoredPayloads:
    """``Payloads`` over the tables of a journal.

    Args:
        tables: The tables.
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
        """See ``Payloads``; a database's log and its copies may hold what is removed for longer."""
        return sum(
            self._tables.change(f"DELETE FROM {table} WHERE {condition}")
            for table, condition in _FINAL.items()
        )
