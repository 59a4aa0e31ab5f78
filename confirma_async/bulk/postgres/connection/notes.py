"""Notes the number of each transaction in the database, by which a session recognises the database."""

from __future__ import annotations

import uuid

from confirma_async.bulk.postgres.connection.failures import gone_back
from confirma_async.bulk.postgres.connection.gate import BEGIN, FORGET, GATE, NOTE, TERM, statement
from confirma_async.bulk.postgres.connection.line import DatabaseLine, PostgresConnection


class Notes:
    """The transactions of a session, by their numbers, and the database that they are written to.

    Args:
        name: What names the database to people.

    Attributes:
        incarnation: What names this session among all that the journal has ever had.
        term: Which database this is; empty while it is being opened.
        instance: The run of the server on which the term was found last.
        number: How many transactions this session has begun.
    """

    def __init__(self, name: str) -> None:
        self.incarnation: uuid.UUID = uuid.uuid4()
        self.term: str = ""
        self.instance: str = ""
        self.number: int = 0
        self._name = name
        self._written = 0
        self._forgotten = 0

    def next(self, run: int) -> str:
        """Return the statement that notes one more transaction; it passes the gate of a run, unless 0."""
        self.number += 1
        return (GATE if run else NOTE).format(own=self.incarnation, number=self.number, run=run)

    def commit(self, number: int) -> None:
        """Take note that a transaction is durable."""
        self._written = number

    def forget(self, line: DatabaseLine) -> None:
        """Remove the notes of transactions before the last one that is durable."""
        line.run(FORGET, (self.incarnation, self._forgotten, self._written))
        self._forgotten = self._written

    def check_server(self, connection: PostgresConnection, instance: str) -> None:
        """Check a connection to what may be another run of a server, or another server.

        Raises:
            JournalError: it does not lead to the database that was written to.
        """
        if instance != self.instance:
            self.check_term(connection)
            self.instance = instance

    def check_new(self, connection: PostgresConnection) -> None:
        """Check a new connection, where anything was written on the one before.

        Raises:
            JournalError: it does not lead to the database that was written to.
        """
        if self.term and self._written:
            connection.execute(statement(BEGIN))
            self.check_term(connection)
            connection.execute("ROLLBACK")

    def check_term(self, connection: PostgresConnection) -> None:
        """Check that a connection leads to the database that was written to, within a transaction.

        Raises:
            JournalError: it does not.
        """
        found = connection.execute(statement(f"SELECT {TERM}")).fetchone()
        if found is None or found[0] != self.term:
            raise gone_back(self._name)
        if self._written:
            there = b"SELECT 1 FROM written WHERE incarnation = %s AND number = %s"
            if connection.execute(there, (self.incarnation, self._written)).fetchone() is None:
                raise gone_back(self._name)

    def are_there(self, connection: PostgresConnection) -> bool:
        """Say whether the last transaction is noted, within a transaction.

        The server may still be at work on it; this then waits for its end.
        """
        again = b"INSERT INTO written VALUES (%s, %s) ON CONFLICT DO NOTHING"
        return connection.execute(again, (self.incarnation, self.number)).rowcount == 0
