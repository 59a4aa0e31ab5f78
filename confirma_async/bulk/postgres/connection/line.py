"""A connection to a database that is made again when it was lost, and cut when no answer comes."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from typing import Any, TypeAlias, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from confirma_async.bulk.postgres.connection.gate import DEFAULTS, statement
from confirma_async.bulk.postgres.connection.statements import Statements

PostgresConnection: TypeAlias = psycopg.Connection[tuple[Any, ...]]
PostgresCursor: TypeAlias = psycopg.Cursor[tuple[Any, ...]]

STUCK_SECONDS = 30.0
"""Seconds without an answer after which a connection is cut."""


class DatabaseLine:
    """A connection to a database that is made again when it was lost.

    Args:
        url: The URL of the database.
        check: Called with each new connection before it is used; its errors are raised by ``connected``.

    Attributes:
        statements: Runs statements on the connection; None while there is no connection.
    """

    def __init__(self, url: str, check: Callable[[PostgresConnection], None]) -> None:
        self.statements: Statements | None = None
        self._options = {**DEFAULTS, **conninfo_to_dict(url)}
        self._check = check
        self._connection: PostgresConnection | None = None
        self._busy_since: float | None = None
        self._closing = threading.Event()
        self._watch: threading.Thread | None = None

    @property
    def is_broken(self) -> bool:
        """Whether there is no connection, or only one that was lost."""
        return self._connection is None or self._connection.broken or self._connection.closed

    @property
    def open(self) -> PostgresConnection:
        """The present connection, which may have been lost.

        Raises:
            RuntimeError: there is no connection.
        """
        if self._connection is None:
            raise RuntimeError("a transaction has a connection")
        return self._connection

    def connected(self) -> PostgresConnection:
        """Return the connection; connect first where there is none, or where it was lost.

        Raises:
            psycopg.Error: the server cannot be reached, or does not let the user in.
        """
        if self._connection is None or self.is_broken:
            self.drop()
            self._connection = psycopg.connect(
                **cast("dict[str, Any]", self._options), autocommit=True, prepare_threshold=None
            )
            self.statements = Statements(self._connection)
            with self.watched():
                self._check(self._connection)
        return self._connection

    def run(self, query: str, values: Sequence[Any] = ()) -> PostgresCursor:
        """Run a statement that begins, checks or ends a transaction, on the present connection."""
        with self.watched():
            return self.open.execute(statement(query), values or None)

    @contextlib.contextmanager
    def watched(self) -> Generator[None]:
        """Have the watching thread cut the connection if the block takes longer than ``STUCK_SECONDS``."""
        self._busy_since = time.monotonic()
        try:
            yield
        finally:
            self._busy_since = None

    def roll_back(self) -> None:
        """Roll the transaction back; drop the connection if that fails."""
        if self._connection is None:
            return
        try:
            self.run("ROLLBACK")
        except psycopg.Error:
            self.drop()

    def drop(self) -> None:
        """Close the connection, and forget it."""
        connection, self._connection, self.statements = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    def watch(self) -> None:
        """Start the thread that watches the connection. Calling twice is fine."""
        if self._watch is None:
            self._watch = threading.Thread(target=self._look_after, name="confirma-watch", daemon=True)
            self._watch.start()

    def _look_after(self) -> None:
        """Cut a connection whose answer is overdue. Nothing else ends a wait on a half-open connection."""
        while not self._closing.wait(1.0):
            since, connection = self._busy_since, self._connection
            if since is None or connection is None or time.monotonic() < since + STUCK_SECONDS:
                continue
            with (
                contextlib.suppress(OSError, psycopg.Error),
                socket.socket(fileno=os.dup(connection.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection, and end the thread that watches it. Closing twice is fine."""
        self._closing.set()
        self.drop()
        if self._watch is not None and self._watch is not threading.current_thread():
            self._watch.join()
