"""One connection to the database of a journal, and the gate at which each of its transactions is let in.

A job holds a lease by the database's clock. Every transaction of it first locks the row of its run, and goes
on only while nobody has taken the run's invoices over; whoever takes them over locks the same row. So what a
job writes and what others settle of it never interleave, however long the job slept in between.

Nothing here outlives a transaction in the server's session: a pooler may stand in between.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Generator, Iterator, Sequence
from typing import Any, cast

import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from confirma_async.bulk.journal.rules import NotWrittenError
from confirma_async.bulk.postgres.connection.failures import (
    expired,
    explained,
    gone_back,
    name_of,
    taken_over,
)
from confirma_async.bulk.postgres.connection.gate import (
    BEGIN,
    BEGIN_READING,
    DEFAULTS,
    FORGET,
    GATE,
    NOTE,
    RENEW,
    TERM,
    statement,
)
from confirma_async.bulk.postgres.connection.statements import Statements
from confirma_async.errors import JournalError

LEASE = 90.0
"""Seconds for which a job is taken to be alive after its last renewal; longer where its calls may be."""

CALLS_IN_LEASE = 3
"""The least lease, in longest calls: one may begin until the rest of the lease is shorter than it."""

STUCK_SECONDS = 30.0
"""Seconds after which a connection that gives no answer is taken for dead, and cut."""

ROWS_AT_ONCE = 2000
"""Rows that are fetched together by who only looks."""

PATIENCE = 10.0
"""Seconds for which a connection is sought again at least, before a job fails for want of it."""

_ONCE_MORE = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout,
)
"""Failures after which a transaction is rolled back, and may be tried again, on the same connection."""


class PostgresSession:
    """The connection of a journal, made anew where it is lost.

    Args:
        url: Where the database is.

    Attributes:
        name: What names the database to people.
        incarnation: What names this session among all that the journal has ever had.
        term: Which database this is; a job that finds it changed stops.
        instance: The run of the server on which the term was found last.
        run: The run whose lease is held; 0 while there is none.
        holds_until: The moment of ``time.monotonic`` until which it is sure that nobody takes over what the
            run has in its hands.
        number: How many transactions this session has begun.
    """

    def __init__(self, url: str) -> None:
        self.name: str = name_of(url)
        self.incarnation: uuid.UUID = uuid.uuid4()
        self.term: str = ""
        self.instance: str = ""
        self.run: int = 0
        self.holds_until: float = math.inf
        self.number: int = 0
        self.lease: float = LEASE
        self._options = {**DEFAULTS, **conninfo_to_dict(url)}
        self._connection: psycopg.Connection[tuple[Any, ...]] | None = None
        self._statements: Statements | None = None
        self._lock = threading.RLock()
        self._inside = False
        self._looking = False
        self._cursors = itertools.count()
        self._written = 0
        self._forgotten = 0
        self._renewed: float | None = None
        self._closing = threading.Event()
        self._busy_since: float | None = None
        self._threads: list[threading.Thread] = []

    # --- statements ---------------------------------------------------------------------------------

    def execute(
        self, query: str, values: Sequence[Any] = (), *, binary: bool = False
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement: as part of the transaction, or alone to look only. See ``Statements``.

        Raises:
            psycopg.Error: it failed within a transaction, which tells of it.
            JournalError: it failed alone.
        """
        if self._inside and self._statements is not None:
            return self._statements.execute(query, values, binary=binary)
        with self.looking():
            return self.execute(query, values, binary=binary)

    @property
    def statements(self) -> Statements:
        """Those of the transaction that is under way.

        Raises:
            RuntimeError: there is none.
        """
        if not self._inside or self._statements is None:
            raise RuntimeError("rows are changed within a transaction")
        return self._statements

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; where they are only looked at, without having all of them in memory."""
        if not self._looking or self._connection is None:
            yield from self.execute(query, values).fetchall()
            return
        with self._connection.cursor(f"c{next(self._cursors)}") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            yield from cursor.execute(statement(query), values or None)

    @contextlib.contextmanager
    def looking(self) -> Generator[psycopg.Connection[tuple[Any, ...]]]:
        """Have what is asked inside see one state of the journal, and change nothing."""
        with self._lock:
            try:
                connection = self._connected()
                self._run(connection, BEGIN_READING)
                self._inside = self._looking = True
                yield connection
            except psycopg.Error as error:
                raise explained(self.name, error) from None
            finally:
                self._inside = self._looking = False
                self._roll_back()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Make what is written inside durable together, or not at all.

        Raises:
            NotWrittenError: the connection was lost, and surely nothing was written.
            JournalError: it failed, or the run's invoices are in other hands by now; nothing was written.
        """
        with self._lock:
            self._begin()
            self._busy_since, self._inside = time.monotonic(), True
            try:
                yield
                self.statements.run_kept()
            except psycopg.Error as error:
                raise self._failed(error) from None
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._inside = False
                if self._statements is not None:
                    self._statements.forget_kept()
                self._busy_since = None
            self._commit()

    def _begin(self) -> None:
        """Begin a transaction and pass the gate, on a new connection where the old one is lost."""
        deadline = time.monotonic() + self._patience()
        for attempt in range(1_000_000):
            try:
                self._enter(self._connected())
            except psycopg.Error as error:
                self._roll_back()
                if time.monotonic() >= deadline or not self._is_passing(error):
                    raise explained(self.name, error) from None
                self._closing.wait(min(0.05 * 2 ** min(attempt, 6), 2.0) * random.uniform(0.5, 1.0))  # noqa: S311
            except BaseException:
                self._roll_back()
                raise
            else:
                return

    def _enter(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Begin a transaction, note it, and see that the run still has in its hands what it had.

        All of that is one step to the server and back.

        Raises:
            JournalError: it has not, or this is not the database that it was.
        """
        self._renewed = None
        if self.term == "":  # it is being opened
            self._run(connection, BEGIN)
            return
        self.number += 1
        asked = time.monotonic()
        gate = (GATE if self.run else NOTE).format(own=self.incarnation, number=self.number, run=self.run)
        found = self._run(connection, f"{BEGIN}; {gate}").set_result(-1).fetchone()
        if found is None:  # its row is gone
            raise gone_back(self.name)
        if found[0] != self.instance:
            self._check_term(connection)
            self.instance = found[0]
        if not self.run:
            return
        _, _, own, left = found
        if not own:
            raise taken_over(self.name)
        if left < 0.8 * self.lease:
            self._renew(connection, asked)

    def _renew(self, connection: psycopg.Connection[tuple[Any, ...]], asked: float) -> None:
        self._run(connection, RENEW, (self.lease, self.run, self.incarnation))
        self._run(connection, FORGET, (self.incarnation, self._forgotten, self._written))
        self._forgotten = self._written
        self._renewed = asked + self.lease

    def hold(self, run: int, longest_call: float = 0.0) -> bool:
        """Have the transaction begin or lengthen the lease of a run, whose calls may take so many seconds.

        Returns:
            Whether it did.
        """
        if run == self.run and self.lease >= CALLS_IN_LEASE * longest_call:
            return False
        self.run = run
        self.lease = max(self.lease, CALLS_IN_LEASE * longest_call)
        if self._connection is not None:
            self._renew(self._connection, time.monotonic())
        return True

    def let_go(self) -> None:
        """Have the transaction let go of the run, which has ended."""
        self.run, self._renewed = 0, None

    def _commit(self) -> None:
        connection, number = self._connection, self.number
        if connection is None:
            raise RuntimeError("a transaction has a connection")
        try:
            answer = self._run(connection, "COMMIT").statusmessage
        except psycopg.Error:
            if not self._was_written():
                raise self._not_written() from None
        else:
            if answer != "COMMIT":
                raise JournalError(
                    f"the journal {self.name}: a transaction failed; nothing of it was written"
                )
        self._written = number
        if self._renewed is not None:
            self.holds_until = self._renewed
        if not self.run:
            self.holds_until = math.inf

    def _was_written(self) -> bool:
        """Say whether a transaction was written whose commit was lost: by its own note, on a new connection.

        The server may still be at work on it; the same note then waits for its end.

        Raises:
            JournalError: it cannot be told in time.
        """
        if self.term == "":
            return False
        number = self.number
        deadline = time.monotonic() + self._patience()
        while True:
            try:
                self._drop()
                connection = self._connected()
                self._run(connection, BEGIN)
                self._check_term(connection)
                again = "INSERT INTO written VALUES (%s, %s) ON CONFLICT DO NOTHING"
                there = self._run(connection, again, (self.incarnation, number)).rowcount == 0
                self._roll_back()
            except psycopg.Error as error:
                if time.monotonic() >= deadline:
                    raise explained(self.name, error) from None
                self._closing.wait(0.2)
            else:
                return there

    def _check_term(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        """Check that a connection to another run of a server leads to the database that was written to.

        Raises:
            JournalError: it does not.
        """
        found = self._run(connection, f"SELECT {TERM}").fetchone()
        if found is None or found[0] != self.term:
            raise gone_back(self.name)
        if self._written:
            there = "SELECT 1 FROM written WHERE incarnation = %s AND number = %s"
            if self._run(connection, there, (self.incarnation, self._written)).fetchone() is None:
                raise gone_back(self.name)

    def _failed(self, error: psycopg.Error) -> JournalError:
        """Roll a failed transaction back; return what to tell."""
        broken = self._is_broken()
        self._roll_back()
        if broken or isinstance(error, _ONCE_MORE):
            return self._not_written()
        return explained(self.name, error)

    def _not_written(self) -> NotWrittenError:
        return NotWrittenError(
            f"the journal {self.name}: the connection was lost while it was written, and nothing of it was; "
            "run the job again"
        )

    # --- the connection -----------------------------------------------------------------------------

    def _connected(self) -> psycopg.Connection[tuple[Any, ...]]:
        if self._connection is None or self._is_broken():
            self._drop()
            self._connection = psycopg.connect(
                **cast("dict[str, Any]", self._options), autocommit=True, prepare_threshold=None
            )
            self._statements = Statements(self._connection)
            if self.term and self._written:
                self._run(self._connection, BEGIN)
                self._check_term(self._connection)
                self._run(self._connection, "ROLLBACK")
        return self._connection

    def _run(
        self, connection: psycopg.Connection[tuple[Any, ...]], query: str, values: Sequence[Any] = ()
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement of the transaction's frame; while it lasts, the watch looks after it."""
        self._busy_since = time.monotonic()
        try:
            return connection.execute(statement(query), values or None)
        finally:
            self._busy_since = None

    def _is_passing(self, error: psycopg.Error) -> bool:
        """Say whether a failure to begin may pass; before the first connection none is waited out."""
        if self.term == "" or self._closing.is_set():
            return False
        return isinstance(error, (psycopg.OperationalError, *_ONCE_MORE))

    def _is_broken(self) -> bool:
        return self._connection is None or self._connection.broken or self._connection.closed

    def _patience(self) -> float:
        """Return for how many seconds a connection is sought: as long as the lease runs, at least."""
        if math.isinf(self.holds_until):
            return PATIENCE
        return max(PATIENCE, self.holds_until - time.monotonic())

    def _roll_back(self) -> None:
        if self._connection is None:
            return
        try:
            self._run(self._connection, "ROLLBACK")
        except psycopg.Error:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection, self._statements = self._connection, None, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error):
                connection.close()

    # --- the lease ----------------------------------------------------------------------------------

    def keep(self) -> None:
        """Renew the lease from now on, also while nothing is written, and cut a connection that is stuck."""
        if self._threads:
            return
        self._threads = [
            threading.Thread(target=work, name=f"confirma-{word}", daemon=True)
            for word, work in (("lease", self._keep_alive), ("watch", self._watch))
        ]
        for thread in self._threads:
            thread.start()

    def _keep_alive(self) -> None:
        while not self._closing.wait(self.lease / 3):
            with self._lock, contextlib.suppress(JournalError):
                if not self._closing.is_set():
                    with self.transaction():
                        pass  # passing the gate renews; what fails here fails for whoever writes next

    def _watch(self) -> None:
        """Cut a connection whose answer is overdue: nothing else ends a wait on one that is half open."""
        while not self._closing.wait(1.0):
            since, connection = self._busy_since, self._connection
            if since is None or connection is None or time.monotonic() < since + STUCK_SECONDS:
                continue
            with (
                contextlib.suppress(OSError, psycopg.Error),
                socket.socket(fileno=os.dup(connection.fileno())) as line,
            ):
                line.shutdown(socket.SHUT_RDWR)

    def check_hold(self, longest_call: float) -> None:
        """Check that a call may begin: it ends before anybody takes over what the run has in its hands.

        Raises:
            JournalError: it may not.
        """
        if time.monotonic() + longest_call >= self.holds_until:
            raise expired(self.name)

    def close(self) -> None:
        """Let go of the lease, where there is one, and of the connection. Closing twice is fine."""
        self._closing.set()
        with self._lock:
            if self.run and not self._is_broken():
                with contextlib.suppress(JournalError), self.transaction():
                    self.execute(
                        "UPDATE run SET lease_until = to_timestamp(0), died_at = clock_timestamp() "
                        "WHERE id = %s AND incarnation = %s AND lease_until IS NOT NULL",
                        (self.run, self.incarnation),
                    )
            self.run = 0
            self._drop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
