"""Totals of a Finvoice document, in wire form, and what is to be paid of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import cents, total
from confirma_async.formats.xml.element_reader import ElementReader
from confirma_async.formats.xml.finvoice.codes import PAID, number
from confirma_async.formats.xml.finvoice.rows import CHARGES, DISCOUNTS
from confirma_async.schemas import InvoiceType

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_DETAILS = "InvoiceDetails/"
_AMOUNTS = (
    ("InvoiceTotalVatExcludedAmount", "netAmount"),
    ("InvoiceTotalVatAmount", "vatAmount"),
    ("InvoiceTotalVatIncludedAmount", "grossAmount"),
    ("InvoiceTotalRoundoffAmount", "roundingAmount"),
)
_INSTRUCTED = "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount"
_STATUS = "PaymentStatusDetails/PaymentStatusCode"


def amounts(reader: ElementReader, kind: InvoiceType, remarks: list[str]) -> dict[str, Any]:
    """``amounts``, with the VAT of every rate."""
    raw: dict[str, Any] = {
        place: reader.amount(reader.root, _DETAILS + path)
        for path, place in _AMOUNTS
        if reader.first(reader.root, _DETAILS + path) is not None
    }
    raw["vatBreakdown"] = [
        _breakdown(reader, each) for each in reader.every(reader.root, _DETAILS + "VatSpecificationDetails")
    ]
    gross: Decimal | None = raw.get("grossAmount")
    if kind == InvoiceType.CREDIT_NOTE and gross is not None and gross < 0:
        remarks.append("the amounts of the credit note are negative in the document, and are sent so")
    return {place: value for place, value in raw.items() if value is not None and value != []}


def payment_data(reader: ElementReader, known: dict[str, Any], kind: InvoiceType) -> dict[str, Any]:
    """What was paid before, where something was; checks the amount to pay against the totals.

    Args:
        reader: The document.
        known: Its ``amounts``.
        kind: What it is sent as.
    """
    status = reader.first(reader.root, _STATUS)
    if status is not None and reader.peek(reader.root, _STATUS) == PAID:
        message = (
            "says that the document is paid, so that it claims nothing; leave it out, or correct the code"
        )
        reader.wrong(status, "xml.type", message)
    paid = reader.amount(reader.root, _DETAILS + "InvoicePaidAmount")
    element = reader.first(reader.root, _INSTRUCTED)
    payable = None if element is None else reader.amount_of(element)
    gross: Decimal | None = known.get("grossAmount")
    if element is not None and payable is not None and gross is not None:
        rounding: Decimal = known.get("roundingAmount") or Decimal(0)
        due = total((gross, rounding, (paid or Decimal(0)).copy_negate()))
        if payable != due and kind == InvoiceType.CREDIT_NOTE:
            reader.release(element)  # nobody pays it; it is kept as it is printed
        elif payable != due:
            message = (
                "is not InvoiceTotalVatIncludedAmount plus InvoiceTotalRoundoffAmount less "
                "InvoicePaidAmount, so it is open what the buyer owes; have the document corrected"
            )
            reader.wrong(element, "xml.totals", message)
    if not paid:
        return {}
    state = {"paidAmount": paid} if payable is None else {"paidAmount": paid, "openAmount": payable}
    return {"state": state}


def consume_implied(reader: ElementReader) -> None:
    """Consumes those totals that only repeat what the rows say; a total that says something else is left."""
    for path, parts, amount in (
        ("RowsTotalVatExcludedAmount", "InvoiceRow", "RowVatExcludedAmount"),
        ("DiscountsTotalVatExcludedAmount", DISCOUNTS, "Amount"),
        ("ChargesTotalVatExcludedAmount", CHARGES, "Amount"),
    ):
        element = reader.first(reader.root, _DETAILS + path)
        if element is None or reader.is_foreign(element):
            continue
        values = _values(reader, reader.every(reader.root, parts), amount)
        if values is not None and number(reader.peek(reader.root, _DETAILS + path) or "") == total(values):
            reader.consume(element, reader.dialect.currency_attribute)


def _values(reader: ElementReader, parts: Sequence[Element], amount: str) -> list[Decimal] | None:
    """The amounts of the parts that have one; None where one of them is no amount."""
    found = [number(reader.peek(part, amount) or "0") for part in parts]
    known = [value for value in found if value is not None and cents(value) is not None]
    return known if len(known) == len(found) else None


def _breakdown(reader: ElementReader, element: Element) -> dict[str, Any]:
    raw = {
        "vatPercentage": reader.number(element, "VatRatePercent"),
        "netAmount": reader.amount(element, "VatBaseAmount"),
        "vatAmount": reader.amount(element, "VatRateAmount"),
    }
    return {place: value for place, value in raw.items() if value is not None}
