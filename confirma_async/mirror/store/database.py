"""The port to a database: the little that the mirror asks of one, so that two of them can give it.

Statements are plain SQL that SQLite and PostgreSQL read alike: upserts with ``ON CONFLICT``, ``?`` for
values, text and whole numbers only. A query builder would hide it from who wants to ask the mirror in SQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeAlias

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
        """What names it to people: a path, or a URL without user and password."""
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
        """Have what is written inside become durable together when the block ends, or not at all."""
        ...

    def alone(self, of: str = "run") -> AbstractContextManager[None]:
        """Keep every other run out while the block lasts; a process that dies lets go of it.

        Args:
            of: What must run once at a time: a run that reads or compares, or the delivery to a consumer.

        Raises:
            MirrorBusyError: another run is at work.
        """
        ...

    def ask(self, question: str, most: int) -> QueryRows:
        """Run a statement of the user's that can only read.

        Args:
            question: SQL.
            most: Rows that are returned at most.

        Raises:
            MirrorError: it is no question, or cannot be answered.
        """
        ...

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""
        ...


class QueryRows(Protocol):
    """The answer to a question of the user's."""

    @property
    def columns(self) -> Sequence[str]:
        """The names of the columns."""
        ...

    @property
    def rows(self) -> Sequence[Found]:
        """The rows."""
        ...

    @property
    def cut(self) -> bool:
        """Whether there are more rows."""
        ...


def portions(values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """Split a list of values for ``IN (...)``: the places for each part, and the part."""
    for start in range(0, len(values), ALL_AT_ONCE):
        part = values[start : start + ALL_AT_ONCE]
        yield ", ".join("?" * len(part)), part
