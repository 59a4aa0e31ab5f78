"""Cases with their history, and the actions that wait to change them."""

from __future__ import annotations

from datetime import datetime

import msgspec
from attrs import frozen

from confirma_async.sandbox.rules.cases import SandboxCase, SandboxEvent
from confirma_async.sandbox.rules.stages import Stage
from confirma_async.sandbox.store.database import Database, key_of, milliseconds, moment

_decode = msgspec.json.Decoder(SandboxCase).decode

SCHEMA = (
    """
    CREATE TABLE cases (
        id INTEGER PRIMARY KEY,
        client TEXT NOT NULL,
        number TEXT NOT NULL,
        contents BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX cases_by_number ON cases (client, number)",
    """
    CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        case_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        code TEXT NOT NULL,
        description TEXT NOT NULL,
        stage TEXT
    ) STRICT
    """,
    "CREATE INDEX events_by_case ON events (case_id)",
    "CREATE TABLE actions (id INTEGER PRIMARY KEY, case_id INTEGER NOT NULL, action BLOB NOT NULL) STRICT",
)


@frozen(kw_only=True)
class PastEvent:
    """An event with its time."""

    at: datetime
    event: SandboxEvent


@frozen(kw_only=True)
class QueuedAction:
    """An action as it was received, in its wire form, and the case it is about."""

    case_id: int
    action: bytes


class CaseTable:
    """What is owed, what has happened, and what is asked for."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, case: SandboxCase) -> None:
        """Keep a case, or its changes."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO cases VALUES (?, ?, ?, ?)",
                (case.id, case.client, case.number, msgspec.json.encode(case)),
            )

    def get(self, ident: int) -> SandboxCase:
        """Return a case that is known to be there."""
        (row,) = self._db.rows("SELECT contents FROM cases WHERE id = ?", (ident,))
        return _decode(row[0])

    def find(self, client: str, *, ident: int | None = None, number: str | None = None) -> list[SandboxCase]:
        """Return a client's cases of a number, an identifier, or both; all where neither is given."""
        wanted: dict[str, str | int] = {"client": client}
        if ident is not None:
            wanted["id"] = key_of(ident)
        if number is not None:
            wanted["number"] = number
        where = " AND ".join(f"{column} = :{column}" for column in wanted)
        rows = self._db.rows(
            f"SELECT contents FROM cases WHERE {where} ORDER BY id",  # noqa: S608 (columns named above)
            wanted,
        )
        return [_decode(contents) for (contents,) in rows]

    def add_event(self, case_id: int, at: datetime, event: SandboxEvent) -> None:
        """Add to the history of a case."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO events (case_id, at, code, description, stage) VALUES (?, ?, ?, ?, ?)",
                (case_id, milliseconds(at), event.code, event.description, event.stage),
            )

    def history(self, case_id: int) -> list[PastEvent]:
        """Return the history of a case, in order."""
        rows = self._db.rows(
            "SELECT at, code, description, stage FROM events WHERE case_id = ? ORDER BY id", (case_id,)
        )
        return [
            PastEvent(
                at=moment(at),
                event=SandboxEvent(
                    code=code, description=description, stage=None if stage is None else Stage(stage)
                ),
            )
            for at, code, description, stage in rows
        ]

    def queue(self, action: QueuedAction) -> int:
        """Keep an action until it is processed, and return its number."""
        with self._db.transaction() as db:
            cursor = db.execute(
                "INSERT INTO actions (case_id, action) VALUES (?, ?)", (action.case_id, action.action)
            )
        return cursor.lastrowid or 0

    def take_action(self, ident: int) -> QueuedAction:
        """Take an action off the queue."""
        (row,) = self._db.rows("SELECT case_id, action FROM actions WHERE id = ?", (ident,))
        with self._db.transaction() as db:
            db.execute("DELETE FROM actions WHERE id = ?", (ident,))
        return QueuedAction(case_id=row[0], action=row[1])
