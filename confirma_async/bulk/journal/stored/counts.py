"""How many items were decided, by run and time, so that no figure needs a look at all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import milliseconds, period, places, slices
from confirma_async.bulk.models import FINAL

_ADDED_UP = "ON CONFLICT (run, period, state) DO UPDATE SET count = decided.count + excluded.count"


class StoredCounts:
    """The counts of a journal, as one job adds to them.

    Args:
        tables: The tables.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._taken_up: dict[int, int] = {}  # what is not final here, and the run that it counts for

    def begin(self) -> None:
        """Begin to count for a run, and remove the times of runs that are over."""
        over = f"FROM decided WHERE period > 0 AND {self._tables.is_over}"
        counts = Counter[tuple[int, int, int]]()
        for run, state, count in self._tables.few(f"DELETE {over} RETURNING run, state, count"):
            counts[run, 0, state] += count
        self.add_up(counts)
        self._taken_up.clear()

    def take_up(self, runs: Mapping[int, int]) -> None:
        """Note items that are in this run's hands, none of them final, and the runs that they count for."""
        self._taken_up.update(runs)

    def forget(self) -> None:
        """Forget which items the run has taken up: they are looked at before they are counted."""
        self._taken_up.clear()

    def count(self, decisions: Mapping[int, Decision | Resolution]) -> None:
        """Count final decisions, before they are written.

        What was final before no longer counts where it did.

        Args:
            decisions: The decisions, by the positions of their items.
        """
        counts, runs = Counter[tuple[int, int, int]](), self._taken_up
        if not runs.keys() >= decisions.keys():  # seldom
            runs = dict[int, int]()
            for some in slices(list(decisions), self._tables.at_once):
                query = (
                    f"SELECT position, run, state, decided_at FROM item WHERE position IN ({places(some)})"
                )
                for position, run, state, decided_at in self._tables.few(query, *some):
                    runs[position] = run
                    if state in FINAL:
                        counts[run, period(decided_at), state] -= 1
        for position, decision in decisions.items():
            if decision.state in FINAL and position in runs:
                counts[runs[position], period(milliseconds(decision.at)), int(decision.state)] += 1
                self._taken_up.pop(position, None)
        self.add_up(counts)

    def add_up(self, counts: Mapping[tuple[int, int, int], int]) -> None:
        """Add to how many items were decided, by run, time and state; in one order, so that none waits."""
        rows = [(*key, count) for key, count in sorted(counts.items())]
        for some in slices(rows, self._tables.at_once):
            query = f"INSERT INTO decided VALUES {places(some, 4)} {_ADDED_UP}"
            self._tables.change_later(query, *[value for row in some for value in row])
