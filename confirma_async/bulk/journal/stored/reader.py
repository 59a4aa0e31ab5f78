"""Reads a journal in the tables of a database, with the same statements for SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

from confirma_async.bulk.journal.records import PreviousVersion
from confirma_async.bulk.journal.rules import same_invoice
from confirma_async.bulk.journal.stored.figures import StoredFigures
from confirma_async.bulk.journal.stored.items import StoredItems
from confirma_async.bulk.journal.stored.numbers import StoredNumbers
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.models import FINAL, Row, State
from confirma_async.schemas.identity import InvoiceKey


class StoredReader:
    """A ``JournalReader`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Says whether the journal is in doubt.

    Attributes:
        name: The name of the journal in messages.
        writes: The writes other than invoices.
        trust: Says whether the journal is in doubt.
        figures: Counts the items, and adds up their amounts.
        numbers: The whole numbers that were assigned to documents whose own number is not a whole one.
    """

    def __init__(self, tables: Tables, trust: StoredTrust) -> None:
        self.name: str = tables.name
        self._tables = tables
        self._items = StoredItems(tables)
        self.figures: StoredFigures = StoredFigures(tables)
        self.numbers: StoredNumbers = StoredNumbers(tables)
        self.trust: StoredTrust = trust
        self.writes: StoredWrites = StoredWrites(tables, trust)

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        same = [
            row
            for row in self._items.of_number(key.number)
            if (row.key.type, row.key.repeat) == (key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        wanted = ", ".join(f"{state:d}" for state in states)
        conditions = list[str]()
        if states and FINAL.isdisjoint(states):
            conditions.append(f"{self._tables.is_open} AND state IN ({wanted})")
        elif states and {*states} <= FINAL:
            conditions.append(f"{self._tables.is_final} AND {self._tables.verdict} IN ({wanted})")
        elif states:
            conditions.append(f"state IN ({wanted})")
        if run is not None:
            if not states:  # both indexes
                conditions.append(f"({self._tables.is_final} OR {self._tables.is_open})")
            conditions.append("run = ?")
        where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
        return self._items.query(f"{where}ORDER BY position", *(() if run is None else (run,)))

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """See ``Journal``."""
        query = "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        for position, at, state, digest, status, detail, note in self._tables.many(query):
            yield PreviousVersion(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip
