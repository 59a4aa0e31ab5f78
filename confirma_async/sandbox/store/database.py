"""The file or memory that the sandbox's state is kept in: opened, marked as ours, written all or nothing."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

from confirma_async.errors import ConfigurationError

_APPLICATION_ID = 0x43464953
"""Marks our files: CFIS."""

_VERSION = 5

DatabaseRow: TypeAlias = tuple[Any, ...]

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]


class Database:
    """One SQLite connection, shared by the tables of the store. Safe to use from any thread.

    Args:
        path: The file; None keeps everything in memory.
        schema: The statements that make the tables of a new file.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is not of a sandbox.
    """

    def __init__(self, path: str | Path | None, schema: Iterable[str]) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        where = "memory" if path is None else str(path)
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=0,
            )
            _prepare(connection, schema)
        except (sqlite3.Error, ConfigurationError) as error:
            if connection is not None:
                connection.close()
            raise ConfigurationError(
                f"the sandbox cannot keep its state in {where}: {_reason(error)}"
            ) from error
        self._connection = connection

    def close(self) -> None:
        """Close the connection; what is in memory is gone."""
        with self._lock:
            self._connection.close()

    def rows(self, statement: str, parameters: Parameters = ()) -> list[DatabaseRow]:
        """Return all rows of a question."""
        with self._lock:
            return self._connection.execute(statement, parameters).fetchall()

    def row(self, statement: str, parameters: Parameters = ()) -> DatabaseRow | None:
        """Return the first row of a question."""
        with self._lock:
            found: DatabaseRow | None = self._connection.execute(statement, parameters).fetchone()
        return found

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """Write all or nothing. Inside another transaction it is part of that one."""
        with self._lock:
            if self._depth == 0:
                self._connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield self._connection
            except BaseException:
                if self._depth == 1:
                    self._connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    self._connection.execute("COMMIT")
            finally:
                self._depth -= 1


def key_of(number: int) -> int:
    """Return a number as the key of a row; beyond 64 bits, where no row can be, 0, where none is."""
    return number if abs(number) < 2**63 else 0


def milliseconds(moment: datetime) -> int:
    """Return a moment as it is stored: milliseconds of the epoch."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment(stored: int) -> datetime:
    """Return a moment from its stored form."""
    return _EPOCH + timedelta(milliseconds=stored)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _prepare(db: sqlite3.Connection, schema: Iterable[str]) -> None:
    # Exclusive: a second sandbox on the same file would not see this one's clock and clients.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = _is_new(db)  # before anything is changed in a file that may be somebody else's
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    if is_new:
        for statement in schema:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {_VERSION}")
    db.execute("COMMIT")


def _is_new(db: sqlite3.Connection) -> bool:
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return True
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if owner != _APPLICATION_ID:
        raise ConfigurationError("it is a database of something else; name another file")
    if version != _VERSION:
        raise ConfigurationError("it was made by another version of the sandbox; name another file")
    return False


def _reason(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return str(error)
    # The low byte is the primary code; the rest of an extended code only says where it happened.
    return _REASONS.get(code & 0xFF, str(error))


_REASONS: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: "another sandbox is using it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; the folder must exist and be writable",
    sqlite3.SQLITE_NOTADB: "it is not a database; name another file",
    sqlite3.SQLITE_READONLY: "it may not be written to",
}
