"""Notes the number of each transaction in the database, by which a session recognises the database."""

from __future__ import annotations

import uuid

from confirma_async.bulk.postgres.connection.failures import gone_back
from confirma_async.bulk.postgres.connection.gate import BEGIN, FORGET, GATE, NOTE, TERM, statement
from confirma_async.bulk.postgres.connection.line import DatabaseLine, PostgresConnection


class Notes:
    """The notes that a session writes with its transactions: a row with the number of each.

    Args:
        name: The name of the database, for messages.

    Attributes:
        incarnation: The name of this session, unlike that of any other.
        term: What identifies server, database and timeline (``gate.TERM``); empty while the journal is
            opened.
        instance: The start time of the server on which the term was last checked.
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
        """Return the statement that notes the next transaction, and passes the gate of ``run`` unless 0."""
        self.number += 1
        return (GATE if run else NOTE).format(own=self.incarnation, number=self.number, run=run)

    def commit(self, number: int) -> None:
        """Take note that the transaction of a number is durable."""
        self._written = number

    def forget(self, line: DatabaseLine) -> None:
        """Remove the notes of all transactions before the last durable one."""
        line.run(FORGET, (self.incarnation, self._forgotten, self._written))
        self._forgotten = self._written

    def check_server(self, connection: PostgresConnection, instance: str) -> None:
        """Check where a connection leads if the server was started at another time than before.

        Raises:
            JournalError: it leads to another database, or to an earlier state of this one.
        """
        if instance != self.instance:
            self.check_term(connection)
            self.instance = instance

    def check_new(self, connection: PostgresConnection) -> None:
        """Check where a new connection leads if anything was written before.

        Raises:
            JournalError: it leads to another database, or to an earlier state of this one.
        """
        if self.term and self._written:
            connection.execute(statement(BEGIN))
            self.check_term(connection)
            connection.execute("ROLLBACK")

    def check_term(self, connection: PostgresConnection) -> None:
        """Check that a connection leads to the database that was written to. Call this within a transaction.

        Raises:
            JournalError: it leads to another database, or to an earlier state of this one.
        """
        found = connection.execute(statement(f"SELECT {TERM}")).fetchone()
        if found is None or found[0] != self.term:
            raise gone_back(self._name)
        if self._written:
            there = b"SELECT 1 FROM written WHERE incarnation = %s AND number = %s"
            if connection.execute(there, (self.incarnation, self._written)).fetchone() is None:
                raise gone_back(self._name)

    def are_there(self, connection: PostgresConnection) -> bool:
        """Say whether the last transaction is noted. Call this within a transaction.

        If the server is still at work on that transaction, this waits for its end.
        """
        again = b"INSERT INTO written VALUES (%s, %s) ON CONFLICT DO NOTHING"
        return connection.execute(again, (self.incarnation, self.number)).rowcount == 0
