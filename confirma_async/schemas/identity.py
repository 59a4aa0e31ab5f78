"""What makes two documents the same invoice: one spelling for whatever may be written in several ways."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from attrs import field, frozen

from confirma_async.schemas.values import InvoiceType

if TYPE_CHECKING:
    from confirma_async.schemas import SalesInvoiceRequest

_OLD_BUSINESS_ID = re.compile(r"(?:FI)?([0-9]{6}-[0-9])")
_FINNISH_ID = re.compile(r"FI([0-9]{8})")


def same_seller(identifier: str) -> str:
    """Give one spelling to a seller: case, spaces and hyphens tell nobody apart.

    A Finnish business id and the VAT code made of it are the same, and so are a business id of the old
    form, of six digits and a check digit, and the same with its leading zero.

    Args:
        identifier: A business id or a VAT code; empty where the seller is not named.
    """
    return _spelled(identifier)


@lru_cache(maxsize=1024)  # a job has few sellers and many invoices
def _spelled(identifier: str) -> str:
    compact = "".join(identifier.upper().split())
    old = _OLD_BUSINESS_ID.fullmatch(compact)
    plain = "".join(filter(str.isalnum, f"0{old[1]}" if old else compact))
    finnish = _FINNISH_ID.fullmatch(plain)
    return finnish[1] if finnish else plain


def same_type(kind: str) -> InvoiceType:
    """Give one spelling to an invoice type: capital letters, as the vendor writes those it documents."""
    return _type(kind)


@lru_cache(maxsize=64)  # there are few, and to make a member of an enum takes its time
def _type(kind: str) -> InvoiceType:
    return InvoiceType(kind.upper())


@frozen
class InvoiceKey:
    """What makes two invoices of a client the same. That it is so is assumed: the vendor does not say.

    Attributes:
        seller: The seller's business id, else VAT code, in one spelling; else empty (the client itself).
        type: The invoice type, in capital letters.
        number: The invoice number.
        repeat: The date for a REMINDER, which may repeat; empty for all other types.
        date: The invoice's date (ISO), to look it up by; not part of the identity.
    """

    seller: str
    type: str
    number: int
    repeat: str
    date: str = field(eq=False)

    @classmethod
    def of(cls, request: SalesInvoiceRequest) -> InvoiceKey:
        """Return the key of an invoice."""
        header = request.invoice.header
        kind, date = same_type(header.type), header.date.isoformat()
        repeat = date if kind == InvoiceType.REMINDER else ""
        return cls(same_seller(request.seller_identifier), str(kind), header.number, repeat, date)

    def __str__(self) -> str:
        kind = self.type.replace("_", " ").lower()
        return f"{kind} {self.number}" + (f" of {self.repeat}" if self.repeat else "")
