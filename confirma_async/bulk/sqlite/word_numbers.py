"""The numbers that stand in a journal for texts that repeat."""

from __future__ import annotations

import sqlite3


class WordNumbers(dict[str, int]):
    """The numbers of texts that repeat, as far as they were asked for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection

    def __missing__(self, text: str) -> int:
        self._connection.execute("INSERT OR IGNORE INTO word (text) VALUES (?)", (text,))
        number: int = self._connection.execute("SELECT id FROM word WHERE text = ?", (text,)).fetchone()[0]
        self[text] = number
        return number
