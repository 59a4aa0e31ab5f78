"""Totals of a UBL document, in wire form, and what it says to be paid already."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import cents, decimal, total
from confirma_async.formats.xml.element_reader import ElementReader

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_TOTALS = "cac:LegalMonetaryTotal"
_RULE = "xml.totals"

_AMOUNTS = (
    ("cbc:TaxExclusiveAmount", "netAmount"),
    ("cbc:TaxInclusiveAmount", "grossAmount"),
    ("cbc:PayableRoundingAmount", "roundingAmount"),
)


def amounts(reader: ElementReader) -> dict[str, Any]:
    """``amounts``, with the VAT of every rate."""
    raw: dict[str, Any] = {}
    totals = _only(reader, reader.every(reader.root, _TOTALS), "LegalMonetaryTotal")
    if totals is not None:
        for path, place in _AMOUNTS:
            raw[place] = reader.amount(totals, path)
    taxes = [each for each in reader.every(reader.root, "cac:TaxTotal") if not _is_restated(reader, each)]
    tax = _only(reader, taxes, "TaxTotal in the document's currency")
    if tax is not None:
        raw["vatAmount"] = reader.amount(tax, "cbc:TaxAmount")
        raw["vatBreakdown"] = [_breakdown(reader, each) for each in reader.every(tax, "cac:TaxSubtotal")]
    return {place: value for place, value in raw.items() if value is not None and value != []}


def payment_data(reader: ElementReader, known: dict[str, Any]) -> dict[str, Any]:
    """What was paid before, where something was; checks the amount to pay against the totals.

    Args:
        reader: The document.
        known: Its ``amounts``.
    """
    totals = reader.first(reader.root, _TOTALS)
    if totals is None:
        return {}
    prepaid = reader.amount(totals, "cbc:PrepaidAmount") or Decimal(0)
    element = reader.first(totals, "cbc:PayableAmount")
    payable = None if element is None else reader.amount_of(element)
    gross: Decimal | None = known.get("grossAmount")
    rounding: Decimal = known.get("roundingAmount") or Decimal(0)
    if element is not None and payable is not None and gross is not None:
        if payable != total((gross, rounding, prepaid.copy_negate())):
            message = (
                "is not TaxInclusiveAmount less PrepaidAmount plus PayableRoundingAmount, so it is open what "
                "the buyer owes; have the document corrected"
            )
            reader.wrong(element, _RULE, message)
        if not prepaid and payable != gross:
            reader.release(element)  # rounded: told by its parts, but kept as it is printed
    if not prepaid:
        return {}
    state = {"paidAmount": prepaid} if payable is None else {"paidAmount": prepaid, "openAmount": payable}
    return {"state": state}


def consume_implied(reader: ElementReader, lines: Sequence[Element], charges: Sequence[Element]) -> None:
    """Consumes those totals that only repeat what the rows say; a total that says something else is left."""
    totals = reader.first(reader.root, _TOTALS)
    if totals is None:
        return
    signs = [(each, reader.peek(each, "cbc:ChargeIndicator") in {"true", "1"}) for each in charges]
    implied = (
        ("cbc:LineExtensionAmount", lines, "cbc:LineExtensionAmount"),
        ("cbc:AllowanceTotalAmount", [each for each, is_charge in signs if not is_charge], "cbc:Amount"),
        ("cbc:ChargeTotalAmount", [each for each, is_charge in signs if is_charge], "cbc:Amount"),
    )
    for path, parts, amount in implied:
        element = reader.first(totals, path)
        if element is None or reader.is_foreign(element):
            continue
        values = [decimal(reader.peek(part, amount) or "") for part in parts]
        known = [value for value in values if value is not None and cents(value) is not None]
        if len(known) == len(values) and decimal(reader.peek(totals, path) or "") == total(known):
            reader.consume(element, "currencyID")


def _only(reader: ElementReader, found: Sequence[Element], what: str) -> Element | None:
    if len(found) > 1:
        reader.wrong(found[1], _RULE, f"is a second {what}; it is open which one holds")
    return found[0] if found else None


def _is_restated(reader: ElementReader, tax: Element) -> bool:
    """Whether this is the same VAT once more, in the currency that it is accounted in."""
    amount = reader.first(tax, "cbc:TaxAmount")
    accounted_in = reader.peek(reader.root, "cbc:TaxCurrencyCode")
    return amount is not None and reader.is_foreign(amount) and amount.get("currencyID") == accounted_in


def _breakdown(reader: ElementReader, subtotal: Element) -> dict[str, Any]:
    raw = {
        "vatPercentage": reader.number(subtotal, "cac:TaxCategory/cbc:Percent"),
        "netAmount": reader.amount(subtotal, "cbc:TaxableAmount"),
        "vatAmount": reader.amount(subtotal, "cbc:TaxAmount"),
    }
    if reader.peek(subtotal, "cac:TaxCategory/cac:TaxScheme/cbc:ID") == "VAT":
        reader.text(subtotal, "cac:TaxCategory/cac:TaxScheme/cbc:ID")
    return {place: value for place, value in raw.items() if value is not None}
