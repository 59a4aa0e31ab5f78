"""The schedule: events that are due after delivery, in order of time."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

from confirma_async.sandbox.store.database import Database, milliseconds, moment

SCHEMA = (
    """
    CREATE TABLE agenda (
        id INTEGER PRIMARY KEY,
        due INTEGER NOT NULL,  -- milliseconds of virtual time
        kind INTEGER NOT NULL,
        subject INTEGER NOT NULL
    ) STRICT
    """,
    "CREATE INDEX agenda_by_due ON agenda (due)",
    "CREATE INDEX agenda_by_subject ON agenda (kind, subject)",
)


class Due(IntEnum):
    """What can be due, and of what ``subject`` is the number."""

    DELIVERED = 1
    """An invoice was delivered."""
    CASE = 2
    """A case goes on."""
    ACTION = 3
    """An action is processed."""
    TRANSFER = 4
    """A record reaches the accounting system, or fails to."""
    SETTLEMENT = 5
    """A client's payments are settled."""


class Schedule:
    """What is due when."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, kind: Due, subject: int, due: datetime | None) -> None:
        """Set the time of a subject's next event of a kind, in place of an earlier time; None for never."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM agenda WHERE kind = ? AND subject = ?", (kind, subject))
            if due is not None:
                db.execute(
                    "INSERT INTO agenda (due, kind, subject) VALUES (?, ?, ?)",
                    (milliseconds(due), kind, subject),
                )

    def is_due(self, now: datetime) -> bool:
        """Say whether anything is due by a moment."""
        return self._db.row("SELECT 1 FROM agenda WHERE due <= ? LIMIT 1", (milliseconds(now),)) is not None

    def take(self, now: datetime) -> tuple[datetime, Due, int] | None:
        """Remove and return the first task that is due by a moment: when, what, and of which subject.

        Of the same time, it is the one added first.
        """
        row = self._db.row(
            "SELECT id, due, kind, subject FROM agenda WHERE due <= ? ORDER BY due, id LIMIT 1",
            (milliseconds(now),),
        )
        if row is None:
            return None
        ident, due, kind, subject = row
        with self._db.transaction() as db:
            db.execute("DELETE FROM agenda WHERE id = ?", (ident,))
        return moment(due), Due(kind), subject
