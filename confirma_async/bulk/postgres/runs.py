"""The runs of a journal in a database: how they begin, who is alive, and what the dead have left.

Whoever settles what a run has left locks the row of that run, as the run itself does with each transaction.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import RUNS_WITH_REFUSALS, Doubt, JobName
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.holders import PostgresHolders
from confirma_async.bulk.postgres.marks import MarkFile, TransactionMark
from confirma_async.bulk.postgres.reading import PostgresReader
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.bulk.postgres.trust import PostgresTrust

ADDED_UP = "ON CONFLICT (run, period, state) DO UPDATE SET count = decided.count + excluded.count"
"""Adds a count to those of a run, a time and a state."""


class PostgresRuns(PostgresReader):
    """The part of a ``Journal`` in a database that is about its runs.

    Args:
        session: The connection.
        doubt: Why the journal may not know all that was sent; None where it does.
        mark: What this machine remembers of it.
    """

    def __init__(self, session: PostgresSession, doubt: Doubt | None, mark: MarkFile) -> None:
        tables = PostgresTables(session)
        holders = self._holders = PostgresHolders(tables)
        self._trust = PostgresTrust(tables, doubt, holders.settle_dead)
        super().__init__(tables, self._trust)
        self.ownership: StoredOwnership = StoredOwnership(tables, holders.others_run, holders.have_planned)
        self._mark = mark
        self._all, self._one, self._do = tables.few, tables.one, tables.change
        self._do_columns = tables.change_columns
        self.writes: StoredWrites = StoredWrites(tables, self._trust, holders.settle_dead)
        self._last: int | None = None  # the place of the last item, while this transaction admits
        self._taken_up: dict[int, int] = {}  # what is not final here, and the run that it counts for

    @property
    def _run(self) -> int:
        return self._session.run

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """See ``Journal``.

        Raises:
            NotWrittenError: the connection was lost, and surely nothing was written.
        """
        session, before = self._session, (self._session.run, self._session.lease, self._trust.doubt())
        try:
            with session.transaction():
                yield
        except BaseException:
            session.run, session.lease, doubt = before
            self._trust.take(doubt)
            self._taken_up.clear()
            raise
        finally:
            self._last = None
        self._mark.note(TransactionMark(session.incarnation, session.number))
        if session.run:
            session.keep()

    def check_hold(self, longest_call: float) -> None:
        """See ``Journal``."""
        self._session.check_hold(longest_call)

    def close(self) -> None:
        """See ``Journal``."""
        super().close()
        self._mark.close()

    # --- a run --------------------------------------------------------------------------------------

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """See ``Journal``."""
        self.ownership.tie(job.target, owner, now=now)
        if self._run:
            self._do("UPDATE run SET lease_until = to_timestamp(0) WHERE id = %s", self._run)
        run = self._one("SELECT coalesce(max(id), 0) + 1 FROM run")
        self._do(
            "INSERT INTO run "
            "(id, began_at, expected, inputs, allowed, reading, incarnation, term, lease_until) VALUES ("
            "%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))",
            run, milliseconds(now), expected, json.dumps(list(job.inputs)), " ".join(job.allowed),
            job.reading, self._session.incarnation, self._session.term, self._session.lease,
        )  # fmt: skip
        self._session.hold(run)
        self._holders.settle_dead()
        self._trust.settle()
        over = (
            "run IN (SELECT id FROM run WHERE lease_until IS NULL) "
            "AND run NOT IN (SELECT run FROM planned_chunk)"
        )
        self._do(
            "INSERT INTO decided SELECT run, 0, state, sum(count) FROM decided WHERE period > 0 AND "
            f"{over} GROUP BY run, state {ADDED_UP}"
        )
        self._do(f"DELETE FROM decided WHERE period > 0 AND {over}")
        for table in ("refusal", "known"):
            self._do(f"DELETE FROM {table} WHERE run <= %s", run - RUNS_WITH_REFUSALS)
        self._taken_up.clear()
        return run

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Journal``."""
        self._holders.end(run, ending, milliseconds(now))
        if owner is not None:  # its key was renewed during the run
            self.ownership.renew(owner, now=now)
