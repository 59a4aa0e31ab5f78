"""The journal of a bulk job: one SQLite file that knows every invoice's state, and no payload.

Everything here runs in the one thread that owns the connection (``writer.py``); functions take the open
``sqlite3.Connection`` and leave commits to that thread.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import json
import os
import sqlite3
import struct
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

from confirma_async.bulk.items import FINAL, Entry, InvoiceKey, Refusal, Row, State
from confirma_async.errors import JournalError, JournalMismatchError
from confirma_async.formats.records import Identity
from confirma_async.schemas import InvoiceType

APPLICATION_ID = 0x434E464A
"""Marks the file as a journal of this SDK, in SQLite's own header field."""

VERSION = 1

_SCHEMA = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE item (
  position INTEGER PRIMARY KEY,
  number INTEGER NOT NULL, type TEXT NOT NULL, seller TEXT NOT NULL, repeat TEXT NOT NULL,
  date TEXT NOT NULL, source TEXT NOT NULL, digest BLOB NOT NULL,
  state INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, attempted_at REAL,
  run INTEGER NOT NULL, status TEXT, detail TEXT, duplicate INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX item_key ON item (number, type, seller, repeat);
CREATE INDEX item_open ON item (state) WHERE state NOT IN ({", ".join(str(int(s)) for s in sorted(FINAL))});
CREATE TABLE refusal (
  id INTEGER PRIMARY KEY, source TEXT NOT NULL, number TEXT, rule TEXT NOT NULL, path TEXT NOT NULL,
  message TEXT NOT NULL
);
CREATE TABLE numbered (
  seller TEXT NOT NULL, type TEXT NOT NULL, original TEXT NOT NULL, number INTEGER NOT NULL,
  PRIMARY KEY (seller, type, original)
) WITHOUT ROWID;
"""

_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "status, detail, duplicate"
)

_NETWORK_FILE_SYSTEMS = frozenset(
    {
        "nfs", "nfs4", "cifs", "smbfs", "smb3", "afs", "ncpfs", "davfs", "lustre", "glusterfs", "ceph",
        "fuse.sshfs", "fuse.glusterfs", "fuse.s3fs", "fuse.davfs2",
    }
)  # fmt: skip
"""SQLite's write-ahead log does not work there: two machines would not see each other's locks."""

_SENTENCES: Mapping[int | None, str] = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space and run the job again, nothing is lost",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written to",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check it, then run the job again, nothing is lost",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore it from a copy and do not start a new one for the "
    "same invoices before looking them up",
    sqlite3.SQLITE_NOTADB: "the file is no journal of this SDK; name another one",
    sqlite3.SQLITE_BUSY: "another process is using it",
    sqlite3.SQLITE_LOCKED: "another process is using it",
}


def explained(path: Path, error: sqlite3.Error) -> JournalError:
    """A database error as a sentence."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    explanation = JournalError(f"the journal {path}: {_SENTENCES.get(primary) or error}")
    explanation.resumable = primary in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
    return explanation


# --- opening ----------------------------------------------------------------------------------------


@frozen
class OpenJournal:
    """An open journal file: its connection, and the lock that keeps other jobs out."""

    path: Path
    connection: sqlite3.Connection
    lock: int

    def close(self) -> None:
        """Closes the file, then lets go of the lock."""
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        os.close(self.lock)


def open_journal(path: Path) -> OpenJournal:
    """Opens a journal for a job, or makes a new one.

    Raises:
        JournalError: it cannot be written, stands on a network file system, is in use, or is damaged.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    _refuse_network(path)
    try:
        if not path.exists() or path.stat().st_size == 0:
            _create(path)
        lock = os.open(path, os.O_RDWR)
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be written ({error.strerror}); name another place with --journal"
        ) from error
    except sqlite3.Error as error:
        raise explained(path, error) from error
    try:
        _lock(path, lock)
        _check_header(path)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("SELECT count(*) FROM meta").fetchone()
        except sqlite3.Error as error:
            connection.close()
            raise explained(path, error) from error
    except BaseException:
        os.close(lock)
        raise
    return OpenJournal(path, connection, lock)


@contextlib.contextmanager
def reading(path: Path) -> Generator[sqlite3.Connection]:
    """Opens a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal {path}")
    _check_header(path)
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
        with contextlib.closing(connection):
            yield connection
    except sqlite3.Error as error:
        raise explained(path, error) from error


def _create(path: Path) -> None:
    """Makes the file whole before it has its name: a crash leaves no half journal behind."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    try:
        with contextlib.closing(sqlite3.connect(draft)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.executescript(f"BEGIN; {_SCHEMA} COMMIT;")
        if path.exists():
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):  # another process was first: the lock decides
                os.link(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise JournalError(
            f"the journal {path} is in use by another process; wait for it to end, or stop it"
        ) from error


def _check_header(path: Path) -> None:
    """Reads the file's own header, so that a foreign or newer file is refused before anything touches it."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read ({error.strerror})") from error
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise JournalMismatchError(f"{path} is no journal of this SDK; it was not touched, name another one")
    (version,) = struct.unpack_from(">I", header, 60)
    (application,) = struct.unpack_from(">I", header, 68)
    if application != APPLICATION_ID:
        raise JournalMismatchError(f"{path} is no journal of this SDK; it was not touched, name another one")
    if version > VERSION:
        raise JournalMismatchError(
            f"the journal {path} was written by a newer version of this SDK (format {version}, this one "
            f"reads {VERSION}); it was not touched, upgrade to go on with it"
        )


def _refuse_network(path: Path) -> None:
    kind = _file_system(path.parent)
    if kind in _NETWORK_FILE_SYSTEMS:
        raise JournalError(
            f"the journal {path} would stand on a network file system ({kind}), where its locks and its log "
            "cannot be trusted; name a place on a local disk with --journal"
        )


def _file_system(folder: Path) -> str | None:
    """The kind of file system that a folder is on, where the system tells."""
    try:
        mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace")
        place = folder.resolve()
    except OSError:
        return None
    best, kind = -1, None
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) > 2:
            mount = Path(fields[1].replace("\\040", " "))
            if (place == mount or mount in place.parents) and len(mount.parts) >= best:
                best, kind = len(mount.parts), fields[2]
    return kind


