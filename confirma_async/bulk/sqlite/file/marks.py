"""Marks beside a journal, which show when it was copied, restored or replaced.

A mark holds the journal's id and how many commits it has had. One lies beside the journal, one in the user's
state directory. A mark is written after each commit, and never synced: it may be behind its journal after a
power cut, but never ahead. A journal that is behind a mark was put back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import uuid
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field, frozen

from confirma_async.accounts.folders import state_root
from confirma_async.bulk.sqlite.file import forks
from confirma_async.errors import ConfigurationError
from confirma_async.files import make_private

_DIGITS = 20
_MARK = re.compile(rb"(\d{20}) ([0-9a-f]{32})\n", re.ASCII)


@frozen
class Mark:
    """The contents of a mark.

    Attributes:
        commits: How many commits the journal has had.
        journal: The journal's id.
    """

    commits: int
    journal: str


@frozen
class Origin:
    """Identifies the file of a journal on its machine.

    Attributes:
        machine: The machine's id; empty where it has none.
        boot: The id of the present boot: numbers of devices last no longer than that.
        device: The number of the device.
        inode: The number of the file on the device.
    """

    machine: str
    boot: str
    device: int
    inode: int

    def __str__(self) -> str:
        return f"{self.machine} {self.boot} {self.device} {self.inode}"

    @classmethod
    def parse(cls, text: str) -> Origin:
        """Return the origin that ``text`` is the ``str`` of."""
        machine, boot, device, inode = text.split(" ")
        return cls(machine, boot, int(device), int(inode))

    @classmethod
    def of(cls, stat: os.stat_result) -> Origin:
        """Return the origin of a file on this machine."""
        return cls(_read_id("/etc/machine-id"), _read_id("/proc/sys/kernel/random/boot_id"), *identity(stat))

    def is_same_file(self, other: Origin) -> bool:
        """Say whether both may be the same file; only facts that both have are compared."""
        if self.machine and other.machine and self.machine != other.machine:
            return False
        if self.boot == other.boot and self.device != other.device:
            return False
        return self.inode == other.inode


def identity(stat: os.stat_result) -> tuple[int, int]:
    """Return device and inode of a file."""
    return stat.st_dev, stat.st_ino


def _read_id(path: str) -> str:
    with contextlib.suppress(OSError, ValueError):
        return uuid.UUID(Path(path).read_text(encoding="ascii").strip()).hex
    return ""


def mark_paths(journal: Path) -> Sequence[Path]:
    """Return the paths of a journal's marks: beside it, and in the user's state directory."""
    file = journal.resolve()
    beside = file.with_name(f"{file.name}.mark")
    name = hashlib.sha256(os.fsencode(file)).hexdigest()[:32]
    try:
        return beside, state_root() / f"{name}.mark"
    except ConfigurationError:
        return (beside,)


def read_marks(journal: Path) -> list[Mark]:
    """Return the marks of a journal, without those that are missing or unreadable."""
    found: list[Mark] = []
    for path in mark_paths(journal):
        with contextlib.suppress(OSError):
            match = _MARK.fullmatch(path.read_bytes()[:256])
            if match:
                found.append(Mark(int(match[1]), match[2].decode()))
    return found


def remove_marks(journal: Path) -> None:
    """Remove the marks of a journal that is set aside.

    Raises:
        OSError: a mark cannot be removed.
    """
    for path in mark_paths(journal):
        path.unlink(missing_ok=True)


def _open(path: Path) -> int:
    return forks.note_descriptor(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600))


@define
class Marks:
    """The marks of a journal that a job has open.

    Attributes:
        place: The path of the mark beside the journal.
        file: The device and inode of that mark, as it is open.
    """

    place: Path
    file: tuple[int, int] = field(init=False, default=(0, 0))
    _descriptors: list[int] = field(factory=list[int])

    @classmethod
    def open(cls, journal: Path) -> Marks:
        """Open the marks; make empty ones where there are none.

        The mark in the state directory is left out where it cannot be made.

        Raises:
            OSError: the mark beside the journal cannot be written.
        """
        beside, *elsewhere = mark_paths(journal)
        marks = cls(beside)
        marks._descriptors.append(_open(beside))
        marks.file = identity(os.fstat(marks.beside))
        for path in elsewhere:
            with contextlib.suppress(OSError):
                make_private(path.parent)
                marks._descriptors.append(_open(path))
        return marks

    def renew(self) -> None:
        """Open the mark beside the journal again, or make it, because it was removed or replaced."""
        old = self._descriptors[0]
        self._descriptors[0] = _open(self.place)
        self.file = identity(os.fstat(self.beside))
        forks.close(old)

    @property
    def beside(self) -> int:
        """The descriptor of the mark beside the journal."""
        return self._descriptors[0]

    def write(self, mark: Mark) -> None:
        """Write the same contents to both marks, and sync them.

        Raises:
            OSError: the mark beside the journal cannot be written.
        """
        content = f"{mark.commits:0{_DIGITS}d} {mark.journal}\n".encode()
        for descriptor in self._descriptors:
            try:
                if os.pread(descriptor, 256, 0) != content:
                    os.pwrite(descriptor, content, 0)
                    os.ftruncate(descriptor, len(content))
                    os.fsync(descriptor)
            except OSError:
                if descriptor == self.beside:
                    raise

    def note(self, commits: int) -> None:
        """Write the number of commits to both marks, without syncing."""
        digits = f"{commits:0{_DIGITS}d}".encode()
        for descriptor in self._descriptors:
            with contextlib.suppress(OSError):  # a full disk: the mark is behind, which is no alarm
                os.pwrite(descriptor, digits, 0)

    def close(self) -> None:
        """Close the marks. Closing twice is fine."""
        descriptors, self._descriptors = self._descriptors, []
        for descriptor in descriptors:
            forks.close(descriptor)
