"""What a journal in the tables of a database says: the same questions for every kind of it."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from confirma_async.bulk.journal.records import AmbiguousMatches, Doubt, PreviousVersion, Refused, Run
from confirma_async.bulk.journal.rules import same_invoice
from confirma_async.bulk.journal.stored.figures import StoredFigures
from confirma_async.bulk.journal.stored.items import StoredItems
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import day, milliseconds, seconds
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.models import FINAL, InvoiceKey, Row, State

_NEWEST = 1000
"""Accepted invoices of a run among which a witness is sought: the newest ones."""

_ALONE = (
    "NOT EXISTS (SELECT 1 FROM former WHERE former.position = item.position AND former.state <> 0) AND "
    "NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number = item.number AND other.position <> "
    "item.position AND (other.attempts > 0 OR other.state NOT IN (0, 1))) AND "
    "NOT EXISTS (SELECT 1 FROM archived WHERE archived.number = item.number)"
)
"""Items that a record of their number can only be of."""

ENDED_LATER = "(ended_at IS NULL OR ended_at >= ?)"
"""Runs that had not ended by a moment."""


class StoredReader(ABC):
    """The half of a ``Journal`` that changes nothing.

    Args:
        tables: The tables.
        doubt: Why it may not know all that was sent; None where it does.

    Attributes:
        name: What names the journal to people.
        writes: The writes that are no invoices.
        figures: How many items there are, and what they ask for.
    """

    def __init__(self, tables: Tables, doubt: Doubt | None) -> None:
        self.name = tables.name
        self._tables = tables
        self._items = StoredItems(tables)
        self.figures: StoredFigures = StoredFigures(tables)
        self._doubt = doubt
        self.writes: StoredWrites = StoredWrites(tables, self._doubted)

    # --- the journal --------------------------------------------------------------------------------

    def target(self) -> str | None:
        """See ``Journal``."""
        return self._tables.kept().get("target")

    def account(self) -> str:
        """See ``Journal``."""
        return self._tables.kept().get("account", "")

    def owners(self) -> tuple[bytes, Sequence[str]]:
        """See ``Journal``."""
        found = self._tables.few("SELECT fingerprint FROM owner ORDER BY at")
        return bytes.fromhex(self._tables.kept().get("salt", "")), [own for (own,) in found]

    def has_sent(self) -> bool:
        """See ``Journal``."""
        tables = self._tables
        sent = (
            f"SELECT EXISTS (SELECT 1 FROM item WHERE {tables.is_final}) OR EXISTS (SELECT 1 FROM archived) "
            f"OR EXISTS (SELECT 1 FROM item WHERE {tables.is_open} AND state IN (2, 3)) OR "
            "EXISTS (SELECT 1 FROM write WHERE state NOT IN (0, 1))"
        )
        return bool(self._tables.one(sent))

    def doubt(self) -> Doubt | None:
        """See ``Journal``."""
        return self._doubt

    def confirmed_forms(self) -> frozenset[str]:
        """See ``Journal``."""
        return frozenset(form for (form,) in self._tables.few("SELECT form FROM form"))

    # --- runs ---------------------------------------------------------------------------------------

    @abstractmethod
    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""

    def run(self, number: int) -> Run | None:
        """See ``Journal``."""
        return next(self._runs("WHERE id = ?", number), None)

    def refusals(self, run: int) -> Iterator[Refused]:
        """See ``Journal``."""
        query = "SELECT source, number, rule, path, message FROM refusal WHERE run = ? ORDER BY id"
        for source, number, rule, path, message in self._tables.many(query, run):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    # --- items --------------------------------------------------------------------------------------

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        same = [
            row
            for row in (*self._items.of_number(key.number), *self._items.archived_of_number(key.number))
            if (row.key.type, row.key.repeat) == (key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """See ``Journal``."""
        sent = (
            row.key
            for row in self._items.of_number(key.number)
            if row.position != position
            and (row.attempts > 0 or row.state not in {State.PENDING, State.CLAIMED})
        )
        archived = (row.key for row in self._items.archived_of_number(key.number))
        former = (
            f"SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND (state = {State.REJECTED:d} "
            f"OR (state = {State.PENDING:d} AND sequence > 0)))"
        )
        return AmbiguousMatches(
            others=(*sent, *archived),
            former=bool(self._tables.one(former, position)),
            forgotten=self._doubt is not None,
        )

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """See ``Journal``."""
        lost = next(self._items.query("WHERE position = ?", position), None)
        if lost is None or lost.ended is None:
            return []
        values = (lost.ended, position, day(lost.key.date))
        return self._later_ones(milliseconds(lost.attempted_at or 0.0), values, limit)

    def _later_ones(self, since: int, values: Sequence[Any], limit: int) -> Sequence[Row]:
        """Return witnesses of the runs that had not ended by a moment, the newest run's first.

        Args:
            since: The moment.
            values: What ``_like`` asks for, but for the run and the limit.
            limit: How many at most.
        """
        found: list[Row] = []
        for (run,) in [*self._tables.few(f"SELECT id FROM run WHERE {ENDED_LATER} ORDER BY id DESC", since)]:
            if len(found) >= limit:
                break
            found += self._items.query(self._like("?"), run, *values, limit - len(found))
        return found

    def _like(self, run: str) -> str:
        """Return which items of a run are witnesses of a lost one: of its kind, and accepted after it."""
        tables = self._tables
        return (
            f"WHERE position IN (SELECT position FROM item WHERE {tables.is_final} AND "
            f"{tables.verdict} = {State.ACCEPTED:d} AND run = {run} AND {tables.place} > ? AND NOT duplicate "
            f"ORDER BY {tables.place} DESC LIMIT {_NEWEST}) AND attempts = 1 AND "
            "(type, seller) = (SELECT type, seller FROM item WHERE position = ?) AND date >= ? AND "
            f"{_ALONE} ORDER BY {tables.place} DESC LIMIT ?"
        )

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

    def known(self, run: int) -> Iterator[Row]:
        """See ``Journal``."""
        return self._items.query(
            "WHERE position IN (SELECT position FROM known WHERE run = ?) "
            f"AND state = {State.REJECTED:d} ORDER BY position",
            run,
        )

    def has_previous_version(self, position: int) -> bool:
        """See ``Journal``."""
        sent = f"SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND state <> {State.PENDING:d})"
        return bool(self._tables.one(sent, position))

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """See ``Journal``."""
        query = "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        for position, at, state, digest, status, detail, note in self._tables.many(query):
            yield PreviousVersion(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip

    def _doubted(self) -> str | None:
        return None if self._doubt is None else self._doubt.reason

    def _runs(self, rest: str, *values: Any) -> Iterator[Run]:
        columns = "id, began_at, ended_at, ending, inputs, expected, known, allowed, reading"
        for found in self._tables.few(f"SELECT {columns} FROM run {rest}", *values):
            number, began_at, ended_at, ending, inputs, expected, known, allowed, reading = found
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
                allowed=tuple(allowed.split()), reading=reading,
            )  # fmt: skip
