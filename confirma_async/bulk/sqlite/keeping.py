"""Copies, checks and sets aside journals in files."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import itertools
import os
import sqlite3
from pathlib import Path

from confirma_async.accounts.registry import Accounts
from confirma_async.bulk.journal.records import Doubt
from confirma_async.bulk.sqlite.file.guard import check_pages, explained
from confirma_async.bulk.sqlite.file.journal_file import copy_into
from confirma_async.bulk.sqlite.file.locks import close_descriptor
from confirma_async.bulk.sqlite.file.look import read_file
from confirma_async.bulk.sqlite.file.marks import remove_marks
from confirma_async.errors import ConfigurationError, JournalError

_PARTS = ("", "-wal", "-shm")


def back_up(journal: Path, target: Path) -> None:
    """Copy a journal, even while a job runs on it. The copy is marked as one.

    Args:
        journal: The path of the journal.
        target: The path of the copy, at which there must be no file.

    Raises:
        JournalError: the journal cannot be read, or the file is there already or cannot be written.
    """
    with read_file(journal) as (connection, _):
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        except OSError as error:
            raise JournalError(
                f"the copy {target} cannot be made ({(error.strerror or 'no file').lower()}); name another "
                "file"
            ) from error
        try:
            copy_into(connection, target)
        except (OSError, sqlite3.Error) as error:
            with contextlib.suppress(OSError):
                target.unlink()
            if isinstance(error, sqlite3.Error):
                raise explained(target, error) from error
            raise


def verify(journal: Path) -> Doubt | None:
    """Check every page of a journal, and whether it is in doubt.

    Raises:
        JournalError: it is damaged, or cannot be read.
    """
    with read_file(journal) as (connection, doubt):
        check_pages(journal, connection)
    return doubt


def set_aside(journal: Path, now: datetime.datetime) -> Path | None:
    """Give a journal another name, so that the next job makes a new one, which knows nothing.

    Args:
        journal: The journal; it may be damaged, or gone.
        now: The time that becomes part of the name.

    Returns:
        Its new name; None where there was no journal.

    Raises:
        JournalError: a job runs on it, or it cannot be renamed.
    """
    file = journal.resolve()
    aside = _free(file.with_name(f"{file.name}.set-aside-{now:%Y%m%dT%H%M%S}"))
    try:
        with contextlib.ExitStack() as stack:
            if file.is_file():
                descriptor = os.open(file, os.O_RDONLY)
                stack.callback(close_descriptor, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            moved = [_rename(_part(file, part), _part(aside, part)) for part in _PARTS]
            remove_marks(file)
            with contextlib.suppress(ConfigurationError):  # it was no account's
                Accounts().begin_anew(file)
    except BlockingIOError as error:
        raise JournalError(f"the journal {journal} is in use; wait for its job to end, or stop it") from error
    except OSError as error:
        raise JournalError(f"the journal {journal} cannot be set aside ({error.strerror})") from error
    return aside if moved[0] else None


def _free(path: Path) -> Path:
    """Return the path, or a similar one at which there is no file."""
    names = itertools.chain(
        [path], (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    )
    return next(each for each in names if not any(os.path.lexists(_part(each, part)) for part in _PARTS))


def _part(journal: Path, part: str) -> Path:
    return journal.with_name(f"{journal.name}{part}")


def _rename(old: Path, new: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        old.rename(new)
        return True
    return False
