"""The journal's file: made whole, locked, and refused when it is not ours to touch."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import struct
from collections.abc import Generator, Mapping
from pathlib import Path

from attrs import frozen

from confirma_async.bulk.file_systems import network_file_system
from confirma_async.bulk.migrations import MIGRATIONS
from confirma_async.errors import JournalError, JournalMismatchError

APPLICATION_ID = 0x434E464A
"""Marks the file as a journal of this SDK, in SQLite's own header field."""

VERSION = len(MIGRATIONS)
"""The form of the file that this version of the SDK writes."""

STATEMENTS = 512
"""Prepared statements that are kept: one for each number of rows that go together."""

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


_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""What can be cured from outside, so that the same job goes on."""


def explained(path: Path, error: sqlite3.Error) -> JournalError:
    """A database error as a sentence."""
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF
    explanation = JournalError(f"the journal {path}: {_SENTENCES.get(primary) or error}")
    explanation.resumable = primary in _PASSING
    return explanation


_HERE: set[tuple[int, int]] = set()
"""The journals that this process holds open, by device and inode.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them. So a
file that is open here is never opened a second time except through SQLite itself.
"""


@frozen
class OpenFile:
    """An open journal file: its connection, and the lock that keeps other jobs out."""

    path: Path
    connection: sqlite3.Connection
    lock: int
    identity: tuple[int, int]

    def close(self) -> None:
        """Closes the file as complete, then lets go of the lock."""
        with contextlib.suppress(sqlite3.Error):
            _mark_open(self.connection, open_now=False)
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        _HERE.discard(self.identity)
        os.close(self.lock)


def open_file(path: Path) -> OpenFile:
    """Opens a journal for a job, or makes a new one. Belongs into the thread that will use it.

    Raises:
        JournalError: it cannot be written, stands on a network file system, is in use, or is damaged.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    _refuse_network(path)
    lock, identity = _locked(path)
    try:
        _check_contents(path, lock)
        connection = _connected(path)
    except BaseException:
        _HERE.discard(identity)
        os.close(lock)
        raise
    return OpenFile(path, connection, lock, identity)


@contextlib.contextmanager
def read_file(path: Path) -> Generator[sqlite3.Connection]:
    """Opens a journal for looking only, also while a job runs on it.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.is_file():
        raise JournalError(f"there is no journal {path}")
    if _identity(path.stat()) not in _HERE:
        _check_closed(path)
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro{_immutable(path)}", uri=True)
        with contextlib.closing(connection), contextlib.closing(_of_this_version(connection)) as readable:
            yield readable
    except sqlite3.Error as error:
        raise explained(path, error) from error


def _of_this_version(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection; for a file of an older form, one to a copy in memory that was brought up to date."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    _migrate(copy)
    return copy


def _locked(path: Path) -> tuple[int, tuple[int, int]]:
    """Opens and locks the file, making it where there is none; returns its descriptor and identity."""
    try:
        _refuse_at_sight(path)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be written ({error.strerror}); check that its folder exists and is "
            "writable, or name another place with --journal"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise _in_use(path) from error
    identity = _identity(os.fstat(lock))
    _HERE.add(identity)
    return lock, identity


def _refuse_at_sight(path: Path) -> None:
    """Refuses what must not even be opened: devices, and a journal that this process has open already."""
    if path.exists() and not path.is_file():
        raise JournalError(f"{path} is no regular file; name another place with --journal")
    if path.exists() and _identity(path.stat()) in _HERE:
        raise _in_use(path)


def _connected(path: Path) -> sqlite3.Connection:
    has_log = _log_of(path).exists()  # asked before SQLite makes a new one
    _check_whole(path)
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
        )
    except sqlite3.Error as error:
        raise explained(path, error) from error
    try:
        made_here = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not made_here and not has_log:
            _refuse_without_its_log(connection, path)
        _migrate(connection)
        if made_here:
            _sync_folder(path)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        _mark_open(connection, open_now=True)
    except sqlite3.Error as error:
        connection.close()
        raise explained(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    """Brings the file to this version's form in one transaction: after a crash it is as before, or done.

    A new file is the same case: it has all of the way before it.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    steps = MIGRATIONS[version:]
    if steps:
        connection.execute("PRAGMA synchronous = FULL")
        marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
        connection.executescript(f"BEGIN IMMEDIATE; {marks} {' '.join(steps)} COMMIT;")


