"""Locks on the file of a journal: a hold for each job that has it open, turns to change it, and readers.

A job waits for its turn before it changes, opens or closes the file. So two connections never write or
checkpoint at once: SQLite up to 3.51.2 can damage a file in that case. The mark beside the journal serves as
the lock for the turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

from attrs import define, field

from confirma_async.bulk.sqlite.file import forks
from confirma_async.bulk.sqlite.file.guard import log_of
from confirma_async.bulk.sqlite.file.marks import identity, mark_paths
from confirma_async.errors import JournalError

LOOK_PATIENCE = 5.0
"""Seconds that a job waits for readers of its journal, and a reader for a job that opens it."""

TURN_PATIENCE = 60.0
"""Seconds that a job waits for its turn. A turn takes milliseconds: a job that has it for longer hangs."""

_HOLD = ".held-"
_NAME = re.compile(r"[0-9a-f]{16}")


@define
class _Open:
    """A journal that jobs of this process have open.

    Attributes:
        descriptor: The descriptor of its file that they share.
        jobs: The number of these jobs, with those that are about to open it.
        names: The paths by which they have it open.
        kept: Further descriptors of the file, which may only be closed together with that one.
    """

    descriptor: int
    jobs: int = 0
    names: list[Path] = field(factory=list[Path])
    kept: list[int] = field(factory=list[int])


_HERE: dict[tuple[int, int], _Open] = {}
"""The journals that jobs of this process have open, by device and inode.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them. So
further descriptors of a file stay open as long as a job has it open.
"""
_HERE_LOCK = threading.Lock()


def is_open_here(path: Path) -> bool:
    """Say whether a job of this process has the file open."""
    with _HERE_LOCK:
        opened = _HERE.get(identity_at(path) or (0, 0))
        return opened is not None and bool(opened.names)


def note_name(descriptor: int, name: Path) -> None:
    """Register that a job of this process has a journal open by a name, until ``forget_name``.

    Raises:
        JournalError: another job has it open by another name, where it has another log.
    """
    with _HERE_LOCK:
        names = _HERE[identity(os.fstat(descriptor))].names
        if any(name != one for one in names):
            raise in_use(name)
        names.append(name)


def forget_name(descriptor: int, name: Path) -> None:
    """Register that a job has closed a journal that it had open by a name."""
    with _HERE_LOCK:
        _HERE[identity(os.fstat(descriptor))].names.remove(name)


def open_here(path: Path) -> int:
    """Return the shared descriptor of a journal for one more job of this process, until ``close_here``.

    Raises:
        JournalError: it was open when this process was forked.
        OSError: it cannot be opened for writing.
    """
    with _HERE_LOCK:
        if forks.is_of_the_parent(identity_at(path)):
            raise JournalError(
                f"the journal {path} was open when this process was forked, so that it cannot be opened "
                "here; fork before a job begins, or start processes by spawn"
            )
        opened = _HERE.get(identity_at(path) or (0, 0))
        if opened is None:
            descriptor = forks.note_descriptor(os.open(path, os.O_RDWR))
            opened = _HERE.setdefault(identity(os.fstat(descriptor)), _Open(descriptor))
            if opened.descriptor != descriptor:  # it was put here between the two looks
                forks.close(descriptor)
            forks.note_file(identity(os.fstat(opened.descriptor)), opened=True)
        opened.jobs += 1
        return opened.descriptor


def close_here(descriptor: int) -> None:
    """Give back the shared descriptor of a journal; close it with the last job that has it."""
    with _HERE_LOCK:
        file = identity(os.fstat(descriptor))
        opened = _HERE[file]
        opened.jobs -= 1
        if not opened.jobs:
            del _HERE[file]
            forks.note_file(file, opened=False)
            for one in (*opened.kept, descriptor):
                forks.close(one)


def close_descriptor(descriptor: int) -> None:
    """Close a descriptor of a journal, at once or when that drops no locks of this process."""
    with _HERE_LOCK:
        opened = _HERE.get(identity(os.fstat(descriptor)))
        if opened is None:
            os.close(descriptor)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            opened.kept.append(forks.note_descriptor(descriptor))


@define
class Hold:
    """A job's hold on a journal: a locked file beside it. It ends with its process, however that ends.

    The file names the journal, its log and the log's index by device and inode. A copy that is put in the
    place of one of them is another file, on which the job has no hold.

    Attributes:
        name: The name of the hold: 16 hexadecimal digits.
    """

    name: str
    _path: Path
    _descriptor: int

    @classmethod
    def take(cls, journal: Path, owner: os.stat_result) -> Hold:
        """Take a new hold on a journal. It names no files until ``declare``.

        Args:
            journal: The path of the journal.
            owner: The ``os.stat`` of the journal: the hold gets its user and group, where that is allowed.

        Raises:
            OSError: its file cannot be made.
        """
        name = secrets.token_hex(8)
        path = _hold_path(journal, name)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with contextlib.suppress(OSError):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return cls(name, path, forks.note_descriptor(descriptor))

    def declare(self, files: bytes) -> None:
        """Write the names of the files that the hold is on.

        Args:
            files: The names, as ``files_of`` makes them.
        """
        os.pwrite(self._descriptor, files, 0)

    def end(self) -> None:
        """Remove the hold."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        forks.close(self._descriptor)


def parts_of(journal: Path) -> Sequence[str]:
    """Return the paths of a journal, of its log and of the log's index."""
    log = log_of(journal)
    return os.path.abspath(journal), str(log), f"{str(log).removesuffix('-wal')}-shm"


