"""The directory of companies that receive e-invoices."""

from __future__ import annotations

from attrs import frozen

from confirma_async.sandbox.rules.einvoice_directory import EInvoiceAddress
from confirma_async.sandbox.store.repository import TableOf


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
