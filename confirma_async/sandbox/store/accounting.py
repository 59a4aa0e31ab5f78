"""Records for the accounting system, and how their transfer stands."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from confirma_async.sandbox.rules.accounting import RecordKind
from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT
from confirma_async.sandbox.store.repository import TableOf
from confirma_async.schemas.accounting import PENDING


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
    imbalance: Decimal = ZERO_AMOUNT
    status: int = PENDING
    description: str = "Pending"
    synced_at: datetime | None = None


RECORDS = TableOf(
    record=AccountingRecord,
    name="records",
    columns={"client": "TEXT NOT NULL", "kind": "TEXT NOT NULL"},
    indexes=[("client", "kind")],
)
