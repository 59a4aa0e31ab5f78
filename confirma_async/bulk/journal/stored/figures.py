"""The figures of a journal in its tables: reads them, and counts the items that are decided.

Decisions are counted by run and time, so that no figure needs a look at all items.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from itertools import chain

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import PERIOD, milliseconds, period, places, slices
from confirma_async.bulk.models import FINAL, State

_ADDED_UP = "ON CONFLICT (run, period, state) DO UPDATE SET count = decided.count + excluded.count"


class StoredFigures:
    """``Figures`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Figures``."""
        where, values = ("", ()) if run is None else ("WHERE run = ? ", (run,))
        query = f"SELECT state, sum(count) FROM decided {where}GROUP BY state"
        final = Counter({state: int(count) for state, count in self._tables.few(query, *values)})
        open_ = self.open_counts(run)
        return {state: final[int(state)] if state in FINAL else open_[state] for state in State}

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Figures``."""
        of_run, values = ("", ()) if run is None else (" AND run = ?", (run,))
        query = f"SELECT state, count(*) FROM item WHERE {self._tables.is_open}{of_run} GROUP BY state"
        found = dict(self._tables.few(query, *values))
        return {state: found.get(int(state), 0) for state in State}

    def amounts(self, run: int) -> Mapping[State, Mapping[str, Decimal]]:
        """See ``Figures``."""
        query = "SELECT state, currency, sum(amount) FROM item WHERE {} AND run = ? GROUP BY state, currency"
        tables = self._tables
        parts = [tables.few(query.format(where), run) for where in (tables.is_final, tables.is_open)]
        found: dict[State, dict[str, Decimal]] = {}
        for state, currency, cents in chain(*parts):  # each by its index
            if cents is not None:
                found.setdefault(State(state), {})[tables.text(currency)] = Decimal(int(cents)).scaleb(-2)
        return found

    def decided_since(self, run: int | None, moment: float) -> int:
        """See ``Figures``."""
        query, period = "SELECT coalesce(sum(count), 0) FROM decided WHERE period >= ?", int(moment) // PERIOD
        if run is None:
            return self._tables.one(query, period)
        return self._tables.one(f"{query} AND run = ?", period, run)

    def archived(self, run: int | None = None) -> int:
        """See ``Figures``."""
        if run is None:
            return self._tables.one("SELECT count(*) FROM archived")
        return self._tables.one("SELECT count(*) FROM archived WHERE run = ?", run)

    def refused(self, run: int) -> int:
        """See ``Figures``."""
        query = "SELECT count(*) FROM (SELECT DISTINCT source, number FROM refusal WHERE run = ?) AS bad"
        return self._tables.one(query, run)

    def withheld(self, run: int) -> int:
        """See ``Figures``."""
        query = (
            f"SELECT count(*) FROM item WHERE {self._tables.is_open} AND state = {State.PENDING:d} "
            "AND run = ? AND (source, CAST(number AS text)) IN "
            "(SELECT source, number FROM refusal WHERE run = ?)"
        )
        return self._tables.one(query, run, run)


class StoredCounts:
    """Counts the decided items of a journal, as one job adds to them.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._taken_up: dict[int, int] = {}  # what is not final here, and the run that it counts for

    def begin(self) -> None:
        """Begin to count for a run; of runs that are over, keep only the sums."""
        over = f"FROM decided WHERE period > 0 AND {self._tables.is_over}"
        counts = Counter[tuple[int, int, int]]()
        for run, state, count in self._tables.few(f"DELETE {over} RETURNING run, state, count"):
            counts[run, 0, state] += count
        self.add_up(counts)
        self._taken_up.clear()

    def take_up(self, runs: Mapping[int, int]) -> None:
        """Take note of open items in this run's hands: the run that each counts for, by position."""
        self._taken_up.update(runs)

    def forget(self) -> None:
        """Forget which items the run has taken up: ``count`` reads them from the tables from then on."""
        self._taken_up.clear()

    def count(self, decisions: Mapping[int, Decision | Resolution]) -> None:
        """Count final decisions, before they are written.

        An item that was final before is subtracted from the count that it was in.

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
        """Add numbers of decided items by run, period and state; sorted, so that two jobs cannot deadlock."""
        rows = [(*key, count) for key, count in sorted(counts.items())]
        for some in slices(rows, self._tables.at_once):
            query = f"INSERT INTO decided VALUES {places(some, 4)} {_ADDED_UP}"
            self._tables.change_later(query, *[value for row in some for value in row])
