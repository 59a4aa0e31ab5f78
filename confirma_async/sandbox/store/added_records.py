"""Stores the records that ``Controls.add_records`` has added to the lists of the sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from confirma_async.sandbox.store.database import Database

SCHEMA = (
    """
    CREATE TABLE added_record (
        client TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,  -- what it can be changed by
        day TEXT,            -- by which the lists filter
        record BLOB NOT NULL,
        PRIMARY KEY (client, kind, name)
    ) STRICT
    """,
    "CREATE INDEX added_record_by_day ON added_record (client, kind, day)",
)

_encode = msgspec.json.Encoder(decimal_format="number").encode


class ListedKind(StrEnum):
    """What a record is."""

    DISTRIBUTION = "distribution"
    PAYMENT = "payment"
    SETTLEMENT = "settlement"
    CASE = "case"


class AddedRecordsTable:
    """The added records, in their wire form."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(
        self, client: str, kind: ListedKind, records: Mapping[str, tuple[date | None, Mapping[str, Any]]]
    ) -> None:
        """Store records by their names; a record replaces an earlier one of the same name."""
        rows = [
            (client, str(kind), name, day and day.isoformat(), _encode(record))
            for name, (day, record) in records.items()
        ]
        with self._db.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO added_record VALUES (?, ?, ?, ?, ?)", rows)

    def drop(self, client: str, kind: ListedKind, names: Sequence[str]) -> None:
        """Forget records."""
        with self._db.transaction() as db:
            db.executemany(
                "DELETE FROM added_record WHERE client = ? AND kind = ? AND name = ?",
                [(client, str(kind), name) for name in names],
            )

    def find(self, client: str, kind: ListedKind, first: date, last: date) -> list[msgspec.Raw]:
        """Return the added records of a window of days, ordered by day and name.

        Args:
            client: The client's name.
            kind: The list that they are in.
            first: The first day, included.
            last: The last day, included.
        """
        rows = self._db.rows(
            "SELECT record FROM added_record WHERE client = ? AND kind = ? AND day BETWEEN ? AND ? "
            "ORDER BY day, name",
            (client, str(kind), first.isoformat(), last.isoformat()),
        )
        return [msgspec.Raw(record) for (record,) in rows]

    def named(self, client: str, kind: ListedKind, name: str) -> msgspec.Raw | None:
        """Return one record."""
        row = self._db.row(
            "SELECT record FROM added_record WHERE client = ? AND kind = ? AND name = ?",
            (client, str(kind), name),
        )
        return None if row is None else msgspec.Raw(row[0])
