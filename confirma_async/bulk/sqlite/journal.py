"""The journal in a file: one SQLite database, which each job has open by one connection, in one thread.

Many rows go in one statement. SQLite lets other threads run while a statement works, and has to wait for the
interpreter after each: a statement per row would wait as often as there are invoices.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from attrs import evolve

from confirma_async.accounts.owner import Owner
from confirma_async.accounts.registry import automatic_name
from confirma_async.bulk.journal.records import (
    RUNS_WITH_REFUSALS,
    Admitted,
    AmbiguousMatches,
    Decision,
    Doubt,
    JobName,
    PreviousVersion,
    Refused,
    Resolution,
    Run,
    Version,
)
from confirma_async.bulk.journal.rules import check_target, foreign_key, same_invoice
from confirma_async.bulk.models import FINAL, Entry, InvoiceKey, Refusal, Retry, Row, State
from confirma_async.bulk.sqlite.admission import TAKEN_UP, Chunk, date_of, day
from confirma_async.bulk.sqlite.file import OpenFile, open_file
from confirma_async.bulk.sqlite.guard import examine_missing, explained
from confirma_async.bulk.sqlite.look import read_file
from confirma_async.bulk.sqlite.migrations import DECIDED, OPEN
from confirma_async.bulk.sqlite.payloads import SqlitePayloads
from confirma_async.bulk.sqlite.writes import SqliteWrites
from confirma_async.errors import JournalError
from confirma_async.formats.models import Identity
from confirma_async.schemas import InvoiceStatus, InvoiceType

_NEWEST = 1000
"""Accepted invoices of a run among which a witness is sought: the newest ones."""

SLICE = 64
"""Rows that share one statement. A statement is prepared once for each number of rows that occurs."""

PERIOD = 10
"""Seconds whose decisions are counted together."""

_OF_DOUBT = ("doubt", "doubt_since", "doubt_settled", "doubt_service_time")

_ADDED_UP = "ON CONFLICT DO UPDATE SET count = count + excluded.count"

_OVER = "run IN (SELECT id FROM run WHERE hold IS NULL)"
"""Counts of runs that are over, which need not be told by time any more."""

_ALONE = (
    "NOT EXISTS (SELECT 1 FROM former WHERE former.position = item.position AND former.state <> 0) AND "
    "NOT EXISTS (SELECT 1 FROM item AS other WHERE other.number = item.number AND other.position <> "
    "item.position AND (other.attempts > 0 OR other.state NOT IN (0, 1))) AND "
    "NOT EXISTS (SELECT 1 FROM archived WHERE archived.number = item.number)"
)
"""Items that a record of their number can only be of."""

_REJECTED = (
    "WHERE position IN (WITH RECURSIVE of(run) AS "
    "(SELECT 0 UNION ALL SELECT run + 1 FROM of WHERE run < (SELECT max(id) FROM run)) "
    f"SELECT position FROM item WHERE {DECIDED} AND state = ? AND run IN (SELECT run FROM of)) "
    "ORDER BY position"
)
"""The rejected ones of all runs, without a look at the accepted ones: the index is by run."""

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "sequence, ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no, form, "
    "holder"
)
_INSERTED = (
    "position, number, type, seller, repeat, date, source, digest, state, run, amount, currency, detail, "
    "holder"
)


def open_sqlite(path: Path, *, alone: bool = False) -> SqliteJournal:
    """Open a journal for a job, or make a new one. Belongs into the thread that will use it.

    Args:
        path: The file. Any number of jobs, of any number of processes, may have it open.
        alone: Whether no other job may, because it is changed as a whole.

    Raises:
        JournalError: it cannot be written, its locks cannot be trusted there, or it is damaged, empty or
            gone; or another job has it open, and it is to be had alone.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    return SqliteJournal(path, open_file(path, alone=alone))


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteJournal]:
    """Opens a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    with read_file(path) as (connection, doubt):
        yield SqliteJournal(path, connection, doubt)


@contextlib.contextmanager
def reading_if_there(path: Path) -> Generator[SqliteJournal | None]:
    """The same, where there may be none yet. Gives None then.

    Raises:
        JournalError: it is damaged, or gone.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.exists():
        examine_missing(path)
        yield None
        return
    with reading(path) as journal:
        yield journal


