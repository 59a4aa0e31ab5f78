"""Reads and writes the runs of a journal in its tables."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import RUNS_WITH_REFUSALS, JobName, Run, StoredProblem
from confirma_async.bulk.journal.stored.figures import StoredCounts
from confirma_async.bulk.journal.stored.items import StoredItems
from confirma_async.bulk.journal.stored.numbers import OF_NO_RUN
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds, seconds
from confirma_async.bulk.models import RefusedRecord, Row, State


class Holders(Protocol):
    """Knows which runs are alive, and releases the items of those that are not."""

    def begin(self, run: int) -> None:
        """Count a run of this job as alive from now on."""
        ...

    def mark(self) -> Mapping[str, Any]:
        """Return the columns of a new run that show who has its items in hand, with their values."""
        ...

    def release_dead(self) -> None:
        """Release the items that dead runs left under way: claims are pending, sends are unknown."""
        ...

    def end(self, run: int) -> None:
        """Release the items of a run, and count it as ended."""
        ...


class StoredRunsReader:
    """``RunsReader`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    _listed: ClassVar[str] = ""
    """The condition of the runs of jobs, where the table holds runs of workers, too."""

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

    def problems(self, run: int) -> Iterator[StoredProblem]:
        """See ``Runs``."""
        query = "SELECT source, number, rule, path, message FROM refusal WHERE run = ? ORDER BY id"
        for source, number, rule, path, message in self._tables.many(query, run):
            yield StoredProblem(source=source, number=number, rule=rule, path=path, message=message)

    def _runs(self, rest: str, *values: Any) -> Iterator[Run]:
        columns = "id, began_at, ended_at, ending, inputs, expected, known, allowed, reading"
        for found in self._tables.few(f"SELECT {columns} FROM run {rest}", *values):
            number, began_at, ended_at, ending, inputs, expected, known, allowed, reading = found
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
                allowed=tuple(allowed.split()), reading=reading,
            )  # fmt: skip


class StoredRuns(StoredRunsReader):
    """``Runs`` over the tables of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
        ownership: The target and the account of the journal.
        trust: Says whether the journal is in doubt.
        holders: Knows which runs are alive.
        counts: Counts the decided items.
    """

    def __init__(
        self,
        tables: Tables,
        ownership: StoredOwnership,
        trust: StoredTrust,
        holders: Holders,
        counts: StoredCounts,
    ) -> None:
        super().__init__(tables)
        self._ownership = ownership
        self._trust = trust
        self._holders = holders
        self._counts = counts

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """See ``Runs``."""
        tables = self._tables
        self._ownership.tie(job.target, owner, now=now)
        run = tables.one(f"SELECT {tables.new_run}")
        columns = {
            "id": run, "began_at": milliseconds(now), "expected": expected,
            "inputs": json.dumps(list(job.inputs)), "allowed": " ".join(job.allowed), "reading": job.reading,
            **self._holders.mark(),
        }  # fmt: skip
        tables.insert(f"run ({', '.join(columns)})", [tuple(columns.values())])
        self._holders.begin(run)
        self._holders.release_dead()
        self._trust.make_unsent_unknown()
        for table in ("refusal", "known"):
            tables.change(f"DELETE FROM {table} WHERE run <= ?", run - RUNS_WITH_REFUSALS)
        tables.change("UPDATE numbered SET run = ? WHERE run = ?", run, OF_NO_RUN)
        self._counts.begin()
        return run

    def refuse(self, refusals: Sequence[RefusedRecord], run: int) -> None:
        """See ``Runs``."""
        plain = self._tables.plain
        rows = [
            (plain(str(refusal.place)), refusal.number and plain(refusal.number), problem.rule,
             plain(problem.path), plain(problem.message), run)
            for refusal in refusals
            for problem in refusal.problems
        ]  # fmt: skip
        self._tables.insert("refusal (source, number, rule, path, message, run)", rows)

    def put_back(self, run: int) -> None:
        """See ``Runs``."""
        self._tables.change(
            f"UPDATE item SET state = {State.PENDING:d}, holder = NULL "
            f"WHERE {self._tables.is_open} AND state = {State.CLAIMED:d} AND holder = ?",
            run,
        )

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Runs``."""
        ended = "UPDATE run SET ended_at = ?, ending = ? WHERE id = ?"
        self._tables.change(ended, milliseconds(now), ending, run)
        self._holders.end(run)
        if owner is not None:
            self._ownership.renew(owner, now=now)
