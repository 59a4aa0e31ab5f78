"""The figures of a journal, from its tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from itertools import chain

from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import PERIOD
from confirma_async.bulk.models import FINAL, State


class StoredFigures:
    """``Figures`` over the tables of a journal.

    Args:
        tables: The tables.
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
