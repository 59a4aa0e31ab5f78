"""The port to a database: the few operations that the mirror needs, in SQLite and in PostgreSQL.

Statements are plain SQL that SQLite and PostgreSQL read alike: upserts with ``ON CONFLICT``, ``?`` for
values, text and whole numbers only. A query builder would hide it from who wants to ask the mirror in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from attrs import frozen

Values: TypeAlias = Sequence[Any]
Found: TypeAlias = tuple[Any, ...]

ALL_AT_ONCE = 400
"""Values in one statement at most, where a list of them is asked for."""


class MirrorDatabase(Protocol):
    """One connection, used by one thread at a time.

    Every method raises ``MirrorError`` where the database cannot be read or written.
    """

    @property
    def name(self) -> str:
        """Its name in messages: a path, or a URL without user and password."""
        ...

    def rows(self, statement: str, values: Values = ()) -> list[Found]:
        """Return all rows of a question."""
        ...

    def run(self, statement: str, values: Values = ()) -> int:
        """Run one statement; return how many rows it changed."""
        ...

    def many(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for many rows."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make the writes inside the block durable together when it ends, or none of them."""
        ...

    def alone(self, of: str = "run") -> AbstractContextManager[None]:
        """Keep every other run out while the block lasts; the lock ends with the process.

        Args:
            of: The name of the lock: of runs that read or compare, or of the delivery to one consumer.

        Raises:
            MirrorBusyError: another run is at work.
        """
        ...

    def ask(self, question: str, most: int) -> QueryRows:
        """Run a query of the user's, which cannot change anything.

        Args:
            question: One SELECT statement.
            most: How many rows are returned at most.

        Raises:
            MirrorError: it is no SELECT statement, or it fails.
        """
        ...

    def close(self) -> None:
        """Close the connection. Closing twice is fine."""
        ...


@frozen
class QueryRows:
    """The result of a user's query.

    Attributes:
        columns: The names of the columns.
        rows: The rows.
        cut: Whether there are more rows than were returned.
    """

    columns: Sequence[str]
    rows: Sequence[Found]
    cut: bool


def portions(values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Split values for ``IN (...)`` into parts; yield the placeholders of each part, and the part."""
    for start in range(0, len(values), ALL_AT_ONCE):
        part = values[start : start + ALL_AT_ONCE]
        yield ", ".join("?" * len(part)), part
