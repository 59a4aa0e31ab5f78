"""Payloads in the journal's database, until they are final."""

from __future__ import annotations

from collections.abc import Sequence

from confirma_async.bulk.postgres.connection.session import PostgresSession


class PostgresPayloads:
    """``Payloads`` over the connection of a journal.

    Args:
        session: The connection.
    """

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def keep(self, position: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._session.execute(
            "INSERT INTO payload VALUES (%s, %s) ON CONFLICT (position) DO UPDATE SET body = excluded.body",
            (position, body),
        )

    def keep_write(self, ident: int, body: bytes) -> None:
        """See ``Payloads``."""
        self._session.execute(
            "INSERT INTO write_payload VALUES (%s, %s) "
            "ON CONFLICT (write) DO UPDATE SET body = excluded.body",
            (ident, body),
        )

    def of(self, position: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM payload WHERE position = %s", position)

    def of_write(self, ident: int) -> bytes | None:
        """See ``Payloads``."""
        return self._found("SELECT body FROM write_payload WHERE write = %s", ident)

    def of_chunks(self, number: int) -> Sequence[tuple[int, bytes, Sequence[int]]]:
        """Return the positions of a number's invoices, and the packed chunks that have their bodies.

        With each chunk come the positions of all that it holds.
        """
        query = (
            "SELECT position, body, positions FROM item JOIN (SELECT id, body, positions FROM planned_chunk "
            "UNION ALL SELECT chunk, body, positions FROM kept_body) AS kept ON kept.id = item.chunk "
            "WHERE number = %s ORDER BY position"
        )
        found = self._session.execute(query, (number,))
        return [(position, bytes(body), positions) for position, body, positions in found]

    def _found(self, query: str, value: int) -> bytes | None:
        found = self._session.execute(query, (value,)).fetchone()
        return None if found is None else bytes(found[0])

    def forget_final(self) -> int:
        """See ``Payloads``.

        The server's log and its copies may hold what is removed for longer.
        """
        items = "coalesce((SELECT state FROM item WHERE item.position = payload.position), 4) IN (4, 5)"
        writes = "(SELECT state FROM write WHERE write.id = write_payload.write) IN (4, 5)"
        return sum(
            self._session.execute(f"DELETE FROM {table} WHERE {condition}").rowcount
            for table, condition in (("payload", items), ("write_payload", writes))
        )
