"""The statements of a transaction: run one by one, deferred and sent together, or streamed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from confirma_async.bulk.postgres.connection.gate import statement


class Statements:
    """Runs statements on one connection; each method raises ``psycopg.Error`` where a statement fails.

    Args:
        connection: The connection of the driver, in autocommit mode.
    """

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection
        self._changing = connection.cursor()
        self._written = psycopg.ClientCursor(connection)  # the server takes values with one statement only
        self._kept: list[tuple[str, Callable[[int], None]]] = []

    def execute(
        self, query: str, values: Sequence[Any] = (), *, binary: bool = False
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        """Run a statement, and return the driver's cursor with its result.

        Args:
            query: The statement, with ``%s`` where a value goes.
            values: The values, in order.
            binary: Whether results come in the binary format, in which bytes need half the space.
        """
        self.run_kept()
        # Without values the driver would take a % for itself.
        return self._connection.execute(statement(query), values or None, binary=binary)

    def change(self, query: str, values: Sequence[Any] = ()) -> int:
        """Run a statement that changes something; return how many rows it changed."""
        self.run_kept()
        return self._changing.execute(statement(query), values or None).rowcount

    def change_later(self, query: str, values: Sequence[Any], check: Callable[[int], None]) -> None:
        """Queue a statement that changes rows. All that are queued run together, before the next statement.

        Args:
            query: The statement, a single one, with ``%s`` where a value goes.
            values: The values, in order.
            check: Called with how many rows it changed; an error that it raises ends the transaction.
        """
        self._kept.append((self._written.mogrify(statement(query), values), check))

    def run_kept(self) -> None:
        """Run the statements that are queued."""
        kept, self._kept = self._kept, []
        if kept:
            self._written.execute(statement("; ".join([query for query, _ in kept])))
            for result, (_, check) in zip(self._written.results(), kept, strict=True):
                check(result.rowcount)

    def forget_kept(self) -> None:
        """Drop the statements that are queued, because the transaction has ended without them."""
        self._kept = []

    def copy(self, query: str, rows: str) -> None:
        """Send rows to the server as a stream.

        Args:
            query: The statement, ``COPY ... FROM STDIN``.
            rows: The rows in its text format (``copy_text``).
        """
        self.run_kept()
        with self._changing.copy(statement(query)) as copying:
            copying.write(rows)
