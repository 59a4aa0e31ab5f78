"""The runs of a journal in a database: how they begin, who is alive, and what the dead have left.

Whoever settles what a run has left locks the row of that run, as the run itself does with each transaction.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Generator, Sequence

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import RUNS_WITH_REFUSALS, Doubt, JobName
from confirma_async.bulk.journal.rules import check_target, foreign_key, tie
from confirma_async.bulk.journal.stored.values import milliseconds
from confirma_async.bulk.journal.stored.writes import StoredWrites, settling
from confirma_async.bulk.models import Row
from confirma_async.bulk.postgres.connection.session import PostgresSession
from confirma_async.bulk.postgres.marks import MarkFile, TransactionMark
from confirma_async.bulk.postgres.migrations import OPEN
from confirma_async.bulk.postgres.reading import PostgresReader
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.bulk.postgres.trust import PostgresTrust

ADDED_UP = "ON CONFLICT (run, period, state) DO UPDATE SET count = decided.count + excluded.count"
"""Adds a count to those of a run, a time and a state."""

_WRITES_SETTLED = settling(alive="lease_until IS NOT NULL")
"""Settles which writes runs that are over left under way."""

_SETTLED = (
    "UPDATE item SET holder = NULL, state = CASE state WHEN 1 THEN 0 WHEN 2 THEN 3 ELSE state END, "
    # Its lease may have run out while the call was under way: nobody believes it ended before both.
    "ends_at = CASE state WHEN 2 THEN greatest(ends_at, "
    "(extract(epoch FROM lease) * 1000)::bigint + ends_at - attempted_at) ELSE ends_at END "
    "FROM unnest(%s::bigint[], %s::timestamptz[]) AS dead(run, lease) "
    f"WHERE {OPEN} AND holder = dead.run"
)


class PostgresRuns(PostgresReader):
    """The part of a ``Journal`` in a database that is about its runs.

    Args:
        session: The connection.
        doubt: Why the journal may not know all that was sent; None where it does.
        mark: What this machine remembers of it.
    """

    def __init__(self, session: PostgresSession, doubt: Doubt | None, mark: MarkFile) -> None:
        tables = PostgresTables(session)
        self._trust = PostgresTrust(tables, doubt, self._settle_dead)
        super().__init__(tables, self._trust)
        self._mark = mark
        self._all, self._one, self._do = tables.few, tables.one, tables.change
        self._do_columns = tables.change_columns
        self.writes: StoredWrites = StoredWrites(tables, self._trust, self._settle_dead)
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
        self.take_in(job.target, owner, now=now)
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
        self._settle_dead()
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

    def _settle_dead(self) -> None:
        """Settle what runs have left under way whose lease is over: claims surely were not sent.

        A run of which a transaction goes on just now is left alone: it holds the lock of its row.
        """
        dead = list(
            self._all(
                "SELECT id, lease_until FROM run WHERE lease_until <= clock_timestamp() AND id <> %s "
                "FOR NO KEY UPDATE SKIP LOCKED",
                self._run,
            )
        )
        if dead:
            runs, leases = ([*column] for column in zip(*dead, strict=True))
            self._do(_SETTLED, runs, leases)
            self._do(
                "UPDATE run SET died_at = coalesce(died_at, lease_until), lease_until = NULL "
                "WHERE id = ANY(%s)",
                runs,
            )
        self._do(_WRITES_SETTLED)

    def _are_left(self, rows: Sequence[Row]) -> bool:
        """Say whether some rows are in the hands of runs that are not alive."""
        held = {row.holder for row in rows if row.holder is not None} - {self._run}
        if not held:
            return False
        alive = "SELECT count(*) FROM run WHERE id = ANY(%s) AND lease_until > clock_timestamp()"
        return self._one(alive, list(held)) < len(held)

    def take_in(self, target: str, owner: Owner | None, *, now: float) -> None:
        """See ``Journal``."""
        self._tables.lock()  # also for those who give numbers
        check_target(self.name, self.target(), target)
        self._tables.keep({"target": target})
        if owner is not None:
            self._take_in(owner, now)

    def _take_in(self, owner: Owner, now: float) -> None:
        """Check that a key is of the journal's account, and keep its fingerprint.

        Raises:
            JournalMismatchError: it is not known to be.
        """

        def check_unused(account: str) -> None:
            planned = bool(self._one("SELECT EXISTS (SELECT 1 FROM planned_chunk)"))
            if planned or self._others_run() or self.has_sent():
                raise foreign_key(self.name, account, planned=planned)

        tied = tie(self._tables.kept(), self.owners()[1], owner, check_unused)
        if tied.forgets:
            self._do("DELETE FROM owner")
        self._tables.keep(tied.kept)
        self._add_owner(tied.fingerprint, now)

    def _others_run(self) -> bool:
        """Say whether runs of other sessions are alive, whose key is the account's before they have sent."""
        alive = "SELECT EXISTS (SELECT 1 FROM run WHERE lease_until > clock_timestamp() AND id <> %s)::int"
        return bool(self._one(alive, self._run))

    def _add_owner(self, fingerprint: str, now: float) -> None:
        self._do("INSERT INTO owner VALUES (%s, %s) ON CONFLICT DO NOTHING", fingerprint, milliseconds(now))

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Journal``."""
        self._do(_SETTLED, [run], [None])
        self._do(
            "UPDATE run SET ended_at = %s, ending = %s, lease_until = NULL WHERE id = %s",
            milliseconds(now), ending, run,
        )  # fmt: skip
        self._do(_WRITES_SETTLED)
        if run == self._run:
            self._session.let_go()
        if owner is not None:  # its key was renewed during the run
            own, *_ = owner.fingerprints(bytes.fromhex(self._tables.kept()["salt"]))
            self._add_owner(own, now)
