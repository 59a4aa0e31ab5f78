"""The tables of writes that are no invoices, in the journal's file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.rules import JournalTakenOverError
from confirma_async.bulk.journal.stored_writes import settling
from confirma_async.errors import JournalError

SETTLED = settling(alive="hold IS NOT NULL")
"""Settles what runs that are over left under way: claims were not sent, sends may have been."""


class SqliteWriteTables:
    """``WriteTables`` over the connection of a journal.

    Args:
        path: The file, for messages.
        connection: The connection.

    Attributes:
        new_id: NULL: the file numbers its rows by itself.
    """

    new_id = "NULL"

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def execute(self, query: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """See ``WriteTables``."""
        return self._connection.execute(query, values)

    def rows(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """See ``WriteTables``."""
        return self._connection.execute(query, values)

    def lock(self) -> None:
        """Do nothing: a transaction that writes has the file for itself from its beginning."""

    def taken_over(self) -> JournalError:
        """See ``WriteTables``."""
        return JournalTakenOverError(
            f"the journal {self._path}: another run has taken over a write that this one was sending, "
            f"because the file that shows it to be alive ({self._path.name}.held-...) was removed. It is "
            "not sent again; what was sent is looked for"
        )
