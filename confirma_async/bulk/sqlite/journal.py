"""The journal in a file: an SQLite database that each job has open by one connection, in one thread.

Many rows go in one statement. SQLite lets other threads run while a statement works, and has to wait for the
interpreter after each: a statement per row would wait as often as there are invoices.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.admission import TAKEN_UP, AdmissionBatch
from confirma_async.bulk.journal.records import Admitted, Decision, Resolution
from confirma_async.bulk.journal.rules import JournalTakenOverError, check_resolvable
from confirma_async.bulk.journal.stored.figures import StoredCounts
from confirma_async.bulk.journal.stored.keeper import StoredKeeper
from confirma_async.bulk.journal.stored.ownership import StoredOwnership
from confirma_async.bulk.journal.stored.runs import StoredRuns
from confirma_async.bulk.journal.stored.trust import StoredTrust
from confirma_async.bulk.journal.stored.values import milliseconds, places, slices
from confirma_async.bulk.journal.stored.writes import StoredWrites
from confirma_async.bulk.models import FINAL, Entry, Retry, Row, State
from confirma_async.bulk.sqlite.admission_batches import write_batch
from confirma_async.bulk.sqlite.file.guard import explained
from confirma_async.bulk.sqlite.file.journal_file import OpenFile, open_file
from confirma_async.bulk.sqlite.holders import SqliteHolders
from confirma_async.bulk.sqlite.migrations import DECIDED
from confirma_async.bulk.sqlite.reader import SqliteReader
from confirma_async.bulk.sqlite.tables import SqliteTables
from confirma_async.errors import JournalError

KNOWN_LAG = 1.0
"""Seconds by which the number of invoices that a run has met as accepted before may be behind in the file.

To read past an invoice changes nothing else, and a commit takes longer than to look the invoice up. Where
no transaction follows, the thread of the journal has the number written (``write_put_off``).
"""


def open_sqlite(path: Path, *, alone: bool = False) -> SqliteJournal:
    """Open a journal for a job, or make a new one. Call this in the thread that will use it.

    Args:
        path: The file. Any number of jobs, of any number of processes, may have it open.
        alone: Whether no other job may, because it is changed as a whole.

    Raises:
        JournalError: it cannot be written, its locks cannot be trusted there, or it is damaged, empty or
            gone; or another job has it open, and it is to be had alone.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    return SqliteJournal(path, open_file(path, alone=alone))


