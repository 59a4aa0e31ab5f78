"""Marks of journals in databases: each names the last transaction that this machine knows to be durable.

A database that does not know that transaction any more was put back to an earlier state. There is one mark
for each journal, in the user's state directory. It is never synced: after a power cut it may be behind its
journal, but never ahead.
"""

from __future__ import annotations

import contextlib
import os
import re
import uuid
from pathlib import Path

from attrs import define

from confirma_async.accounts.folders import state_root
from confirma_async.errors import ConfigurationError
from confirma_async.files import make_private

_MARK = re.compile(rb"([0-9a-f]{32}) (\d{20})\n", re.ASCII)


def _path_of(journal: str) -> Path | None:
    with contextlib.suppress(ConfigurationError):
        return state_root() / f"{uuid.UUID(journal).hex}.database.mark"
    return None


def read_mark(journal: str) -> tuple[uuid.UUID, int] | None:
    """Return the transaction that the mark of a journal names: the session and its number.

    Returns:
        None where this machine has no mark of the journal.
    """
    path = _path_of(journal)
    if path is not None:
        with contextlib.suppress(OSError):
            match = _MARK.fullmatch(path.read_bytes()[:256])
            if match:
                return uuid.UUID(match[1].decode()), int(match[2])
    return None


@define
class MarkFile:
    """The mark of a journal that a job has open. Where it cannot be written, the job goes on without it."""

    _descriptor: int | None = None

    @classmethod
    def open(cls, journal: str) -> MarkFile:
        """Open or make the mark of a journal; ``journal`` is the journal's id."""
        path = _path_of(journal)
        if path is not None:
            with contextlib.suppress(OSError):
                make_private(path.parent)
                return cls(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        return cls()

    def note(self, incarnation: uuid.UUID, number: int) -> None:
        """Write the session and the number of a transaction that is durable."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # a full disk: the mark is behind, which is no alarm
                os.pwrite(self._descriptor, f"{incarnation.hex} {number:020d}\n".encode(), 0)

    def close(self) -> None:
        """Close the mark. Closing twice is fine."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)
