"""The interface of a journal's database: what differs between SQLite and PostgreSQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from confirma_async.bulk.journal.stored.values import places, slices
from confirma_async.errors import JournalError


class Tables(ABC):
    """Runs statements on the tables of a journal. A statement has ``?`` where a value goes.

    Args:
        name: The name of the journal in messages.
        word: See the attributes.

    Attributes:
        name: The name of the journal in messages.
        word: Returns what is kept of a text that repeats: its number, or the text itself.
        is_open: The condition of items that are not final, word for word as in their index.
        is_final: The condition of items that are final, word for word as in their index.
        is_over: The condition of rows of runs that are over, whose counts need not be kept by time any more.
        verdict: The column by which the index of what is final finds a state.
        place: The column by which that index has the order of the attempts.
        at_once: How many rows one statement takes, at most.
        status_text: The expression for the text of an item's status.
        new_write: The expression for the number of a new write; NULL where the database gives it by itself.
        new_run: The expression for the number of a new run.
    """

    is_open: ClassVar[str]
    is_final: ClassVar[str]
    is_over: ClassVar[str]
    verdict: ClassVar[str]
    place: ClassVar[str]
    at_once: ClassVar[int]
    status_text: ClassVar[str]
    new_write: ClassVar[str]
    new_run: ClassVar[str]

    def __init__(self, name: str, word: Callable[[str], int | str]) -> None:
        self.name = name
        self.word = word

    @abstractmethod
    def few(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Return the rows of a query that has few."""

    @abstractmethod
    def many(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """Return the rows of a query that may have very many."""

    @abstractmethod
    def change(self, query: str, *values: Any) -> int:
        """Run a statement that changes rows, within a transaction; return how many it changed."""

    def change_later(self, query: str, *values: Any) -> None:
        """Queue a statement that changes rows, where that is quicker: it runs before the next statement."""
        self.change(query, *values)

    @abstractmethod
    def text(self, word: Any) -> str:
        """Return the text of a seller, a type, a status, a currency or a form of an answer."""

    def plain(self, text: str) -> str:
        """Return a text without what the database cannot hold."""
        return text

    @property
    @abstractmethod
    def last_attempt(self) -> str:
        """The expression for the number of the last attempt of the journal, in the order of all attempts."""

    @abstractmethod
    def lock(self) -> None:
        """Have the claims of other jobs wait for the end of this transaction."""

    @abstractmethod
    def taken_over(self) -> JournalError:
        """Make the error for a write that another run has taken over."""

    def insert(self, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows, except for those that are there already.

        Args:
            into: The table and its columns: ``form (form)``.
            rows: The values of each row, in the order of the columns.
        """
        for some in slices(rows, self.at_once):
            query = f"INSERT INTO {into} VALUES {places(some, len(some[0]))} ON CONFLICT DO NOTHING"
            self.change(query, *[value for row in some for value in row])

    def one(self, query: str, *values: Any) -> int:
        """Return the number in the only row and column of a query."""
        ((found,),) = self.few(query, *values)
        return int(found)

    def kept(self) -> dict[str, str]:
        """Return the values that the journal keeps by name, such as its id."""
        return {str(name): str(value) for name, value in self.few("SELECT name, value FROM meta")}

    def keep(self, values: Mapping[str, str]) -> None:
        """Keep values by their names, in place of those that were kept before."""
        self.change(
            f"INSERT INTO meta VALUES {places([*values], 2)} "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            *[word for pair in values.items() for word in pair],
        )