class SqliteJournal(SqliteReader):
    """A ``Journal`` over an open file.

    Args:
        path: The file, for messages.
        opened: The file as a job has it open.
    """

    def __init__(self, path: Path, opened: OpenFile) -> None:
        tables = SqliteTables(path, opened.connection)
        holders = SqliteHolders(opened)
        super().__init__(tables, StoredTrust(tables, opened.doubt, holders.release_dead))
        self._tables: SqliteTables = tables
        self._connection = opened.connection
        self._file = opened
        self._holders = holders
        self.ownership: StoredOwnership = StoredOwnership(tables, holders.others_run)
        self._counts = StoredCounts(tables)
        self.writes: StoredWrites = StoredWrites(tables, self.trust, holders.release_dead)
        self._runs: StoredRuns = StoredRuns(tables, self.ownership, self.trust, holders, self._counts)
        self._keeper = StoredKeeper(tables)
        self._has_archive = False
        self._commits: int = -1
        self._known = Counter[int]()  # by run, as far as they are not in the file yet
        self._known_due = 0.0
        self._catch_up()

    @property
    def runs(self) -> StoredRuns:
        """The runs of the journal, with the methods that begin and end one."""
        return self._runs

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """See ``Journal``.

        Raises:
            JournalGoneError: the file was deleted or replaced; nothing of it is written.
        """
        with self._file.turn():
            before = self._connection.total_changes
            with self._changing():
                yield
            if self._connection.total_changes != before:
                self._commits += 1
                self._file.note_commit(self._commits)

    @contextlib.contextmanager
    def _changing(self) -> Generator[None]:
        """Begin a transaction; commit it at the end of the block, or roll it back if the block fails."""
        before, known = self._tables.sequence, self._known.copy()
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._catch_up()
            unchanged = self._connection.total_changes
            yield
            if self._connection.total_changes != unchanged or time.monotonic() >= self._known_due:
                self._write_known()
            if self._connection.total_changes != unchanged:
                self._connection.execute(
                    "UPDATE progress SET commits = commits + 1, sequence = max(sequence, ?)",
                    (self._tables.sequence,),
                )
            self._file.check_in_place()
            self._connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                self._connection.rollback()
            self._tables.sequence, self._known = before, known
            self._keeper.forget_last()
            self._commits = -1  # what others have written meanwhile is taken in again
            self._tables.forget_words()
            self._counts.forget()
            if isinstance(error, sqlite3.Error):
                raise explained(self.path, error) from error
            raise

    def _write_known(self) -> None:
        for run, count in self._known.items():
            self._connection.execute("UPDATE run SET known = known + ? WHERE id = ?", (count, run))
        self._known.clear()
        self._known_due = time.monotonic() + KNOWN_LAG

    def _catch_up(self) -> None:
        """Forget what this job remembers of the file if other jobs have written to it since."""
        commits, sequence = self._connection.execute("SELECT commits, sequence FROM progress").fetchone()
        if commits == self._commits:
            return
        self._commits, self._tables.sequence = commits, sequence
        self._keeper.forget_last()
        self._has_archive = bool(self._tables.one("SELECT EXISTS (SELECT 1 FROM archived)"))

    def write_put_off(self) -> None:
        """See ``Journal``."""
        if self._known:
            with self.transaction():
                self._write_known()

    def close(self) -> None:
        """See ``Journal``."""
        with contextlib.suppress(JournalError):  # the number is not worth an error
            self.write_put_off()
        self._known.clear()
        self._file.close()

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """See ``Journal``."""
        batch = AdmissionBatch(self._keeper, run, retry, self.trust.reason, again=again)
        for numbers in slices(sorted({entry.key.number for entry in entries})):
            batch.know(self._items_of(numbers))
            if self._has_archive:
                batch.know(self._items.archived(f"WHERE number IN ({places(numbers)})", *numbers))
        admitted = [batch.admit(entry) for entry in entries]
        self._counts.take_up({one.position: run for one in admitted if one.admission in TAKEN_UP})
        write_batch(self._connection, batch, run, self._counts)
        if batch.known:
            self._known[run] += batch.known
        return admitted

    def _items_of(self, numbers: Sequence[int]) -> Sequence[Row]:
        """Return the items of some numbers, after releasing those that a dead run left under way."""
        query = f"WHERE number IN ({places(numbers)})"
        found = list(self._items.query(query, *numbers))
        if any(map(self._holders.is_left, found)):
            self._holders.release_dead()
            return list(self._items.query(query, *numbers))
        return found

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """See ``Journal``."""
        for some in slices(positions):
            first = self._tables.sequence + 1
            self._tables.sequence += len(some)
            values = [value for at, position in enumerate(some, first) for value in (position, at)]
            changed = self._connection.execute(
                "UPDATE item SET state = ?, attempts = attempts + 1, attempted_at = ?, ends_at = ?, "
                "ended = NULL, says_no = NULL, form = NULL, sequence = column2 "
                f"FROM (VALUES {places(some, 2)}) WHERE position = column1 AND holder = ?",
                (State.SENDING, milliseconds(now), milliseconds(ends_at), *values, self._holders.run),
            )
            self._check_held(changed.rowcount, some)

    def check_hold(self, longest_call_seconds: float) -> None:
        """Do nothing: nobody takes over the items of a process that is alive."""

    def _check_held(self, changed: int, positions: Sequence[int]) -> None:
        """Check that as many items were changed as this run has in its hands.

        Raises:
            JournalTakenOverError: another run has taken some over; nothing of the transaction is written.
        """
        if changed != len(positions):
            raise JournalTakenOverError(
                f"the journal {self.path}: another job has taken over invoices that this one was sending, "
                f"because the file that shows it to be alive ({self.path.name}.held-...) was removed. The "
                "job has stopped, and sends nothing more. Run it again: what it sent is looked up"
            )

    def decide(self, decisions: Sequence[Decision]) -> None:
        """See ``Journal``."""
        latest = {decision.position: decision for decision in decisions}  # one statement takes each once
        self._counts.count(latest)
        for some in slices(list(latest.values())):
            values = [value for decision in some for value in self._decided(decision)]
            changed = self._connection.execute(
                "UPDATE item SET state = column2, status = column3, detail = column4, duplicate = column5, "
                "decided_at = column6, ended = coalesce(column7, ended), took = column8, "
                "ends_at = CASE WHEN column6 IS NULL THEN ends_at END, "
                "attempted_at = CASE WHEN column6 IS NULL OR column8 IS NULL THEN attempted_at END, "
                "says_no = NULL, form = NULL, holder = CASE WHEN column9 THEN holder END "
                f"FROM (VALUES {places(some, 9)}) WHERE position = column1 AND holder = ?",
                (*values, self._holders.run),
            )
            self._check_held(changed.rowcount, [one.position for one in some])
        self._keep_answers(
            [one for one in latest.values() if one.kept or one.says_no or one.form is not None]
        )

    def _keep_answers(self, decisions: Sequence[Decision]) -> None:
        """Write the forms of answers that leave the outcome unknown, and the ends of their calls."""
        word = self._tables.word
        self._connection.executemany(
            "UPDATE item SET says_no = ?, form = ?, ends_at = coalesce(?, ends_at) WHERE position = ?",
            [
                (
                    one.says_no,
                    None if one.form is None else word(one.form),
                    milliseconds(one.at) if one.kept else None,
                    one.position,
                )
                for one in decisions
            ],
        )

    def _decided(self, decision: Decision) -> tuple[Any, ...]:
        return (
            decision.position,
            decision.state,
            None if decision.status is None else self._tables.word(decision.status),
            decision.detail,
            decision.duplicate,
            milliseconds(decision.at) if decision.state in FINAL else None,
            self._tables.sequence if decision.lost else None,
            None if decision.seconds is None else round(decision.seconds * 1000),
            decision.kept,
        )

    def resolve(self, resolution: Resolution) -> None:
        """See ``Journal``."""
        self._holders.release_dead()
        row = next(self._items.query("WHERE position = ?", resolution.position), None)
        check_resolvable(row, resolution, self.trust.forgotten_until(resolution.at))
        self.trust.make_unsent_unknown()  # else the next run makes what a person found out unknown
        self._keeper.keep_former(resolution.position, resolution.at, resolution.note)
        self._counts.count({resolution.position: resolution})
        decided_at = milliseconds(resolution.at) if resolution.state in FINAL else None
        if resolution.state is State.REJECTED:
            self._keeper.take_back_version(resolution.position)
        self._connection.execute(
            "UPDATE item SET state = ?, status = NULL, detail = ?, decided_at = ?, says_no = NULL, "
            "form = NULL, holder = NULL, attempts = CASE WHEN ? THEN 0 ELSE attempts END WHERE position = ?",
            (
                resolution.state,
                f"a person decided: {resolution.note}",
                decided_at,
                resolution.state is State.PENDING,
                resolution.position,
            ),
        )

    def archive(self, before: float) -> int:
        """See ``Journal``."""
        old = f"FROM item WHERE {DECIDED} AND state = ? AND decided_at < ?"
        values = (State.ACCEPTED, milliseconds(before))
        self._has_archive = True
        self._connection.execute(
            f"INSERT INTO archived SELECT number, type, seller, repeat, digest, date, run {old}", values
        )
        self._connection.execute(f"DELETE FROM former WHERE position IN (SELECT position {old})", values)
        return self._connection.execute(f"DELETE {old}", values).rowcount

    def shrink(self) -> None:
        """Free the space of removed rows.

        Raises:
            JournalError: the disk has no room for the rewrite, or fails.
        """
        try:
            with self._file.turn():
                self._connection.execute("VACUUM")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error
