"""The evidence of a journal in a PostgreSQL database about lost invoices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confirma_async.bulk.journal.stored.evidence import ENDED_LATER, StoredEvidence
from confirma_async.bulk.journal.stored.items import ITEM_COLUMNS
from confirma_async.bulk.models import Row


class PostgresEvidence(StoredEvidence):
    """``JournalEvidence`` over the tables of a journal in a database.

    Args:
        tables: The tables.
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
