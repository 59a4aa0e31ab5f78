"""Who may open a journal's file: one job at a time, and those who look between two jobs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

from confirma_async.bulk.sqlite.marks import identity, mark_paths
from confirma_async.errors import JournalError

LOOK_PATIENCE = 5.0
"""Seconds that a job waits for those who only look at its journal."""

HERE: set[tuple[int, int]] = set()
"""The journals that this process holds open, by device and inode.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them. So a
file that is open here is never opened a second time except through SQLite itself.
"""


def lock_file(path: Path) -> int:
    """Open and lock the file; return its descriptor.

    Raises:
        JournalError: it cannot be written, or it is in use.
    """
    _refuse_at_sight(path)
    try:
        lock = os.open(path, os.O_RDWR)
    except OSError as error:
        raise unwritable(path, error) from error
    deadline = time.monotonic() + LOOK_PATIENCE
    while not takes(lock, fcntl.LOCK_EX):
        if not takes(lock, fcntl.LOCK_SH):
            os.close(lock)
            raise _in_use(path)
        fcntl.flock(lock, fcntl.LOCK_UN)
        if time.monotonic() > deadline:
            os.close(lock)
            raise being_read(path)
        time.sleep(0.02)
    if identity(os.fstat(lock)) != identity_at(path):  # it was moved while this waited for it
        os.close(lock)
        raise _in_use(path)
    HERE.add(identity(os.fstat(lock)))
    return lock


@contextlib.contextmanager
def turnstile(path: Path) -> Generator[None]:
    """Have those who look at a journal, one after the other, not keep a job waiting for ever.

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


def takes(descriptor: int, kind: int) -> bool:
    """Take a lock of a kind (``fcntl.LOCK_SH`` or ``LOCK_EX``) without waiting; say whether it could."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _refuse_at_sight(path: Path) -> None:
    """Refuse what must not even be opened: devices, and a journal that this process has open already."""
    if path.exists() and not path.is_file():
        raise JournalError(f"{path} is no regular file; name another place for the journal")
    if path.exists() and identity(path.stat()) in HERE:
        raise _in_use(path)


def being_read(path: Path) -> JournalError:
    """Make the error for a journal that somebody reads all the time."""
    error = JournalError(
        f"the journal {path} is being read by another program, so that it cannot be opened safely; end that "
        "program (an export in a pager, say), then run the job again"
    )
    error.resumable = True
    return error


def identity_at(path: Path) -> tuple[int, int] | None:
    """Return device and inode of the file at a path; None where there is none."""
    try:
        return identity(path.stat())
    except OSError:
        return None


def unwritable(path: Path, error: OSError) -> JournalError:
    """Make the error for a journal that cannot be written."""
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
