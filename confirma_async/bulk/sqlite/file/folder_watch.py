"""Finds out by one look at a folder whether any file in it was made, removed, renamed or replaced.

A file system writes the time of such a change to the folder, where no program can set it (``st_ctime``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TypeAlias

from attrs import define, field

GRAIN_NS = 100_000_000
"""Nanoseconds within which two changes may get the same time; kernels need up to 10 ms."""

_SECOND_NS = 1_000_000_000

Seen: TypeAlias = "tuple[tuple[int, int, int] | None, int]"
"""Device, inode and time of change of a folder (None where they cannot be read), and the time of the look."""


@define
class FolderWatch:
    """Says whether a folder has changed since the files in it were last checked one by one.

    A mount over a file does not change its folder, and is not noticed.

    Args:
        files: The paths of the files. Where one is a link, or they are in several folders, their folder would
            not show that one was replaced: ``is_still`` is then always False.
    """

    _files: Sequence[str]
    _folder: str = field(init=False)
    _known: tuple[int, int, int] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._folder = os.path.dirname(self._files[0])

    def is_still(self) -> bool:
        """Say whether no file in the folder was made, removed, renamed or replaced since ``keep``."""
        return self._known is not None and self._state() == self._known

    def look(self) -> Seen:
        """Read the state of the folder. Check the files right after this."""
        return self._state(), time.time_ns()

    def keep(self, seen: Seen) -> None:
        """Keep a state of the folder in which its files were found to be in place.

        A change right before a look may have the same time as one right after it. So a look that close to a
        change is not kept. Neither is a time in whole seconds, from a file system that has no finer ones.

        Args:
            seen: What ``look`` returned before.
        """
        state, at = seen
        if state is None or any(map(self._is_elsewhere, self._files)):
            self._known = None
        else:
            changed = state[2]
            self._known = state if changed % _SECOND_NS and changed < at - GRAIN_NS else None

    def _is_elsewhere(self, file: str) -> bool:
        return os.path.dirname(file) != self._folder or os.path.islink(file)

    def _state(self) -> tuple[int, int, int] | None:
        try:
            stat = os.stat(self._folder)
        except OSError:
            return None
        return stat.st_dev, stat.st_ino, stat.st_ctime_ns
