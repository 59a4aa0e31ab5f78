"""Makes, opens, watches and closes the file of a journal for a job."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.sqlite.file.file_systems import check_file_system
from confirma_async.bulk.sqlite.file.folder_watch import FolderWatch
from confirma_async.bulk.sqlite.file.guard import (
    check_whole,
    damaged,
    doubt_of,
    examine,
    examine_header,
    examine_missing,
    explained,
    known_doubt,
    mark_of,
    was_put_back,
)
from confirma_async.bulk.sqlite.file.locks import (
    LOOK_PATIENCE,
    TURN_PATIENCE,
    Hold,
    being_read,
    close_here,
    files_of,
    forget_name,
    held_files,
    identity_at,
    in_use,
    living_holds,
    lock_first,
    note_name,
    open_here,
    parts_of,
    replaced_under_a_job,
    takes,
    turn,
    unwritable,
)
from confirma_async.bulk.sqlite.file.marks import Marks, Origin, identity
from confirma_async.bulk.sqlite.migrations import current_form, form_of, migrate
from confirma_async.errors import JournalError, JournalGoneError
from confirma_async.files import sync_folder

STATEMENTS = 512
"""Prepared statements that SQLite keeps: there is one for each number of rows."""

_ALONE = b" alone"
"""What a hold adds to its files where no other job may have them open."""


@define
class OpenFile:
    """The open file of a journal: its connection, the hold on it, and its marks.

    Attributes:
        path: The path of the file.
        connection: The one connection of this job.
        doubt: Why the journal may not know all that was sent; None where it does.
        hold: The job's hold on the file, by which other jobs see that this one is alive.
    """

    path: Path
    connection: sqlite3.Connection
    doubt: Doubt | None
    hold: Hold
    _lock: int
    _name: Path
    _parts: Sequence[str]
    _files: bytes
    _marks: Marks
    _process: int = field(init=False, factory=os.getpid)
    _closed: bool = field(init=False, default=False)
    _patience: float = field(init=False, default=TURN_PATIENCE)
    _rescued: str | None = field(init=False, default=None)
    _folder: FolderWatch = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._folder = FolderWatch((*self._parts, str(self._marks.place)))

    @contextlib.contextmanager
    def turn(self) -> Generator[None]:
        """Wait for this job's turn to change the file, and keep it for the block.

        Raises:
            JournalError: another job keeps the file to itself, or this process was forked from the one that
                opened it.
            JournalGoneError: the file was deleted or replaced.
        """
        if os.getpid() != self._process:
            raise JournalError(f"the journal {self.path} was opened before this process was forked")
        with contextlib.ExitStack() as stack:
            try:
                is_still = self._folder.is_still
                still = stack.enter_context(_turn(self.path, self._marks, self._patience, is_still))
            except OSError as error:
                self.check_in_place()
                raise unwritable(self.path, error) from error
            except JournalError:
                self._patience = 0.0  # what follows need not wait as long again
                raise
            if not still:
                self.check_in_place()
            yield

    def is_held(self, hold: str) -> bool:
        """Say whether the job with a hold of that name is alive, and has the same files open."""
        return held_files(self.path, hold) == self._files

    def check_in_place(self) -> None:
        """Check that the file, its log and the log's index are still those that are open.

        Raises:
            JournalGoneError: they are not. What the job knew was saved beside the path, if possible.
        """
        if self._folder.is_still() or self._is_in_place():
            return
        what = "deleted" if not self.path.exists() else "replaced, or its log was"
        rescued = self._rescued = self._rescued or self._rescue()
        cure = (
            f"what the job knew is in {rescued}: once no other job runs on the journal, put that file in its "
            "place before anything else is sent"
            if rescued
            else "what the job knew could not be saved; look every invoice up before it is sent again"
        )
        raise JournalGoneError(
            f"the journal {self.path} was {what} while the job ran; the job has stopped, and sends nothing "
            f"more. {cure}",
            rescued=rescued,
        )

    def _is_in_place(self) -> bool:
        seen = self._folder.look()
        in_place = files_of(self._parts) == self._files
        if in_place and identity_at(self._marks.place) == self._marks.file:
            self._folder.keep(seen)
        return in_place

    def note_commit(self, commits: int) -> None:
        """Write the number of commits to the marks."""
        self._marks.note(commits)

    def _rescue(self) -> str | None:
        """Save what the connection can still read; return the path of the copy, None where that failed."""
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
        """Close the file; mark it as closed if no other job has it open.

        Closing twice is fine.
        """
        if self._closed:
            return
        self._closed = True
        if os.getpid() != self._process:
            return  # a forked child has no part in it
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(JournalError, OSError):
                stack.enter_context(_turn(self.path, self._marks, self._patience))
                if self._is_in_place() and not living_holds(self.path, self.hold):
                    if was_put_back(self.path):
                        _mark_copied(self.connection)
                    _mark_closed(self.connection)
            with contextlib.suppress(sqlite3.Error):
                self.connection.close()
            self.hold.end()
            forget_name(self._lock, self._name)
            close_here(self._lock)
        self._marks.close()


@contextlib.contextmanager
def _turn(
    path: Path, marks: Marks, patience: float, is_still: Callable[[], bool] = lambda: False
) -> Generator[bool]:
    """Wait for a turn, by the lock on the mark that is beside the journal now.

    Args:
        path: The path of the journal, for messages.
        marks: The open marks; the one beside the journal is opened again if it was removed or replaced.
        patience: Seconds to wait at most.
        is_still: Says, once it is this job's turn, that nothing in the folder was replaced.

    Yields:
        What ``is_still`` said.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(turn(path, marks.beside, patience))
        still = is_still()
        while not still and identity_at(marks.place) != marks.file:
            stack.close()
            marks.renew()
            stack.enter_context(turn(path, marks.beside, patience))
        yield still


