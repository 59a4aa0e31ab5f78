"""The runs of a journal in a database: of jobs, and of the workers that send what others have planned."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.bulk.journal.stored.runs import StoredRuns, StoredRunsReader
from confirma_async.bulk.postgres.migrations import OPEN


@frozen(kw_only=True)
class WorkerRow:
    """A worker.

    Attributes:
        run: The number of its run.
        name: What names it: its machine, its process, and more.
        began_at: When it began; seconds since 1970.
        alive: Whether it holds its lease.
        held: How many invoices it has in its hands.
    """

    run: int
    name: str
    began_at: float
    alive: bool
    held: int


class PostgresRunsReader(StoredRunsReader):
    """``RunsReader`` over the tables of a journal in a database.

    Args:
        tables: The tables.
    """

    _listed = "WHERE worker IS NULL "

    def workers(self, seconds: float) -> Sequence[WorkerRow]:
        """Return the workers that are alive, and those that died within so many seconds."""
        query = (
            "SELECT id, worker, began_at, lease_until > clock_timestamp() IS TRUE, "
            f"(SELECT count(*) FROM item WHERE {OPEN} AND holder = run.id) FROM run "
            "WHERE worker IS NOT NULL AND ended_at IS NULL "
            "AND coalesce(died_at, lease_until) > clock_timestamp() - make_interval(secs => ?) ORDER BY id"
        )
        return [
            WorkerRow(run=run, name=name, began_at=began_at / 1000, alive=alive, held=held)
            for run, name, began_at, alive, held in self._tables.few(query, seconds)
        ]


class PostgresRuns(PostgresRunsReader, StoredRuns):
    """``Runs`` over the tables of a journal in a database."""
