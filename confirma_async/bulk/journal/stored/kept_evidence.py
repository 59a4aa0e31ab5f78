"""Reads from the tables of a journal what helps to decide invoices of unknown outcome."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from confirma_async.bulk.journal.records import AmbiguousMatches
from confirma_async.bulk.journal.stored.items import StoredItems
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import day, milliseconds
from confirma_async.bulk.models import Row, State
from confirma_async.schemas.identity import InvoiceKey

_NEWEST = 1000
"""The newest accepted invoices of a run, so many, are searched for witnesses."""

_ALONE = (
    "NOT EXISTS (SELECT 1 FROM former WHERE former.position = item.position AND former.state <> 0) AND "
    "NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number = item.number AND other.position <> "
    "item.position AND (other.attempts > 0 OR other.state NOT IN (0, 1))) AND "
    "NOT EXISTS (SELECT 1 FROM archived WHERE archived.number = item.number)"
)
"""The condition of items that alone bear their number, so that a record of it can only be theirs."""

ENDED_LATER = "(ended_at IS NULL OR ended_at >= ?)"
"""The condition of runs that had not ended by a moment, in milliseconds since 1970."""


class StoredEvidence:
    """``JournalEvidence`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        trust: Says whether the journal is in doubt.
    """

    def __init__(self, tables: Tables, trust: StoredTrust) -> None:
        self._tables = tables
        self._items = StoredItems(tables)
        self._trust = trust

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """See ``JournalEvidence``."""
        others = (
            row.key
            for row in self._items.of_number(key.number)
            if row.position != position
            and (row.attempts > 0 or row.state not in {State.PENDING, State.CLAIMED})
        )
        former = (
            f"SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND (state = {State.REJECTED:d} "
            f"OR (state = {State.PENDING:d} AND sequence > 0)))"
        )
        return AmbiguousMatches(
            others=tuple(others),
            former=bool(self._tables.one(former, position)),
            forgotten=self._trust.doubt() is not None,
        )

    def has_previous_version(self, position: int) -> bool:
        """See ``JournalEvidence``."""
        sent = f"SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND state <> {State.PENDING:d})"
        return bool(self._tables.one(sent, position))

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """See ``JournalEvidence``."""
        lost = next(self._items.query("WHERE position = ?", position), None)
        if lost is None or lost.ended is None:
            return []
        values = (lost.ended, position, day(lost.key.date))
        return self._later_ones(milliseconds(lost.attempted_at or 0.0), values, limit)

    def _later_ones(self, since: int, values: Sequence[Any], limit: int) -> Sequence[Row]:
        """Return witnesses out of the runs that had not ended by a moment, those of the newest run first.

        Args:
            since: The moment, in milliseconds since 1970.
            values: The values for ``_like``, without the run and the limit.
            limit: The number of witnesses to find, at most.
        """
        found: list[Row] = []
        for (run,) in [*self._tables.few(f"SELECT id FROM run WHERE {ENDED_LATER} ORDER BY id DESC", since)]:
            if len(found) >= limit:
                break
            found += self._items.query(self._like("?"), run, *values, limit - len(found))
        return found

    def _like(self, run: str) -> str:
        """Return the condition of the witnesses of a lost item in a run; ``run`` is an expression."""
        tables = self._tables
        return (
            f"WHERE position IN (SELECT position FROM item WHERE {tables.is_final} AND "
            f"{tables.verdict} = {State.ACCEPTED:d} AND run = {run} AND {tables.place} > ? AND NOT duplicate "
            f"ORDER BY {tables.place} DESC LIMIT {_NEWEST}) AND attempts = 1 AND "
            "(type, seller) = (SELECT type, seller FROM item WHERE position = ?) AND date >= ? AND "
            f"{_ALONE} ORDER BY {tables.place} DESC LIMIT ?"
        )

    def confirmed_forms(self) -> frozenset[str]:
        """See ``JournalEvidence``."""
        return frozenset(form for (form,) in self._tables.few("SELECT form FROM form"))

    def confirm_form(self, form: str) -> None:
        """See ``JournalEvidence``."""
        self._tables.change("INSERT INTO form VALUES (?) ON CONFLICT DO NOTHING", form)

    def ended(self, position: int) -> None:
        """See ``JournalEvidence``."""
        ended = f"UPDATE item SET ended = {self._tables.last_attempt} WHERE position = ? AND ended IS NULL"
        self._tables.change(ended, position)