def copy_into(connection: sqlite3.Connection, target: Path) -> None:
    """Copy a journal into a new file, and mark it as a copy.

    Raises:
        sqlite3.Error: the copy cannot be written.
        OSError: the copy cannot be written.
    """
    with contextlib.closing(sqlite3.connect(target, isolation_level=None)) as copy:
        connection.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        _mark_copied(copy)
        _write_open_mark(copy, "0")
    sync_folder(target.resolve().parent)


def open_file(path: Path, *, alone: bool = False) -> OpenFile:
    """Open a journal for a job, or make a new one. Call this in the thread that will use it.

    Args:
        path: The path of the file.
        alone: Whether no other job may have it open.

    Raises:
        JournalError: it cannot be written, its locks cannot be trusted there, or it is damaged, empty or
            gone; or ``alone`` is set and another job has it open.
        JournalMismatchError: the file is no journal, or one of a newer version; it was not touched.
    """
    check_file_system(path.resolve().parent)
    if path.exists() and not path.is_file():
        raise JournalError(f"{path} is no regular file; name another place for the journal")
    if not path.exists():
        examine_missing(path)
        _make(path.resolve())
    with contextlib.ExitStack() as on_failure:
        try:
            lock = open_here(path)
            on_failure.callback(close_here, lock)
            examine_header(path, lock)  # before anything is made beside what is no journal
            marks = Marks.open(path)
            on_failure.callback(marks.close)
            with _turn(path, marks, TURN_PATIENCE):
                opened = _open(path, lock, marks, alone=alone)
        except OSError as error:
            raise unwritable(path, error) from error
        on_failure.pop_all()
        return opened


def _open(path: Path, lock: int, marks: Marks, *, alone: bool) -> OpenFile:
    with contextlib.ExitStack() as on_failure:
        file = identity(os.fstat(lock))
        if file != identity_at(path):  # it was moved while this waited for it
            raise in_use(path)
        hold = Hold.take(path, os.fstat(lock))
        on_failure.callback(hold.end)
        others = living_holds(path, hold)
        _check_others(path, others, alone=alone)
        name = path.resolve()
        note_name(lock, name)
        on_failure.callback(forget_name, lock, name)
        connection, doubt = _joined(path) if others else _begun(path, lock, marks)
        on_failure.callback(_give_up, connection, first=not others)
        parts = parts_of(path)
        files = files_of(parts)
        hold.declare(files + (_ALONE if alone else b""))
        takes(lock, fcntl.LOCK_SH)
        on_failure.pop_all()
        return OpenFile(path, connection, doubt, hold, lock, name, parts, files, marks)


def _check_others(path: Path, others: Mapping[str, bytes], *, alone: bool) -> None:
    """Check that a journal may be opened beside the other jobs that have it open."""
    files = files_of(parts_of(path))
    for held in others.values():
        if alone or held.endswith(_ALONE):
            raise in_use(path)
        if held != files:
            raise replaced_under_a_job(path)


def _give_up(connection: sqlite3.Connection, *, first: bool) -> None:
    if first:
        _mark_closed(connection)
    connection.close()


