"""Totals of a UBL document, in wire form, and what it says to be paid already."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import cents, decimal, total
from confirma_async.formats.xml.element_reader import Leaves

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_TOTALS = "cac:LegalMonetaryTotal"
_RULE = "xml.totals"

_AMOUNTS = (
    ("cbc:TaxExclusiveAmount", "netAmount"),
    ("cbc:TaxInclusiveAmount", "grossAmount"),
    ("cbc:PayableRoundingAmount", "roundingAmount"),
)


def amounts(leaves: Leaves) -> dict[str, Any]:
    """``amounts``, with the VAT of every rate."""
    raw: dict[str, Any] = {}
    totals = _only(leaves, leaves.every(leaves.root, _TOTALS), "LegalMonetaryTotal")
    if totals is not None:
        for path, place in _AMOUNTS:
            raw[place] = leaves.amount(totals, path)
    taxes = [each for each in leaves.every(leaves.root, "cac:TaxTotal") if not _is_restated(leaves, each)]
    tax = _only(leaves, taxes, "TaxTotal in the document's currency")
    if tax is not None:
        raw["vatAmount"] = leaves.amount(tax, "cbc:TaxAmount")
        raw["vatBreakdown"] = [_breakdown(leaves, each) for each in leaves.every(tax, "cac:TaxSubtotal")]
    return {place: value for place, value in raw.items() if value is not None and value != []}


def payment_data(leaves: Leaves, known: dict[str, Any]) -> dict[str, Any]:
    """What was paid before, where something was; checks the amount to pay against the totals.

    Args:
        leaves: The document.
        known: Its ``amounts``.
    """
    totals = leaves.first(leaves.root, _TOTALS)
    if totals is None:
        return {}
    prepaid = leaves.amount(totals, "cbc:PrepaidAmount") or Decimal(0)
    element = leaves.first(totals, "cbc:PayableAmount")
    payable = None if element is None else leaves.amount_of(element)
    gross: Decimal | None = known.get("grossAmount")
    rounding: Decimal = known.get("roundingAmount") or Decimal(0)
    if element is not None and payable is not None and gross is not None:
        if payable != total((gross, rounding, prepaid.copy_negate())):
            message = (
                "is not TaxInclusiveAmount less PrepaidAmount plus PayableRoundingAmount, so it is open what "
                "the buyer owes; have the document corrected"
            )
            leaves.wrong(element, _RULE, message)
        if not prepaid and payable != gross:
            leaves.leave(element)  # rounded: told by its parts, but kept as it is printed
    if not prepaid:
        return {}
    state = {"paidAmount": prepaid} if payable is None else {"paidAmount": prepaid, "openAmount": payable}
    return {"state": state}


def take_implied(leaves: Leaves, lines: Sequence[Element], charges: Sequence[Element]) -> None:
    """Takes those totals that only repeat what the rows say; a total that says something else is left."""
    totals = leaves.first(leaves.root, _TOTALS)
    if totals is None:
        return
    signs = [(each, leaves.peek(each, "cbc:ChargeIndicator") in {"true", "1"}) for each in charges]
    implied = (
        ("cbc:LineExtensionAmount", lines, "cbc:LineExtensionAmount"),
        ("cbc:AllowanceTotalAmount", [each for each, is_charge in signs if not is_charge], "cbc:Amount"),
        ("cbc:ChargeTotalAmount", [each for each, is_charge in signs if is_charge], "cbc:Amount"),
    )
    for path, parts, amount in implied:
        element = leaves.first(totals, path)
        if element is None or leaves.is_foreign(element):
            continue
        values = [decimal(leaves.peek(part, amount) or "") for part in parts]
        known = [value for value in values if value is not None and cents(value) is not None]
        if len(known) == len(values) and decimal(leaves.peek(totals, path) or "") == total(known):
            leaves.take(element, "currencyID")


def _only(leaves: Leaves, found: Sequence[Element], what: str) -> Element | None:
    if len(found) > 1:
        leaves.wrong(found[1], _RULE, f"is a second {what}; it is open which one holds")
    return found[0] if found else None


def _is_restated(leaves: Leaves, tax: Element) -> bool:
    """Whether this is the same VAT once more, in the currency that it is accounted in."""
    amount = leaves.first(tax, "cbc:TaxAmount")
    accounted_in = leaves.peek(leaves.root, "cbc:TaxCurrencyCode")
    return amount is not None and leaves.is_foreign(amount) and amount.get("currencyID") == accounted_in


def _breakdown(leaves: Leaves, subtotal: Element) -> dict[str, Any]:
    raw = {
        "vatPercentage": leaves.number(subtotal, "cac:TaxCategory/cbc:Percent"),
        "netAmount": leaves.amount(subtotal, "cbc:TaxableAmount"),
        "vatAmount": leaves.amount(subtotal, "cbc:TaxAmount"),
    }
    if leaves.peek(subtotal, "cac:TaxCategory/cac:TaxScheme/cbc:ID") == "VAT":
        leaves.text(subtotal, "cac:TaxCategory/cac:TaxScheme/cbc:ID")
    return {place: value for place, value in raw.items() if value is not None}
