"""The whole numbers that were given to documents, in the journal's database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confirma_async.bulk.journal.stored.numbers import StoredNumbers, given_number
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.formats.models import Identity


class PostgresNumbers(StoredNumbers):
    """``Numbers`` over the tables of a journal in a database.

    Args:
        tables: The tables.
    """

    _tables: PostgresTables

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Numbers``."""
        found = self._tables.few(
            "SELECT seller, type, original, number FROM numbered WHERE (seller, type, original) IN "
            "(SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))",
            [who.seller for who in identities],
            [str(who.type) for who in identities],
            [who.original for who in identities],
        )
        return dict(map(given_number, found))

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Numbers``."""
        tables = ("item", "archived", "numbered")
        query = " UNION ".join(f"SELECT number FROM {table} WHERE number = ANY(%s)" for table in tables)
        return frozenset(number for (number,) in self._tables.few(query, *[list(numbers)] * len(tables)))

    def keep(self, given: Mapping[Identity, int]) -> None:
        """See ``Numbers``."""
        run = self._next_run()
        self._tables.change_columns(
            "INSERT INTO numbered SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], "
            "%s::bigint[]) ON CONFLICT DO NOTHING",
            [(who.seller, str(who.type), who.original, number, run) for who, number in given.items()],
        )
