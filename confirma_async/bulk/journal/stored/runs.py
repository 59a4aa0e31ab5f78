"""The runs of a journal, from its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

from confirma_async.bulk.journal.records import RUNS_WITH_REFUSALS, Refused, Run
from confirma_async.bulk.journal.stored.items import StoredItems
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import seconds
from confirma_async.bulk.models import Row, State


class StoredRuns:
    """The part of ``Runs`` that is the same in the tables of every database.

    Args:
        tables: The tables.
    """

    _listed: ClassVar[str] = ""
    """The condition of runs of jobs, where others are there too."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def all(self) -> Iterator[Run]:
        """See ``Runs``."""
        return self._runs(f"{self._listed}ORDER BY id DESC")

    def latest(self) -> Run | None:
        """See ``Runs``."""
        return next(self._runs(f"{self._listed}ORDER BY id DESC LIMIT 1"), None)

    def find(self, number: int) -> Run | None:
        """See ``Runs``."""
        return next(self._runs("WHERE id = ?", number), None)

    def known(self, run: int) -> Iterator[Row]:
        """See ``Runs``."""
        return StoredItems(self._tables).query(
            "WHERE position IN (SELECT position FROM known WHERE run = ?) "
            f"AND state = {State.REJECTED:d} ORDER BY position",
            run,
        )

    def refusals(self, run: int) -> Iterator[Refused]:
        """See ``Runs``."""
        query = "SELECT source, number, rule, path, message FROM refusal WHERE run = ? ORDER BY id"
        for source, number, rule, path, message in self._tables.many(query, run):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    def put_back(self, run: int) -> None:
        """See ``Runs``."""
        self._tables.change(
            f"UPDATE item SET state = {State.PENDING:d}, holder = NULL "
            f"WHERE {self._tables.is_open} AND state = {State.CLAIMED:d} AND holder = ?",
            run,
        )

    def _next(self) -> int:
        """Return the number of the run that begins, and forget what long past ones met and refused."""
        run = self._tables.one("SELECT coalesce(max(id), 0) + 1 FROM run")
        for table in ("refusal", "known"):
            self._tables.change(f"DELETE FROM {table} WHERE run <= ?", run - RUNS_WITH_REFUSALS)
        return run

    def _runs(self, rest: str, *values: Any) -> Iterator[Run]:
        columns = "id, began_at, ended_at, ending, inputs, expected, known, allowed, reading"
        for found in self._tables.few(f"SELECT {columns} FROM run {rest}", *values):
            number, began_at, ended_at, ending, inputs, expected, known, allowed, reading = found
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
                allowed=tuple(allowed.split()), reading=reading,
            )  # fmt: skip
