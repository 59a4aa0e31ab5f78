"""The journal in a file: one SQLite database, one connection, one thread.

Many rows go in one statement. SQLite lets other threads run while a statement works, and has to wait for the
interpreter after each: a statement per row would wait as often as there are invoices.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from confirma_async.bulk.chunk import Chunk
from confirma_async.bulk.items import FINAL, Entry, InvoiceKey, Refusal, Retry, Row, State
from confirma_async.bulk.journal import (
    Admitted,
    Decision,
    Former,
    JobName,
    Refused,
    Resolution,
    Rivals,
    same_invoice,
    same_job,
)
from confirma_async.bulk.journal_file import OpenFile, explained, open_file, read_file
from confirma_async.bulk.migrations import OPEN
from confirma_async.formats.records import Identity
from confirma_async.schemas import InvoiceType

SLICE = 64
"""Rows that share one statement. A statement is prepared once for each number of rows that occurs."""

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "status, detail, duplicate, amount, currency, decided_at, seconds"
)
_INSERTED = "position, number, type, seller, repeat, date, source, digest, state, run, amount, currency"


def open_sqlite(path: Path) -> SqliteJournal:
    """Opens a journal for a job, or makes a new one. Belongs into the thread that will use it.

    Raises:
        JournalError: it cannot be written, stands on a network file system, is in use, or is damaged.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    return SqliteJournal(path, open_file(path))


