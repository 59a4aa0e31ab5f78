"""The runs of a journal in a database: those of jobs, and those of workers."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.bulk.journal.stored.runs import StoredRuns, StoredRunsReader
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.postgres.migrations import OPEN

PLANNED = "planned for workers"
"""The ending of a run whose invoices workers are to send."""

SENT = "sent by workers"
"""The ending of such a run once all its invoices are final."""


@frozen(kw_only=True)
class WorkerRow:
    """A worker that sends from the journal, or did so lately.

    Attributes:
        run: The number of its run.
        name: The name of the worker: its machine, its process, and a random part.
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
        tables: Runs the statements on the database of the journal.
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

    def end_all_sent(self, now: float) -> None:
        """End all planned runs whose invoices are all final; ``now`` is in seconds since 1970."""
        planned = [run for (run,) in self._tables.few("SELECT id FROM run WHERE ending = ?", PLANNED)]
        self.end_sent(planned, now)

    def end_sent(self, runs: Sequence[int], now: float) -> None:
        """End those of some planned runs whose invoices are all final.

        Args:
            runs: The numbers of the runs.
            now: The current time; seconds since 1970.
        """
        without_chunks = [
            run
            for (run,) in self._tables.few(
                "SELECT id FROM run WHERE id = ANY(?) AND ending = ? "
                "AND NOT EXISTS (SELECT 1 FROM planned_chunk WHERE planned_chunk.run = run.id)",
                list(runs), PLANNED,
            )
        ]  # fmt: skip
        if without_chunks:  # only then are all open items looked at
            self._tables.change(
                "UPDATE run SET ended_at = ?, ending = ? WHERE id = ANY(?) "
                f"AND NOT EXISTS (SELECT 1 FROM item WHERE {OPEN} AND item.run = run.id)",
                milliseconds(now), SENT, without_chunks,
            )  # fmt: skip