# --- the job ----------------------------------------------------------------------------------------


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


def begin_run(connection: sqlite3.Connection, path: Path, target: str, inputs: Sequence[str]) -> int:
    """Ties a journal to its job, or checks that it is this job's; returns the number of this run.

    Whatever an earlier run left under way is settled: claims surely were not sent, sends may have been.

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
    connection.execute("UPDATE item SET state = ? WHERE state = ?", (State.UNKNOWN, State.SENDING))
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
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM item "  # noqa: S608 (our own names)
        "WHERE number = ? AND type = ? AND seller = ? AND repeat = ?",
        (key.number, key.type, key.seller, key.repeat),
    ).fetchone()
    if found is None:
        cursor = connection.execute(
            "INSERT INTO item (number, type, seller, repeat, date, source, digest, state, run) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                key.number, key.type, key.seller, key.repeat, key.date,
                str(entry.place), entry.digest, State.CLAIMED, run,
            ),
        )  # fmt: skip
        return Admission.CLAIMED, _claimed(entry, cursor.lastrowid or 0, run)
    row = _row(found)
    if row.run == run:
        return Admission.CLASH, row
    if row.digest != entry.digest and (row.attempts or row.state is not State.PENDING):
        return Admission.CHANGED, row
    if row.state in FINAL:
        return Admission.FINAL, row
    if row.state is State.UNKNOWN:
        connection.execute("UPDATE item SET run = ? WHERE position = ?", (run, row.position))
        return Admission.UNKNOWN, row
    connection.execute(  # never sent, so it may still be corrected
        "UPDATE item SET state = ?, run = ?, digest = ?, date = ?, source = ? WHERE position = ?",
        (State.CLAIMED, run, entry.digest, entry.key.date, str(entry.place), row.position),
    )
    return Admission.CLAIMED, row


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
