"""Locks on a journal's file: a hold for each job that has it open, and readers between two jobs.

Whoever changes the file, opens it or closes it has its turn first, so that no two connections ever write or
checkpoint at once: SQLite up to 3.51.2 can damage a file in that case. The mark beside the journal serves as
the lock for the turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Generator, Sequence
from pathlib import Path

from attrs import define, field

from confirma_async.bulk.sqlite.marks import identity, mark_paths
from confirma_async.errors import JournalError

LOOK_PATIENCE = 5.0
"""Seconds that a job waits for those who only look at its journal."""

TURN_PATIENCE = 60.0
"""Seconds that a job waits for its turn. A turn takes milliseconds: who has it for longer is stuck."""

_HOLD = ".held-"


@define
class _Open:
    """A file that this process has open through SQLite.

    Attributes:
        times: How often.
        descriptors: Descriptors of it that may only be closed with the last of those.
    """

    times: int = 0
    descriptors: list[int] = field(factory=list[int])


_HERE: dict[tuple[int, int], _Open] = {}
"""The journals that this process has open, by device and inode.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them. So a
descriptor of a file that is open here is kept until the file is not.
"""
_HERE_LOCK = threading.Lock()


def is_open_here(path: Path) -> bool:
    """Say whether this process has the file open through SQLite."""
    with _HERE_LOCK:
        return identity_at(path) in _HERE


def note_open(file: tuple[int, int]) -> None:
    """Note that this process has a file open once more; ``note_closed`` ends that."""
    with _HERE_LOCK:
        _HERE.setdefault(file, _Open()).times += 1


def note_closed(file: tuple[int, int]) -> None:
    """Note that this process has a file open once less; with the last, close its descriptors."""
    with _HERE_LOCK:
        opened = _HERE[file]
        opened.times -= 1
        if not opened.times:
            del _HERE[file]
            for descriptor in opened.descriptors:
                os.close(descriptor)


def close_descriptor(descriptor: int) -> None:
    """Close a descriptor of a journal, as soon as that drops nobody's locks."""
    with _HERE_LOCK:
        opened = _HERE.get(identity(os.fstat(descriptor)))
        if opened is None:
            os.close(descriptor)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            opened.descriptors.append(descriptor)


@define
class Hold:
    """A job's hold on a journal: a locked file beside it. It ends with its process, whatever ends that.

    The file says which file the journal was, by device and inode: whoever puts a copy in its place has a
    journal on which the job has no hold.

    Attributes:
        name: What names it among the holds of the journal.
    """

    name: str
    _path: Path
    _descriptor: int

    @classmethod
    def take(cls, journal: Path, file: tuple[int, int]) -> Hold:
        """Take a new hold on a journal.

        Args:
            journal: The journal.
            file: Device and inode of the journal.

        Raises:
            OSError: its file cannot be made.
        """
        name = secrets.token_hex(8)
        path = _hold_path(journal, name)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, _in_words(file))
        return cls(name, path, descriptor)

    def end(self) -> None:
        """End the hold."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)


def is_held(journal: Path, file: tuple[int, int], name: str) -> bool:
    """Say whether the job that took the hold of that name is alive, and has it on this very file."""
    return _holds(_hold_path(journal, name)) == _in_words(file)


def other_holds(journal: Path, file: tuple[int, int], own: Hold) -> Sequence[str]:
    """Return the holds that other jobs have on a journal now; remove what dead ones have left.

    Args:
        journal: The journal.
        file: Its device and inode.
        own: A hold to leave out.
    """
    path = journal.resolve()
    prefix = f"{path.name}{_HOLD}"
    found: list[str] = []
    for entry in os.scandir(path.parent):
        name = entry.name.removeprefix(prefix)
        if name == entry.name or name == own.name:
            continue
        held = _holds(Path(entry.path))
        if held == _in_words(file):
            found.append(name)
        elif held is None:
            with contextlib.suppress(OSError):
                os.unlink(entry.path)
    return found


def _hold_path(journal: Path, name: str) -> Path:
    file = journal.resolve()
    return file.with_name(f"{file.name}{_HOLD}{name}")


def _in_words(file: tuple[int, int]) -> bytes:
    return b"%d %d" % file


def _holds(path: Path) -> bytes | None:
    """Return what a hold is on; None where its job is dead."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        return None if takes(descriptor, fcntl.LOCK_SH) else os.pread(descriptor, 64, 0)
    finally:
        os.close(descriptor)


def lock_first(path: Path, descriptor: int) -> None:
    """Wait until nobody looks at a journal that no job has open, and keep others from it.

    Raises:
        JournalError: somebody reads it all the time.
    """
    deadline = time.monotonic() + LOOK_PATIENCE
    while not takes(descriptor, fcntl.LOCK_EX):
        if time.monotonic() > deadline:
            raise being_read(path)
        time.sleep(0.02)


@contextlib.contextmanager
def turnstile(path: Path) -> Generator[None]:
    """Have those who look at a journal, one after the other, not keep a job waiting for ever.

    Each goes through alone, and a job that opens it stays in it until those who look have gone. Where there
    is no mark beside the journal, nobody waits.
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


@contextlib.contextmanager
def turn(path: Path, descriptor: int) -> Generator[None]:
    """Have a job wait for its turn to change the file.

    Args:
        path: The journal, for messages.
        descriptor: The mark beside it.

    Raises:
        JournalError: another job has had its turn for ``TURN_PATIENCE`` seconds.
    """
    deadline, pause = 0.0, 0.0005
    while not takes(descriptor, fcntl.LOCK_EX):
        now = time.monotonic()
        deadline = deadline or now + TURN_PATIENCE
        if now > deadline:
            raise _stuck(path)
        time.sleep(pause)
        pause = min(2 * pause, 0.008)
    try:
        yield
    finally:
        fcntl.flock(descriptor, fcntl.LOCK_UN)


def takes(descriptor: int, kind: int) -> bool:
    """Take a lock of a kind (``fcntl.LOCK_SH`` or ``LOCK_EX``) without waiting; say whether it could."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def being_read(path: Path) -> JournalError:
    """Make the error for a journal that somebody reads all the time."""
    error = JournalError(
        f"the journal {path} is being read by another program, so that it cannot be opened safely; end that "
        "program (an export in a pager, say), then run the job again"
    )
    error.resumable = True
    return error


def in_use(path: Path) -> JournalError:
    """Make the error for what must be done to a journal alone, while a job has it open."""
    return JournalError(f"the journal {path} is in use by another job; wait for it to end, or stop it")


def _stuck(path: Path) -> JournalError:
    error = JournalError(
        f"another job has kept the journal {path} to itself for {TURN_PATIENCE:.0f} seconds; it may be "
        "stopped in the middle of a write. End or continue that process, then run the job again"
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
