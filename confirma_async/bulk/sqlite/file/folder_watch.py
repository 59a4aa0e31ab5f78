"""Whether anything in a folder was made, removed, renamed or replaced: one look in place of one at each file.

A file system writes the time of such a change to the folder, where no program can set it (``st_ctime``).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TypeAlias

from attrs import define, field

GRAIN_NS = 100_000_000
"""Nanoseconds. Changes that follow each other more closely may get the same time; kernels need 10 ms."""

_SECOND_NS = 1_000_000_000

Seen: TypeAlias = "tuple[tuple[int, int, int] | None, int]"
"""Device, inode and time of change of a folder, and when it was looked at; None where it cannot be told."""


@define
class FolderWatch:
    """Says whether a folder is as it was when the files in it were last looked at, one by one.

    A mount on a file shows in no folder, and is not seen.

    Args:
        files: The paths of the files. Where one is a link, or they are in several folders, none shows that
            what they lead to was replaced, and nothing is ever said to be as it was.
    """

    _files: Sequence[str]
    _folder: str = field(init=False)
    _known: tuple[int, int, int] | None = field(init=False, default=None)

    def __attrs_post_init__(self) -> None:
        self._folder = os.path.dirname(self._files[0])

    def is_still(self) -> bool:
        """Say whether nothing in the folder was made, removed, renamed or replaced since ``keep``."""
        return self._known is not None and self._state() == self._known

    def look(self) -> Seen:
        """Look at the folder; right after it, the files are to be looked at."""
        return self._state(), time.time_ns()

    def keep(self, seen: Seen) -> None:
        """Keep how the folder was when its files were as they should be.

        A change right before the look may have the same time as one right after it. So such a look is not
        kept, and neither are times in whole seconds, which a file system has that knows no finer ones.

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
