"""The directory of companies that receive e-invoices."""

from __future__ import annotations

import msgspec

from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.sandbox.store.database import Database

_decode = msgspec.json.Decoder(EInvoiceAddress).decode

SCHEMA = (
    """
    CREATE TABLE addresses (
        id INTEGER PRIMARY KEY,
        business_id TEXT NOT NULL,
        contents BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX addresses_by_company ON addresses (business_id)",
)


class AddressTable:
    """Addresses by Finnish Business ID."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def add(self, business_id: str, address: EInvoiceAddress) -> None:
        """Enter one more address of a company."""
        with self._db.transaction() as db:
            db.execute(
                "INSERT INTO addresses (business_id, contents) VALUES (?, ?)",
                (business_id, msgspec.json.encode(address)),
            )

    def of(self, business_id: str) -> list[EInvoiceAddress]:
        """Return a company's addresses, in the order they were entered; none where it is not registered."""
        rows = self._db.rows(
            "SELECT contents FROM addresses WHERE business_id = ? ORDER BY id", (business_id,)
        )
        return [_decode(contents) for (contents,) in rows]

    def is_empty(self) -> bool:
        """Say whether nobody is registered."""
        return self._db.row("SELECT 1 FROM addresses LIMIT 1") is None
