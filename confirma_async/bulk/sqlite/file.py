"""The journal's file: made whole, locked, watched while it is open, and looked at without a trace."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
import time
import uuid
from pathlib import Path

from attrs import define

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.sqlite.file_systems import check_file_system
from confirma_async.bulk.sqlite.guard import (
    check_whole,
    damaged,
    doubt_of,
    examine,
    examine_missing,
    explained,
    log_of,
    mark_of,
)
from confirma_async.bulk.sqlite.locks import (
    HERE,
    LOOK_PATIENCE,
    being_read,
    identity_at,
    lock_file,
    turnstile,
    unwritable,
)
from confirma_async.bulk.sqlite.marks import Marks, Origin, identity
from confirma_async.bulk.sqlite.migrations import current_form, form_of, migrate
from confirma_async.errors import JournalError, JournalGoneError
from confirma_async.files import sync_folder

STATEMENTS = 512
"""Prepared statements that are kept: one for each number of rows that go together."""


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
        """Check that the file behind the path, and its log, are still those that are open.

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
        return identity_at(self.path) == self._identity and identity_at(self._log) == self._log_identity

    def note_commit(self, commits: int) -> None:
        """Write the marks after a commit."""
        self._marks.note(commits)

    def _rescue(self) -> str | None:
        """Save what the connection still sees; return where."""
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
        """Close the file as complete, if it is still in its place, then let go of the lock."""
        if self._is_in_place():
            _mark_closed(self.connection)
        with contextlib.suppress(sqlite3.Error):
            self.connection.close()
        self._marks.close()
        HERE.discard(self._identity)
        os.close(self._lock)


def copy_into(connection: sqlite3.Connection, target: Path) -> None:
    """Copy a journal into a new file, whole and marked as a copy.

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
    """Open a journal for a job, or make a new one. Belongs into the thread that will use it.

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
    lock = lock_file(path)
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
                raise unwritable(path, error) from error
            if isinstance(error, sqlite3.Error):
                raise explained(path, error) from error
            raise
    except BaseException:
        marks.close()
        HERE.discard(known_as)
        os.close(lock)
        raise
    return OpenFile(path, connection, doubt, lock, known_as, log, log_known_as, marks)


def _make(path: Path) -> None:
    """Make a journal where there is none; it appears whole, so that an empty file is never one of ours."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            migrate(connection)
        with contextlib.suppress(FileExistsError):  # another job was quicker
            os.link(draft, path)
        sync_folder(path.resolve().parent)
    except OSError as error:
        raise unwritable(path, error) from error
    except sqlite3.Error as error:
        raise explained(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            draft.unlink()


def _make_private(path: Path, descriptor: int) -> None:
    """Take from others what they may read or write of the journal."""
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
        migrate(connection)
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
    """Make the file that is here the journal's own, and keep the doubt that there is about it."""
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


def check_form(path: Path, connection: sqlite3.Connection) -> None:
    """Check that a journal has its tables and indexes.

    Raises:
        JournalError: some are missing.
    """
    if not current_form() <= form_of(connection):
        raise damaged(path)


def _write_open_mark(connection: sqlite3.Connection, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('open', ?)", (value,))


def _mark_open(path: Path, connection: sqlite3.Connection) -> None:
    """Say in the file itself, not only in its log, that the log is needed to understand it from now on.

    The checkpoint leaves the log as it is: while a journal is open, its log is never empty.
    """
    _write_open_mark(connection, "1")
    deadline = time.monotonic() + LOOK_PATIENCE
    while not _is_moved(connection):
        if time.monotonic() > deadline:
            raise being_read(path)
        time.sleep(0.02)


def _is_moved(connection: sqlite3.Connection) -> bool:
    """Say whether all of the log is in the file itself, too; tries to bring it there."""
    busy, logged, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and logged == moved


def _mark_closed(connection: sqlite3.Connection) -> None:
    """Say in the file itself that it is complete without its log."""
    with contextlib.suppress(sqlite3.Error):
        _write_open_mark(connection, "0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
