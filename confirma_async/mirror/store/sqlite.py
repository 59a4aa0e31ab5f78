"""Stores a mirror in an SQLite file, by one connection."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Generator, Iterable, Mapping
from pathlib import Path

from confirma_async.bulk.sqlite.file.failures import meaning_of
from confirma_async.errors import MirrorBusyError, MirrorError
from confirma_async.mirror.store.database import Found, QueryRows, Values
from confirma_async.mirror.store.tables import MADE, TABLES, VERSION
from confirma_async.mirror.store.views import VIEWS

APPLICATION_ID = 0x434E464D
"""Marks a file as a mirror of this SDK, in the field of SQLite's header that is meant for it."""

_SENTENCES: Mapping[int | None, str] = {
    sqlite3.SQLITE_CORRUPT: "the file is damaged; put a copy in its place, or move it away and sync anew",
    sqlite3.SQLITE_NOTADB: "the file is no mirror of this SDK; name another one",
}

_PATIENCE = 5.0
"""Seconds that a statement waits for another program, such as one that queries the mirror."""

_ALLOWED = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
_FUNCTIONS_REFUSED = frozenset({"load_extension", "readfile", "writefile", "edit"})

_STEPS = 100_000
"""Steps of SQLite's virtual machine after which Python can handle an interruption."""


class SqliteDatabase:
    """A mirror in a file.

    Args:
        path: The file of the mirror.
        make: Whether to make the file if it does not exist.

    Raises:
        MirrorError: it cannot be opened, is no mirror, or has a newer version.
    """

    def __init__(self, path: Path, *, make: bool = False) -> None:
        self._path = path
        self.name: str = str(path)
        self._depth = 0
        self._connection: sqlite3.Connection | None = None
        with self._explained():
            self._connection = self._opened(make=make)
        there = os.stat(path)
        self._file = (there.st_dev, there.st_ino)

    def rows(self, statement: str, values: Values = ()) -> list[Found]:
        """Return all rows that a query finds."""
        with self._explained() as connection:
            return connection.execute(statement, values).fetchall()

    def run(self, statement: str, values: Values = ()) -> int:
        """Run one statement; return how many rows it changed."""
        if not self._depth:
            self._check_place()
        with self._explained() as connection:
            return connection.execute(statement, values).rowcount

    def many(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for each of many rows."""
        with self._explained() as connection:
            connection.executemany(statement, rows)

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what the block writes, or roll it back; a block in a transaction is a part of that one."""
        if self._depth:
            yield
            return
        self.run("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
            self._check_place()
            self.run("COMMIT")
        except BaseException:
            if self._connection is not None and self._connection.in_transaction:
                self._connection.rollback()
            raise
        finally:
            self._depth = 0

    @contextlib.contextmanager
    def alone(self, of: str = "run") -> Generator[None]:
        """Lock out every other run, by a lock on a file beside the mirror."""
        file = self._path.resolve()
        lock = file.with_name(f"{file.name}-{of}")
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _unwritable(self._path, error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise MirrorBusyError(
                    f"another run is at work on the mirror {self.name}; this one changed nothing"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def ask(self, question: str, most: int) -> QueryRows:
        """Run a query on a connection of its own, which cannot write."""
        with contextlib.closing(sqlite3.connect(self._uri("ro"), uri=True, timeout=_PATIENCE)) as connection:
            connection.execute("PRAGMA query_only = ON")
            connection.set_authorizer(_authorised)
            connection.set_progress_handler(lambda: 0, _STEPS)
            try:
                cursor = connection.execute(question)
                found = cursor.fetchmany(most + 1)
            except (sqlite3.Error, sqlite3.Warning) as error:
                reason = "only a SELECT may be" if str(error) == "not authorized" else error
                raise MirrorError(f"this cannot be asked: {reason}") from error
            columns = [column[0] for column in cursor.description or ()]
        if not columns:
            raise MirrorError("this is no question: only SELECT is answered")
        return QueryRows(columns, found[:most], len(found) > most)

    def close(self) -> None:
        """Close the file. Closing twice is fine."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _opened(self, *, make: bool) -> sqlite3.Connection:
        if self._path.is_dir() or (self._path.exists() and not self._path.is_file()):
            raise MirrorError(f"{self._path} is no regular file; name another place for the mirror")
        if not self._path.exists():
            if not make:
                raise _missing(self._path)
            try:
                os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            except FileExistsError:
                pass
            except OSError as error:
                raise _unwritable(self._path, error) from error
        if not _may_be_a_database(self._path):
            raise MirrorError(f"{self._path} is no mirror of this SDK, and is left alone; name another file")
        connection = sqlite3.connect(
            self._uri("rw"), uri=True, isolation_level=None, check_same_thread=False, timeout=_PATIENCE
        )
        try:
            _prepare(self._path, connection, make=make)
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_place(self) -> None:
        """Raise ``MirrorError`` if the file was moved, removed or replaced since it was opened."""
        try:
            there = os.stat(self._path)
        except OSError:
            there = None
        if there is None or (there.st_dev, there.st_ino) != self._file:
            raise MirrorError(
                f"the mirror {self._path} was moved or replaced while it was in use; this run has stopped. "
                "Put it back, then run the same again"
            )

    def _uri(self, mode: str) -> str:
        return f"{self._path.resolve().as_uri()}?mode={mode}"

    @contextlib.contextmanager
    def _explained(self) -> Generator[sqlite3.Connection]:
        """Turn errors of the database in the block into a ``MirrorError`` that says what to do."""
        try:
            yield self._connection  # type: ignore[misc]  # None while it is being opened, when nobody asks
        except sqlite3.Error as error:
            sentence, resumable = meaning_of(error, _SENTENCES)
            mirror_error = MirrorError(f"the mirror {self._path}: {sentence}")
            mirror_error.resumable = resumable
            raise mirror_error from error


def _may_be_a_database(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        reason = (error.strerror or "it failed").lower()
        raise MirrorError(f"the mirror {path} cannot be opened ({reason}); name another file") from error
    return start in {b"", b"SQLite format 3\0"}


def _prepare(path: Path, connection: sqlite3.Connection, *, make: bool) -> None:
    """Make the tables in an empty file; raise ``MirrorError`` for a file that is no mirror."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (tables or owner):
        raise MirrorError(f"{path} is a database of another program, and is left alone; name another file")
    if version > VERSION:
        raise MirrorError(
            f"the mirror {path} is of a newer version of this SDK; upgrade, or name another file"
        )
    if not tables and not make:
        raise _missing(path)
    if not tables:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in (*TABLES, *(view.statement for view in VIEWS), MADE):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    if path.stat().st_mode & 0o077:
        with contextlib.suppress(OSError):  # another owner's, or on a medium that is only read
            path.chmod(0o600)


def _authorised(action: int, _first: str | None, second: str | None, *_: str | None) -> int:
    """Return SQLite's code that allows or denies an action of a query: only reading is allowed."""
    refused = action not in _ALLOWED or (second or "").lower() in _FUNCTIONS_REFUSED
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK


def _missing(path: Path) -> MirrorError:
    return MirrorError(f"there is no mirror {path}; mirror.sync() makes one, or name another (db=)")


def _unwritable(path: Path, error: OSError) -> MirrorError:
    reason = (error.strerror or "it failed").lower()
    return MirrorError(f"the mirror {path} cannot be made ({reason}); name another place (db=)")
