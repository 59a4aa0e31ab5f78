"""The tables of a journal in a file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from confirma_async.bulk.journal.rules import JournalTakenOverError
from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import SLICE
from confirma_async.bulk.sqlite.migrations import DECIDED, OPEN
from confirma_async.errors import JournalError


class WordNumbers(dict[str, int]):
    """Remembers the numbers under which a journal in a file keeps texts that repeat."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, text: str) -> int:
        self._connection.execute("INSERT OR IGNORE INTO word (text) VALUES (?)", (text,))
        number: int = self._connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()[0]
        self[text] = number
        return number


class SqliteTables(Tables):
    """``Tables`` over the connection of a journal.

    Args:
        path: The path of the file, for messages.
        connection: The connection to the journal, in autocommit mode.

    Attributes:
        path: The path of the file, for messages.
        connection: The connection to the journal, in autocommit mode.
        sequence: The number of the last attempt of the journal, as far as this job knows.
    """

    is_open = OPEN
    is_final = DECIDED
    is_over = "run IN (SELECT id FROM run WHERE hold IS NULL)"
    verdict = "state"
    place = "sequence"
    at_once = SLICE
    status_text = "(SELECT text FROM word WHERE id = status)"
    new_write = "NULL"
    new_run = "coalesce(max(id), 0) + 1 FROM run"

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._words = WordNumbers(connection)
        super().__init__(str(path), self._words.__getitem__)
        self.path = path
        self.connection = connection
        self.sequence: int = 0
        self._texts: dict[int, str] = {}

    def few(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """See ``Tables``."""
        return self.connection.execute(query, values)

    many = few

    def change(self, query: str, *values: Any) -> int:
        """See ``Tables``."""
        return self.connection.execute(query, values).rowcount

    def text(self, word: int) -> str:
        """See ``Tables``."""
        if word not in self._texts:
            ((self._texts[word],),) = self.few("SELECT text FROM word WHERE id = ?", word)
        return self._texts[word]

    @property
    def last_attempt(self) -> str:
        """See ``Tables``."""
        return str(self.sequence)

    def forget_words(self) -> None:
        """Forget the numbers of texts, because the transaction that made some was not written."""
        self._texts.clear()
        self._words.clear()

    def lock(self) -> None:
        """Do nothing: a transaction that writes has the file to itself from its beginning."""

    def taken_over(self) -> JournalError:
        """See ``Tables``."""
        return JournalTakenOverError(
            f"the journal {self.path}: another run has taken over a write that this one was sending, "
            f"because the file that shows it to be alive ({self.path.name}.held-...) was removed. It is "
            "not sent again; what was sent is looked for"
        )
