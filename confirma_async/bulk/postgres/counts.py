"""How many items were decided, by run and time, so that no figure needs a look at all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.journal.stored.values import milliseconds, period
from confirma_async.bulk.models import FINAL
from confirma_async.bulk.postgres.connection.text_forms import array_text
from confirma_async.bulk.postgres.tables import PostgresTables

_ADDED_UP = "ON CONFLICT (run, period, state) DO UPDATE SET count = decided.count + excluded.count"

_ADDED = (
    "INSERT INTO decided SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::smallint[], %s::bigint[]) "
    f"{_ADDED_UP}"
)

_OVER = "run IN (SELECT id FROM run WHERE lease_until IS NULL) AND run NOT IN (SELECT run FROM planned_chunk)"
"""Counts of runs that are over, which need not be told by time any more."""


class PostgresCounts:
    """The counts of a journal in a database, as one job adds to them.

    Args:
        tables: The tables.
    """

    def __init__(self, tables: PostgresTables) -> None:
        self._tables = tables
        self._taken_up: dict[int, int] = {}  # what is not final here, and the run that it counts for

    def begin(self, run: int) -> None:  # noqa: ARG002 (its form)
        """Take up the counting for a run, and forget the times of those that are over."""
        self._tables.change(
            "INSERT INTO decided SELECT run, 0, state, sum(count) FROM decided WHERE period > 0 AND "
            f"{_OVER} GROUP BY run, state {_ADDED_UP}"
        )
        self._tables.change(f"DELETE FROM decided WHERE period > 0 AND {_OVER}")
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
        counts = Counter[tuple[int, int, int]]()
        if self._taken_up.keys() >= decisions.keys():  # nearly always
            runs = {position: self._taken_up[position] for position in decisions}
        else:
            runs = {}
            query = "SELECT position, run, state, decided_at FROM item WHERE position = ANY(?)"
            for position, run, state, decided_at in self._tables.few(query, list(decisions)):
                runs[position] = run
                if state in FINAL:
                    counts[run, period(decided_at), state] -= 1
        for position, run in runs.items():
            decision = decisions[position]
            if decision.state in FINAL:
                self._taken_up.pop(position, None)
                counts[run, period(milliseconds(decision.at)), int(decision.state)] += 1
        self.add_up(counts)

    def add_up(self, counts: Mapping[tuple[int, int, int], int]) -> None:
        """Add to how many items were decided, by run, time and state; in one order, so that none waits."""
        if counts:
            rows = [(*key, count) for key, count in sorted(counts.items())]
            columns = [array_text(column) for column in zip(*rows, strict=True)]
            self._tables.session.statements.change_later(_ADDED, columns, lambda _: None)
