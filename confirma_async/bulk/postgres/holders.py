"""Knows which runs are alive by their leases, and releases the items of dead runs.

Whoever releases what a run has left locks the row of that run, as the run itself does with each transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from confirma_async.bulk.journal.stored.writes import release_of_writes
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.tables import PostgresTables

_RELEASE_WRITES = release_of_writes(
    alive="lease_until IS NOT NULL",
    ends_at="greatest(ends_at, (SELECT (extract(epoch FROM died_at) * 1000)::bigint "
    "FROM run WHERE run.id = write.run) + ends_at - attempted_at)",
)
"""Releases the writes that ended runs have left under way."""

_RELEASE_ITEMS = (
    "UPDATE item SET holder = NULL, state = CASE state WHEN 1 THEN 0 WHEN 2 THEN 3 ELSE state END, "
    # Its lease may have run out while the call was under way: nobody believes it ended before both.
    "ends_at = CASE state WHEN 2 THEN greatest(ends_at, "
    "(extract(epoch FROM lease) * 1000)::bigint + ends_at - attempted_at) ELSE ends_at END "
    "FROM unnest(%s::bigint[], %s::timestamptz[]) AS dead(run, lease) "
    f"WHERE {OPEN} AND holder = dead.run"
)


class PostgresHolders:
    """``Holders`` over the runs of a journal in a PostgreSQL database.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: PostgresTables) -> None:
        self._tables = tables

    def begin(self, run: int) -> None:
        """See ``Holders``. A run that this session began before has ended."""
        session = self._tables.session
        if session.lease.run:
            self._tables.change(
                "UPDATE run SET lease_until = to_timestamp(0) WHERE id = ?", session.lease.run
            )
        session.hold(run)

    def mark(self) -> Mapping[str, Any]:
        """See ``Holders``."""
        notes = self._tables.session.notes
        return {"incarnation": notes.incarnation, "term": notes.term}

    def end(self, run: int) -> None:
        """See ``Holders``."""
        self._tables.change(_RELEASE_ITEMS, [run], [None])
        self._tables.change("UPDATE run SET lease_until = NULL WHERE id = ?", run)
        self._tables.change(_RELEASE_WRITES)
        if run == self._tables.session.lease.run:
            self._tables.session.lease.let_go()

    def release_dead(self) -> None:
        """Release the items of runs whose lease is over: claims become pending, sends unknown.

        A run that has a transaction under way just now is left out: it holds the lock of its row.
        """
        dead = list(
            self._tables.few(
                "SELECT id, lease_until FROM run WHERE lease_until <= clock_timestamp() AND id <> ? "
                "FOR NO KEY UPDATE SKIP LOCKED",
                self._tables.session.lease.run,
            )
        )
        if dead:
            runs, leases = ([*column] for column in zip(*dead, strict=True))
            self._tables.change(_RELEASE_ITEMS, runs, leases)
            self._tables.change(
                "UPDATE run SET died_at = coalesce(died_at, lease_until), lease_until = NULL "
                "WHERE id = ANY(?)",
                runs,
            )
        self._tables.change(_RELEASE_WRITES)

    def are_over(self, runs: Iterable[int | None]) -> bool:
        """Say whether any of these runs is dead; None in place of a run is left out."""
        held = {run for run in runs if run is not None} - {self._tables.session.lease.run}
        if not held:
            return False
        alive = "SELECT count(*) FROM run WHERE id = ANY(?) AND lease_until > clock_timestamp()"
        return self._tables.one(alive, list(held)) < len(held)

    def others_run(self) -> bool:
        """Say whether runs of other sessions are alive: their key is the account's before they have sent."""
        alive = "SELECT EXISTS (SELECT 1 FROM run WHERE lease_until > clock_timestamp() AND id <> ?)::int"
        return bool(self._tables.one(alive, self._tables.session.lease.run))

    def have_planned(self) -> bool:
        """Say whether invoices are planned, which workers will send with the account's key."""
        return bool(self._tables.one("SELECT EXISTS (SELECT 1 FROM planned_chunk)"))
