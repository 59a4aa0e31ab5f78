"""What a journal in a file says, read through a connection to it."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.records import Doubt, Run
from confirma_async.bulk.journal.stored_reader import StoredReader, given_number
from confirma_async.bulk.journal.values import places, slices
from confirma_async.bulk.models import Row, State
from confirma_async.bulk.sqlite.file.guard import examine_missing
from confirma_async.bulk.sqlite.file.look import read_file
from confirma_async.bulk.sqlite.migrations import DECIDED, OPEN
from confirma_async.bulk.sqlite.payloads import SqlitePayloads
from confirma_async.bulk.sqlite.writes import SqliteWriteTables
from confirma_async.formats.models import Identity

_REJECTED = (
    "WHERE position IN (WITH RECURSIVE of(run) AS "
    "(SELECT 0 UNION ALL SELECT run + 1 FROM of WHERE run < (SELECT max(id) FROM run)) "
    f"SELECT position FROM item WHERE {DECIDED} AND state = {State.REJECTED:d} "
    "AND run IN (SELECT run FROM of)) ORDER BY position"
)
"""The rejected ones of all runs, without a look at the accepted ones: the index is by run."""


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteReader]:
    """Open a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    with read_file(path) as (connection, doubt):
        yield SqliteReader(path, connection, doubt)


@contextlib.contextmanager
def reading_if_there(path: Path) -> Generator[SqliteReader | None]:
    """Open a journal that may not be there yet, for looking only; yield None where it is not.

    Raises:
        JournalError: it is damaged, or gone.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.exists():
        examine_missing(path)
        yield None
        return
    with reading(path) as journal:
        yield journal


class SqliteReader(StoredReader):
    """A ``JournalReader`` over a connection.

    Args:
        path: The file, for messages.
        connection: The journal.
        doubt: Why it may not know all that was sent; None where it does.

    Attributes:
        path: The file.
        payloads: The payloads that an outbox has asked to keep.
    """

    _is_open = OPEN
    _is_final = DECIDED
    _verdict = "state"
    _place = "sequence"

    def __init__(self, path: Path, connection: sqlite3.Connection, doubt: Doubt | None) -> None:
        super().__init__(str(path), doubt, SqliteWriteTables(path, connection))
        self.path = path
        self.payloads: SqlitePayloads = SqlitePayloads(connection)
        self._connection = connection
        self._texts: dict[int, str] = {}

    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""
        return self._runs("ORDER BY id DESC")

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        if run is None and {*states} == {State.REJECTED}:
            return self._query(_REJECTED)
        return super().rows(*states, run=run)

    def numbered(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found: dict[Identity, int] = {}
        for some in slices(identities):
            wanted = [value for who in some for value in (who.seller, str(who.type), who.original)]
            query = (
                "SELECT seller, type, original, number FROM numbered "
                f"WHERE (seller, type, original) IN (VALUES {places(some, 3)})"
            )
            found.update(map(given_number, self._all(query, *wanted)))
        return found

    def numbers_in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Journal``."""
        found = set[int]()
        for some in slices(numbers):
            for table in ("item", "archived", "numbered"):
                query = f"SELECT number FROM {table} WHERE number IN ({places(some)})"
                found.update(number for (number,) in self._all(query, *some))
        return frozenset(found)

    def _each(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        return self._connection.execute(query, values)

    _all = _each

    def _text(self, word: int) -> str:
        if word not in self._texts:
            ((self._texts[word],),) = self._all("SELECT text FROM word WHERE id = ?", word)
        return self._texts[word]
