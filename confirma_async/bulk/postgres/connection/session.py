"""The session of a journal in a database: its transactions, each of which passes the gate of the run's lease.

A job holds a lease by the database's clock. Every transaction of it first locks the row of its run, and goes
on only while nobody has taken the run's invoices over; whoever takes them over locks the same row. So what a
job writes and what others release of it never interleave, however long the job slept in between.

No setting outlives a transaction in the server's session, so there may be a pooler in between.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import threading
import time
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import psycopg
from psycopg import errors

from confirma_async.bulk.journal.rules import NotWrittenError
from confirma_async.bulk.postgres.connection.failures import explained, gone_back, name_of, taken_over
from confirma_async.bulk.postgres.connection.gate import BEGIN, BEGIN_READING, RENEW, statement
from confirma_async.bulk.postgres.connection.lease import Lease
from confirma_async.bulk.postgres.connection.line import DatabaseLine, PostgresConnection, PostgresCursor
from confirma_async.bulk.postgres.connection.notes import Notes
from confirma_async.bulk.postgres.connection.statements import Statements
from confirma_async.errors import JournalError

ROWS_AT_ONCE = 2000
"""Rows that are fetched at a time, outside of a transaction that writes."""

_ONCE_MORE = (
    errors.SerializationFailure,
    errors.DeadlockDetected,
    errors.LockNotAvailable,
    errors.QueryCanceled,
    errors.IdleInTransactionSessionTimeout,
)
"""Failures after which a transaction may be tried again on the same connection."""


class PostgresSession:
    """Runs the transactions of a journal, on a connection that is made again when it was lost.

    Args:
        url: The URL of the database.

    Attributes:
        name: The name of the database, for messages.
        notes: The notes that it writes with each transaction, and recognises the database by.
        lease: The lease of its run.
    """

    def __init__(self, url: str) -> None:
        self.name: str = name_of(url)
        self.notes: Notes = Notes(self.name)
        self.lease: Lease = Lease(self.name)
        self._line = DatabaseLine(url, self.notes.check_new)
        self._lock = threading.RLock()
        self._inside = False
        self._looking = False
        self._cursors = itertools.count()
        self._closing = threading.Event()
        self._keeping: threading.Thread | None = None

    def execute(self, query: str, values: Sequence[Any] = (), *, binary: bool = False) -> PostgresCursor:
        """Run a statement in the present transaction or, outside of one, in a transaction that only reads.

        Raises:
            psycopg.Error: it failed within a transaction; ``transaction`` makes a ``JournalError`` of it.
            JournalError: it failed outside of one.
        """
        if self._inside:
            return self.statements.execute(query, values, binary=binary)
        with self.looking():
            return self.execute(query, values, binary=binary)

    @property
    def statements(self) -> Statements:
        """Runs statements in the present transaction.

        Raises:
            RuntimeError: there is no transaction.
        """
        if not self._inside or self._line.statements is None:
            raise RuntimeError("rows are changed within a transaction")
        return self._line.statements

    def stream(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query; within ``looking``, ``ROWS_AT_ONCE`` at a time, else all at once."""
        if not self._looking:
            yield from self.execute(query, values).fetchall()
            return
        with self._line.open.cursor(f"c{next(self._cursors)}") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            yield from cursor.execute(statement(query), values or None)

    @contextlib.contextmanager
    def looking(self) -> Generator[None]:
        """Let the statements of the block read one state of the journal. They cannot change it."""
        with self._lock:
            try:
                self._line.connected()
                self._line.run(BEGIN_READING)
                self._inside = self._looking = True
                yield
            except psycopg.Error as error:
                raise explained(self.name, error) from None
            finally:
                self._inside = self._looking = False
                self._line.roll_back()

    @contextlib.contextmanager
    def transaction(self) -> Generator[None]:
        """Make all writes of the block durable together when it ends, or none of them if it fails.

        Raises:
            NotWrittenError: the connection was lost, and surely nothing was written.
            JournalError: it failed, or another run has taken over the run's invoices; nothing was written.
        """
        with self._lock:
            self._begin()
            self._inside = True
            try:
                with self._line.watched():
                    yield
                    self.statements.run_kept()
            except psycopg.Error as error:
                raise self._failed(error) from None
            except BaseException:
                self._line.roll_back()
                raise
            finally:
                self._inside = False
                if self._line.statements is not None:
                    self._line.statements.forget_kept()
            self._commit()

    def _begin(self) -> None:
        """Begin a transaction and pass the gate; connect again where the connection was lost."""
        deadline = time.monotonic() + self.lease.patience_seconds
        for attempt in range(1_000_000):
            try:
                self._enter(self._line.connected())
            except psycopg.Error as error:
                self._line.roll_back()
                if time.monotonic() >= deadline or not self._is_passing(error):
                    raise explained(self.name, error) from None
                spread = random.uniform(0.5, 1.0)  # noqa: S311 (spreads reconnections; nothing secret)
                self._closing.wait(min(0.05 * 2 ** min(attempt, 6), 2.0) * spread)
            except BaseException:
                self._line.roll_back()
                raise
            else:
                return

    def _enter(self, connection: PostgresConnection) -> None:
        """Begin a transaction, note its number, and check that the run still holds its lease.

        All of that is one round trip to the server.

        Raises:
            JournalError: another run has taken over, or this is another database than before.
        """
        self.lease.begin()
        if self.notes.term == "":  # it is being opened
            self._line.run(BEGIN)
            return
        asked = time.monotonic()
        found = self._line.run(f"{BEGIN}; {self.notes.next(self.lease.run)}").set_result(-1).fetchone()
        if found is None:  # its row is gone
            raise gone_back(self.name)
        with self._line.watched():
            self.notes.check_server(connection, found[0])
        if not self.lease.run:
            return
        _, _, own, left = found
        if not own:
            raise taken_over(self.name)
        if left < 0.8 * self.lease.seconds:
            self._renew(asked)

    def _renew(self, asked: float) -> None:
        self._line.run(RENEW, (self.lease.seconds, self.lease.run, self.notes.incarnation))
        self.notes.forget(self._line)
        self.lease.renew(asked)

    def hold(self, run: int, longest_call_seconds: float = 0.0) -> bool:
        """Begin or lengthen the lease of a run, as part of the transaction.

        Args:
            run: The number of the run.
            longest_call_seconds: Seconds that a call of the run can take at most.

        Returns:
            Whether the lease was begun or lengthened.
        """
        changed = self.lease.lengthen(run, longest_call_seconds)
        if changed:
            self._renew(time.monotonic())
        return changed

    def _commit(self) -> None:
        number = self.notes.number
        try:
            answer = self._line.run("COMMIT").statusmessage
        except psycopg.Error:
            if not self._was_written():
                raise self._not_written() from None
        else:
            if answer != "COMMIT":
                raise JournalError(
                    f"the journal {self.name}: a transaction failed; nothing of it was written"
                )
        self.notes.commit(number)
        self.lease.commit()

    def _was_written(self) -> bool:
        """Find out whether a transaction was written whose commit got no answer.

        Raises:
            JournalError: it could not be found out in time.
        """
        if self.notes.term == "":
            return False
        deadline = time.monotonic() + self.lease.patience_seconds
        while True:
            try:
                self._line.drop()
                connection = self._line.connected()
                self._line.run(BEGIN)
                with self._line.watched():
                    self.notes.check_term(connection)
                    there = self.notes.are_there(connection)
                self._line.roll_back()
            except psycopg.Error as error:
                if time.monotonic() >= deadline:
                    raise explained(self.name, error) from None
                self._closing.wait(0.2)
            else:
                return there

    def _failed(self, error: psycopg.Error) -> JournalError:
        """Roll a failed transaction back; return the error to raise."""
        broken = self._line.is_broken
        self._line.roll_back()
        if broken or isinstance(error, _ONCE_MORE):
            return self._not_written()
        return explained(self.name, error)

    def _not_written(self) -> NotWrittenError:
        return NotWrittenError(
            f"the journal {self.name}: the connection was lost while it was written, and nothing of it was; "
            "run the job again"
        )

    def _is_passing(self, error: psycopg.Error) -> bool:
        """Say whether a failure to begin may pass by itself; as the journal is opened, none is waited for."""
        if self.notes.term == "" or self._closing.is_set():
            return False
        return isinstance(error, (psycopg.OperationalError, *_ONCE_MORE))

    def keep(self) -> None:
        """Start the thread that renews the lease, and the one that cuts a connection without an answer."""
        if self._keeping is None:
            self._keeping = threading.Thread(target=self._keep_alive, name="confirma-lease", daemon=True)
            self._keeping.start()
            self._line.watch()

    def _keep_alive(self) -> None:
        while not self._closing.wait(self.lease.seconds / 3):
            with self._lock, contextlib.suppress(JournalError):
                if not self._closing.is_set():
                    with self.transaction():
                        pass  # passing the gate renews; what fails here fails for whoever writes next

    def close(self) -> None:
        """Release the lease, if there is one, and close the connection. Closing twice is fine."""
        self._closing.set()
        with self._lock:
            if self.lease.run and not self._line.is_broken:
                with contextlib.suppress(JournalError), self.transaction():
                    self.execute(
                        "UPDATE run SET lease_until = to_timestamp(0), died_at = clock_timestamp() "
                        "WHERE id = %s AND incarnation = %s AND lease_until IS NOT NULL",
                        (self.lease.run, self.notes.incarnation),
                    )
            self.lease.run = 0
            self._line.close()
        if self._keeping is not None and self._keeping is not threading.current_thread():
            self._keeping.join()
