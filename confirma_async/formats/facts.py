"""The facts by which a person recognises an invoice: its buyer and its amount."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import cast

from attrs import frozen


@frozen(kw_only=True)
class InvoiceFacts:
    """The facts by which a person recognises an invoice. They are never kept in a journal.

    Attributes:
        buyer: The name of the buyer; empty where it is not known.
        amount: The amount that it asks for; None where that is not known.
        currency: The currency of the amount; empty where it is not known.
    """

    buyer: str = ""
    amount: Decimal | None = None
    currency: str = ""


def facts_in(raw: object, *, sums: bool = True) -> InvoiceFacts:
    """Return the facts of a record that cannot become an invoice, as far as it was read.

    Args:
        raw: The record, under wire names.
        sums: Whether all its amounts were read.
    """
    buyer = _at(raw, "invoice", "parties", "buyerParty", "name")
    currency = _at(raw, "invoice", "header", "currencyCode")
    gross = _at(raw, "invoice", "amounts", "grossAmount") if sums else None
    return InvoiceFacts(
        buyer=buyer if isinstance(buyer, str) else "",
        amount=Decimal(gross) if isinstance(gross, Decimal | int) and not isinstance(gross, bool) else None,
        currency=currency if isinstance(currency, str) else "",
    )


def _at(raw: object, *names: str) -> object:
    for name in names:
        if not isinstance(raw, Mapping):
            return None
        raw = cast("Mapping[str, object]", raw).get(name)
    return raw
