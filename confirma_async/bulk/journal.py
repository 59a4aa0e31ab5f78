"""What a journal says of its job: every invoice's state, and no payload.

Everything here runs in the one thread that owns the connection (``writer.py``); functions take the open
``sqlite3.Connection`` and leave commits to that thread.
"""

from __future__ import annotations

import enum
import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from confirma_async.bulk.items import FINAL, Entry, InvoiceKey, Refusal, Row, State
from confirma_async.errors import JournalMismatchError
from confirma_async.formats.records import Identity
from confirma_async.schemas import InvoiceType

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "status, detail, duplicate"
)


def check_job(connection: sqlite3.Connection, path: Path, target: str, inputs: Sequence[str]) -> list[str]:
    """Checks that a journal is this job's; returns the names of its input files so far.

    Raises:
        JournalMismatchError: it belongs to another target or other files.
    """
    meta = _meta(connection)
    known: list[str] = json.loads(meta.get("inputs", "[]"))
    if meta.get("target", target) != target:
        raise JournalMismatchError(
            f"the journal {path} belongs to a job for {meta['target']}, this one is for {target}; "
            "name another one with --journal"
        )
    if known and inputs and not set(known) & set(inputs):
        raise JournalMismatchError(
            f"the journal {path} belongs to a job of other files ({known[0]}"
            f"{' and others' if len(known) > 1 else ''}); name another one with --journal"
        )
    return known


def begin_run(
    connection: sqlite3.Connection, path: Path, target: str, inputs: Sequence[str], longest_call: float = 0.0
) -> int:
    """Ties a journal to its job, or checks that it is this job's; returns the number of this run.

    Whatever an earlier run left under way is settled: claims surely were not sent, sends may have been, and
    may have gone on for as long as a call takes.

    Raises:
        JournalMismatchError: it belongs to another target or other files.
    """
    known = check_job(connection, path, target, inputs)
    meta = _meta(connection)
    run = int(meta.get("run", "0")) + 1
    values = {"target": target, "run": str(run), "inputs": json.dumps(sorted({*known, *inputs}))}
    values["created_at"] = meta.get("created_at", str(time.time()))
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
    connection.execute("UPDATE item SET state = ? WHERE state = ?", (State.PENDING, State.CLAIMED))
    connection.execute(
        "UPDATE item SET state = ?, attempted_at = min(?, attempted_at + ?) WHERE state = ?",
        (State.UNKNOWN, time.time(), longest_call, State.SENDING),
    )
    connection.execute("DELETE FROM refusal")
    return run


def _meta(connection: sqlite3.Connection) -> dict[str, str]:
    return dict(connection.execute("SELECT name, value FROM meta"))


def is_decided(connection: sqlite3.Connection, key: InvoiceKey) -> bool:
    """Whether an invoice was accepted or rejected already."""
    found = connection.execute(
        "SELECT 1 FROM item WHERE number = ? AND type = ? AND seller = ? AND repeat = ? AND state IN (?, ?)",
        (key.number, key.type, key.seller, key.repeat, *FINAL),
    )
    return found.fetchone() is not None


class Admission(enum.Enum):
    """What the journal says to an entry that a job wants to send."""

    CLAIMED = "claimed"
    """It is this run's to send."""
    UNKNOWN = "unknown"
    """An earlier attempt may have arrived: look it up first."""
    FINAL = "final"
    """It was decided in an earlier run."""
    CLASH = "clash"
    """The same invoice came before in this run."""
    CHANGED = "changed"
    """The same invoice is in the journal with other contents."""


def admit(connection: sqlite3.Connection, entries: Sequence[Entry], run: int) -> list[tuple[Admission, Row]]:
    """Writes down the intent to send each entry, unless the journal has something to say against it."""
    return [_admit(connection, entry, run) for entry in entries]


def _admit(connection: sqlite3.Connection, entry: Entry, run: int) -> tuple[Admission, Row]:
    key = entry.key
    row = _known(connection, key)
    if row is None:
        cursor = connection.execute(
            "INSERT INTO item (number, type, seller, repeat, date, source, digest, state, run) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.number, key.type, key.seller, key.repeat, key.date,
                str(entry.place), entry.digest, State.CLAIMED, run,
            ),
        )  # fmt: skip
        return Admission.CLAIMED, _claimed(entry, cursor.lastrowid or 0, run)
    if row.key != key:  # only one of the two names its seller
        return Admission.CHANGED, row
    if row.run == run:
        return Admission.CLASH, row
    if row.digest != entry.digest and row.state is not State.PENDING:
        return Admission.CHANGED, row
    if row.state in FINAL:
        return Admission.FINAL, row
    if row.state is State.UNKNOWN:
        connection.execute("UPDATE item SET run = ? WHERE position = ?", (run, row.position))
        return Admission.UNKNOWN, row
    connection.execute(  # it surely did not arrive, so it may still be corrected
        "UPDATE item SET state = ?, run = ?, digest = ?, date = ?, source = ? WHERE position = ?",
        (State.CLAIMED, run, entry.digest, entry.key.date, str(entry.place), row.position),
    )
    return Admission.CLAIMED, row


