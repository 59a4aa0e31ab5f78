"""Reads the lines of a UBL document, and the allowances and charges on the whole document, as rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import count

from confirma_async.formats.numbers.numbering import whole
from confirma_async.formats.payload import Draft
from confirma_async.formats.values.decimals import decimal
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import price_of_several
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.filling import fill
from confirma_async.formats.xml.reading.once import check_once, refuse_second
from confirma_async.formats.xml.reading.plan import Aside, Plan, Take
from confirma_async.schemas.values import CENT

LINES = ("cac:InvoiceLine", "cac:CreditNoteLine")
CHARGES = "cac:AllowanceCharge"

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}
_QUANTITIES = ("cbc:InvoicedQuantity", "cbc:CreditedQuantity")
_ID, _NOTE, _PRICE_BASE = "cbc:ID", "cbc:Note", "cac:Price/cbc:BaseQuantity"
_CATEGORY = "cac:Item/cac:ClassifiedTaxCategory"
_LINE = Plan(
    {
        Take.TEXT: {
            "cac:Item/cac:SellersItemIdentification/cbc:ID": "productCode",
            "cac:Item/cbc:Name": "productName",
            f"{_CATEGORY}/cbc:ID": "vatCode",
        },
        Take.NUMBER: {f"{_CATEGORY}/cbc:Percent": "vatPercentage", **dict.fromkeys(_QUANTITIES, "quantity")},
        Take.AMOUNT: {"cbc:LineExtensionAmount": "netAmount"},
        Take.PRICE: {"cac:Price/cbc:PriceAmount": "unitPrice"},
        Take.IMPLIED: {f"{_CATEGORY}/cac:TaxScheme/cbc:ID": "VAT"},
        Take.JOINED: {"cac:Item/cbc:Description": "description"},
        Take.ASIDE: {path: path for path in (_ID, _NOTE, _PRICE_BASE, CHARGES)},
    },
    units=dict.fromkeys(_QUANTITIES, "unitCode"),
)
_CHARGE = Plan(
    {
        Take.TEXT: {"cac:TaxCategory/cbc:ID": "vatCode"},
        Take.NUMBER: {"cac:TaxCategory/cbc:Percent": "vatPercentage"},
        Take.IMPLIED: {"cac:TaxCategory/cac:TaxScheme/cbc:ID": "VAT"},
    }
)


def rows(reader: ElementReader, lines: Sequence[Element], charges: Sequence[Element]) -> Sequence[Draft]:
    """Put in the rows.

    Returns:
        The rows, first those of the lines.
    """
    found = reader.draft.items("invoice.rows", len(lines) + len(charges))
    asides = [_line(reader, row, line) for row, line in zip(found, lines, strict=False)]
    identifiers = [aside[_ID][0] if _ID in aside else None for aside in asides]
    written = ["" if each is None else own_text(each) for each in identifiers]
    usual = [*map(str, range(1, 1 + len(lines)))]
    numbers = count(1) if written == usual else _numbers(written)
    for row, identifier, text in zip(found, identifiers, written, strict=False):
        number = row.values["rowNumber"] = next(numbers)
        if identifier is not None and text == str(number):
            reader.imply(identifier)
    for row, charge in zip(found[len(lines) :], charges, strict=True):
        row.put("rowNumber", next(numbers))
        _charge(reader, row, charge)
    return found


def _numbers(identifiers: Sequence[str]) -> Iterator[int]:
    """Return distinct numbers of rows: each line's own, else its position, else one that no row has."""
    own = [whole(identifier) for identifier in identifiers]
    taken = {number for number in own if number is not None}
    free = (number for number in count(1 + max(taken, default=0)) if number not in taken)
    seen: set[int] = set()
    for position, wanted in enumerate(own, start=1):
        number = wanted
        if number is None or number in seen:
            number = next(free) if position in taken else position
        seen.add(number)
        taken.add(number)
        yield number
    while True:
        number = max(seen, default=0) + 1
        seen.add(number)
        yield number


