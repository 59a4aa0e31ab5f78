"""Reads a journal without changing anything, even while a job runs on it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Generator
from pathlib import Path

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.sqlite.file.guard import (
    at_rest,
    doubt_of,
    examine,
    examine_missing,
    explained,
    log_of,
)
from confirma_async.bulk.sqlite.file.journal_file import check_form
from confirma_async.bulk.sqlite.file.locks import (
    LOOK_PATIENCE,
    close_descriptor,
    is_open_here,
    takes,
    turnstile,
)
from confirma_async.bulk.sqlite.migrations import VERSION, migrate
from confirma_async.errors import JournalError


@contextlib.contextmanager
def read_file(path: Path) -> Generator[tuple[sqlite3.Connection, Doubt | None]]:
    """Open a journal only to read it, even while a job runs on it; leave no trace of that.

    Yields:
        The connection, and the doubt of the journal; None where it is in no doubt.

    Raises:
        JournalError: there is none, or it is damaged.
        JournalMismatchError: the file is no journal, or one of a newer version.
    """
    if not path.is_file():
        if path.exists():
            raise JournalError(f"{path} is no regular file; name a journal")
        examine_missing(path)
        raise JournalError(f"there is no journal {path}")
    try:
        with contextlib.ExitStack() as stack:
            seen = None if is_open_here(path) else stack.enter_context(_look(path))
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
    """Check a journal by the guard, and have jobs wait with their first write until the block ends."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise JournalError(f"the journal {path} cannot be read ({error.strerror})") from error
    try:
        with turnstile(path):
            deadline = time.monotonic() + LOOK_PATIENCE
            while not takes(descriptor, fcntl.LOCK_SH) and time.monotonic() < deadline:
                time.sleep(0.02)  # a job opens it, and is through with that in no time
        yield examine(path, descriptor)
    finally:
        close_descriptor(descriptor)


@contextlib.contextmanager
def _readable(path: Path) -> Generator[Path]:
    """Yield the file to read: a copy where the log has no index, since SQLite would make one beside it."""
    if is_open_here(path):  # closing a descriptor of it would drop the locks of the job
        yield path
        return
    log = log_of(path)
    with tempfile.TemporaryDirectory(prefix="confirma-look-") as folder:
        copy = Path(folder) / "journal"
        while log.exists() and not log.with_name(f"{path.resolve().name}-shm").exists():
            with contextlib.suppress(FileNotFoundError):  # the job that had it open has closed it
                shutil.copyfile(path, copy)
                shutil.copyfile(log, log_of(copy))
                yield copy
                return
        yield path


def _of_this_version(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return the connection; for a file of an older version, one to an updated copy in memory."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return connection
    copy = sqlite3.connect(":memory:", isolation_level=None)
    connection.backup(copy)
    migrate(copy)
    return copy