def _known(connection: sqlite3.Connection, key: InvoiceKey) -> Row | None:
    """What the journal has under a key, or else under the same number where only one names its seller."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM item "  # noqa: S608 (our own names)
        "WHERE number = ? AND type = ? AND repeat = ? AND (seller = ? OR seller = '' OR ? = '') "
        "ORDER BY seller = ? DESC LIMIT 1",
        (key.number, key.type, key.repeat, key.seller, key.seller, key.seller),
    ).fetchone()
    return None if found is None else _row(found)


def _claimed(entry: Entry, position: int, run: int) -> Row:
    return Row(
        position=position,
        key=entry.key,
        source=str(entry.place),
        digest=entry.digest,
        state=State.CLAIMED,
        attempts=0,
        attempted_at=None,
        run=run,
        status=None,
        detail=None,
        duplicate=False,
    )


def sending(connection: sqlite3.Connection, position: int, now: float) -> None:
    """The next thing that happens to this item is its first byte."""
    connection.execute(
        "UPDATE item SET state = ?, attempts = attempts + 1, attempted_at = ? WHERE position = ?",
        (State.SENDING, now, position),
    )


def decide(
    connection: sqlite3.Connection,
    position: int,
    state: State,
    status: str | None = None,
    detail: str | None = None,
    *,
    duplicate: bool = False,
) -> None:
    """Writes down what became of an item."""
    connection.execute(
        "UPDATE item SET state = ?, status = ?, detail = ?, duplicate = ? WHERE position = ?",
        (state, status, detail, duplicate, position),
    )


def lose(connection: sqlite3.Connection, position: int, now: float, detail: str | None) -> None:
    """Writes down that an item's outcome is unknown; the settle time counts from now."""
    connection.execute(
        "UPDATE item SET state = ?, attempted_at = ?, detail = ? WHERE position = ?",
        (State.UNKNOWN, now, detail, position),
    )


def has_rivals(connection: sqlite3.Connection, position: int, key: InvoiceKey) -> bool:
    """Whether the job sent anything else under the same number, which a lookup by number would find too."""
    found = connection.execute(
        "SELECT 1 FROM item WHERE number = ? AND position <> ? AND state NOT IN (?, ?) LIMIT 1",
        (key.number, position, State.PENDING, State.CLAIMED),
    )
    return found.fetchone() is not None


def refuse(connection: sqlite3.Connection, refusals: Sequence[Refusal]) -> None:
    """Writes down records that will not be sent, so that reports can name them."""
    connection.executemany(
        "INSERT INTO refusal (source, number, rule, path, message) VALUES (?, ?, ?, ?, ?)",
        [
            (str(refusal.place), refusal.number, problem.rule, problem.path, problem.message)
            for refusal in refusals
            for problem in refusal.problems
        ],
    )


def numbered(connection: sqlite3.Connection) -> dict[Identity, int]:
    """The whole numbers given so far to documents whose own number is none."""
    found = connection.execute("SELECT seller, type, original, number FROM numbered ORDER BY number")
    return {Identity(seller, InvoiceType(kind), original): number for seller, kind, original, number in found}


def keep_numbers(connection: sqlite3.Connection, given: Mapping[Identity, int]) -> None:
    """Keeps the numbers given; one that is there already stays."""
    connection.executemany(
        "INSERT OR IGNORE INTO numbered VALUES (?, ?, ?, ?)",
        [(who.seller, str(who.type), who.original, number) for who, number in given.items()],
    )


def refusals(connection: sqlite3.Connection, limit: int) -> Iterator[tuple[str, str | None, str, str, str]]:
    """Records refused in the last run: place, number, rule, path, message."""
    yield from connection.execute(
        "SELECT source, number, rule, path, message FROM refusal ORDER BY id LIMIT ?", (limit,)
    )


def rows(connection: sqlite3.Connection, *states: State) -> Iterator[Row]:
    """The items in the given states, in the order of the input; all of them when none is given."""
    where = f"WHERE state IN ({', '.join('?' * len(states))})" if states else ""
    query = f"SELECT {_COLUMNS} FROM item {where} ORDER BY position"  # noqa: S608 (our own names)
    for found in connection.execute(query, states):
        yield _row(found)


def _row(found: tuple[Any, ...]) -> Row:
    (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, status, detail,
     duplicate) = found  # fmt: skip
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
    )