def _line(reader: ElementReader, row: Draft, line: Element) -> Aside:
    found = fill(reader, row, line, _LINE)
    check_rates(reader, line, _CATEGORY)
    # The note explains the item where the item has no description; otherwise both are wanted.
    if _NOTE in found and "description" not in row.values:
        placing.join(reader, row, "description", found[_NOTE])
    if _PRICE_BASE in found:
        refuse_second(reader, found[_PRICE_BASE])
        price_of_several(reader, row, found[_PRICE_BASE][0], "unitCode")
    if CHARGES in found:
        _discount(reader, row, found[CHARGES])
    return found


def check_rates(reader: ElementReader, parent: Element, path: str, *, is_of_one_tax: bool = False) -> None:
    """Refuse a second rate of a tax that differs from the first.

    Args:
        reader: The reader of the document.
        parent: The element that is taxed, such as a line.
        path: The path of its tax categories.
        is_of_one_tax: Whether all of them are of one tax, whatever schemes they name.
    """
    categories = reader.every(parent, path)
    if len(categories) == 1:
        return
    rates: dict[str, Element] = {}
    for each in categories:
        rate = reader.first(each, "cbc:Percent")
        if rate is None:
            continue
        first = rates.setdefault(
            "" if is_of_one_tax else reader.peek(each, "cac:TaxScheme/cbc:ID") or "", rate
        )
        if decimal(own_text(first)) != decimal(own_text(rate)):
            refuse_second(reader, (first, rate))
            return


def _charge(reader: ElementReader, row: Draft, charge: Element) -> None:
    """Fill a row with an allowance or charge on the whole document, so that rows add up to the net total."""
    check_once(reader, charge, ("cbc:ChargeIndicator", "cbc:Amount"))
    is_charge = _BOOLEANS.get(reader.peek(charge, "cbc:ChargeIndicator") or "")
    if is_charge is None:
        reader.findings.wrong(
            charge, "xml.boolean", "must say in ChargeIndicator whether it is a charge: true or false"
        )
    element = reader.first(charge, "cbc:Amount")
    if element is None:
        reader.findings.wrong(charge, "xml.required", "has no Amount; every allowance and charge needs one")
    if placing.text(reader, row, "productName", charge, "cbc:AllowanceChargeReason") is None:
        reason = reader.peek(charge, "cbc:AllowanceChargeReasonCode")
        row.put("productName", reason or ("Charge" if is_charge else "Allowance"))
    row.put("quantity", Decimal(1))
    fill(reader, row, charge, _CHARGE)
    check_rates(reader, charge, "cac:TaxCategory")
    amount = placing.amount(reader, row, "netAmount", charge, "cbc:Amount")
    if amount and not is_charge:
        row.put("netAmount", amount.copy_negate(), element)


def _discount(reader: ElementReader, row: Draft, charges: Sequence[Element]) -> None:
    """Put in the percentage of a line's only allowance.

    With several allowances, or a charge, none of them gives the price of the line. The factor is a percentage
    by the standard, but some write a fraction: the amount shows which it is.
    """
    if len(charges) != 1 or _BOOLEANS.get(reader.peek(charges[0], "cbc:ChargeIndicator") or "") is not False:
        return
    element = reader.first(charges[0], "cbc:MultiplierFactorNumeric")
    factor = None if element is None or len(element) else decimal(own_text(element))
    amount, base = (decimal(reader.peek(charges[0], path) or "") for path in ("cbc:Amount", "cbc:BaseAmount"))
    if base is None:
        base = _before(row, amount)
    if (
        element is None
        or factor is None
        or amount is None
        or base is None
        or _makes(base, factor / 100, amount)
    ):
        placing.number(reader, row, "discountPercentage", charges[0], "cbc:MultiplierFactorNumeric")
    elif _makes(base, factor, amount):
        row.put("discountPercentage", factor * 100, element)
        reader.findings.remark(
            element, f"is {factor}, a fraction by its amounts; {factor * 100} per cent are sent"
        )
    else:
        message = (
            "is neither per cent nor a fraction that makes Amount of BaseAmount; correct whichever is wrong"
        )
        reader.findings.wrong(element, "xml.totals", message)


def _makes(base: Decimal, part: Decimal, amount: Decimal) -> bool:
    return abs(base * part - amount) <= CENT


def _before(row: Draft, amount: Decimal | None) -> Decimal | None:
    """Return the amount of a line before its allowance, if the amount after it is known."""
    net: Decimal | None = row.get("netAmount")
    return None if net is None or amount is None else net + amount
