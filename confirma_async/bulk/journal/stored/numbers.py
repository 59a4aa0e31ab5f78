"""The number assignments of a journal, in its tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import places, slices
from confirma_async.formats.models import Identity
from confirma_async.schemas import InvoiceType

OF_NO_RUN = -1
"""Stands for the run of numbers that are assigned before a run begins; the next run makes them its own."""


class StoredNumbers:
    """``Numbers`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Numbers``."""
        found: dict[Identity, int] = {}
        for some in slices(identities, self._tables.at_once):
            wanted = [value for who in some for value in (who.seller, str(who.type), who.original)]
            query = (
                "SELECT seller, type, original, number FROM numbered "
                f"WHERE (seller, type, original) IN (VALUES {places(some, 3)})"
            )
            found.update(map(_given, self._tables.few(query, *wanted)))
        return found

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Numbers``."""
        found = set[int]()
        for some in slices(numbers, self._tables.at_once):
            for table in ("item", "archived", "numbered"):
                query = f"SELECT number FROM {table} WHERE number IN ({places(some)})"
                found.update(number for (number,) in self._tables.few(query, *some))
        return frozenset(found)

    def given_by(self, run: int) -> Mapping[Identity, int]:
        """See ``Numbers``."""
        query = (
            "SELECT seller, type, original, number FROM numbered "
            "WHERE run = ? AND original <> CAST(number AS text) ORDER BY number"
        )
        return dict(map(_given, self._tables.few(query, run)))

    def keep(self, given: Mapping[Identity, int]) -> None:
        """See ``Numbers``."""
        rows = [(who.seller, str(who.type), who.original, number, OF_NO_RUN) for who, number in given.items()]
        self._tables.insert("numbered (seller, type, original, number, run)", rows)


def _given(row: tuple[Any, ...]) -> tuple[Identity, int]:
    """Return the document of a row of the table ``numbered``, and the number that it was assigned."""
    seller, kind, original, number = row
    return Identity(seller, InvoiceType(kind), original), number
