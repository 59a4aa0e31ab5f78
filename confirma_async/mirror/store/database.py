"""The interface of a mirror's database: the few operations that SQLite and PostgreSQL have to offer.

Statements are plain SQL that both databases accept: upserts with ``ON CONFLICT``, ``?`` for values, text and
whole numbers only. A query builder would hide the SQL from those who want to query the mirror themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

from attrs import frozen

Values: TypeAlias = Sequence[Any]
Found: TypeAlias = tuple[Any, ...]

ALL_AT_ONCE = 400
"""The greatest number of values that one statement asks for in a list."""


class MirrorDatabase(Protocol):
    """A connection to a mirror, which one thread uses at a time.

    Every method raises ``MirrorError`` if the database cannot be read or written.
    """

    @property
    def name(self) -> str:
        """The name of the mirror in messages: a path, or a URL without user and password."""
        ...

    def rows(self, statement: str, values: Values = ()) -> list[Found]:
        """Return all rows that a query finds."""
        ...

    def run(self, statement: str, values: Values = ()) -> int:
        """Run one statement; return how many rows it changed."""
        ...

    def many(self, statement: str, rows: Iterable[Values]) -> None:
        """Run one statement for each of many rows."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Commit what the block writes when it ends, or nothing of it if it ends by an error."""
        ...

    def alone(self, of: str = "run") -> AbstractContextManager[None]:
        """Lock out every other run while the block lasts; the lock ends with the process.

        Args:
            of: The name of the lock: one for runs that read or compare, one for each consumer of events.

        Raises:
            MirrorBusyError: another run is at work.
        """
        ...

    def ask(self, question: str, most: int) -> QueryRows:
        """Run a query of the user's, which cannot change anything.

        Args:
            question: One SELECT statement.
            most: The greatest number of rows to return.

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
        columns: The names of the columns, as the database gives them.
        rows: At most as many rows as were asked for.
        cut: Whether there are more rows than these.
    """

    columns: Sequence[str]
    rows: Sequence[Found]
    cut: bool


def portions(values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Split values for ``IN (...)`` into parts; yield the placeholders for each part, and the part."""
    for start in range(0, len(values), ALL_AT_ONCE):
        part = values[start : start + ALL_AT_ONCE]
        yield ", ".join("?" * len(part)), part
