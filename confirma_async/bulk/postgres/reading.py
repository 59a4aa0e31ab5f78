"""What anybody asks a journal in a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.journal.stored.items import ARCHIVED_COLUMNS, ITEM_COLUMNS
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.reader import StoredReader
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.models import Row
from confirma_async.bulk.postgres.connection.text_forms import array_text
from confirma_async.bulk.postgres.evidence import PostgresEvidence
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.numbers import PostgresNumbers
from confirma_async.bulk.postgres.payloads import PostgresPayloads
from confirma_async.bulk.postgres.tables import PostgresTables

OF_NUMBERS = (
    "SELECT found.* FROM unnest(?::bigint[]) AS wanted(wanted) CROSS JOIN LATERAL "
    "(SELECT {columns} FROM {table} WHERE number = wanted OFFSET 0) AS found"
)
"""Looks each number up by the index. Of ``number = ANY`` a server without statistics, as it has none in the
first minute of a table, thinks that it finds half of all rows, and reads them all."""


@frozen(kw_only=True)
class WorkerRow:
    """A worker.

    Attributes:
        run: The number of its run.
        name: What names it: its machine, its process, and more.
        began_at: When it began; seconds since 1970.
        alive: Whether it holds its lease.
        held: How many invoices it has in its hands.
    """

    run: int
    name: str
    began_at: float
    alive: bool
    held: int


class PostgresReader(StoredReader):
    """The half of a ``Journal`` that changes nothing.

    Args:
        tables: The tables.
        trust: Whether the journal is in doubt.

    Attributes:
        evidence: What it knows that bears on a lost invoice.
        ownership: Whose it is.
        numbers: The whole numbers that were given to documents whose own is none.
        payloads: The payloads that an outbox has asked to keep.
    """

    def __init__(self, tables: PostgresTables, trust: StoredTrust) -> None:
        super().__init__(tables, trust)
        self._tables: PostgresTables = tables
        self.evidence: PostgresEvidence = PostgresEvidence(tables, trust)
        self.ownership: StoredOwnership = StoredOwnership(tables)
        self.numbers: PostgresNumbers = PostgresNumbers(tables)
        self.payloads: PostgresPayloads = PostgresPayloads(tables.session)
        self._session = tables.session

    def close(self) -> None:
        """See ``Journal``."""
        self._session.close()

    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""
        return self._runs("WHERE worker IS NULL ORDER BY id DESC")

    def workers(self, seconds: float) -> Sequence[WorkerRow]:
        """Return the workers that are alive, and those that died within so many seconds."""
        query = (
            "SELECT id, worker, began_at, lease_until > clock_timestamp() IS TRUE, "
            f"(SELECT count(*) FROM item WHERE {OPEN} AND holder = run.id) FROM run "
            "WHERE worker IS NOT NULL AND ended_at IS NULL "
            "AND coalesce(died_at, lease_until) > clock_timestamp() - make_interval(secs => %s) ORDER BY id"
        )
        return [
            WorkerRow(run=run, name=name, began_at=began_at / 1000, alive=alive, held=held)
            for run, name, began_at, alive, held in self._tables.few(query, seconds)
        ]

    def _of_numbers(self, numbers: Sequence[int]) -> Iterator[Row]:
        query = OF_NUMBERS.format(columns=ITEM_COLUMNS, table="item")
        return map(self._items.row, self._tables.many(query, array_text(numbers)))

    def _archived_of_numbers(self, numbers: Sequence[int]) -> Iterator[Row]:
        query = OF_NUMBERS.format(columns=ARCHIVED_COLUMNS, table="archived")
        return map(self._items.archived_row, self._tables.few(query, array_text(numbers)))
