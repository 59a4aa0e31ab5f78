"""What makes two documents the same invoice: one spelling for whatever may be written in several ways."""

from __future__ import annotations

import re
from functools import lru_cache

from confirma_async.schemas.values import InvoiceType

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
    return InvoiceType(kind.upper())
