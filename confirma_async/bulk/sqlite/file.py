"""The journal's file: made whole, locked, watched while it is open, and looked at without a trace."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Generator
from functools import cache
from pathlib import Path

from attrs import define

from confirma_async.bulk.journal import Doubt
from confirma_async.bulk.sqlite.file_systems import check_file_system
from confirma_async.bulk.sqlite.guard import (
    APPLICATION_ID,
    VERSION,
    at_rest,
    check_whole,
    damaged,
    doubt_of,
    examine,
    examine_missing,
    explained,
    log_of,
    mark_of,
)
from confirma_async.bulk.sqlite.marks import Marks, Origin, identity, mark_paths
from confirma_async.bulk.sqlite.migrations import MIGRATIONS
from confirma_async.errors import JournalError, JournalGoneError
from confirma_async.files import sync_folder

STATEMENTS = 512
"""Prepared statements that are kept: one for each number of rows that go together."""

LOOK_PATIENCE = 5.0
"""Seconds that a job waits for those who only look at its journal."""

_HERE: set[tuple[int, int]] = set()
"""The journals that this process holds open, by device and inode.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them. So a
file that is open here is never opened a second time except through SQLite itself.
"""


@define
class OpenFile:
    """An open journal file: its connection, the lock that keeps other jobs out, and its marks.

    Attributes:
        path: The file.
        connection: The one connection.
        doubt: Why the journal may not know all that was sent; None where it does.
    """

    path: Path
    connection: sqlite3.Connection
    doubt: Doubt | None
    _lock: int
    _identity: tuple[int, int]
    _log: Path
    _log_identity: tuple[int, int]
    _marks: Marks

    def check_in_place(self) -> None:
        """Checks that the file behind the path, and its log, are still those that are open.

        Raises:
            JournalGoneError: they are not; what the job knew was saved beside the path, where possible.
        """
        if self._is_in_place():
            return
        what = "deleted" if not self.path.exists() else "replaced, or its log was"
        rescued = self._rescue()
        cure = (
            f"what the job knew is in {rescued}: put that file in the journal's place before anything else "
            "is sent"
            if rescued
            else "what the job knew could not be saved; look every invoice up before it is sent again"
        )
        raise JournalGoneError(
            f"the journal {self.path} was {what} while the job ran; the job has stopped, and sends nothing "
            f"more. {cure}",
            rescued=rescued,
        )

    def _is_in_place(self) -> bool:
        return _identity_at(self.path) == self._identity and _identity_at(self._log) == self._log_identity

    def note_commit(self, commits: int) -> None:
        """Writes the marks after a commit."""
        self._marks.note(commits)

    def _rescue(self) -> str | None:
        """Saves what the connection still sees; returns where."""
        with contextlib.suppress(sqlite3.Error, OSError):
            folder = self.path.parent if self.path.parent.is_dir() else Path(tempfile.gettempdir())
            target = folder / f"{self.path.name}.rescued-{uuid.uuid4().hex[:8]}"
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            with contextlib.suppress(sqlite3.Error):
                self.connection.rollback()
            copy_into(self.connection, target)
            return str(target)
        return None

    def close(self) -> None:
        """Closes the file as complete, if it is still in its place, then lets go of the lock."""
        if self._is_in_place():
            _mark_closed(self.connection)
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        self._marks.close()
        _HERE.discard(self._identity)
        os.close(self._lock)


def copy_into(connection: sqlite3.Connection, target: Path) -> None:
    """Copies a journal into a new file, whole and marked as a copy.

    Raises:
        sqlite3.Error: it cannot be written.
        OSError: likewise.
    """
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        copy.execute("INSERT OR REPLACE INTO meta VALUES ('copied_at', ?)", (str(time.time()),))
        _write_open_mark(copy, "0")
    sync_folder(target.resolve().parent)


def open_file(path: Path) -> OpenFile:
    """Opens a journal for a job, or makes a new one. Belongs into the thread that will use it.

    Raises:
        JournalError: it cannot be written, its locks cannot be trusted there, or it is in use, damaged,
            empty or gone.
        JournalMismatchError: the file is something else, or of a newer version; it was not touched.
    """
    check_file_system(path.resolve().parent)
    if not path.exists():
        examine_missing(path)
        _make(path.resolve())
    with turnstile(path):  # whoever wants to look from now on lets this job in first
        return _open(path)


def _open(path: Path) -> OpenFile:
    lock = _locked(path)
    known_as, log, marks = identity(os.fstat(lock)), log_of(path), Marks()
    try:
        seen = examine(path, lock)
        check_whole(path)
        _make_private(path, lock)
        connection, doubt = _connected(path, seen)
        try:
            marks = Marks.open(path, mark_of(connection))
            _mark_open(path, connection)
            log_known_as = identity(log.stat())
        except BaseException as error:
            _mark_closed(connection)
            connection.close()
            if isinstance(error, OSError):
                raise _unwritable(path, error) from error
            if isinstance(error, sqlite3.Error):
                raise explained(path, error) from error
            raise
    except BaseException:
        marks.close()
        _HERE.discard(known_as)
        os.close(lock)
        raise
    return OpenFile(path, connection, doubt, lock, known_as, log, log_known_as, marks)


@contextlib.contextmanager
def read_file(path: Path) -> Generator[tuple[sqlite3.Connection, Doubt | None]]:
    """Opens a journal for looking only, also while a job runs on it; leaves no trace of that.

    Gives the connection, and why the journal may not know all that was sent.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is something else, or of a newer version.
    """
    if not path.is_file():
        if path.exists():
            raise JournalError(f"{path} is no regular file; name a journal")
        examine_missing(path)
        raise JournalError(f"there is no journal {path}")
    try:
        with contextlib.ExitStack() as stack:
            here = identity(path.stat()) in _HERE
            seen = None if here else stack.enter_context(_look(path))
            source = stack.enter_context(_readable(path))
            connection = stack.enter_context(
                contextlib.closing(
                    sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro{at_rest(source)}", uri=True)
                )
            )
            readable = stack.enter_context(contextlib.closing(_of_this_version(connection)))
            check_form(path, readable)
            yield readable, doubt_of(path, readable, path.stat(), time.time(), seen)
    except sqlite3.Error as error:
        raise explained(path, error) from error


@contextlib.contextmanager
def _look(path: Path) -> Generator[str | None]:
    """Asks the guard, and keeps a job from beginning to write while a journal at rest is read as it lies."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read ({error.strerror})") from error
    try:
        with turnstile(path):
            _takes(descriptor, fcntl.LOCK_SH)  # unless a job runs on it: then its log is there to be read
        yield examine(path, descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _readable(path: Path) -> Generator[Path]:
    """The file to read: a copy of one whose log has no index, because SQLite would make that beside it."""
    log = log_of(path)
    if not log.exists() or log.with_name(f"{path.resolve().name}-shm").exists():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="confirma-look-") as folder:
        copy = Path(folder) / "journal"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, log_of(copy))
        yield copy


