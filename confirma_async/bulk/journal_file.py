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

from confirma_async.bulk.items import FINAL
from confirma_async.errors import JournalError, JournalMismatchError

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
