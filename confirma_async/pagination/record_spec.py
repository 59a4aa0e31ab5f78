"""How the records of an answer are found, dated and told apart."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from confirma_async.pagination.cursors import digest
from confirma_async.pagination.period import Window

Answer = TypeVar("Answer")
Record = TypeVar("Record")

OVERLAP = datetime.timedelta(days=1)
"""How far from a window a record may lie that belongs to it: the service may count days elsewhere."""


def _as_it_is(answer: Answer, _records: Sequence[object]) -> Answer:
    return answer


@frozen(kw_only=True)
class RecordSpec(Generic[Answer, Record]):
    """How the records of an answer are found and told apart.

    Attributes:
        records: The records of an answer.
        identity: What tells one record from another; None for a record that nothing tells apart.
        day: The latest day that a record bears; None where it bears none.
        earliest: The earliest day that it bears; None for the latest.
        has_id: Whether the service gives each record an identifier, so that equal ones are one.
        missing: How many records the service says there are beside those in its answer; None where it does
            not say.
        with_records: The same answer with other records.
    """

    records: Callable[[Answer], Sequence[Record]]
    identity: Callable[[Record], Hashable | None]
    day: Callable[[Record], datetime.date | None]
    earliest: Callable[[Record], datetime.date | None] | None = None
    has_id: bool = False
    missing: Callable[[Answer], int | None] | None = None
    with_records: Callable[[Answer, Sequence[Record]], Answer] = _as_it_is

    def digest(self, record: Record) -> str | None:
        """Return a short name for the record."""
        identity = self.identity(record)
        return None if identity is None else digest(identity)

    def near_boundary(self, records: Sequence[Record], last: datetime.date) -> frozenset[str]:
        """Return the names of those records that the window after ``last`` may tell once more."""
        near = [record for record in records if (day := self.day(record)) is None or day >= last - OVERLAP]
        return frozenset(name for record in near if (name := self.digest(record)))

    def is_outside(self, record: Record, window: Window) -> bool:
        """Say whether a record bears no day of a window, nor one that is next to it."""
        return not self.is_within(record, Window(window.first - OVERLAP, window.last + OVERLAP))

    def is_within(self, record: Record, window: Window) -> bool:
        """Say whether a record bears a day of a window, or none at all."""
        last = self.day(record)
        if last is None:
            return True
        first = (self.earliest(record) if self.earliest else None) or last
        return first <= window.last and last >= window.first

    def nameless(self, records: Iterable[Record]) -> Counter[str]:
        """Return the records that nothing tells apart, equal ones counted."""
        return Counter(repr(record) for record in records if self.identity(record) is None)

    def once(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records without those that come again with the same identifier and the same content."""
        if not self.has_id or len({*map(self.digest, records)}) == len(records):
            return records
        kept: dict[str | None, list[Record]] = {}
        fresh: list[Record] = []
        for record in records:
            same = kept.setdefault(self.digest(record), [])
            if self.identity(record) is None or record not in same:
                same.append(record)
                fresh.append(record)
        return fresh


def may_be_cut(count: int) -> bool:
    """Say whether a number of records is one at which services cut their answers."""
    return count >= 50 and count % 50 == 0
