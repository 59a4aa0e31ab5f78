"""Checks the file of a journal before each use: it must be a whole journal, and not older than its marks."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
from collections.abc import Mapping
from pathlib import Path

from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.journal.stored.trust import doubt_in
from confirma_async.bulk.sqlite.file.failures import meaning_of
from confirma_async.bulk.sqlite.file.marks import Mark, Origin, read_marks
from confirma_async.bulk.sqlite.migrations import APPLICATION_ID, VERSION
from confirma_async.errors import JournalError, JournalMismatchError

CHECKED_BYTES = 64 * 2**20
"""A file of up to so many bytes is checked whole before each job; a larger one by ``confirma journal
verify``."""

_LOG_HEADER = 32
_LOG_MAGIC = frozenset({0x377F0682, 0x377F0683})

_SENTENCES: Mapping[int | None, str] = {
    sqlite3.SQLITE_CORRUPT: "the file is damaged. Put its latest copy in its place: a job then looks up "
    "every invoice before it sends it, because the copy may not know all that was sent. Start no new journal "
    "for the same invoices",
    sqlite3.SQLITE_NOTADB: "the file is no journal of this SDK; name another one",
}


def explained(path: Path, error: sqlite3.Error) -> JournalError:
    """Make a ``JournalError`` of an error of SQLite, with what to do."""
    sentence, resumable = meaning_of(error, _SENTENCES)
    explanation = JournalError(f"the journal {path}: {sentence}")
    explanation.resumable = resumable
    return explanation


def damaged(path: Path) -> JournalError:
    """Make the error for a file that is damaged."""
    return JournalError(f"the journal {path}: {_SENTENCES[sqlite3.SQLITE_CORRUPT]}")


def log_of(path: Path) -> Path:
    """Return the path of the write-ahead log of a journal."""
    file = path.resolve()  # SQLite follows links before it looks for the log
    return file.with_name(f"{file.name}-wal")


def examine(path: Path, descriptor: int) -> str | None:
    """Refuse a file that is not a whole journal of this SDK.

    Args:
        path: The path of the file.
        descriptor: The file, open for reading.

    Returns:
        Why the journal may still have forgotten something; None where nothing says so.

    Raises:
        JournalError: it is empty, damaged, or its log is missing.
        JournalMismatchError: it is no journal, or one of a newer version.
    """
    examine_header(path, descriptor)
    if has_log(path):
        return None  # together they are whole; without its log, the file need not make sense by itself
    opened, commits = _state_of(path)
    if not opened:
        return None
    marks = read_marks(path)
    if commits is not None and marks and all(mark.commits <= commits for mark in marks):
        return "it was not closed, and its log is missing"  # but all that the marks know of is in the file
    raise JournalError(
        f"the journal {path} was not closed, and its log {log_of(path).name} is missing or empty: it has "
        "forgotten what was sent last. Put the log back from where the journal was. Where it is lost, put "
        "the latest copy of the journal, made by bulk.sqlite.keeping.back_up(), in its place"
    )


def examine_missing(path: Path) -> None:
    """Refuse to make a new journal where there was one before.

    Args:
        path: The path, at which there is no file.

    Raises:
        JournalError: a log or a mark of an earlier journal is still there.
    """
    if log_of(path).exists():
        raise JournalError(
            f"the journal {path} is gone, but its log {log_of(path).name} is still there; put the journal "
            "back, or begin a new one with bulk.sqlite.keeping.set_aside()"
        )
    if any(mark.commits for mark in read_marks(path)):
        raise gone(path)


def gone(path: Path) -> JournalError:
    """Make the error for a journal that is gone."""
    return JournalError(
        f"the journal {path} is gone, and with it what was sent. Put it back, or its latest copy: a job then "
        "looks up every invoice before it sends it. To begin a new one, which knows nothing of what was "
        "sent, use bulk.sqlite.keeping.set_aside()"
    )


def doubt_of(
    path: Path, connection: sqlite3.Connection, stat: os.stat_result, now: float, seen: str | None = None
) -> Doubt | None:
    """Return why a journal may not know all that was sent; None where it does.

    Args:
        path: The path of the file.
        connection: A connection to the journal, whose tables are of this version.
        stat: The ``os.stat`` of the file.
        now: The current time; seconds since 1970.
        seen: The result of ``examine``.
    """
    meta = dict(connection.execute("SELECT name, value FROM meta"))
    reason = seen or _doubtful(path, connection, meta, stat)
    if reason is not None:  # a new one, whatever doubt there was before
        return Doubt(reason, now)
    return doubt_in(meta)


def known_doubt(connection: sqlite3.Connection) -> Doubt | None:
    """Return the doubt that is written in the journal; None where there is none."""
    return doubt_in(dict(connection.execute("SELECT name, value FROM meta")))


def _doubtful(
    path: Path, connection: sqlite3.Connection, meta: Mapping[str, str], stat: os.stat_result
) -> str | None:
    if "copied_at" in meta:
        return "it is a backup that was put in place"
    marks = read_marks(path)
    if "origin" not in meta:  # new, or of a version that kept no origin
        return "it was put back to an earlier state" if any(mark.commits for mark in marks) else None
    (commits,) = connection.execute("SELECT commits FROM progress").fetchone()
    if any(mark.journal != meta["id"] for mark in marks):
        return "another journal was here before it"
    if any(mark.commits > commits for mark in marks):
        return "it was put back to an earlier state"
    if not Origin.parse(meta["origin"]).is_same_file(Origin.of(stat)):
        return "it is a copy, or was moved from another disk or machine"
    if not marks and commits:
        return "its marks are gone"
    return None


def mark_of(connection: sqlite3.Connection) -> Mark:
    """Return the mark that a journal should have now."""
    (journal,) = connection.execute("SELECT value FROM meta WHERE name = 'id'").fetchone()
    (commits,) = connection.execute("SELECT commits FROM progress").fetchone()
    return Mark(commits, journal)


def check_whole(path: Path) -> None:
    """Have SQLite check every page before anything is written. A damaged file is not changed.

    The quick check is not enough: it does not compare an index with its table. An invoice that is missing
    from the index of keys would not be found, and would be sent again. A file of more than ``CHECKED_BYTES``
    is only checked where it may be a copy beside the log of another.

    Raises:
        JournalError: it is damaged.
    """
    apart = _may_be_apart(path)
    if path.stat().st_size > CHECKED_BYTES and not apart:
        return
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro{at_rest(path)}"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            check_pages(path, connection)
            if apart and _is_behind_its_log(path, connection):
                raise _apart(path)
    except sqlite3.Error as error:
        raise explained(path, error) from error


def check_pages(path: Path, connection: sqlite3.Connection) -> None:
    """Have SQLite check every page of an open journal, and every entry of its indexes.

    Raises:
        JournalError: it is damaged.
    """
    try:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise (_apart(path) if _may_be_apart(path) else explained(path, error)) from error
    if found != "ok":
        raise _apart(path) if _may_be_apart(path) else damaged(path)


def _may_be_apart(path: Path) -> bool:
    """Say whether the file is marked as closed, though it has a log.

    The file may then be an older copy beside a log that holds only the last part of what came later. Or the
    process died just as it opened or closed the journal, and both together are whole.
    """
    try:
        return has_log(path) and not _state_of(path)[0]
    except JournalError:  # a checkpoint was cut off: without its log, the file need not make sense
        return False


def _is_behind_its_log(path: Path, connection: sqlite3.Connection) -> bool:
    """Say whether the log of a file that says that it was closed knows of commits that the file does not.

    Where the process died as it opened or closed the journal, the file has them all: it gets them before it
    says that it was closed. An older copy has not, even where its pages and those of the log make sense
    together: the log of a run that sent nothing has few.
    """
    _, commits = _state_of(path)
    return commits is not None and commits != mark_of(connection).commits


def was_put_back(path: Path) -> bool:
    """Say whether another content was written into the file of a journal that is open, and not closed yet.

    While it is open, the file says so, whatever its log holds.
    """
    try:
        return not _state_of(path)[0]
    except JournalError:  # neither is a content that makes no sense one of ours
        return True


def _apart(path: Path) -> JournalError:
    return JournalError(
        f"the journal {path} and its log {log_of(path).name} do not belong together. If the journal is a "
        "copy that was put in place, move the log away and keep it: a job then looks up every invoice before "
        "it sends it"
    )


def at_rest(path: Path) -> str:
    """Return the URI parameter for a closed journal without a log, so that SQLite makes no file beside it."""
    return "" if log_of(path).exists() else "&immutable=1"


def examine_header(path: Path, descriptor: int) -> None:
    """Check the header of the file, so that a foreign or newer file is refused before it is changed.

    Raises:
        JournalError: it is empty or damaged.
        JournalMismatchError: it is no journal, or one of a newer version.
    """
    if not os.fstat(descriptor).st_size:
        raise JournalError(
            f"the journal {path} is an empty file, which knows nothing of what was sent. If a journal was "
            "here, put its latest copy in its place; remove the empty file only if none ever was"
        )
    header = os.pread(descriptor, 100, 0)
    if len(header) < 100 or not header.startswith(b"SQLite format 3\0"):
        raise _foreign(path)
    (version,) = struct.unpack_from(">I", header, 60)
    (application,) = struct.unpack_from(">I", header, 68)
    if application != APPLICATION_ID:
        raise _foreign(path)
    if not log_of(path).exists() and _is_cut_off(header, descriptor):
        raise damaged(path)
    if version > VERSION:
        raise JournalMismatchError(
            f"the journal {path} was written by a newer version of this SDK (format {version}, this one "
            f"reads {VERSION}); it was not touched, upgrade to go on with it"
        )


def _foreign(path: Path) -> JournalMismatchError:
    known = any(mark.commits for mark in read_marks(path))
    cure = "a journal was here: put it back" if known else "name another one"
    return JournalMismatchError(f"{path} is no journal of this SDK; it was not touched, {cure}")


def _is_cut_off(header: bytes, descriptor: int) -> bool:
    """Say whether the file is shorter than its header says. Where there is a log, it may hold the rest."""
    (size,) = struct.unpack_from(">H", header, 16)
    changes, pages = struct.unpack_from(">II", header, 24)
    (counted_at,) = struct.unpack_from(">I", header, 92)
    whole = pages * (65536 if size == 1 else size)
    return bool(counted_at == changes and os.fstat(descriptor).st_size < whole)


def _state_of(path: Path) -> tuple[bool, int | None]:
    """Return whether the file, without its log, is marked as open, and its number of commits."""
    try:
        uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            marked = connection.execute("SELECT value FROM meta WHERE name = 'open'").fetchone()
            opened = marked is not None and marked[0] == "1"
            kept = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'progress'").fetchone()
            if not kept:  # of an older form
                return opened, None
            return opened, int(connection.execute("SELECT commits FROM progress").fetchone()[0])
    except sqlite3.Error as error:
        raise explained(path, error) from error


def has_log(path: Path) -> bool:
    """Say whether there is a log that is not empty. While a journal is open, its log is never empty."""
    try:
        with log_of(path).open("rb") as log:
            start = log.read(_LOG_HEADER)
            holds_more = bool(log.read(1))
    except OSError:
        return False
    return len(start) == _LOG_HEADER and struct.unpack_from(">I", start)[0] in _LOG_MAGIC and holds_more