@contextlib.contextmanager
def reading(path: Path) -> Generator[SqliteJournal]:
    """Opens a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    with read_file(path) as connection:
        yield SqliteJournal(path, connection)


class SqliteJournal:
    """A ``Journal`` over an open file.

    Args:
        path: The file, for messages.
        opened: The file as a job has it open, or a connection to look only.
    """

    def __init__(self, path: Path, opened: OpenFile | sqlite3.Connection) -> None:
        self.path = path
        self._file = opened if isinstance(opened, OpenFile) else None
        self._connection = opened.connection if isinstance(opened, OpenFile) else opened
        (last,) = self._connection.execute("SELECT max(position) FROM item").fetchone()
        self._last: int = last or 0

    @property
    def name(self) -> str:
        """The path."""
        return str(self.path)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """See ``Journal``."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException as error:
            with contextlib.suppress(sqlite3.Error):  # the first error is the one to tell
                self._connection.rollback()
            if isinstance(error, sqlite3.Error):
                raise explained(self.path, error) from error
            raise

    def close(self) -> None:
        """See ``Journal``."""
        opened, self._file = self._file, None
        if opened is not None:
            opened.close()

    # --- a job writes -----------------------------------------------------------------------------

    def begin(self, job: JobName, *, now: float, longest_call: float) -> int:
        """See ``Journal``."""
        whole = same_job(self.name, self.job(), job)
        meta = self._meta()
        run = int(meta.get("run", "0")) + 1
        values = {"target": whole.target, "inputs": json.dumps(list(whole.inputs)), "run": str(run)}
        values["created_at"] = meta.get("created_at", str(now))
        values["run_at"] = str(now)
        self._keep(values)
        execute = self._connection.execute
        execute(f"UPDATE item SET state = ? WHERE {OPEN} AND state = ?", (State.PENDING, State.CLAIMED))
        execute(
            f"UPDATE item SET state = ?, attempted_at = min(?, attempted_at + ?) WHERE {OPEN} AND state = ?",
            (State.UNKNOWN, now, longest_call, State.SENDING),
        )
        execute("DELETE FROM refusal")
        return run

    def admit(self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE) -> list[Admitted]:
        """See ``Journal``."""
        chunk = Chunk(self.next_position, self.keep_former, run, retry)
        for known in _slices(sorted({entry.key.number for entry in entries})):
            chunk.know(self._query(f"WHERE number IN ({_places(known)})", known))
        admitted = [chunk.admit(entry) for entry in entries]
        for new in _slices(chunk.new):
            values = [value for row in new for value in row]
            self._connection.execute(
                f"INSERT INTO item ({_INSERTED}) VALUES {_places(new, 12)}",
                values,
            )
        if chunk.claimed_again:
            self._connection.executemany(
                "UPDATE item SET state = ?, run = ?, digest = ?, date = ?, source = ?, amount = ?, "
                "currency = ?, status = NULL, detail = NULL, decided_at = NULL, seconds = NULL "
                "WHERE position = ?",
                chunk.claimed_again,
            )
        if chunk.taken_up:
            self._connection.executemany("UPDATE item SET run = ? WHERE position = ?", chunk.taken_up)
        return admitted

    def next_position(self) -> int:
        """The place of an item that the journal has not had yet."""
        self._last += 1
        return self._last

    def sending(self, positions: Sequence[int], now: float) -> None:
        """See ``Journal``."""
        for some in _slices(positions):
            self._connection.execute(
                "UPDATE item SET state = ?, attempts = attempts + 1, attempted_at = ? "
                f"WHERE position IN ({_places(some)})",
                (State.SENDING, now, *some),
            )

    def decide(self, decisions: Sequence[Decision]) -> None:
        """See ``Journal``."""
        latest = {decision.position: decision for decision in decisions}  # one statement takes each once
        for some in _slices(list(latest.values())):
            values = [value for decision in some for value in _decided(decision)]
            self._connection.execute(
                "UPDATE item SET state = column2, status = column3, detail = column4, duplicate = column5, "
                "decided_at = column6, attempted_at = coalesce(column7, attempted_at), seconds = column8 "
                f"FROM (VALUES {_places(some, 8)}) WHERE position = column1",
                values,
            )

    def put_back(self, run: int) -> None:
        """See ``Journal``."""
        self._connection.execute(
            f"UPDATE item SET state = ? WHERE {OPEN} AND state = ? AND run = ?",
            (State.PENDING, State.CLAIMED, run),
        )

    def refuse(self, refusals: Sequence[Refusal]) -> None:
        """See ``Journal``."""
        self._connection.executemany(
            "INSERT INTO refusal (source, number, rule, path, message) VALUES (?, ?, ?, ?, ?)",
            [
                (str(refusal.place), refusal.number, problem.rule, problem.path, problem.message)
                for refusal in refusals
                for problem in refusal.problems
            ],
        )

    def resolve(self, resolution: Resolution) -> None:
        """See ``Journal``."""
        self.keep_former(resolution.position, resolution.at, resolution.note)
        decided_at = resolution.at if resolution.state in FINAL else None
        self._connection.execute(
            "UPDATE item SET state = ?, status = NULL, detail = ?, decided_at = ? WHERE position = ?",
            (resolution.state, f"a person decided: {resolution.note}", decided_at, resolution.position),
        )

    def keep_former(self, position: int, now: float, note: str) -> None:
        """Keeps what an item is, before it becomes something else."""
        self._connection.execute(
            "INSERT INTO former (position, at, state, digest, status, detail, note) "
            "SELECT position, ?, state, digest, status, detail, ? FROM item WHERE position = ?",
            (now, note, position),
        )

    def keep_numbers(self, given: Mapping[Identity, int]) -> None:
        """See ``Journal``."""
        self._connection.executemany(
            "INSERT OR IGNORE INTO numbered VALUES (?, ?, ?, ?)",
            [(who.seller, str(who.type), who.original, number) for who, number in given.items()],
        )

    def expect(self, records: int) -> None:
        """See ``Journal``."""
        self._keep({"expected": str(records)})

    # --- anybody reads ----------------------------------------------------------------------------

    def job(self) -> JobName | None:
        """See ``Journal``."""
        meta = self._meta()
        return JobName(meta["target"], json.loads(meta["inputs"])) if "target" in meta else None

    def expected(self) -> int | None:
        """See ``Journal``."""
        found = self._meta().get("expected")
        return None if found is None else int(found)

    def run_began(self) -> float | None:
        """See ``Journal``."""
        found = self._meta().get("run_at")
        return None if found is None else float(found)

    def decided_since(self, moment: float) -> int:
        """See ``Journal``."""
        query = "SELECT count(*) FROM item WHERE decided_at >= ?"
        return int(self._connection.execute(query, (moment,)).fetchone()[0])

    def find(self, key: InvoiceKey) -> Row | None:
        """See ``Journal``."""
        found = self._query(
            "WHERE number = ? AND type = ? AND repeat = ?", (key.number, key.type, key.repeat)
        )
        return same_invoice(list(found), key)

    def rivals(self, position: int, key: InvoiceKey) -> Rivals:
        """See ``Journal``."""
        others, former = self._connection.execute(
            "SELECT EXISTS (SELECT 1 FROM item WHERE number = ? AND position <> ? AND state NOT IN (?, ?)), "
            "EXISTS (SELECT 1 FROM former WHERE position = ? AND state = ?)",
            (key.number, position, State.PENDING, State.CLAIMED, position, State.REJECTED),
        ).fetchone()
        return Rivals(others=bool(others), former=bool(former))

    def rows(self, *states: State) -> Iterator[Row]:
        """See ``Journal``."""
        if not states:
            return self._query("ORDER BY position", ())
        # With the index on what is open, where that is all that is asked for.
        narrowed = f"{OPEN} AND " if FINAL.isdisjoint(states) else ""
        return self._query(f"WHERE {narrowed}state IN ({_places(states)}) ORDER BY position", states)

    def counts(self) -> Mapping[State, int]:
        """See ``Journal``."""
        return self._counted("")

    def open_counts(self) -> Mapping[State, int]:
        """See ``Journal``."""
        return self._counted(f"WHERE {OPEN}")

    def refusals(self) -> Iterator[Refused]:
        """See ``Journal``."""
        for source, number, rule, path, message in self._connection.execute(
            "SELECT source, number, rule, path, message FROM refusal ORDER BY id"
        ):
            yield Refused(source=source, number=number, rule=rule, path=path, message=message)

    def refused(self) -> int:
        """See ``Journal``."""
        query = "SELECT count(*) FROM (SELECT DISTINCT source, number FROM refusal)"
        return int(self._connection.execute(query).fetchone()[0])

    def withheld(self) -> int:
        """See ``Journal``."""
        query = (
            f"SELECT count(*) FROM item WHERE {OPEN} AND state = ? "
            "AND (source, CAST(number AS TEXT)) IN (SELECT source, number FROM refusal)"
        )
        return int(self._connection.execute(query, (State.PENDING,)).fetchone()[0])

    def former(self) -> Iterator[Former]:
        """See ``Journal``."""
        for position, at, state, digest, status, detail, note in self._connection.execute(
            "SELECT position, at, state, digest, status, detail, note FROM former ORDER BY id"
        ):
            yield Former(
                position=position, at=at, state=State(state), digest=digest, status=status, detail=detail,
                note=note,
            )  # fmt: skip

    def numbered(self) -> Mapping[Identity, int]:
        """See ``Journal``."""
        found = self._connection.execute(
            "SELECT seller, type, original, number FROM numbered ORDER BY number"
        )
        return {
            Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found
        }

    def _meta(self) -> dict[str, str]:
        return dict(self._connection.execute("SELECT name, value FROM meta"))

    def _keep(self, values: Mapping[str, str]) -> None:
        self._connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def _counted(self, where: str) -> Mapping[State, int]:
        query = f"SELECT state, count(*) FROM item {where} GROUP BY state"
        found = dict(self._connection.execute(query))
        return {state: found.get(int(state), 0) for state in State}

    def _query(self, rest: str, values: Sequence[Any]) -> Iterator[Row]:
        query = f"SELECT {_COLUMNS} FROM item {rest}"
        for found in self._connection.execute(query, values):
            yield _row(found)


def _slices(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (items[start : start + SLICE] for start in range(0, len(items), SLICE))


def _places(items: Sequence[Any], width: int = 0) -> str:
    """Places for values in a statement: one per item, or one row of so many per item."""
    one = f"({', '.join('?' * width)})" if width else "?"
    return ", ".join([one] * len(items))


def _decided(decision: Decision) -> tuple[Any, ...]:
    return (
        decision.position,
        decision.state,
        decision.status,
        decision.detail,
        decision.duplicate,
        decision.at if decision.state in FINAL else None,
        decision.at if decision.lost else None,
        decision.seconds,
    )


def _row(found: tuple[Any, ...]) -> Row:
    (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, status, detail,
     duplicate, amount, currency, decided_at, seconds) = found  # fmt: skip
    return Row(
        position=position,
        key=InvoiceKey(seller, kind, number, repeat, date),
        source=source,
        digest=digest,
        state=State(state),
        attempts=attempts,
        attempted_at=at,
        run=run,
        status=status,
        detail=detail,
        duplicate=bool(duplicate),
        amount=None if amount is None else Decimal(amount).scaleb(-2),
        currency=currency,
        decided_at=decided_at,
        seconds=seconds,
    )
