"""Rows of a Finvoice document, in wire form: its rows, then discounts and charges on the whole document."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import quotient
from confirma_async.formats.payload import put
from confirma_async.formats.xml.element_reader import ElementReader, own_text
from confirma_async.formats.xml.finvoice.codes import number

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

DISCOUNTS = "InvoiceDetails/DiscountDetails"
CHARGES = "InvoiceDetails/ChargeDetails"

_TEXTS = (
    ("ArticleIdentifier", "productCode"),
    ("ArticleName", "productName"),
    ("RowVatCode", "vatCode"),
    ("RowNormalProposedAccountIdentifier", "accounting.accountNumber"),
    ("RowProjectReferenceIdentifier", "accounting.project"),
)
_QUANTITIES = ("InvoicedQuantity", "DeliveredQuantity", "OrderedQuantity")
"""Which quantity is charged for: the first of these that a row has."""
_NUMBERS = (("RowDiscountPercent", "discountPercentage"), ("RowVatRatePercent", "vatPercentage"))
_AMOUNTS = (
    ("RowVatExcludedAmount", "netAmount"),
    ("RowVatAmount", "vatAmount"),
    ("RowAmount", "grossAmount"),
)


def rows(reader: ElementReader) -> list[dict[str, Any]]:
    """Every row of the document. Sub-rows only break down what their row says, and become its details."""
    found = [_row(reader, each) for each in reader.every(reader.root, "InvoiceRow")]
    found += [_whole(reader, each, is_charge=False) for each in reader.every(reader.root, DISCOUNTS)]
    found += [_whole(reader, each, is_charge=True) for each in reader.every(reader.root, CHARGES)]
    for position, row in enumerate(found, start=1):
        row["rowNumber"] = position
    return found


def _row(reader: ElementReader, element: Element) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for path, place in _TEXTS:
        put(raw, place, reader.text(element, path))
    texts = (reader.text(element, "ArticleDescription"), reader.joined(element, "RowFreeText"))
    raw["description"] = "\n".join(text for text in texts if text) or None
    for path in _QUANTITIES:
        quantity = reader.first(element, path)
        value = None if quantity is None else number(own_text(quantity))
        if quantity is not None and value is not None:  # one that is no number is left, being free text
            raw["quantity"] = value
            raw["unit"] = quantity.get("QuantityUnitCode") or quantity.get("QuantityUnitCodeUN")
            is_named = quantity.get("QuantityUnitCode") is not None
            reader.consume(quantity, "QuantityUnitCode" if is_named else "QuantityUnitCodeUN")
            break
    raw["unitPrice"] = _unit_price(reader, element)
    for path, place in _NUMBERS:
        raw[place] = reader.number(element, path)
    for path, place in _AMOUNTS:
        raw[place] = reader.amount(element, path)
    details = [*_definitions(reader, element, "Row"), *reader.unconsumed(element)]
    raw["definitionDetails"] = details
    return {place: value for place, value in raw.items() if value is not None and value != []}


def _unit_price(reader: ElementReader, element: Element) -> Decimal | None:
    """The price of one unit; where it is for several and has no exact part, the price is left."""
    price = reader.first(element, "UnitPriceAmount")
    if price is None:
        return None
    value = reader.price_of(price)
    base = reader.first(element, "UnitPriceBaseQuantity")
    if base is None or value is None:
        return value
    count = reader.number(element, "UnitPriceBaseQuantity")
    if count is None or count == 1:
        return value
    reader.release(price, base)
    return quotient(value, count)


def _definitions(reader: ElementReader, element: Element, prefix: str) -> list[dict[str, str]]:
    """What the document itself defines beside the standard: code, name and value."""
    found: list[dict[str, str]] = []
    for each in reader.every(element, f"{prefix}DefinitionDetails"):
        header = reader.first(each, f"{prefix}DefinitionHeaderText")
        value = reader.first(each, f"{prefix}DefinitionValue")
        if header is None or value is None or value.attrib:
            continue  # left, and so kept with all it says
        detail = {"name": reader.consume(header, "DefinitionCode"), "value": reader.consume(value)}
        code = header.get("DefinitionCode")
        found.append({"code": code, **detail} if code else detail)
    return found


def document_definitions(reader: ElementReader) -> list[dict[str, str]]:
    """What the document defines for itself as a whole."""
    details = reader.first(reader.root, "InvoiceDetails")
    return [] if details is None else _definitions(reader, details, "")


def _whole(reader: ElementReader, element: Element, *, is_charge: bool) -> dict[str, Any]:
    """The row of a discount or charge on the whole document; with it, rows sum to the net total."""
    amount = reader.amount(element, "Amount")
    if amount is None and reader.first(element, "Amount") is None:
        reader.wrong(element, "xml.required", "has no Amount; every discount and charge needs one")
    raw: dict[str, Any] = {
        "productName": reader.text(element, "ReasonText" if is_charge else "FreeText")
        or ("Charge" if is_charge else "Discount"),
        "quantity": Decimal(1),
        "vatPercentage": reader.number(element, "VatRatePercent"),
        "vatCode": reader.text(element, "VatCategoryCode"),
    }
    if amount is not None:
        raw["netAmount"] = amount if is_charge or not amount else amount.copy_abs().copy_negate()
    raw["definitionDetails"] = list(reader.unconsumed(element))
    return {place: value for place, value in raw.items() if value is not None and value != []}