def _begun(path: Path, lock: int, marks: Marks) -> tuple[sqlite3.Connection, Doubt | None]:
    """Open a journal that no job has open, once the guard has checked it."""
    lock_first(path, lock)
    seen = examine(path, lock)
    check_whole(path)
    _make_private(path, lock)
    connection, doubt = _connected(path, seen)
    try:
        marks.write(mark_of(connection))
        _mark_open(path, connection)
    except BaseException as error:
        _give_up(connection, first=True)
        if isinstance(error, sqlite3.Error):
            raise explained(path, error) from error
        raise
    return connection, doubt


def _joined(path: Path) -> tuple[sqlite3.Connection, Doubt | None]:
    """Open a journal that another job has open, and has checked."""
    with _connecting(path) as connection:
        connection.execute("PRAGMA synchronous = FULL")
        check_form(path, connection)
        return connection, known_doubt(connection)


def _make(path: Path) -> None:
    """Make a journal where there is none. It appears as a whole, so that no empty file is ever a journal."""
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
    """Take the rights of other users to read or write the journal."""
    if os.fstat(descriptor).st_mode & 0o077:
        try:
            os.fchmod(descriptor, 0o600)
        except OSError as error:
            raise JournalError(
                f"others may read the journal {path}, and that cannot be changed ({error.strerror}); have "
                "its owner run: chmod 600 on it"
            ) from error


@contextlib.contextmanager
def _connecting(path: Path) -> Generator[sqlite3.Connection]:
    """Connect to a journal; close the connection if the block fails, and explain errors of SQLite."""
    with contextlib.ExitStack() as on_failure:
        try:
            connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, cached_statements=STATEMENTS
            )
            on_failure.callback(connection.close)
            yield connection
        except sqlite3.Error as error:
            raise explained(path, error) from error
        on_failure.pop_all()


def _connected(path: Path, seen: str | None) -> tuple[sqlite3.Connection, Doubt | None]:
    with _connecting(path) as connection:
        migrate(connection)
        doubt = doubt_of(path, connection, path.stat(), time.time(), seen)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        check_form(path, connection)
        _adopt(path, connection, doubt)
        return connection, doubt


def _adopt(path: Path, connection: sqlite3.Connection, doubt: Doubt | None) -> None:
    """Write down that the journal is in this file from now on, and the doubt that there is about it."""
    values = {"origin": str(Origin.of(path.stat()))}
    if doubt is not None:
        values |= {"doubt": doubt.reason, "doubt_since": str(doubt.since)}
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('id', ?)", (uuid.uuid4().hex,))
    if doubt is not None:
        known = known_doubt(connection)
        if known is None or known.since != doubt.since:  # it has arisen anew
            connection.execute("DELETE FROM meta WHERE name IN ('doubt_settled', 'doubt_service_time')")
        connection.execute("UPDATE meta SET value = ? WHERE name = 'id'", (uuid.uuid4().hex,))
        connection.execute("DELETE FROM meta WHERE name = 'copied_at'")
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())
    connection.execute("COMMIT")


def check_form(path: Path, connection: sqlite3.Connection) -> None:
    """Check that a journal has its tables and indexes.

    Raises:
        JournalError: some are missing.
    """
    if not current_form() <= form_of(connection):
        raise damaged(path)


def _mark_copied(connection: sqlite3.Connection) -> None:
    """Say that the journal is a copy, which may not know all that was sent."""
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('copied_at', ?)", (str(time.time()),))


def _write_open_mark(connection: sqlite3.Connection, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('open', ?)", (value,))


def _mark_open(path: Path, connection: sqlite3.Connection) -> None:
    """Mark in the file itself, not only in its log, that the file cannot be read without its log.

    The checkpoint does not empty the log: while a journal is open, its log is never empty.
    """
    _write_open_mark(connection, "1")
    deadline = time.monotonic() + LOOK_PATIENCE
    while not _is_moved(connection):
        if time.monotonic() > deadline:
            raise being_read(path)
        time.sleep(0.02)


def _is_moved(connection: sqlite3.Connection) -> bool:
    """Move the log into the file as far as possible; say whether all of it is there now."""
    busy, logged, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return not busy and logged == moved


def _mark_closed(connection: sqlite3.Connection) -> None:
    """Mark in the file itself that it is complete without its log, once it has all commits."""
    with contextlib.suppress(sqlite3.Error):
        _is_moved(connection)  # first: a process that dies in between must not look like an older copy
        _write_open_mark(connection, "0")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
