"""The runs of a journal in a database: of jobs, and of the workers that send what others have planned."""

from __future__ import annotations

import json
from collections.abc import Sequence

from attrs import frozen

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.runs import StoredRuns
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.models import Refusal
from confirma_async.bulk.postgres.connection.text_forms import plain
from confirma_async.bulk.postgres.counts import PostgresCounts
from confirma_async.bulk.postgres.holders import PostgresHolders
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.tables import PostgresTables


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


class PostgresRunsReader(StoredRuns):
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


class PostgresRuns(PostgresRunsReader):
    """``Runs`` over the tables of a journal in a database.

    Args:
        tables: The tables.
        ownership: Whose the journal is.
        trust: Whether it is in doubt.
        holders: The runs that have items in their hands.
        counts: How many items were decided.
    """

    _tables: PostgresTables

    def __init__(
        self,
        tables: PostgresTables,
        ownership: StoredOwnership,
        trust: StoredTrust,
        holders: PostgresHolders,
        counts: PostgresCounts,
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
        session, change = self._tables.session, self._tables.change
        self._ownership.tie(job.target, owner, now=now)
        if session.run:
            change("UPDATE run SET lease_until = to_timestamp(0) WHERE id = ?", session.run)
        run = self._next()
        change(
            "INSERT INTO run "
            "(id, began_at, expected, inputs, allowed, reading, incarnation, term, lease_until) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, clock_timestamp() + make_interval(secs => ?))",
            run, milliseconds(now), expected, json.dumps(list(job.inputs)), " ".join(job.allowed),
            job.reading, session.incarnation, session.term, session.lease,
        )  # fmt: skip
        session.hold(run)
        self._holders.settle_dead()
        self._trust.settle()
        self._counts.begin()
        return run

    def refuse(self, refusals: Sequence[Refusal], run: int) -> None:
        """See ``Runs``."""
        self._tables.change_columns(
            "INSERT INTO refusal (source, number, rule, path, message, run) SELECT * FROM "
            "unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[])",
            [
                (plain(str(refusal.place)), refusal.number and plain(refusal.number), problem.rule,
                 plain(problem.path), plain(problem.message), run)
                for refusal in refusals
                for problem in refusal.problems
            ],
        )  # fmt: skip

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Runs``."""
        self._holders.end(run, ending, milliseconds(now))
        if owner is not None:
            self._ownership.renew(owner, now=now)
