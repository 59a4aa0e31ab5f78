"""The journal in a PostgreSQL database, which jobs of any number of machines share.

Rows are sent in arrays, in one statement for each kind of change: what costs is the way to the server and
back. A transaction that writes rows of a run has locked the row of the run (see ``session``). One that admits
invoices holds the lock of admission until its commit, so that two runs never take up the same number at once.
Workers claim planned invoices without that lock, and leave out rows that another transaction has locked.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import msgspec
from attrs import evolve

from confirma_async.bulk.journal.admission import TAKEN_UP, AdmissionBatch
from confirma_async.bulk.journal.records import (
    Admitted,
    Decision,
    Doubt,
    Resolution,
)
from confirma_async.bulk.journal.rules import check_resolvable
from confirma_async.bulk.journal.stored.figures import StoredCounts
from confirma_async.bulk.journal.stored.items import ARCHIVED_COLUMNS, ITEM_COLUMNS
from confirma_async.bulk.journal.stored.keeper import StoredKeeper
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.values import milliseconds, period
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.models import FINAL, Entry, Retry, Row, State
from confirma_async.bulk.postgres.connection.failures import taken_over
from confirma_async.bulk.postgres.connection.text_forms import array_text, copy_text, plain
from confirma_async.bulk.postgres.holders import PostgresHolders
from confirma_async.bulk.postgres.marks import MarkFile
from confirma_async.bulk.postgres.migrations import DECIDED
from confirma_async.bulk.postgres.opening import look_at_tables, open_tables
from confirma_async.bulk.postgres.reader import PostgresReader
from confirma_async.bulk.postgres.runs import PostgresRuns
from confirma_async.bulk.postgres.tables import PostgresTables
from confirma_async.bulk.postgres.trust import PostgresTrust

_NEW = (
    "item (position, number, type, seller, repeat, date, source, digest, state, run, amount, currency, "
    "detail, holder, chunk)"
)
_COPIED = f"COPY {_NEW} FROM STDIN"
_INSERTED = (
    f"INSERT INTO {_NEW} SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], "
    "%s::text[], %s::int[], %s::int[], %s::text[], %s::bytea[], %s::smallint[], %s::bigint[], %s::bigint[], "
    "%s::text[], %s::text[], %s::bigint[], %s::bigint[])"
)
_SOMEBODY = -1
"""Stands for the holder of an item that another transaction is just claiming."""

ROWS_COPIED = 16
"""New rows from which on COPY costs less than arrays, which need only one message."""

_OF_NUMBERS = (
    "SELECT found.* FROM unnest(?::bigint[]) AS wanted(wanted) CROSS JOIN LATERAL "
    "(SELECT {columns} FROM {table} WHERE number = wanted OFFSET 0) AS found"
)
"""Looks up each number by the index. With ``number = ANY``, a server without statistics (in the first minute
of a table) expects half of all rows, and reads the whole table."""

_CLAIMED_AGAIN = (
    "UPDATE item SET state = c.state, verdict = NULL, run = c.run, holder = c.holder, digest = c.digest, "
    "date = c.date, source = c.source, amount = c.amount, currency = c.currency, ended = NULL, "
    "detail = c.detail, status = NULL, decided_at = NULL, took = NULL, says_no = NULL, form = NULL, "
    "attempts = CASE WHEN c.anew THEN 0 ELSE attempts END, "
    # A chunk that it was in may have other contents of it by now, or none, or be gone.
    "chunk = CASE WHEN item.digest = c.digest AND EXISTS (SELECT 1 FROM planned_chunk "
    "WHERE planned_chunk.id = item.chunk AND item.position = ANY(positions)) THEN chunk END "
    "FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[], %s::bytea[], %s::int[], %s::text[], "
    "%s::bigint[], %s::text[], %s::text[], %s::boolean[], %s::bigint[]) AS "
    "c(state, run, holder, digest, date, source, amount, currency, detail, anew, position) "
    "WHERE item.position = c.position"
)

_SENDING = (
    "WITH a AS MATERIALIZED (SELECT position, nextval('attempt') AS place FROM "
    "(SELECT position FROM unnest(%s::bigint[]) WITH ORDINALITY AS p(position, at) ORDER BY at OFFSET 0) "
    "AS wanted) UPDATE item SET state = 2, attempts = attempts + 1, attempted_at = %s, ends_at = %s, "
    "ended = NULL, says_no = NULL, form = NULL, sequence = a.place FROM a "
    "WHERE item.position = a.position AND item.position = ANY(%s) AND holder = %s"
)
"""The positions are in it twice, so that the server expects few rows and does not read the whole table."""

_DECIDED = (
    "UPDATE item SET state = d.state, verdict = CASE WHEN d.state IN (4, 5) THEN d.state END, "
    "place = CASE WHEN d.state IN (4, 5) THEN coalesce(sequence, 0) ELSE place END, "
    "status = d.status, detail = d.detail, duplicate = coalesce(d.duplicate, false), "
    "decided_at = d.decided_at, "
    "ended = CASE WHEN d.lost THEN (SELECT last_value FROM attempt) ELSE ended END, took = d.took, "
    "ends_at = CASE WHEN d.decided_at IS NULL THEN coalesce(d.ended_at, ends_at) END, "
    "says_no = d.says_no, form = d.form, "
    "holder = CASE WHEN d.kept THEN holder END "
    "FROM json_to_recordset(%s::json) AS d(position bigint, state smallint, status text, detail text, "
    "duplicate boolean, decided_at bigint, lost boolean, took bigint, kept boolean, says_no boolean, "
    "form text, ended_at bigint) "
    "WHERE item.position = d.position AND item.position = ANY(%s) AND holder = %s"
)


class _DecisionRow(msgspec.Struct, omit_defaults=True, gc=False):
    """A row of ``_DECIDED``; an attribute that is not set is NULL there."""

    position: int
    state: int
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    decided_at: int | None = None
    lost: bool = False
    took: int | None = None
    kept: bool = False
    says_no: bool | None = None
    form: str | None = None
    ended_at: int | None = None


def open_postgres(url: str, *, alone: bool = False) -> PostgresJournal:
    """Open a journal for a job, or make a new one. Call this in the thread that will use it.

    Args:
        url: ``postgresql://user@host:port/database``; the password is best kept in ``~/.pgpass``. Any number
            of jobs, of any number of machines, may have it open.
        alone: Whether no job may be running on it, because it is changed as a whole.

    Raises:
        JournalError: the server cannot be reached, is too old, takes no changes, or refuses the user; or
            ``alone`` is set and a job runs on it.
        JournalMismatchError: the journal is of a newer version; it was not touched.
        ConfigurationError: the URL is of another kind of database.
    """
    return PostgresJournal(*open_tables(url, alone=alone))


@contextlib.contextmanager
def reading_postgres(url: str) -> Generator[PostgresReader]:
    """Open a journal only to read it, even while jobs run on it. All is read as of one moment.

    Raises:
        JournalError: there is none, or the server cannot be reached.
        JournalMismatchError: it is of a newer version.
        ConfigurationError: the URL is of another kind of database.
    """
    tables, doubt = look_at_tables(url)
    with contextlib.closing(tables.session), tables.session.looking():
        yield PostgresReader(tables, PostgresTrust(tables, doubt))


class PostgresJournal(PostgresReader):
    """A ``Journal`` in a database.

    Args:
        tables: Runs the statements on the database of the journal.
        doubt: Why the journal may not know all that was sent; None where it does.
        mark: The mark of the journal on this machine.
    """

    def __init__(self, tables: PostgresTables, doubt: Doubt | None, mark: MarkFile) -> None:
        holders = self._holders = PostgresHolders(tables)
        trust = self._trust = PostgresTrust(tables, doubt, holders.release_dead)
        super().__init__(tables, trust)
        self._mark = mark
        self._counts = StoredCounts(tables)
        self._keeper = StoredKeeper(tables)
        self.writes: StoredWrites = StoredWrites(tables, trust, holders.release_dead)
        self.ownership: StoredOwnership = StoredOwnership(tables, holders.others_run, holders.have_planned)
        self._runs: PostgresRuns = PostgresRuns(tables, self.ownership, trust, holders, self._counts)
        self._all, self._one, self._do = tables.few, tables.one, tables.change

    @property
    def runs(self) -> PostgresRuns:
        """The runs of the journal, with the methods that begin and end one."""
        return self._runs

    @property
    def _run(self) -> int:
        return self._session.lease.run

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """See ``Journal``.

        Raises:
            NotWrittenError: the connection was lost, and surely nothing was written.
        """
        session, lease = self._session, self._session.lease
        before = lease.run, lease.seconds, self._trust.doubt()
        try:
            with session.transaction():
                yield
        except BaseException:
            lease.run, lease.seconds, doubt = before
            self._trust.take_back(doubt)
            self._counts.forget()
            raise
        finally:
            self._keeper.forget_last()
        self._mark.note(session.notes.incarnation, session.notes.number)
        if lease.run:
            session.keep()

    def check_hold(self, longest_call_seconds: float) -> None:
        """See ``Journal``."""
        self._session.lease.check(longest_call_seconds)

    def write_put_off(self) -> None:
        """See ``Journal``: nothing is."""

    def close(self) -> None:
        """See ``Journal``."""
        super().close()
        self._mark.close()

    def admit(
        self,
        entries: Sequence[Entry],
        run: int,
        retry: Retry = Retry.NONE,
        *,
        again: bool = False,
        planned: int | None = None,
    ) -> list[Admitted]:
        """See ``Journal``.

        Args:
            entries: What the run wants to send.
            run: The number of the run.
            retry: Which rejected invoices are sent again.
            again: Whether the run may meet an invoice of its own again.
            planned: The number of the planned chunk that they go into; None where the run sends them itself.
        """
        self._tables.lock()
        ends_at = self._trust.last_call()
        batch = AdmissionBatch(
            self._keeper,
            run,
            retry,
            self._trust.reason,
            ends_at=ends_at,
            again=again,
            planned=planned is not None,
        )
        numbers = sorted({entry.key.number for entry in entries})
        found = list(self._of_numbers(numbers))
        if self._holders.are_over(row.holder for row in found):
            self._holders.release_dead()
            found = list(self._of_numbers(numbers))
        batch.know(self._locked(found))
        batch.know(self._archived_of_numbers(numbers))
        admitted = [batch.admit(entry) for entry in entries]
        if run == self._run and planned is None:
            self._counts.take_up({one.position: run for one in admitted if one.admission in TAKEN_UP})
        self._insert([(*row, planned) for row in batch.new])
        self._tables.change_columns(_CLAIMED_AGAIN, batch.claimed_again)
        if ends_at is not None:
            doubted = [row[0] for row in batch.new]
            doubted += [values[-1] for values in batch.claimed_again if values[0] is State.UNKNOWN]
            query = "UPDATE item SET ends_at = %s WHERE position = ANY(%s)"
            self._do(query, milliseconds(ends_at), array_text(doubted))
        self._counts.add_up(
            {key: -count for key, count in Counter(map(_counted, batch.reopened)).items()}
        )  # each counts where it is decided again
        self._tables.change_columns(
            "UPDATE item SET run = t.run, holder = t.holder FROM unnest(%s::bigint[], %s::bigint[], "
            "%s::bigint[]) AS t(run, holder, position) WHERE item.position = t.position",
            batch.taken_up,
        )
        if batch.known:
            self._do("UPDATE run SET known = known + %s WHERE id = %s", batch.known, run)
        if batch.rejected:
            self._do(
                "INSERT INTO known SELECT %s, unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
                run, batch.rejected,
            )  # fmt: skip
        taken_from = {one.row.run for one in admitted if one.row and one.admission in TAKEN_UP} - {run}
        if taken_from:  # it may have been all that a planned run had left
            self._runs.end_sent([*taken_from], time.time())
        return admitted

    def _locked(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Lock the rows that no run has in its hands until the transaction ends: workers leave them out.

        This waits for no worker: a worker that claims may itself wait for the lock of admission, which is
        held here.

        Returns:
            The rows as they are now. A row that a worker is just claiming has ``_SOMEBODY`` as its holder.
        """
        free = {row.position for row in rows if row.holder is None and row.state not in FINAL}
        if not free:
            return rows
        query = "WHERE position = ANY(%s) FOR UPDATE SKIP LOCKED"
        current = {row.position: row for row in self._items.query(query, array_text(free))}
        return [
            current.get(row.position) or evolve(row, holder=_SOMEBODY) if row.position in free else row
            for row in rows
        ]

    def _of_numbers(self, numbers: Sequence[int]) -> Iterator[Row]:
        query = _OF_NUMBERS.format(columns=ITEM_COLUMNS, table="item")
        return map(self._items.row, self._tables.many(query, array_text(numbers)))

    def _archived_of_numbers(self, numbers: Sequence[int]) -> Iterator[Row]:
        query = _OF_NUMBERS.format(columns=ARCHIVED_COLUMNS, table="archived")
        return map(self._items.archived_row, self._tables.few(query, array_text(numbers)))

    def _insert(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert items that are new."""
        if len(rows) < ROWS_COPIED:
            self._tables.change_columns(_INSERTED, rows)
        else:
            self._session.statements.copy(_COPIED, copy_text(rows))

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """See ``Journal``."""
        if not positions:
            return
        if self._run and self._session.hold(self._run, ends_at - now):
            self._tables.keep({"longest_lease": str(self._trust.longest_lease)})
        wanted = array_text(positions)
        values = (wanted, milliseconds(now), milliseconds(ends_at), wanted, self._run)
        self._session.statements.change_later(_SENDING, values, self._held(len(positions)))

    def _held(self, wanted: int) -> Callable[[int], None]:
        """Return a check of the number of changed rows: it raises an error unless they are so many."""

        def check(changed: int) -> None:
            if changed != wanted:  # another run has taken some over; nothing of the transaction is written
                raise taken_over(self.name)

        return check

    def decide(self, decisions: Sequence[Decision]) -> None:
        """See ``Journal``."""
        latest = {decision.position: decision for decision in decisions}
        self._counts.count(latest)
        rows = msgspec.json.encode([_decided(decision) for decision in latest.values()]).decode()
        values = (rows, array_text(latest), self._run)
        self._session.statements.change_later(_DECIDED, values, self._held(len(latest)))

    # --- a person -----------------------------------------------------------------------------------

    def resolve(self, resolution: Resolution) -> None:
        """See ``Journal``."""
        self._tables.lock()
        self._holders.release_dead()
        rows = self._locked(list(self._items.query("WHERE position = %s", resolution.position)))
        row = next(iter(rows), None)
        check_resolvable(row, resolution, self._trust.forgotten_until(resolution.at))
        self._trust.make_unsent_unknown()  # else the next run makes what a person found out unknown
        self._keeper.keep_former(resolution.position, resolution.at, resolution.note)
        self._counts.count({resolution.position: resolution})
        if resolution.state is State.REJECTED:
            self._keeper.take_back_version(resolution.position)
        final = resolution.state in FINAL
        self._do(
            "UPDATE item SET state = %s, verdict = %s, place = coalesce(sequence, 0), status = NULL, "
            "detail = %s, decided_at = %s, says_no = NULL, form = NULL, holder = NULL, "
            "chunk = CASE WHEN %s THEN chunk END, "  # else its contents may be those of an earlier version
            "attempts = CASE WHEN %s THEN 0 ELSE attempts END WHERE position = %s",
            int(resolution.state), int(resolution.state) if final else None,
            f"a person decided: {plain(resolution.note)}", milliseconds(resolution.at) if final else None,
            resolution.state is not State.REJECTED, resolution.state is State.PENDING, resolution.position,
        )  # fmt: skip

    def archive(self, before: float) -> int:
        """See ``Journal``."""
        self._tables.lock()
        return self._do(
            f"WITH old AS (DELETE FROM item WHERE {DECIDED} AND verdict = 4 AND decided_at < %s "
            "RETURNING *), gone AS (DELETE FROM former WHERE position IN (SELECT position FROM old)) "
            "INSERT INTO archived SELECT number, type, seller, repeat, digest, date, run FROM old",
            milliseconds(before),
        )

    def shrink(self) -> None:
        """Do nothing: the server frees the space by itself."""


def _decided(decision: Decision) -> _DecisionRow:
    took = decision.seconds
    return _DecisionRow(
        position=decision.position,
        state=int(decision.state),
        status=None if decision.status is None else str(decision.status),
        detail=None if decision.detail is None else plain(decision.detail),
        duplicate=decision.duplicate,
        decided_at=milliseconds(decision.at) if decision.state in FINAL else None,
        lost=decision.lost,
        took=None if took is None or math.isinf(took) else milliseconds(took),
        kept=decision.kept,
        says_no=decision.says_no or None,
        form=decision.form,
        ended_at=milliseconds(decision.at) if decision.kept else None,
    )


def _counted(row: Row) -> tuple[int, int, int]:
    return row.run, period(milliseconds(row.decided_at or 0.0)), int(row.state)
