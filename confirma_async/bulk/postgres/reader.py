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
        trust: Says whether the journal is in doubt.
    """

    def _later_ones(self, since: int, values: Sequence[Any], limit: int) -> Sequence[Row]:
        """Find witnesses of all these runs in one query: they are many, as each start of a worker is one."""
        query = (
            f"SELECT {ITEM_COLUMNS} FROM run AS later CROSS JOIN LATERAL (SELECT {ITEM_COLUMNS}, place "
            f"FROM item {self._like('later.id')}) AS found WHERE {ENDED_LATER} "
            "ORDER BY later.id DESC, place DESC LIMIT ?"
        )
        return [*map(self._items.row, self._tables.few(query, *values, limit, since, limit))]


class PostgresReader(StoredReader):
    """A ``JournalReader`` over the tables of a journal in a database.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Says whether the journal is in doubt.

    Attributes:
        evidence: What the journal knows that helps to decide an invoice of unknown outcome.
        ownership: The target and the account of the journal.
        payloads: The payloads that an outbox was told to keep.
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
        """Return the positions of the invoices of a number, and the compressed chunks with their bodies.

        Each chunk comes with the positions of all invoices in it.
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
        """The runs of the journal, past and present."""
        return self._runs

    def close(self) -> None:
        """See ``Journal``."""
        self._session.close()


def workers_of(journal: JournalReader) -> Sequence[WorkerRow]:
    """Return the workers that run on a journal, and those that died lately; none for a journal in a file."""
    return journal.runs.workers(SHOWN_SECONDS) if isinstance(journal, PostgresReader) else ()
