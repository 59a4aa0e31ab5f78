"""Reads the rows of a Finvoice document, and the discounts and charges on the whole document."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from confirma_async.formats.payload import Draft
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.finvoice.codes import number
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import price_of_several
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.filling import fill
from confirma_async.formats.xml.reading.once import check_once, refuse_second
from confirma_async.formats.xml.reading.placing import number_of
from confirma_async.formats.xml.reading.plan import Plan, Take

ROWS = "InvoiceRow"
DISCOUNTS = "InvoiceDetails/DiscountDetails"
CHARGES = "InvoiceDetails/ChargeDetails"

_PRICE_BASE = "UnitPriceBaseQuantity"
_DEFINITIONS = "RowDefinitionDetails"
_QUANTITIES = ("InvoicedQuantity", "DeliveredQuantity", "OrderedQuantity")
"""The quantities of a row; the first that a row has is the one that is charged for."""

_ROW = Plan(
    {
        Take.TEXT: {
            "ArticleIdentifier": "productCode",
            "ArticleName": "productName",
            "RowVatCode": "vatCode",
            "RowNormalProposedAccountIdentifier": "accounting.accountNumber",
            "RowProjectReferenceIdentifier": "accounting.project",
        },
        Take.NUMBER: {"RowDiscountPercent": "discountPercentage", "RowVatRatePercent": "vatPercentage"},
        Take.AMOUNT: {
            "RowVatExcludedAmount": "netAmount",
            "RowVatAmount": "vatAmount",
            "RowAmount": "grossAmount",
        },
        Take.PRICE: {"UnitPriceAmount": "unitPrice"},
        Take.JOINED: {"ArticleDescription": "description", "RowFreeText": "description"},
        Take.ASIDE: {path: path for path in (*_QUANTITIES, _PRICE_BASE, _DEFINITIONS)},
    }
)


class RowRead(NamedTuple):
    """A row that was read: its draft, its element, and the definitions in it.

    It is a tuple, which is made in half the time of an object.
    """

    draft: Draft
    element: Element
    definitions: Sequence[dict[str, str]] = ()


def rows(reader: ElementReader) -> Sequence[RowRead]:
    """Put in all rows. Sub-rows only break their row down, and become its details."""
    own = reader.every(reader.root, ROWS)
    discounts, charges = reader.every(reader.root, DISCOUNTS), reader.every(reader.root, CHARGES)
    elements = [*own, *discounts, *charges]
    found: list[RowRead] = []
    drafts = reader.draft.items("invoice.rows", len(elements))
    for position, (row, element) in enumerate(zip(drafts, elements, strict=True), start=1):
        row.values["rowNumber"] = position
        if position <= len(own):
            found.append(RowRead(row, element, _row(reader, row, element)))
        else:
            _whole(reader, row, element, is_charge=position > len(own) + len(discounts))
            found.append(RowRead(row, element))
    return found


def _row(reader: ElementReader, row: Draft, element: Element) -> Sequence[dict[str, str]]:
    found = fill(reader, row, element, _ROW)
    for path in _QUANTITIES:
        if path in found and _put_quantity(reader, row, found[path][0]):
            break
    if _PRICE_BASE in found:
        refuse_second(reader, found[_PRICE_BASE])
        price_of_several(reader, row, found[_PRICE_BASE][0], "")
    return _definitions(reader, found[_DEFINITIONS], "Row") if _DEFINITIONS in found else ()


def _put_quantity(reader: ElementReader, row: Draft, quantity: Element) -> bool:
    """Put in a quantity with its unit if it is a number; return whether it is. Others are free text."""
    value = number_of(reader, quantity) if len(quantity) else number(own_text(quantity))
    if value is None:
        return False
    row.put("quantity", value, quantity)
    unit = "QuantityUnitCode" if quantity.get("QuantityUnitCode") is not None else "QuantityUnitCodeUN"
    row.put("unit", quantity.get(unit), quantity)
    reader.imply(quantity, unit)
    return True


def _definitions(reader: ElementReader, elements: Sequence[Element], prefix: str) -> list[dict[str, str]]:
    """Return the definitions in an element, with their codes, names and values."""
    found: list[dict[str, str]] = []
    for each in elements:
        header = reader.first(each, f"{prefix}DefinitionHeaderText")
        value = reader.first(each, f"{prefix}DefinitionValue")
        if header is None or value is None or value.keys():
            continue  # left, and so kept with all it says
        reader.imply(header, "DefinitionCode")
        reader.imply(value)
        detail = {"name": own_text(header), "value": own_text(value)}
        code = header.get("DefinitionCode")
        found.append({"code": code, **detail} if code else detail)
    return found


def document_definitions(reader: ElementReader) -> list[dict[str, str]]:
    """Return the definitions of the document as a whole."""
    return _definitions(reader, reader.every(reader.root, "InvoiceDetails/DefinitionDetails"), "")


def _whole(reader: ElementReader, row: Draft, element: Element, *, is_charge: bool) -> None:
    """Fill a row with a discount or charge on the whole document; the rows then add up to the net total."""
    check_once(reader, element, ("Amount", "VatRatePercent"))
    if reader.first(element, "Amount") is None:
        reader.findings.wrong(element, "xml.required", "has no Amount; every discount and charge needs one")
    if placing.text(reader, row, "productName", element, "ReasonText" if is_charge else "FreeText") is None:
        row.put("productName", "Charge" if is_charge else "Discount")
    row.put("quantity", Decimal(1))
    placing.number(reader, row, "vatPercentage", element, "VatRatePercent")
    placing.text(reader, row, "vatCode", element, "VatCategoryCode")
    amount = placing.amount(reader, row, "netAmount", element, "Amount")
    if amount and not is_charge:
        row.put("netAmount", amount.copy_abs().copy_negate())
