"""What a failure of SQLite means, whichever database of this SDK the file is."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

_CAUSES: Mapping[int | None, str] = {
    sqlite3.SQLITE_FULL: "the disk is full; free some space, then run the same again, nothing is lost",
    sqlite3.SQLITE_READONLY: "the file or its folder cannot be written to",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened; check that its folder exists and is writable",
    sqlite3.SQLITE_IOERR: "the disk reports an error; check it, then run the same again, nothing is lost",
    sqlite3.SQLITE_BUSY: "another program holds it; try again when that has ended",
    sqlite3.SQLITE_LOCKED: "another program holds it; try again when that has ended",
}

_PASSING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
"""What can be cured from outside, so that the same goes on."""


def meaning_of(error: sqlite3.Error, own: Mapping[int | None, str]) -> tuple[str, bool]:
    """Return what a failure means, in a sentence, and whether the same goes on once that is cured.

    Args:
        error: The failure.
        own: What the other codes mean for this kind of file.
    """
    code = getattr(error, "sqlite_errorcode", None)
    primary = None if code is None else code & 0xFF  # the rest of an extended code says where it happened
    return own.get(primary) or _CAUSES.get(primary) or str(error), primary in _PASSING
