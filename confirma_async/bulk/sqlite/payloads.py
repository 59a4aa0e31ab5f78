"""Payloads in the journal's file, until they are final."""

from __future__ import annotations

import sqlite3

from confirma_async.bulk.models import State


class SqlitePayloads:
    """``Payloads`` over the connection of a journal.

    Args:
        connection: The connection.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def keep(self, position: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._connection.execute("INSERT OR REPLACE INTO payload VALUES (?, ?)", (position, body))

    def keep_write(self, ident: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._connection.execute("INSERT OR REPLACE INTO write_payload VALUES (?, ?)", (ident, body))

    def of(self, position: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM payload WHERE position = ?", position)

    def of_write(self, ident: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM write_payload WHERE write = ?", ident)

    def _found(self, query: str, value: int) -> bytes | None:
        found = self._connection.execute(query, (value,)).fetchone()
        return None if found is None else bytes(found[0])

    def forget_final(self) -> int:
        """See ``Payloads``.

        What is removed is overwritten in the file; its log may hold it until it is written over.
        """
        self._connection.execute("PRAGMA secure_delete = ON")
        final = f"({State.ACCEPTED:d}, {State.REJECTED:d})"
        items = f"coalesce((SELECT state FROM item WHERE item.position = payload.position), 4) IN {final}"
        writes = f"(SELECT state FROM write WHERE write.id = write_payload.write) IN {final}"
        return sum(
            self._connection.execute(f"DELETE FROM {table} WHERE {condition}").rowcount
            for table, condition in (("payload", items), ("write_payload", writes))
        )
