"""Totals of a Finvoice document, in wire form, and what is to be paid of them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from confirma_async.formats.decimals import cents, total
from confirma_async.formats.xml.element_reader import Leaves
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


def amounts(leaves: Leaves, kind: InvoiceType, remarks: list[str]) -> dict[str, Any]:
    """``amounts``, with the VAT of every rate."""
    raw: dict[str, Any] = {
        place: leaves.amount(leaves.root, _DETAILS + path)
        for path, place in _AMOUNTS
        if leaves.first(leaves.root, _DETAILS + path) is not None
    }
    raw["vatBreakdown"] = [
        _breakdown(leaves, each) for each in leaves.every(leaves.root, _DETAILS + "VatSpecificationDetails")
    ]
    gross: Decimal | None = raw.get("grossAmount")
    if kind == InvoiceType.CREDIT_NOTE and gross is not None and gross < 0:
        remarks.append("the amounts of the credit note are negative in the document, and are sent so")
    return {place: value for place, value in raw.items() if value is not None and value != []}


def payment_data(leaves: Leaves, known: dict[str, Any], kind: InvoiceType) -> dict[str, Any]:
    """What was paid before, where something was; checks the amount to pay against the totals.

    Args:
        leaves: The document.
        known: Its ``amounts``.
        kind: What it is sent as.
    """
    status = leaves.first(leaves.root, _STATUS)
    if status is not None and leaves.peek(leaves.root, _STATUS) == PAID:
        message = (
            "says that the document is paid, so that it claims nothing; leave it out, or correct the code"
        )
        leaves.wrong(status, "xml.type", message)
    paid = leaves.amount(leaves.root, _DETAILS + "InvoicePaidAmount")
    element = leaves.first(leaves.root, _INSTRUCTED)
    payable = None if element is None else leaves.amount_of(element)
    gross: Decimal | None = known.get("grossAmount")
    if element is not None and payable is not None and gross is not None:
        rounding: Decimal = known.get("roundingAmount") or Decimal(0)
        due = total((gross, rounding, (paid or Decimal(0)).copy_negate()))
        if payable != due and kind == InvoiceType.CREDIT_NOTE:
            leaves.leave(element)  # nobody pays it; it is kept as it is printed
        elif payable != due:
            message = (
                "is not InvoiceTotalVatIncludedAmount plus InvoiceTotalRoundoffAmount less "
                "InvoicePaidAmount, so it is open what the buyer owes; have the document corrected"
            )
            leaves.wrong(element, "xml.totals", message)
    if not paid:
        return {}
    state = {"paidAmount": paid} if payable is None else {"paidAmount": paid, "openAmount": payable}
    return {"state": state}


def take_implied(leaves: Leaves) -> None:
    """Takes those totals that only repeat what the rows say; a total that says something else is left."""
    for path, parts, amount in (
        ("RowsTotalVatExcludedAmount", "InvoiceRow", "RowVatExcludedAmount"),
        ("DiscountsTotalVatExcludedAmount", DISCOUNTS, "Amount"),
        ("ChargesTotalVatExcludedAmount", CHARGES, "Amount"),
    ):
        element = leaves.first(leaves.root, _DETAILS + path)
        if element is None or leaves.is_foreign(element):
            continue
        values = _values(leaves, leaves.every(leaves.root, parts), amount)
        if values is not None and number(leaves.peek(leaves.root, _DETAILS + path) or "") == total(values):
            leaves.take(element, leaves.dialect.currency_attribute)


def _values(leaves: Leaves, parts: Sequence[Element], amount: str) -> list[Decimal] | None:
    """The amounts of the parts that have one; None where one of them is no amount."""
    found = [number(leaves.peek(part, amount) or "0") for part in parts]
    known = [value for value in found if value is not None and cents(value) is not None]
    return known if len(known) == len(found) else None


def _breakdown(leaves: Leaves, element: Element) -> dict[str, Any]:
    raw = {
        "vatPercentage": leaves.number(element, "VatRatePercent"),
        "netAmount": leaves.amount(element, "VatBaseAmount"),
        "vatAmount": leaves.amount(element, "VatRateAmount"),
    }
    return {place: value for place, value in raw.items() if value is not None}
