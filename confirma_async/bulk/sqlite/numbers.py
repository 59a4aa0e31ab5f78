"""The whole numbers that were given to documents, in the journal's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confirma_async.bulk.journal.stored.numbers import StoredNumbers, given_number
from confirma_async.bulk.journal.stored.values import places, slices
from confirma_async.bulk.sqlite.tables import SqliteTables
from confirma_async.formats.models import Identity


class SqliteNumbers(StoredNumbers):
    """``Numbers`` over the tables of a journal in a file.

    Args:
        tables: The tables.
    """

    _tables: SqliteTables

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Numbers``."""
        found: dict[Identity, int] = {}
        for some in slices(identities):
            wanted = [value for who in some for value in (who.seller, str(who.type), who.original)]
            query = (
                "SELECT seller, type, original, number FROM numbered "
                f"WHERE (seller, type, original) IN (VALUES {places(some, 3)})"
            )
            found.update(map(given_number, self._tables.few(query, *wanted)))
        return found

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Numbers``."""
        found = set[int]()
        for some in slices(numbers):
            for table in ("item", "archived", "numbered"):
                query = f"SELECT number FROM {table} WHERE number IN ({places(some)})"
                found.update(number for (number,) in self._tables.few(query, *some))
        return frozenset(found)

    def keep(self, given: Mapping[Identity, int]) -> None:
        """See ``Numbers``."""
        run = self._next_run()
        self._tables.connection.executemany(
            "INSERT OR IGNORE INTO numbered VALUES (?, ?, ?, ?, ?)",
            [(who.seller, str(who.type), who.original, number, run) for who, number in given.items()],
        )
