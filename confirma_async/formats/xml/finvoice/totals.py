"""Reads the totals of a Finvoice document, and the amount to pay."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.formats.values.decimals import total
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.finvoice.codes import PAID, PARTLY_PAID
from confirma_async.formats.xml.finvoice.rows import CHARGES, DISCOUNTS
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import amounts_of, imply_sums
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.filling import fill
from confirma_async.formats.xml.reading.once import check_once
from confirma_async.formats.xml.reading.placing import amount_of
from confirma_async.formats.xml.reading.plan import Plan, Take
from confirma_async.schemas import InvoiceType
from confirma_async.schemas.values import ZERO

_DETAILS = "InvoiceDetails/"
_GROSS = "invoice.amounts.grossAmount"
_ROUNDING = "invoice.amounts.roundingAmount"
_STATE = "invoice.paymentData.state"
_TOTALS = (
    (_DETAILS + "InvoiceTotalVatExcludedAmount", "invoice.amounts.netAmount"),
    (_DETAILS + "InvoiceTotalVatAmount", "invoice.amounts.vatAmount"),
    (_DETAILS + "InvoiceTotalVatIncludedAmount", _GROSS),
    (_DETAILS + "InvoiceTotalRoundoffAmount", _ROUNDING),
)
_RATE = Plan(
    {
        Take.NUMBER: {"VatRatePercent": "vatPercentage"},
        Take.AMOUNT: {"VatBaseAmount": "netAmount", "VatRateAmount": "vatAmount"},
    }
)
_INSTRUCTED = "EpiDetails/EpiPaymentInstructionDetails/EpiInstructedAmount"
_STATUS = "PaymentStatusDetails/PaymentStatusCode"
_PAID = _DETAILS + "InvoicePaidAmount"
_PARTS = "PartialPaymentDetails"
_RULE = "xml.totals"


def amounts(reader: ElementReader, kind: InvoiceType, nets: Sequence[Decimal]) -> None:
    """Put in the amounts, with the VAT of every rate, and what was paid before.

    Args:
        reader: The reader of the document.
        kind: The type that it is sent as.
        nets: The net amounts of its rows.
    """
    root, draft = reader.root, reader.draft
    for path, place in _TOTALS:
        placing.amount(reader, draft, place, root, path)
    rates = reader.every(root, _DETAILS + "VatSpecificationDetails")
    for part, rate in zip(draft.items("invoice.amounts.vatBreakdown", len(rates)), rates, strict=True):
        fill(reader, part, rate, _RATE)
    gross: Decimal | None = draft.get(_GROSS)
    if kind == InvoiceType.CREDIT_NOTE and gross is not None and gross < 0:
        reader.findings.remarks.append(
            "the amounts of the credit note are negative in the document, and are sent so"
        )
    _check_status(reader)
    if gross is not None:
        _pay(reader, kind, total((gross, draft.get(_ROUNDING) or ZERO)))
    discounts, charges = (
        amounts_of(reader, reader.every(root, path), "Amount", missing="0") for path in (DISCOUNTS, CHARGES)
    )
    sums = {
        "RowsTotalVatExcludedAmount": nets,
        "DiscountsTotalVatExcludedAmount": discounts,
        "ChargesTotalVatExcludedAmount": charges,
    }
    imply_sums(reader, root, {_DETAILS + name: values for name, values in sums.items()})


def _check_status(reader: ElementReader) -> None:
    status = reader.first(reader.root, _STATUS)
    if status is not None and own_text(status) == PAID:
        message = (
            "says that the document is paid, so that it claims nothing; leave it out, or correct the code"
        )
        reader.findings.wrong(status, "xml.type", message)


def _pay(reader: ElementReader, kind: InvoiceType, whole: Decimal) -> None:
    """Check the amount to pay by the totals; put in what was paid before, if anything was."""
    paid, left = _paid(reader)
    due = total((whole, (paid or ZERO).copy_negate()))
    element = reader.first(reader.root, _INSTRUCTED)
    payable = None if element is None else amount_of(reader, element)
    is_paid = kind != InvoiceType.CREDIT_NOTE  # which nobody pays
    may_be = {due} if left is None else {due, whole}  # partial payments may leave the instruction as it was
    if element is not None and payable == due:
        reader.imply(element, reader.dialect.currency_attribute)
    elif element is not None and payable is not None and payable not in may_be and is_paid:
        message = (
            "is not InvoiceTotalVatIncludedAmount plus InvoiceTotalRoundoffAmount less "
            "InvoicePaidAmount, so it is open what the buyer owes; have the document corrected"
        )
        reader.findings.wrong(element, _RULE, message)
    if left is not None and left != due:
        message = (
            "does not make the amount of the invoice with PaidAmount, so it is open what the buyer owes; "
            "have the document corrected"
        )
        reader.findings.wrong(_at(reader, f"{_PARTS}/UnPaidAmount"), _RULE, message)
    if paid:
        reader.draft.put(f"{_STATE}.paidAmount", paid, reader.first(reader.root, _PAID))
        reader.draft.put(f"{_STATE}.openAmount", payable if left is None else left)
        reader.findings.remarks.append(f"the invoice is partly paid: {paid} before, and {due} is open")
    elif reader.peek(reader.root, _STATUS) == PARTLY_PAID:
        reader.findings.remark(
            _at(reader, _STATUS), "says that a part was paid, not how much; the whole amount is claimed"
        )


def _paid(reader: ElementReader) -> tuple[Decimal | None, Decimal | None]:
    """Return what was paid before, and what is open, by the details of partial payments; None if unknown."""
    element = reader.first(reader.root, _PAID)
    paid = None if element is None else amount_of(reader, element)
    if element is not None and paid is not None:
        reader.imply(element, reader.dialect.currency_attribute)
    parts = reader.every(reader.root, _PARTS)
    if not parts:
        return paid, None
    check_once(reader, parts[0], ("PaidAmount", "UnPaidAmount"))
    of_first = [reader.first(parts[0], name) for name in ("PaidAmount", "UnPaidAmount")]
    before, left = (None if each is None else amount_of(reader, each) for each in of_first)
    if len(parts) > 1 or before is None or left is None or (paid is not None and paid != before):
        message = "does not say once how much was paid and how much is open; have the document corrected"
        reader.findings.wrong(parts[0], _RULE, message)
        return paid, None
    return before, left


def _at(reader: ElementReader, path: str) -> Element:
    element = reader.first(reader.root, path)
    return reader.root if element is None else element