class SqliteJournal:
    """A ``Journal`` over an open file.

    Args:
        path: The file, for messages.
        opened: The file as a job has it open, or a connection to look only.
        doubt: Why the journal may not know all that was sent, where it is only looked at.

    Attributes:
        path: The file.
        payloads: The payloads that an outbox has asked to keep.
        writes: The writes that are no invoices.
        sequence: The place of the last attempt in the order of all attempts.
    """

    def __init__(self, path: Path, opened: OpenFile | sqlite3.Connection, doubt: Doubt | None = None) -> None:
        self.path = path
        self._file = opened if isinstance(opened, OpenFile) else None
        self._connection = opened.connection if isinstance(opened, OpenFile) else opened
        self._doubt = opened.doubt if isinstance(opened, OpenFile) else doubt
        self.payloads: SqlitePayloads = SqlitePayloads(self._connection)
        self.writes: SqliteWrites = SqliteWrites(
            path, self._connection, lambda: self._doubt.reason if self._doubt else None, self._settle_dead
        )
        self._words: dict[str, int] = {}
        self._texts: dict[int, str] = {}
        self._run = 0
        self._taken_up: set[int] = set()  # by the run that goes on, and not final: counted without a look
        self._has_archive = bool(self._one("SELECT EXISTS (SELECT 1 FROM archived)"))
        self._last: int = self._one("SELECT coalesce(max(position), 0) FROM item")
        self.sequence: int = self._one("SELECT sequence FROM progress")
        self._commits: int = self._one("SELECT commits FROM progress")

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """See ``Journal``.

        Raises:
            JournalGoneError: the file was deleted or replaced; nothing of it is written.
        """
        if self._file is None:
            raise ValueError("a journal that is only looked at is not changed")
        with self._file.turn():
            with self._changing(self._file):
                yield
            self._commits += 1
            self._file.note_commit(self._commits)

    @contextlib.contextmanager
    def _changing(self, file: OpenFile) -> Generator[None]:
        """Begin a transaction, and end it: with a commit, or as if it had never been."""
        before = self._last, self.sequence
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._catch_up()
            yield
            self._connection.execute(
                "UPDATE progress SET commits = commits + 1, sequence = ?", (self.sequence,)
            )
            file.check_in_place()
            self._connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                self._connection.rollback()
            self._last, self.sequence = before
            self._commits = -1  # what others have written meanwhile is taken in again
            self._words.clear()
            self._texts.clear()
            self._taken_up.clear()
            if isinstance(error, sqlite3.Error):
                raise explained(self.path, error) from error
            raise

    def _catch_up(self) -> None:
        """Take in what other jobs have written since the last transaction of this one."""
        commits, sequence = self._connection.execute("SELECT commits, sequence FROM progress").fetchone()
        if commits == self._commits:
            return
        self._commits, self.sequence = commits, sequence
        self._last = self._one("SELECT coalesce(max(position), 0) FROM item")
        self._has_archive = bool(self._one("SELECT EXISTS (SELECT 1 FROM archived)"))

    def close(self) -> None:
        """See ``Journal``."""
        opened, self._file = self._file, None
        if opened is not None:
            opened.close()

    # --- a job writes -----------------------------------------------------------------------------

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """See ``Journal``."""
        self.take_in(job.target, owner, now=now)
        execute = self._connection.execute
        hold = None if self._file is None else self._file.hold.name
        run = self._one("SELECT coalesce(max(id), 0) + 1 FROM run")
        execute(
            "INSERT INTO run (id, began_at, expected, inputs, hold) VALUES (?, ?, ?, ?, ?)",
            (run, _milliseconds(now), expected, json.dumps(list(job.inputs)), hold),
        )
        self._run = run
        self._settle_dead()
        self._settle_doubt()
        execute(
            "INSERT INTO decided SELECT run, 0, state, sum(count) FROM decided WHERE period > 0 AND "
            f"{_OVER} GROUP BY run, state {_ADDED_UP}"
        )
        execute(f"DELETE FROM decided WHERE period > 0 AND {_OVER}")
        execute("DELETE FROM refusal WHERE run <= ?", (run - RUNS_WITH_REFUSALS,))
        execute("DELETE FROM known WHERE run <= ?", (run - RUNS_WITH_REFUSALS,))
        self._taken_up.clear()
        return run

    def _settle_dead(self) -> None:
        """Settle what runs have left under way that died: claims surely were not sent, sends may have been.

        What they looked up is nobody's again.
        """
        holds = self._connection.execute("SELECT id, hold FROM run WHERE hold IS NOT NULL").fetchall()
        dead = [run for run, hold in holds if not self._is_alive(run, hold)]
        some = _places(dead)
        self._connection.execute(f"UPDATE run SET hold = NULL WHERE id IN ({some})", dead)
        left = f"holder IN ({some}) OR (holder IS NULL AND state IN ({State.CLAIMED:d}, {State.SENDING:d}))"
        self._connection.execute(
            "UPDATE item SET holder = NULL, state = CASE state "
            f"WHEN {State.CLAIMED:d} THEN {State.PENDING:d} WHEN {State.SENDING:d} THEN {State.UNKNOWN:d} "
            f"ELSE state END WHERE {OPEN} AND ({left})",
            dead,
        )
        self.writes.settle()

    def _is_left(self, row: Row) -> bool:
        """Say whether a row is in the hands of a run that is not alive."""
        if row.holder is None:
            return row.state in {State.CLAIMED, State.SENDING}
        found = self._connection.execute("SELECT hold FROM run WHERE id = ?", (row.holder,)).fetchone()
        return found is None or not self._is_alive(row.holder, found[0])

    def _is_alive(self, run: int, hold: str | None) -> bool:
        """Say whether a run goes on: its hold is held, and its job has begun no other run."""
        if hold is None or self._file is None:
            return False
        return run == self._run if hold == self._file.hold.name else self._file.is_held(hold)

    def take_in(self, target: str, owner: Owner | None, *, now: float) -> None:
        """See ``Journal``."""
        check_target(self.name, self.target(), target)
        self._keep({"target": target})
        if owner is not None:
            self._take_in(owner, now)

    def _settle_doubt(self) -> None:
        """When doubt arises, what was not sent by this journal may have been sent by the one it was."""
        if self._doubt is None or "doubt_settled" in self._meta():
            return
        # An unknown one may have been sent again since: what was known of then proves nothing any more.
        self._connection.execute(
            "UPDATE item SET ended = NULL, says_no = NULL, form = NULL "
            f"WHERE {OPEN} AND state = {State.UNKNOWN:d}"
        )
        self._connection.execute(
            f"UPDATE item SET state = ?, ended = NULL, detail = ? WHERE {OPEN} AND state IN (?, ?)",
            (State.UNKNOWN, self._doubt.reason, State.PENDING, State.CLAIMED),
        )
        self.writes.settle_doubt(self._doubt.reason)
        self._keep({"doubt_settled": "1"})

    def _take_in(self, owner: Owner, now: float) -> None:
        """Checks that a key is of the journal's account, and keeps its fingerprint.

        Raises:
            JournalMismatchError: it is not known to be.
        """
        meta = self._meta()
        if "salt" not in meta:
            self._keep({"salt": owner.salt.hex()})
            known, vouched = set[str](), True
        else:
            known = {found for (found,) in self._connection.execute("SELECT fingerprint FROM owner")}
            vouched = owner.vouched and owner.account == meta["account"]
        own, *kin = owner.fingerprints(bytes.fromhex(self._meta()["salt"]))
        if not vouched and known.isdisjoint([own, *kin]):
            if self.has_sent():
                raise foreign_key(self.name, meta.get("account", ""))
            meta.pop("account", None)  # a mistyped key binds nothing
            self._connection.execute("DELETE FROM owner")
        if not meta.get("account"):
            self._keep({"account": owner.account or automatic_name(own)})
        self._connection.execute("INSERT OR IGNORE INTO owner VALUES (?, ?)", (own, _milliseconds(now)))

    def has_sent(self) -> bool:
        """See ``Journal``."""
        sent = (
            f"SELECT EXISTS (SELECT 1 FROM item WHERE {DECIDED}) OR EXISTS (SELECT 1 FROM archived) "
            f"OR EXISTS (SELECT 1 FROM write WHERE state NOT IN ({State.PENDING:d}, {State.CLAIMED:d}))"
        )
        open_ = self.open_counts()
        return bool(self._one(sent)) or any(open_[state] for state in (State.SENDING, State.UNKNOWN))

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """See ``Journal``."""
        self._connection.execute(
            "UPDATE run SET ended_at = ?, ending = ?, hold = NULL WHERE id = ?",
            (_milliseconds(now), ending, run),
        )
        self._connection.execute(f"UPDATE item SET holder = NULL WHERE {OPEN} AND holder = ?", (run,))
        if owner is not None:  # its key was renewed during the run
            own, *_ = owner.fingerprints(bytes.fromhex(self._meta()["salt"]))
            self._connection.execute("INSERT OR IGNORE INTO owner VALUES (?, ?)", (own, _milliseconds(now)))

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """See ``Journal``."""
        chunk = Chunk(self, run, retry, self._doubt.reason if self._doubt else None, again=again)
        for numbers in _slices(sorted({entry.key.number for entry in entries})):
            chunk.know(self._settled(numbers))
            if self._has_archive:
                chunk.know(self._archived(f"WHERE number IN ({_places(numbers)})", numbers))
        admitted = [chunk.admit(entry) for entry in entries]
        if run == self._run:
            self._taken_up.update(one.position for one in admitted if one.admission in TAKEN_UP)
        for new in _slices(chunk.new):
            values = [value for row in new for value in row]
            self._connection.execute(f"INSERT INTO item ({_INSERTED}) VALUES {_places(new, 14)}", values)
        many = self._connection.executemany
        if chunk.claimed_again:
            many(
                "UPDATE item SET state = ?, run = ?, holder = ?, digest = ?, date = ?, source = ?, "
                "amount = ?, currency = ?, ended = NULL, detail = ?, status = NULL, decided_at = NULL, "
                "took = NULL, says_no = NULL, form = NULL, attempts = CASE WHEN ? THEN 0 ELSE attempts END "
                "WHERE position = ?",
                chunk.claimed_again,
            )
        if chunk.reopened:  # it counts where it is decided again
            counted = Counter(
                (row.run, _period(_milliseconds(row.decided_at or 0.0)), row.state) for row in chunk.reopened
            )
            self._add_up({key: -count for key, count in counted.items()})
        if chunk.taken_up:
            many("UPDATE item SET run = ?, holder = ? WHERE position = ?", chunk.taken_up)
        if chunk.known:
            self._connection.execute("UPDATE run SET known = known + ? WHERE id = ?", (chunk.known, run))
        if chunk.rejected:
            many(
                "INSERT OR IGNORE INTO known VALUES (?, ?)", [(run, position) for position in chunk.rejected]
            )
        return admitted

    def _settled(self, numbers: Sequence[int]) -> Sequence[Row]:
        """Return the items of some numbers, after settling what a dead run has left of them under way."""
        query = f"WHERE number IN ({_places(numbers)})"
        found = list(self._query(query, numbers))
        if any(map(self._is_left, found)):
            self._settle_dead()
            return list(self._query(query, numbers))
        return found

    def next_position(self) -> int:
        """The place of an item that the journal has not had yet."""
        self._last += 1
        return self._last

    def word(self, text: str) -> int:
        """The number of a text that repeats."""
        if text not in self._words:
            self._connection.execute("INSERT OR IGNORE INTO word (text) VALUES (?)", (text,))
            self._words[text] = self._one("SELECT id FROM word WHERE text = ?", text)
        return self._words[text]

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """See ``Journal``."""
        for some in _slices(positions):
            first = self.sequence + 1
            self.sequence += len(some)
            values = [value for at, position in enumerate(some, first) for value in (position, at)]
            changed = self._connection.execute(
                "UPDATE item SET state = ?, attempts = attempts + 1, attempted_at = ?, ends_at = ?, "
                "ended = NULL, says_no = NULL, form = NULL, sequence = column2 "
                f"FROM (VALUES {_places(some, 2)}) WHERE position = column1 AND holder = ?",
                (State.SENDING, _milliseconds(now), _milliseconds(ends_at), *values, self._run),
            )
            self._check_held(changed.rowcount, some)

    def _check_held(self, changed: int, positions: Sequence[int]) -> None:
        """Check that as many items were changed as this run has in its hands, by its own account.

        Raises:
            JournalError: another run has taken some over; nothing of the transaction is written.
        """
        if changed != len(positions):
            raise JournalError(
                f"the journal {self.path}: another job has taken over invoices that this one was sending, "
                f"because the file that shows it to be alive ({self.path.name}.held-...) was removed. The "
                "job has stopped, and sends nothing more. Run it again: what it sent is looked up"
            )

    def ended(self, positions: Sequence[int]) -> None:
        """See ``Journal``."""
        self._connection.executemany(
            "UPDATE item SET ended = ? WHERE position = ? AND ended IS NULL",
            [(self.sequence, position) for position in positions],
        )

    def decide(self, decisions: Sequence[Decision]) -> None:
        """See ``Journal``."""
        latest = {decision.position: decision for decision in decisions}  # one statement takes each once
        self._count(latest)
        for some in _slices(list(latest.values())):
            values = [value for decision in some for value in self._decided(decision)]
            changed = self._connection.execute(
                "UPDATE item SET state = column2, status = column3, detail = column4, duplicate = column5, "
                "decided_at = column6, ended = coalesce(column7, ended), took = column8, "
                "ends_at = CASE WHEN column6 IS NULL THEN ends_at END, "
                "attempted_at = CASE WHEN column6 IS NULL OR column8 IS NULL THEN attempted_at END, "
                "says_no = NULL, form = NULL, holder = CASE WHEN column9 THEN holder END "
                f"FROM (VALUES {_places(some, 9)}) WHERE position = column1 AND holder = ?",
                (*values, self._run),
            )
            self._check_held(changed.rowcount, [one.position for one in some])
        self._keep_answers([one for one in latest.values() if one.says_no or one.form is not None])

    def _keep_answers(self, decisions: Sequence[Decision]) -> None:
        """Keeps what answers were like that leave the outcome unknown."""
        self._connection.executemany(
            "UPDATE item SET says_no = ?, form = ? WHERE position = ?",
            [
                (one.says_no, None if one.form is None else self.word(one.form), one.position)
                for one in decisions
            ],
        )

    def _decided(self, decision: Decision) -> tuple[Any, ...]:
        return (
            decision.position,
            decision.state,
            None if decision.status is None else self.word(decision.status),
            decision.detail,
            decision.duplicate,
            _milliseconds(decision.at) if decision.state in FINAL else None,
            self.sequence if decision.lost else None,
            None if decision.seconds is None else round(decision.seconds * 1000),
            decision.kept,
        )

    def _count(self, decisions: Mapping[int, Decision | Resolution]) -> None:
        """Counts final decisions, before they are written, by run and time: no figure needs all items.

        What was final before no longer counts where it did.
        """
        counts = Counter[tuple[int, int, State]]()
        if self._taken_up >= decisions.keys():  # nearly always
            for position, decision in decisions.items():
                if decision.state in FINAL:
                    self._taken_up.discard(position)
                    counts[self._run, _period(_milliseconds(decision.at)), decision.state] += 1
            self._add_up(counts)
            return
        for some in _slices(list(decisions)):
            self._taken_up.difference_update(some)
            where = f"WHERE position IN ({_places(some)})"
            query = f"SELECT position, run, state, decided_at FROM item {where}"
            for position, run, state, decided_at in self._connection.execute(query, some).fetchall():
                decision = decisions[position]
                if state in FINAL:
                    counts[run, _period(decided_at), State(state)] -= 1
                if decision.state in FINAL:
                    counts[run, _period(_milliseconds(decision.at)), decision.state] += 1
        self._add_up(counts)

    def _add_up(self, counts: Mapping[tuple[int, int, State], int]) -> None:
        """Adds to how many items were decided, by run, time and state."""
        self._connection.executemany(
            f"INSERT INTO decided VALUES (?, ?, ?, ?) {_ADDED_UP}",
            [(*key, count) for key, count in counts.items()],
        )

    def put_back(self, run: int) -> None:
        """See ``Journal``."""
        self._connection.execute(
            f"UPDATE item SET state = ?, holder = NULL WHERE {OPEN} AND state = ? AND holder = ?",
            (State.PENDING, State.CLAIMED, run),
        )

    def refuse(self, refusals: Sequence[Refusal], run: int) -> None:
        """See ``Journal``."""
        self._connection.executemany(
            "INSERT INTO refusal (source, number, rule, path, message, run) VALUES (?, ?, ?, ?, ?, ?)",
            [
                (str(refusal.place), refusal.number, problem.rule, problem.path, problem.message, run)
                for refusal in refusals
                for problem in refusal.problems
            ],
        )

    def resolve(self, resolution: Resolution) -> None:
        """See ``Journal``."""
        (item,) = self._query("WHERE position = ?", (resolution.position,))
        if item.holder is not None and not self._is_left(item):
            raise JournalError(
                f"a job that runs now has {item.key} in its hands, and looks it up; wait until it has ended, "
                "or until it lets go of the invoice"
            )
        self._settle_doubt()  # else the next run would take what a person has found out for unknown
        self.keep_former(resolution.position, resolution.at, resolution.note)
        self._count({resolution.position: resolution})
        decided_at = _milliseconds(resolution.at) if resolution.state in FINAL else None
        if resolution.state is State.REJECTED:
            self._take_back_version(resolution.position)
        self._connection.execute(
            "UPDATE item SET state = ?, status = NULL, detail = ?, decided_at = ?, says_no = NULL, "
            "form = NULL, attempts = CASE WHEN ? THEN 0 ELSE attempts END WHERE position = ?",
            (
                resolution.state,
                f"a person decided: {resolution.note}",
                decided_at,
                resolution.state is State.PENDING,
                resolution.position,
            ),
        )

    def _take_back_version(self, position: int) -> None:
        """Where a record in error may be of the version that was rejected before, it is that which is.

        The present one can then be sent by a retry.
        """
        self._connection.execute(
            "UPDATE item SET digest = former.digest FROM former WHERE item.position = ? "
            "AND item.status = (SELECT id FROM word WHERE text = ?) AND former.id = "
            "(SELECT max(id) FROM former WHERE position = item.position AND state = ?)",
            (position, InvoiceStatus.ERROR, State.REJECTED),
        )

    def keep_former(self, position: int, now: float, note: str) -> None:
        """Keeps what an item is, before it becomes something else; one that was never sent is PENDING."""
        self._connection.execute(
            "INSERT INTO former (position, at, state, digest, status, detail, note, sequence, date) "
            f"SELECT position, ?, CASE WHEN attempts = 0 AND {OPEN} THEN 0 ELSE state END, digest, "
            "(SELECT text FROM word WHERE id = status), detail, ?, sequence, date "
            "FROM item WHERE position = ?",
            (now, note, position),
        )

    def version_sent(self, position: int) -> Version | None:
        """The first of the versions that the item has had since its last attempt."""
        found = self._connection.execute(
            "SELECT former.digest, former.date FROM former JOIN item USING (position, sequence) "
            "WHERE position = ? ORDER BY former.id LIMIT 1",
            (position,),
        ).fetchone()
        return None if found is None else Version(digest=found[0], date=date_of(found[1]))

    def trust(self, now: float) -> int:
        """See ``Journal``."""
        self._connection.execute(f"DELETE FROM meta WHERE name IN {_OF_DOUBT}")
        self._keep({"trusted_at": str(now)})
        self._doubt = None
        return (
            self.writes.trust()
            + self._connection.execute(
                f"UPDATE item SET state = ?, detail = NULL WHERE {OPEN} AND state = ? AND attempts = 0 "
                "AND status IS NULL",  # else the list has shown it, or something of its number
                (State.PENDING, State.UNKNOWN),
            ).rowcount
        )

    def note_service_time(self, moment: float) -> None:
        """See ``Journal``."""
        self._keep({"doubt_service_time": str(moment)})
        if self._doubt is not None:
            self._doubt = evolve(self._doubt, service_time=moment)

    def confirm_form(self, form: str) -> None:
        """See ``Journal``."""
        self._connection.execute("INSERT OR IGNORE INTO form VALUES (?)", (form,))

    def keep_numbers(self, given: Mapping[Identity, int]) -> None:
        """See ``Journal``."""
        run = self._one("SELECT coalesce(max(id), 0) FROM run") + 1  # numbers are given before the run begins
        self._connection.executemany(
            "INSERT OR IGNORE INTO numbered VALUES (?, ?, ?, ?, ?)",
            [(who.seller, str(who.type), who.original, number, run) for who, number in given.items()],
        )

    def archive(self, before: float) -> int:
        """See ``Journal``."""
        old = f"FROM item WHERE {DECIDED} AND state = ? AND decided_at < ?"
        values = (State.ACCEPTED, _milliseconds(before))
        self._has_archive = True
        self._connection.execute(
            f"INSERT INTO archived SELECT number, type, seller, repeat, digest, date, run {old}", values
        )
        self._connection.execute(f"DELETE FROM former WHERE position IN (SELECT position {old})", values)
        return self._connection.execute(f"DELETE {old}", values).rowcount

    def shrink(self) -> None:
        """Gives back the space of what was removed.

        Raises:
            JournalError: the disk has no room for the rewrite, or fails.
        """
        if self._file is None:
            raise ValueError("a journal that is only looked at is not changed")
        try:
            with self._file.turn():
                self._connection.execute("VACUUM")
        except sqlite3.Error as error:
            raise explained(self.path, error) from error

    # --- anybody reads ----------------------------------------------------------------------------

    def archived(self, run: int | None = None) -> int:
        """See ``Journal``."""
        if run is None:
            return self._one("SELECT count(*) FROM archived")
        return self._one("SELECT count(*) FROM archived WHERE run = ?", run)

    def owners(self) -> tuple[bytes, Sequence[str]]:
        """See ``Journal``."""
        found = self._connection.execute("SELECT fingerprint FROM owner ORDER BY at")
        return bytes.fromhex(self._meta().get("salt", "")), [own for (own,) in found]

    def target(self) -> str | None:
        """See ``Journal``."""
        return self._meta().get("target")

    def account(self) -> str:
        """See ``Journal``."""
        return self._meta().get("account", "")

    def doubt(self) -> Doubt | None:
        """See ``Journal``."""
        return self._doubt

    def runs(self) -> Iterator[Run]:
        """See ``Journal``."""
        return self._runs("ORDER BY id DESC", ())

    def run(self, number: int) -> Run | None:
        """See ``Journal``."""
        return next(self._runs("WHERE id = ?", (number,)), None)

    def decided_since(self, run: int, moment: float) -> int:
        """See ``Journal``."""
        query = "SELECT coalesce(sum(count), 0) FROM decided WHERE run = ? AND period >= ?"
        return self._one(query, run, int(moment) // PERIOD)

    def confirmed_forms(self) -> frozenset[str]:
        """See ``Journal``."""
        return frozenset(form for (form,) in self._connection.execute("SELECT form FROM form"))

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        same = [
            row
            for row in (
                *self._query("WHERE number = ?", (key.number,)),
                *self._archived("WHERE number = ?", (key.number,)),
            )
            if (row.key.type, row.key.repeat) == (key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """See ``Journal``."""
        sent = (
            row.key
            for row in self._query(
                "WHERE number = ? AND position <> ? AND (attempts > 0 OR state NOT IN (?, ?))",
                (key.number, position, State.PENDING, State.CLAIMED),
            )
        )
        archived = (row.key for row in self._archived("WHERE number = ?", (key.number,)))
        former = (
            "SELECT EXISTS (SELECT 1 FROM former WHERE position = ? "
            "AND (state = ? OR (state = ? AND sequence > 0)))"
        )
        return AmbiguousMatches(
            others=(*sent, *archived),
            former=bool(self._one(former, position, State.REJECTED, State.PENDING)),
            forgotten=self._doubt is not None,
        )

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """See ``Journal``."""
        lost = next(self._query("WHERE position = ?", (position,)), None)
        if lost is None or lost.ended is None:
            return []
        later = "SELECT id FROM run WHERE ended_at IS NULL OR ended_at >= ? ORDER BY id DESC"
        runs = self._connection.execute(later, (_milliseconds(lost.attempted_at or 0.0),)).fetchall()
        like = "(type, seller) = (SELECT type, seller FROM item WHERE position = ?) AND date >= ?"
        found: list[Row] = []
        for (run,) in runs:
            if len(found) >= limit:
                break
            newest = (
                f"SELECT position FROM item WHERE {DECIDED} AND run = ? AND state = ? AND sequence > ? "
                f"AND NOT duplicate ORDER BY sequence DESC LIMIT {_NEWEST}"
            )
            found += self._query(
                f"WHERE position IN ({newest}) AND attempts = 1 AND {like} AND {_ALONE} "
                "ORDER BY sequence DESC LIMIT ?",
                (run, State.ACCEPTED, lost.ended, position, day(lost.key.date), limit - len(found)),
            )
        return found

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """See ``Journal``."""
        if run is None and {*states} == {State.REJECTED}:
            return self._query(_REJECTED, states)
        conditions = [f"state IN ({_places(states)})"] if states else []
        values: list[Any] = [*states]
        if run is not None:
            conditions.append("run = ?")
            values.append(run)
        if not states:
            where = f"({DECIDED} OR {OPEN}) AND " if run is not None else ""  # both indexes
        else:
            where = (
                f"{OPEN} AND "
                if FINAL.isdisjoint(states)
                else f"{DECIDED} AND "
                if {*states} <= FINAL
                else ""
            )
        condition = f"WHERE {where}{' AND '.join(conditions)} " if conditions else ""
        return self._query(f"{condition}ORDER BY position", values)

    def known(self, run: int) -> Iterator[Row]:
        """See ``Journal``."""
        return self._query(
            "WHERE position IN (SELECT position FROM known WHERE run = ?) AND state = ? ORDER BY position",
            (run, State.REJECTED),
        )

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        where, values = ("", ()) if run is None else ("WHERE run = ? ", (run,))
        query = f"SELECT state, sum(count) FROM decided {where}GROUP BY state"
        final = Counter(dict(self._connection.execute(query, values)))
        open_ = self.open_counts(run)
        return {state: final[int(state)] if state in FINAL else open_[state] for state in State}

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """See ``Journal``."""
        of_run = "" if run is None else " AND run = ?"
        query = f"SELECT state, count(*) FROM item WHERE {OPEN}{of_run} GROUP BY state"
        found = dict(self._connection.execute(query, () if run is None else (run,)))
        return {state: found.get(int(state), 0) for state in State}

    def refusals(self, run: int) -> Iterator[Refused]:
        """See ``Journal``."""
        for source, number, rule, path, message in self._connection.execute(
            "SELECT source, number, rule, path, message FROM refusal WHERE run = ? ORDER BY id", (run,)
        ):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    def refused(self, run: int) -> int:
        """See ``Journal``."""
        query = "SELECT count(*) FROM (SELECT DISTINCT source, number FROM refusal WHERE run = ?)"
        return self._one(query, run)

    def withheld(self, run: int) -> int:
        """See ``Journal``."""
        query = (
            f"SELECT count(*) FROM item WHERE {OPEN} AND state = ? AND run = ? "
            "AND (source, CAST(number AS TEXT)) IN (SELECT source, number FROM refusal WHERE run = ?)"
        )
        return self._one(query, State.PENDING, run, run)

    def has_previous_version(self, position: int) -> bool:
        """See ``Journal``."""
        sent = "SELECT EXISTS (SELECT 1 FROM former WHERE position = ? AND state <> ?)"
        return bool(self._one(sent, position, State.PENDING))

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """See ``Journal``."""
        for position, at, state, digest, status, detail, note in self._connection.execute(
            "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        ):
            yield PreviousVersion(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip

    def numbered(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found: dict[Identity, int] = {}
        for some in _slices(identities):
            wanted = [value for who in some for value in (who.seller, str(who.type), who.original)]
            for seller, kind, original, number in self._connection.execute(
                "SELECT seller, type, original, number FROM numbered "
                f"WHERE (seller, type, original) IN (VALUES {_places(some, 3)})",
                wanted,
            ):
                found[Identity(seller, InvoiceType(kind), original)] = number
        return found

    def numbers_in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """See ``Journal``."""
        found = set[int]()
        for some in _slices(numbers):
            for table in ("item", "archived", "numbered"):
                query = f"SELECT number FROM {table} WHERE number IN ({_places(some)})"
                found.update(number for (number,) in self._connection.execute(query, some))
        return frozenset(found)

    def renumbered(self, run: int) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found = self._connection.execute(
            "SELECT seller, type, original, number FROM numbered "
            "WHERE run = ? AND original <> CAST(number AS TEXT) ORDER BY number",
            (run,),
        )
        return {
            Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found
        }

    def _one(self, query: str, *values: Any) -> int:
        (found,) = self._connection.execute(query, values).fetchone()
        return int(found)

    def _meta(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT name, value FROM meta"))

    def _keep(self, values: Mapping[str, str]) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def _runs(self, rest: str, values: Sequence[Any]) -> Iterator[Run]:
        query = f"SELECT id, began_at, ended_at, ending, inputs, expected, known FROM run {rest}"
        for number, began_at, ended_at, ending, inputs, expected, known in self._connection.execute(
            query, values
        ):
            yield Run(
                number=number, began_at=began_at / 1000, ended_at=_seconds(ended_at), ending=ending,
                inputs=tuple(json.loads(inputs)), expected=expected, known=known,
            )  # fmt: skip

    def _query(self, rest: str, values: Sequence[Any]) -> Iterator[Row]:
        query = f"SELECT {_COLUMNS} FROM item {rest}"
        return map(self._row, self._connection.execute(query, values))

    def _row(self, found: tuple[Any, ...]) -> Row:
        (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, sequence,
         ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no,
         form, holder) = found  # fmt: skip
        text = self._text
        return Row(
            position=position,
            key=InvoiceKey(text(seller), text(kind), number, date_of(repeat), date_of(date)),
            source=source,
            digest=digest,
            state=State(state),
            attempts=attempts,
            attempted_at=_seconds(decided_at - took if at is None and None not in {decided_at, took} else at),
            run=run,
            sequence=sequence or 0,
            ended=ended,
            ends_at=_seconds(ends_at),
            status=None if status is None else text(status),
            detail=detail,
            duplicate=bool(duplicate),
            amount=None if amount is None else Decimal(amount).scaleb(-2),
            currency=text(currency),
            decided_at=_seconds(decided_at),
            seconds=_seconds(took),
            says_no=bool(says_no),
            form=None if form is None else text(form),
            holder=holder,
        )

    def _archived(self, where: str, values: Sequence[Any]) -> Iterator[Row]:
        """What is kept of accepted invoices that were archived."""
        query = f"SELECT number, type, seller, repeat, digest, date FROM archived {where}"
        for number, kind, seller, repeat, digest, date in self._connection.execute(query, values):
            key = InvoiceKey(self._text(seller), self._text(kind), number, date_of(repeat), date_of(date))
            yield Row(
                position=0,
                key=key,
                source="the archive of the journal",
                digest=digest,
                state=State.ACCEPTED,
                run=0,
            )

    def _text(self, word: int) -> str:
        """The text of a word."""
        if word not in self._texts:
            (self._texts[word],) = self._connection.execute(
                "SELECT text FROM word WHERE id = ?", (word,)
            ).fetchone()
        return self._texts[word]


def _slices(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))


def _places(items: Sequence[Any], width: int = 0) -> str:
    """Places for values in a statement: one per item, or one row of so many per item."""
    one = f"({', '.join('?' * width)})" if width else "?"
    return ", ".join([one] * len(items))


def _period(milliseconds: int | None) -> int:
    return (milliseconds or 0) // (PERIOD * 1000)


def _milliseconds(moment: float) -> int:
    return round(moment * 1000)


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / 1000