def _sync_folder(path: Path) -> None:
    folder = os.open(path.resolve().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _check_whole(path: Path) -> None:
    """Has SQLite look at every page before anything is written: a damaged file is left as it is.

    The quick check would not do. It does not compare an index with its table, and an invoice that is missing
    from the index of keys would not be found, and be sent again.
    """
    if not path.stat().st_size:
        return
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro{_at_rest(path)}"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.Error as error:
        raise explained(path, error) from error
    if found != "ok":
        raise _damaged(path)


def _mark_open(connection: sqlite3.Connection, *, open_now: bool) -> None:
    """Says in the file itself, not only in its log, whether the log is needed to understand it."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('open', ?)", ("1" if open_now else "0",))
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _refuse_without_its_log(connection: sqlite3.Connection, path: Path) -> None:
    """A journal that was copied or moved without its log has forgotten what was sent."""
    marked = connection.execute("SELECT value FROM meta WHERE name = 'open'").fetchone()
    if marked and marked[0] == "1":
        log = _log_of(path).name
        raise JournalError(
            f"the journal {path} was not closed, and its log {log} is missing: it may have forgotten what "
            "was sent. Restore the log from where the journal was; if you know that another program has "
            f"put it in order, create an empty file {log}"
        )


def _log_of(path: Path) -> Path:
    file = path.resolve()  # SQLite follows links before it looks for the log
    return file.with_name(f"{file.name}-wal")


def _at_rest(path: Path) -> str:
    """Has a journal that lies still, without a log, read as it lies: no file is made beside it."""
    return "" if _log_of(path).exists() else "&immutable=1"


def _immutable(path: Path) -> str:
    """A journal at rest in a folder that cannot be written to is read as it lies, without a log."""
    return "" if os.access(path.resolve().parent, os.W_OK) else _at_rest(path)


def _damaged(path: Path) -> JournalError:
    return JournalError(f"the journal {path}: {_SENTENCES[sqlite3.SQLITE_CORRUPT]}")


def _identity(stat: os.stat_result) -> tuple[int, int]:
    return stat.st_dev, stat.st_ino


def _in_use(path: Path) -> JournalError:
    return JournalError(f"the journal {path} is in use by another job; wait for it to end, or stop it")


def _check_contents(path: Path, descriptor: int) -> None:
    """Lets through an empty file, which becomes a journal, and a journal of ours."""
    if os.fstat(descriptor).st_size:
        _check_header(path, descriptor)
    elif _log_of(path).exists():
        raise JournalError(
            f"the journal {path} is gone, but its log {_log_of(path).name} is still there; restore the "
            "journal, or remove the log if you know that nothing of it was sent"
        )


def _check_closed(path: Path) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read ({error.strerror})") from error
    try:
        _check_header(path, descriptor)
    finally:
        os.close(descriptor)


def _check_header(path: Path, descriptor: int) -> None:
    """Reads the file's own header: a foreign or newer file is refused before anything touches it."""
    header = os.pread(descriptor, 100, 0)
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise JournalMismatchError(f"{path} is no journal of this SDK; it was not touched, name another one")
    (version,) = struct.unpack_from(">I", header, 60)
    (application,) = struct.unpack_from(">I", header, 68)
    if application != APPLICATION_ID:
        raise JournalMismatchError(f"{path} is no journal of this SDK; it was not touched, name another one")
    if not _log_of(path).exists() and _is_cut_off(header, descriptor):
        raise _damaged(path)
    if version > VERSION:
        raise JournalMismatchError(
            f"the journal {path} was written by a newer version of this SDK (format {version}, this one "
            f"reads {VERSION}); it was not touched, upgrade to go on with it"
        )


def _is_cut_off(header: bytes, descriptor: int) -> bool:
    """Whether the file is shorter than its header says; a log that is there may hold the rest."""
    (size,) = struct.unpack_from(">H", header, 16)
    changes, pages = struct.unpack_from(">II", header, 24)
    (counted_at,) = struct.unpack_from(">I", header, 92)
    whole = pages * (65536 if size == 1 else size)
    return bool(counted_at == changes and os.fstat(descriptor).st_size < whole)


def _refuse_network(path: Path) -> None:
    kind = network_file_system(path.resolve().parent)
    if kind is not None:
        raise JournalError(
            f"the journal {path} would stand on a network file system ({kind}), where its locks and its log "
            "cannot be trusted; name a place on a local disk with --journal"
        )
