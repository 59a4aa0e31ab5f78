"""The tables of writes that are no invoices, in the journal's database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import Cursor

from confirma_async.bulk.journal.stored_writes import settling
from confirma_async.bulk.postgres.connection.failures import taken_over
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.opening import LOCK
from confirma_async.errors import JournalError

SETTLED = settling(alive="lease_until IS NOT NULL")
"""Settles what runs that are over left under way: claims were not sent, sends may have been."""


class PostgresWriteTables:
    """``WriteTables`` over the connection of a journal.

    Args:
        session: The connection.

    Attributes:
        new_id: The next number of the sequence.
    """

    new_id = "nextval('write_id')"

    def __init__(self, session: PostgresSession) -> None:
        self._session = session

    def execute(self, query: str, values: Sequence[Any] = ()) -> Cursor[tuple[Any, ...]]:
        """See ``WriteTables``."""
        return self._session.execute(query.replace("?", "%s"), values)

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """See ``WriteTables``."""
        return self._session.stream(query.replace("?", "%s"), values)

    def lock(self) -> None:
        """See ``WriteTables``."""
        self._session.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))

    def taken_over(self) -> JournalError:
        """See ``WriteTables``."""
        return taken_over(self._session.name)
