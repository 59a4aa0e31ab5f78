"""Reads a journal in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.stored.items import ITEM_COLUMNS
from confirma_async.bulk.journal.stored.kept_evidence import ENDED_LATER, StoredEvidence
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.payloads import StoredPayloads
from confirma_async.bulk.journal.stored.reader import StoredReader
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.models import Row
from confirma_async.bulk.postgres.runs import PostgresRunsReader, WorkerRow
from confirma_async.bulk.postgres.tables import PostgresTables

SHOWN_SECONDS = 86_400
"""Seconds for which a worker is shown that has died."""


class PostgresEvidence(StoredEvidence):
    """``JournalEvidence`` over the tables of a journal in a database.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Whether the journal is in doubt.
    """

    def _later_ones(self, since: int, values: Sequence[Any], limit: int) -> Sequence[Row]:
        """Ask one question, however many runs there were since: each worker that begins anew is one."""
        query = (
            f"SELECT {ITEM_COLUMNS} FROM run AS later CROSS JOIN LATERAL (SELECT {ITEM_COLUMNS}, place "
            f"FROM item {self._like('later.id')}) AS found WHERE {ENDED_LATER} "
            "ORDER BY later.id DESC, place DESC LIMIT ?"
        )
        return [*map(self._items.row, self._tables.few(query, *values, limit, since, limit))]


class PostgresReader(StoredReader):
    """The part of a ``Journal`` that only reads.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Whether the journal is in doubt.

    Attributes:
        evidence: What it knows that bears on a lost invoice.
        ownership: Whose it is.
        payloads: The payloads that an outbox has asked to keep.
    """

    def __init__(self, tables: PostgresTables, trust: StoredTrust) -> None:
        super().__init__(tables, trust)
        self._tables: PostgresTables = tables
        self.evidence: PostgresEvidence = PostgresEvidence(tables, trust)
        self.ownership: StoredOwnership = StoredOwnership(tables)
        self.payloads: StoredPayloads = StoredPayloads(tables)
        self._session = tables.session
        self._runs = PostgresRunsReader(tables)

    def kept_chunks(self, number: int) -> Sequence[tuple[int, bytes, Sequence[int]]]:
        """Return the positions of a number's invoices, and the packed chunks that have their bodies.

        With each chunk come the positions of all that it holds.
        """
        query = (
            "SELECT position, body, positions FROM item JOIN (SELECT id, body, positions FROM planned_chunk "
            "UNION ALL SELECT chunk, body, positions FROM kept_body) AS kept ON kept.id = item.chunk "
            "WHERE number = ? ORDER BY position"
        )
        found = self._tables.few(query, number)
        return [(position, bytes(body), positions) for position, body, positions in found]

    @property
    def runs(self) -> PostgresRunsReader:
        """The runs that there were."""
        return self._runs

    def close(self) -> None:
        """See ``Journal``."""
        self._session.close()


def workers_of(journal: JournalReader) -> Sequence[WorkerRow]:
    """Return the workers that run on a journal, and those that died lately; none for a journal in a file."""
    return journal.runs.workers(SHOWN_SECONDS) if isinstance(journal, PostgresReader) else ()
