"""Stores a mirror in PostgreSQL, in a schema of its own."""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Generator, Iterable
from functools import cache
from typing import Any, cast

import psycopg
from psycopg import errors, sql

from confirma_async.bulk.postgres.connection.failures import name_of
from confirma_async.errors import MirrorBusyError, MirrorError
from confirma_async.mirror.store.database import Found, QueryRows, Values
from confirma_async.mirror.store.tables import MADE, TABLES, VERSION
from confirma_async.mirror.store.views import VIEWS

SCHEMA = "confirma_mirror"
"""The schema of the mirror's tables, which keeps them apart from other tables."""

_LOCK = 0x434E464D
"""The first number of the advisory locks of a mirror."""


class PostgresDatabase:
    """A mirror in a PostgreSQL database.

    Args:
        url: ``postgresql://user@host/database``; the password is best kept in ``~/.pgpass``.
        make: Whether to make the tables if they do not exist.

    Raises:
        MirrorError: the server cannot be reached, or the schema is of a newer version.
        ConfigurationError: the URL cannot be read.
    """

    def __init__(self, url: str, *, make: bool = False) -> None:
        self.name: str = name_of(url, "mirror")
        self._url = url
        self._depth = 0
        self._connection = self._connected()
        try:
            with self._explained():
                self._prepare(make=make)
        except BaseException:
            self.close()
            raise

    def rows(self, statement: str, values: Values = ()) -> list[Found]:
        """Return all rows that a query finds."""
        with self._explained() as connection:
            return connection.execute(_placed(statement), _taken(values)).fetchall()

    def run(self, statement: str, values: Values = ()) -> int:
        """Run one statement; return how many rows it changed."""
        with self._explained() as connection:
            return connection.execute(_placed(statement), _taken(values)).rowcount

    def many(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for each of many rows."""
        with self._explained() as connection, connection.cursor() as cursor:
            cursor.executemany(_placed(statement), map(_taken, rows))

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Commit what the block writes, or roll it back; a block in a transaction is a part of that one."""
        if self._depth:
            yield
            return
        self._depth = 1
        try:
            with self._explained() as connection, connection.transaction():
                yield
        finally:
            self._depth = 0

    @contextlib.contextmanager
    def alone(self, of: str = "run") -> Generator[None]:
        """Lock out every other run, by a lock that the server releases when the connection ends."""
        key = (_LOCK, zlib.crc32(of.encode()) - 2**31)
        if not self.rows("SELECT pg_try_advisory_lock(?, ?)", key)[0][0]:
            raise MirrorBusyError(
                f"another run is at work on the mirror {self.name}; this one changed nothing"
            )
        try:
            yield
        finally:
            with contextlib.suppress(MirrorError):  # the connection may be gone, and the lock with it
                self.run("SELECT pg_advisory_unlock(?, ?)", key)

    def ask(self, question: str, most: int) -> QueryRows:
        """Run a query by a cursor in a read-only transaction, which accepts one SELECT only."""
        with contextlib.closing(self._connected()) as connection:
            connection.read_only = True
            try:
                with connection.transaction(), connection.cursor("question") as cursor:
                    cursor.execute(_statement(question.strip().rstrip(";")))
                    found = cursor.fetchmany(most + 1)
                    columns = [column.name for column in cursor.description or ()]
            except psycopg.Error as error:
                raise MirrorError(f"this cannot be asked: {_reason(error)}") from error
        return QueryRows(columns, found[:most], len(found) > most)

    def close(self) -> None:
        """End the connection. Closing twice is fine."""
        self._connection.close()

    def _connected(self) -> psycopg.Connection[Found]:
        try:
            connection = psycopg.connect(self._url, autocommit=True, connect_timeout=10)
            connection.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(SCHEMA)))
        except psycopg.Error as error:
            mirror_error = MirrorError(f"the mirror {self.name} cannot be reached: {_reason(error)}")
            mirror_error.resumable = isinstance(error, psycopg.OperationalError)
            raise mirror_error from None  # the cause may name user and password
        return connection

    def _prepare(self, *, make: bool) -> None:
        there = self.rows("SELECT to_regclass(?)", (f"{SCHEMA}.mirror",))[0][0]
        if there is None and not make:
            raise MirrorError(f"there is no mirror in {self.name} yet; mirror.sync() makes one")
        if there is None:
            with self.transaction():
                self.run("SELECT pg_advisory_xact_lock(?)", (_LOCK + 1,))  # two may begin at once
                self.run(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                if self.rows("SELECT to_regclass(?)", (f"{SCHEMA}.mirror",))[0][0] is None:
                    for statement in (*TABLES, *(view.statement for view in VIEWS), MADE):
                        self.run(statement)
        found = self.rows("SELECT version FROM mirror")
        if found and found[0][0] > VERSION:
            raise MirrorError(f"the mirror {self.name} is of a newer version of this SDK; upgrade the SDK")

    @contextlib.contextmanager
    def _explained(self) -> Generator[psycopg.Connection[Found]]:
        """Turn errors of the database in the block into a ``MirrorError`` that says what to do."""
        try:
            yield self._connection
        except psycopg.Error as error:
            mirror_error = MirrorError(f"the mirror {self.name}: {_reason(error)}")
            mirror_error.resumable = isinstance(error, psycopg.OperationalError | errors.DiskFull)
            raise mirror_error from error


@cache
def _placed(statement: str) -> sql.SQL:
    """Return a statement with this driver's placeholders; it must hold neither ``%`` nor a quoted ``?``."""
    return _statement(statement.replace("?", "%s"))


def _taken(values: Values) -> Values:
    """Return values with U+FFFD in place of NUL, which PostgreSQL does not allow in text."""
    return [value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in values]


def _statement(text: str) -> sql.SQL:
    return sql.SQL(cast("Any", text))  # the driver's types want it written in the program


def _reason(error: psycopg.Error) -> str:
    """Return the server's message in one line, without the statement."""
    return (error.diag.message_primary or str(error)).partition("\n")[0] or type(error).__name__
