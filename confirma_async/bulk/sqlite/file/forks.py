"""Closes in a forked child what it must not keep of its parent's journals.

A lock lives as long as any process has the descriptor by which it was taken. A child that inherits one would
keep the holds and turns of a parent that died. And SQLite in the child would believe that it has the parent's
locks.
"""

from __future__ import annotations

import contextlib
import os

_DESCRIPTORS: set[int] = set()
_FILES: set[tuple[int, int]] = set()
_OF_THE_PARENT: set[tuple[int, int]] = set()


def note_descriptor(descriptor: int) -> int:
    """Register a descriptor to be closed in a forked child; return it."""
    _DESCRIPTORS.add(descriptor)
    return descriptor


def close(descriptor: int) -> None:
    """Close a descriptor that was registered."""
    _DESCRIPTORS.discard(descriptor)
    os.close(descriptor)


def note_file(file: tuple[int, int], *, opened: bool) -> None:
    """Register that this process has opened or closed a journal, by its device and inode."""
    if opened:
        _FILES.add(file)
    else:
        _FILES.discard(file)


def is_of_the_parent(file: tuple[int, int] | None) -> bool:
    """Say whether the parent process had a journal open when this process was forked."""
    return file in _OF_THE_PARENT


def _in_the_child() -> None:
    _OF_THE_PARENT.update(_FILES)
    for descriptor in _DESCRIPTORS:
        with contextlib.suppress(OSError):
            os.close(descriptor)
    _DESCRIPTORS.clear()
    _FILES.clear()


os.register_at_fork(after_in_child=_in_the_child)
