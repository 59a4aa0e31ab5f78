"""Records that are kept whole: cases with their history and actions, ledgers and the like, addresses."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import frozen

from confirma_async.sandbox.rules.accounting import RecordKind
from confirma_async.sandbox.rules.cases import SandboxCase, SandboxEvent
from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT
from confirma_async.sandbox.store.repository import Repository, TableOf
from confirma_async.schemas.accounting import PENDING


@frozen(kw_only=True)
class PastEvent:
    """An event of a case with its time; ``id`` is 0 until it is stored."""

    id: int = 0
    case_id: int
    at: datetime
    event: SandboxEvent


@frozen(kw_only=True)
class QueuedAction:
    """An action as it was received, in its wire form, and its case; ``id`` is 0 until it is stored."""

    id: int = 0
    case_id: int
    action: bytes


CASES = TableOf(
    record=SandboxCase,
    name="cases",
    columns={"client": "TEXT NOT NULL", "number": "TEXT NOT NULL"},
    indexes=[("client", "number")],
)

EVENTS = TableOf(
    record=PastEvent, name="events", columns={"case_id": "INTEGER NOT NULL"}, indexes=[("case_id",)]
)

ACTIONS = TableOf(record=QueuedAction, name="actions")


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


@frozen(kw_only=True)
class DirectoryEntry:
    """An address of a company, which may have several.

    Attributes:
        id: Its number; 0 until it is stored.
        business_id: The company's Finnish Business ID.
        address: Where it receives e-invoices.
    """

    id: int = 0
    business_id: str
    address: EInvoiceAddress


ADDRESSES = TableOf(
    record=DirectoryEntry,
    name="addresses",
    columns={"business_id": "TEXT NOT NULL"},
    indexes=[("business_id",)],
)


def find_cases(
    cases: Repository[SandboxCase], client: str, *, ident: int | None, number: int | str | None
) -> list[SandboxCase]:
    """Return a client's cases of a number, an identifier, or both; all where neither is given."""
    named = {"id": ident, "number": None if number is None else str(number)}
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return cases.find(client=client, **wanted)