def _of_this_version(connection: sqlite3.Connection) -> sqlite3.Connection:
    """The connection; for a file of an older form, one to a copy in memory that was brought up to date."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    _migrate(copy)
    return copy


def _make(path: Path) -> None:
    """Makes a journal where there is none; it appears whole, so that an empty file is never one of ours."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            _migrate(connection)
        with contextlib.suppress(FileExistsError):  # another job was quicker
            os.link(draft, path)
        sync_folder(path.resolve().parent)
    except OSError as error:
        raise _unwritable(path, error) from error
    except sqlite3.Error as error:
        raise explained(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _locked(path: Path) -> int:
    """Opens and locks the file; returns its descriptor."""
    _refuse_at_sight(path)
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError as error:
        raise _unwritable(path, error) from error
    deadline = time.monotonic() + LOOK_PATIENCE
    while not _takes(lock, fcntl.LOCK_EX):
        if not _takes(lock, fcntl.LOCK_SH):
            os.close(lock)
            raise _in_use(path)
        fcntl.flock(lock, fcntl.LOCK_UN)
        if time.monotonic() > deadline:
            os.close(lock)
            raise _being_read(path)
        time.sleep(0.02)
    if identity(os.fstat(lock)) != _identity_at(path):  # it was moved while this waited for it
        os.close(lock)
        raise _in_use(path)
    _HERE.add(identity(os.fstat(lock)))
    return lock


@contextlib.contextmanager
def turnstile(path: Path) -> Generator[None]:
    """Has those who look at a journal, one after the other, not keep a job waiting for ever.

    Each goes through alone, and a job stays in it until those who look have gone. The mark beside the journal
    serves as the turnstile; where it is not there, nobody waits.
    """
    try:
        descriptor = os.open(mark_paths(path)[0], os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _takes(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _refuse_at_sight(path: Path) -> None:
    """Refuses what must not even be opened: devices, and a journal that this process has open already."""
    if path.exists() and not path.is_file():
        raise JournalError(f"{path} is no regular file; name another place for the journal")
    if path.exists() and identity(path.stat()) in _HERE:
        raise _in_use(path)


def _make_private(path: Path, descriptor: int) -> None:
    """Takes from others what they may read or write of the journal."""
    if os.fstat(descriptor).st_mode & 0o077:
        try:
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise JournalError(
                f"others may read the journal {path}, and that cannot be changed ({error.strerror}); have "
                "its owner run: chmod 600 on it"
            ) from error


def _connected(path: Path, seen: str | None) -> tuple[sqlite3.Connection, Doubt | None]:
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
        )
    except sqlite3.Error as error:
        raise explained(path, error) from error
    try:
        _migrate(connection)
        doubt = doubt_of(path, connection, path.stat(), time.time(), seen)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        check_form(path, connection)
        _settle_in(path, connection, doubt)
    except sqlite3.Error as error:
        connection.close()
        raise explained(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection, doubt


def _settle_in(path: Path, connection: sqlite3.Connection, doubt: Doubt | None) -> None:
    """Makes the file that is here the journal's own, and keeps the doubt that there is about it."""
    values = {"origin": str(Origin.of(path.stat()))}
    if doubt is not None:
        values |= {"doubt": doubt.reason, "doubt_since": str(doubt.since)}
    connection.execute("BEGIN IMMEDIATE")
    if doubt is not None and _known_since(connection) != str(doubt.since):  # it has arisen anew
        connection.execute("DELETE FROM meta WHERE name IN ('doubt_settled', 'doubt_service_time')")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('id', ?)", (uuid.uuid4().hex,))
    if doubt is not None:
        connection.execute("UPDATE meta SET value = ? WHERE name = 'id'", (uuid.uuid4().hex,))
        connection.execute("DELETE FROM meta WHERE name = 'copied_at'")
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
    connection.execute("COMMIT")


def _known_since(connection: sqlite3.Connection) -> str | None:
    found = connection.execute("SELECT value FROM meta WHERE name = 'doubt_since'").fetchone()
    return None if found is None else str(found[0])


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


@cache
def _form() -> frozenset[tuple[str, str]]:
    """The tables and indexes of this version."""
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        _migrate(made)
        return _form_of(made)


def _form_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    found = connection.execute("SELECT type, name FROM sqlite_master WHERE type IN ('table', 'index')")
    return frozenset(found)


def check_form(path: Path, connection: sqlite3.Connection) -> None:
    """Checks that a journal has its tables and indexes.

    Raises:
        JournalError: some are missing.
    """
    if not _form() <= _form_of(connection):
        raise damaged(path)


def _write_open_mark(connection: sqlite3.Connection, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('open', ?)", (value,))


def _mark_open(path: Path, connection: sqlite3.Connection) -> None:
    """Says in the file itself, not only in its log, that the log is needed to understand it from now on.

    The checkpoint leaves the log as it is: while a journal is open, its log is never empty.
    """
    _write_open_mark(connection, "1")
    deadline = time.monotonic() + LOOK_PATIENCE
    while not _is_moved(connection):
        if time.monotonic() > deadline:
            raise _being_read(path)
        time.sleep(0.02)


def _is_moved(connection: sqlite3.Connection) -> bool:
    """Whether all of the log is in the file itself, too; tries to bring it there."""
    busy, logged, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and logged == moved


def _mark_closed(connection: sqlite3.Connection) -> None:
    """Says in the file itself that it is complete without its log."""
    with contextlib.suppress(sqlite3.Error):
        _write_open_mark(connection, "0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _being_read(path: Path) -> JournalError:
    error = JournalError(
        f"the journal {path} is being read by another program, so that it cannot be opened safely; end that "
        "program (an export in a pager, say), then run the job again"
    )
    error.resumable = True
    return error


def _identity_at(path: Path) -> tuple[int, int] | None:
    try:
        return identity(path.stat())
    except OSError:
        return None


def _unwritable(path: Path, error: OSError) -> JournalError:
    cure = (
        "make it and its folder writable: a journal in another place would not know what was sent"
        if path.exists()
        else "check that its folder exists and is writable, or name another place for it"
    )
    return JournalError(
        f"the journal {path} cannot be written ({(error.strerror or 'no file').lower()}); {cure}"
    )


def _in_use(path: Path) -> JournalError:
    return JournalError(f"the journal {path} is in use by another job; wait for it to end, or stop it")
