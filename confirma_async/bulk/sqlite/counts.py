"""How many items were decided, by run and time, so that no figure needs a look at all of them."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping

from attrs import define, field

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.journal.stored.values import milliseconds, period, places, slices
from confirma_async.bulk.models import FINAL, State

_ADDED_UP = "ON CONFLICT DO UPDATE SET count = count + excluded.count"

_OVER = "run IN (SELECT id FROM run WHERE hold IS NULL)"
"""Counts of runs that are over, which need not be told by time any more."""


@define
class SqliteCounts:
    """The counts of a journal, as one job adds to them.

    Attributes:
        connection: The journal.
    """

    connection: sqlite3.Connection
    _run: int = field(init=False, default=0)
    _taken_up: set[int] = field(init=False, factory=set[int])
    """Items in this run's hands, and not final: they are counted without a look."""

    def begin(self, run: int) -> None:
        """Take up the counting for a run, and forget the times of those that are over."""
        self._run = run
        self._taken_up.clear()
        self.connection.execute(
            "INSERT INTO decided SELECT run, 0, state, sum(count) FROM decided WHERE period > 0 AND "
            f"{_OVER} GROUP BY run, state {_ADDED_UP}"
        )
        self.connection.execute(f"DELETE FROM decided WHERE period > 0 AND {_OVER}")

    def take_up(self, positions: Iterable[int]) -> None:
        """Note items that the run has taken up; none of them is final."""
        self._taken_up.update(positions)

    def forget(self) -> None:
        """Forget which items the run has taken up: they are looked at before they are counted."""
        self._taken_up.clear()

    def count(self, decisions: Mapping[int, Decision | Resolution]) -> None:
        """Count final decisions, before they are written.

        What was final before no longer counts where it did.

        Args:
            decisions: The decisions, by the positions of their items.
        """
        counts = Counter[tuple[int, int, State]]()
        if self._taken_up >= decisions.keys():  # nearly always
            for position, decision in decisions.items():
                if decision.state in FINAL:
                    self._taken_up.discard(position)
                    counts[self._run, period(milliseconds(decision.at)), decision.state] += 1
            self.add_up(counts)
            return
        for some in slices(list(decisions)):
            self._taken_up.difference_update(some)
            query = f"SELECT position, run, state, decided_at FROM item WHERE position IN ({places(some)})"
            for position, run, state, decided_at in self.connection.execute(query, some).fetchall():
                decision = decisions[position]
                if state in FINAL:
                    counts[run, period(decided_at), State(state)] -= 1
                if decision.state in FINAL:
                    counts[run, period(milliseconds(decision.at)), decision.state] += 1
        self.add_up(counts)

    def add_up(self, counts: Mapping[tuple[int, int, State], int]) -> None:
        """Add to how many items were decided, by run, time and state."""
        self.connection.executemany(
            f"INSERT INTO decided VALUES (?, ?, ?, ?) {_ADDED_UP}",
            [(*key, count) for key, count in counts.items()],
        )