def files_of(parts: Sequence[str]) -> bytes:
    """Return the device and inode of a journal, of its log and of the log's index, as text.

    Args:
        parts: The paths of these files, from ``parts_of``.
    """
    return b" ".join(b"-" if found is None else b"%d:%d" % found for found in map(identity_at, parts))


def living_holds(journal: Path, own: Hold) -> Mapping[str, bytes]:
    """Return the holds of other jobs, with the files that they are on; remove those of dead jobs.

    Args:
        journal: The path of the journal.
        own: The hold of this job, which is left out.

    Raises:
        JournalError: a hold cannot be read, so that its job may be alive.
    """
    path = journal.resolve()
    prefix = f"{path.name}{_HOLD}"
    with os.scandir(path.parent) as entries:
        names = [entry.name.removeprefix(prefix) for entry in entries if entry.name.startswith(prefix)]
    found: dict[str, bytes] = {}
    for name in names:
        if name == own.name or not _NAME.fullmatch(name):
            continue
        held = held_files(journal, name)
        if held is not None:
            found[name] = held
        else:
            with contextlib.suppress(OSError):
                _hold_path(journal, name).unlink()
    return found


def held_files(journal: Path, name: str) -> bytes | None:
    """Return the files that the job of a hold has open; None where the job is dead.

    Raises:
        JournalError: the hold cannot be read, so that its job may be alive.
    """
    path = _hold_path(journal, name)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise JournalError(
            f"the journal {journal}: whether another job has it open cannot be told, because {path.name} "
            f"cannot be read ({(error.strerror or 'no file').lower()}); run the jobs of one journal as one "
            "user"
        ) from error
    try:
        return None if takes(descriptor, fcntl.LOCK_SH) else os.pread(descriptor, 256, 0)
    finally:
        os.close(descriptor)


def _hold_path(journal: Path, name: str) -> Path:
    file = journal.resolve()
    return file.with_name(f"{file.name}{_HOLD}{name}")


def lock_first(path: Path, descriptor: int) -> None:
    """Lock a journal that no job has open, once nobody reads it any more.

    Raises:
        JournalError: somebody reads it all the time, or a job of an earlier version has it open.
    """
    deadline = time.monotonic() + LOOK_PATIENCE
    while not takes(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise being_read(path) if takes(descriptor, fcntl.LOCK_SH) else _held_alone(path)
        time.sleep(0.02)


@contextlib.contextmanager
def turnstile(path: Path) -> Generator[None]:
    """Let readers in one at a time, so that many readers do not keep a job waiting for ever.

    A job that opens the journal has later readers wait until the present ones have gone. Readers do not wait
    where there is no mark beside the journal, or where a job keeps its turn for ``LOOK_PATIENCE`` seconds.
    """
    try:
        descriptor = os.open(mark_paths(path)[0], os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        yield
        return
    try:
        deadline = time.monotonic() + LOOK_PATIENCE
        while not takes(descriptor, fcntl.LOCK_EX) and time.monotonic() < deadline:
            time.sleep(0.005)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def turn(path: Path, descriptor: int, patience: float) -> Generator[None]:
    """Wait for this job's turn to change the file, and keep it for the block.

    Args:
        path: The path of the journal, for messages.
        descriptor: The descriptor of the mark beside it, which is the lock.
        patience: Seconds to wait at most.

    Raises:
        JournalError: another job has kept its turn for all that time.
    """
    deadline, pause = 0.0, 0.0005
    while not takes(descriptor, fcntl.LOCK_EX):
        now = time.monotonic()
        deadline = deadline or now + patience
        if now >= deadline:
            raise _stuck(path)
        time.sleep(pause)
        pause = min(2 * pause, 0.008)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def takes(descriptor: int, kind: int) -> bool:
    """Try to take a lock of a kind (``fcntl.LOCK_SH`` or ``LOCK_EX``) without waiting; say whether it was."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def being_read(path: Path) -> JournalError:
    """Make the error for a journal that somebody reads all the time."""
    return _resumable(
        f"the journal {path} is being read by another program, so that it cannot be opened safely; end that "
        "program (an export in a pager, say), then run the job again"
    )


def _held_alone(path: Path) -> JournalError:
    """Make the error for a journal that is locked as a whole, as only earlier versions of the SDK did."""
    return _resumable(
        f"the journal {path} is in use by a job of an earlier version of this SDK, which shares it with "
        "nobody; wait for that job to end, or stop it, and upgrade it"
    )


def in_use(path: Path) -> JournalError:
    """Make the error for something that cannot be done to a journal while a job has it open."""
    return JournalError(f"the journal {path} is in use by another job; wait for it to end, or stop it")


def replaced_under_a_job(path: Path) -> JournalError:
    """Make the error for a journal of which a file was replaced while a job has it open."""
    return _resumable(
        f"a job still runs on the journal that was at {path} before: the file, its log or the log's index "
        "was replaced or removed. Stop that job first; it says where it has saved what it knew"
    )


def _stuck(path: Path) -> JournalError:
    return _resumable(
        f"another job keeps the journal {path} to itself; it may be stopped in the middle of a write. End or "
        "continue that process, then run the job again"
    )


def _resumable(message: str) -> JournalError:
    """Make an error whose cause can be removed, so that the same call then goes on."""
    error = JournalError(message)
    error.resumable = True
    return error


def identity_at(path: Path | str) -> tuple[int, int] | None:
    """Return device and inode of the file at a path; None where there is no file."""
    try:
        return identity(os.stat(path))
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
