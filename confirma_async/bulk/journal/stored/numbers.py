"""The whole numbers that were given to documents, in the tables of a journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.formats.models import Identity
from confirma_async.schemas import InvoiceType


class StoredNumbers:
    """The part of ``Numbers`` that is the same in the tables of every database.

    Args:
        tables: The tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def given_by(self, run: int) -> Mapping[Identity, int]:
        """See ``Numbers``."""
        query = (
            "SELECT seller, type, original, number FROM numbered "
            "WHERE run = ? AND original <> CAST(number AS text) ORDER BY number"
        )
        return dict(map(given_number, self._tables.few(query, run)))

    def _next_run(self) -> int:
        """Return the run that gives numbers: they are given before it begins."""
        return self._tables.one("SELECT coalesce(max(id), 0) + 1 FROM run")


def given_number(row: tuple[Any, ...]) -> tuple[Identity, int]:
    """Return the document of a row of ``numbered``, and the number that it was given."""
    seller, kind, original, number = row
    return Identity(seller, InvoiceType(kind), original), number
