"""Rows of a UBL document, in wire form: its lines, then its allowances and charges on the whole document."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import quotient
from confirma_async.formats.numbering import whole
from confirma_async.formats.xml.element_reader import ElementReader

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

LINES = ("cac:InvoiceLine", "cac:CreditNoteLine")
QUANTITIES = ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")
CHARGES = "cac:AllowanceCharge"

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_TEXTS = (
    ("cac:Item/cac:SellersItemIdentification/cbc:ID", "productCode"),
    ("cac:Item/cbc:Name", "productName"),
)


def lines(reader: ElementReader) -> list[Element]:
    """The elements of the lines, in order."""
    return [line for path in LINES for line in reader.every(reader.root, path)]


def row(reader: ElementReader, line: Element, position: int) -> dict[str, Any]:
    """The row of a line; everything without a field of its own is a definition detail of it."""
    raw: dict[str, Any] = {"rowNumber": position}
    number = whole(reader.peek(line, "cbc:ID") or "")
    if number is not None:
        reader.text(line, "cbc:ID")
        raw["rowNumber"] = number
    for path, place in _TEXTS:
        raw[place] = reader.text(line, path)
    # The note explains the item where the item has no description; otherwise both are wanted.
    raw["description"] = reader.joined(line, "cac:Item/cbc:Description") or reader.joined(line, "cbc:Note")
    for path in QUANTITIES:
        quantity = reader.first(line, path)
        if quantity is not None:
            raw["quantity"] = reader.number(line, path)
            raw["unit"] = quantity.get("unitCode")
            reader.consume(quantity, "unitCode")
    raw["unitPrice"] = _unit_price(reader, line, raw.get("unit"))
    raw["discountPercentage"] = _discount(reader, line)
    raw["vatPercentage"], raw["vatCode"] = _tax(reader, line, "cac:Item/cac:ClassifiedTaxCategory")
    raw["netAmount"] = reader.amount(line, "cbc:LineExtensionAmount")
    return _with_details(raw, reader, line)


def charge_row(reader: ElementReader, charge: Element, position: int) -> dict[str, Any]:
    """The row of an allowance or charge on the whole document; with it, rows sum to the net total."""
    is_charge = _BOOLEANS.get(reader.peek(charge, "cbc:ChargeIndicator") or "")
    if is_charge is None:
        reader.wrong(
            charge, "xml.boolean", "must say in ChargeIndicator whether it is a charge: true or false"
        )
    amount = reader.amount(charge, "cbc:Amount")
    if amount is None and reader.first(charge, "cbc:Amount") is None:
        reader.wrong(charge, "xml.required", "has no Amount; every allowance and charge needs one")
    raw: dict[str, Any] = {
        "rowNumber": position,
        "productName": reader.text(charge, "cbc:AllowanceChargeReason")
        or reader.peek(charge, "cbc:AllowanceChargeReasonCode")
        or ("Charge" if is_charge else "Allowance"),
        "quantity": Decimal(1),
    }
    raw["vatPercentage"], raw["vatCode"] = _tax(reader, charge, "cac:TaxCategory")
    if amount is not None:
        raw["netAmount"] = amount if is_charge or not amount else amount.copy_negate()
    return _with_details(raw, reader, charge)


def _with_details(raw: dict[str, Any], reader: ElementReader, element: Element) -> dict[str, Any]:
    raw["definitionDetails"] = list(reader.unconsumed(element))
    return {place: value for place, value in raw.items() if value is not None and value != []}


def _unit_price(reader: ElementReader, line: Element, unit: str | None) -> Decimal | None:
    """The price of one unit; None where the price of several has no exact part, and then both are left."""
    element = reader.first(line, "cac:Price/cbc:PriceAmount")
    if element is None:
        return None
    price = reader.price_of(element)
    base_element = reader.first(line, "cac:Price/cbc:BaseQuantity")
    if base_element is None or price is None:
        return price
    base = reader.number(line, "cac:Price/cbc:BaseQuantity")
    if base_element.get("unitCode") == unit:
        reader.consume(base_element, "unitCode")
    if base is None or base == 1:
        return price
    reader.release(element, base_element)
    return quotient(price, base)


def _discount(reader: ElementReader, line: Element) -> Decimal | None:
    """The percentage of a line's only allowance; with several, or a charge, none says what the line costs."""
    charges = reader.every(line, CHARGES)
    if len(charges) != 1 or _BOOLEANS.get(reader.peek(charges[0], "cbc:ChargeIndicator") or "") is not False:
        return None
    return reader.number(charges[0], "cbc:MultiplierFactorNumeric")


def _tax(reader: ElementReader, parent: Element, path: str) -> tuple[Decimal | None, str | None]:
    category = reader.first(parent, path)
    if category is None:
        return None, None
    if reader.peek(category, "cac:TaxScheme/cbc:ID") == "VAT":
        reader.text(category, "cac:TaxScheme/cbc:ID")
    return reader.number(category, "cbc:Percent"), reader.text(category, "cbc:ID")
