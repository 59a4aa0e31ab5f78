"""Records for the accounting system, and how their transfer stands."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec
from attrs import evolve, frozen

from confirma_async.sandbox.rules.accounting import RecordKind
from confirma_async.sandbox.rules.money.amounts import ZERO
from confirma_async.sandbox.store.database import Database
from confirma_async.schemas.accounting import PENDING

SCHEMA = (
    """
    CREATE TABLE records (
        id INTEGER PRIMARY KEY,
        client TEXT NOT NULL,
        kind TEXT NOT NULL,
        contents BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX records_by_kind ON records (client, kind)",
)


@frozen(kw_only=True)
class AccountingRecord:
    """One ledger, payment or invoice on its way to the accounting system.

    Attributes:
        id: Its number; 0 until it is stored.
        client: Whose it is.
        kind: What it is.
        identifier: The caller's own.
        number: The invoice's number, of an invoice or payment.
        day: The date of the document or payment.
        name: The document's name.
        imbalance: What the rows of a ledger miss to balance.
        status: How its transfer stands.
        description: The same in words.
        synced_at: When it was synced.
    """

    id: int = 0
    client: str
    kind: RecordKind
    identifier: str | None = None
    number: str | None = None
    day: date | None = None
    name: str | None = None
    imbalance: Decimal = ZERO
    status: int = PENDING
    description: str = "Pending"
    synced_at: datetime | None = None


_decode = msgspec.json.Decoder(AccountingRecord).decode


class RecordTable:
    """What was submitted for the books."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put(self, record: AccountingRecord) -> AccountingRecord:
        """Keep a record, or its changes, and return it with its number."""
        with self._db.transaction() as db:
            cursor = db.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?)",
                (record.id or None, record.client, record.kind, msgspec.json.encode(record)),
            )
        return evolve(record, id=record.id or cursor.lastrowid or 0)

    def get(self, ident: int) -> AccountingRecord:
        """Return a record that is known to be there."""
        (row,) = self._db.rows("SELECT contents FROM records WHERE id = ?", (ident,))
        return evolve(_decode(row[0]), id=ident)

    def of(self, client: str, kind: RecordKind) -> list[AccountingRecord]:
        """Return a client's records of one kind, in order of arrival."""
        rows = self._db.rows(
            "SELECT id, contents FROM records WHERE client = ? AND kind = ? ORDER BY id", (client, kind)
        )
        return [evolve(_decode(contents), id=ident) for ident, contents in rows]
