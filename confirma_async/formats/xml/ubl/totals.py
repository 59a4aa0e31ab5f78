"""Reads the totals of a UBL document, and what was paid already."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from confirma_async.formats.payload import Draft
from confirma_async.formats.values.decimals import total
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import amounts_of, imply_sums, sum_of
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.filling import fill
from confirma_async.formats.xml.reading.once import check_once, refuse_second
from confirma_async.formats.xml.reading.placing import amount_of, is_foreign
from confirma_async.formats.xml.reading.plan import Plan, Take
from confirma_async.formats.xml.ubl.codes import is_oioubl
from confirma_async.formats.xml.ubl.rows import check_rates
from confirma_async.schemas.values import ZERO

_TOTALS = "cac:LegalMonetaryTotal"
_ONCE = (
    "cbc:LineExtensionAmount",
    "cbc:TaxExclusiveAmount",
    "cbc:TaxInclusiveAmount",
    "cbc:AllowanceTotalAmount",
    "cbc:ChargeTotalAmount",
    "cbc:PrepaidAmount",
    "cbc:PayableRoundingAmount",
    "cbc:PayableAmount",
)
_RULE = "xml.totals"
_NET, _VAT = "invoice.amounts.netAmount", "invoice.amounts.vatAmount"
_GROSS, _ROUNDING = "invoice.amounts.grossAmount", "invoice.amounts.roundingAmount"
_STATE = "invoice.paymentData.state"
_NOTHING_TO_PAY = "is missing, but it says what is to be paid; add it"


_SUBTOTAL = Plan(
    {
        Take.NUMBER: {"cac:TaxCategory/cbc:Percent": "vatPercentage"},
        Take.AMOUNT: {"cbc:TaxableAmount": "netAmount", "cbc:TaxAmount": "vatAmount"},
        Take.IMPLIED: {"cac:TaxCategory/cac:TaxScheme/cbc:ID": "VAT"},
    }
)


@frozen
class _UblTotal:
    """One of the totals: its element and its amount, each None if there is none or it cannot be read."""

    element: Element | None
    amount: Decimal | None


def amounts(reader: ElementReader, lines: Sequence[Draft], charges: Sequence[Element]) -> None:
    """Put in the amounts, with the VAT of every rate, and what was paid before.

    Args:
        reader: The reader of the document.
        lines: The rows of its lines.
        charges: The allowances and charges on the whole document.
    """
    totals = _only(reader, reader.every(reader.root, _TOTALS), "LegalMonetaryTotal")
    _taxes(reader)
    if totals is None:
        reader.findings.missing(f"{_TOTALS}/cbc:PayableAmount", _NOTHING_TO_PAY)
        return
    check_once(reader, totals, _ONCE)
    of_lines = [row.values.get("netAmount") for row in lines]
    less, more = (amounts_of(reader, part, "cbc:Amount") for part in _by_sign(reader, charges))
    _net(reader, totals, of_lines, less, more)
    sums = {"LineExtensionAmount": of_lines, "AllowanceTotalAmount": less, "ChargeTotalAmount": more}
    imply_sums(reader, totals, {f"cbc:{name}": values for name, values in sums.items()})
    _gross(reader, totals)


def _total(reader: ElementReader, totals: Element, name: str) -> _UblTotal:
    element = reader.first(totals, f"cbc:{name}")
    return _UblTotal(element, None if element is None else amount_of(reader, element))


def _net(
    reader: ElementReader,
    totals: Element,
    of_lines: Sequence[Decimal | None],
    less: Sequence[Decimal | None],
    more: Sequence[Decimal | None],
) -> None:
    """Put in the net amount. In OIOUBL, TaxExclusiveAmount is the tax, and net is the sum of the rows."""
    exclusive = _total(reader, totals, "TaxExclusiveAmount")
    vat: Decimal | None = reader.draft.get(_VAT)
    if not is_oioubl(reader) or exclusive.amount is None or exclusive.amount != vat:
        placing.amount(reader, reader.draft, _NET, totals, "cbc:TaxExclusiveAmount")
        return
    plus, minus = sum_of([*of_lines, *more]), sum_of(less)
    if exclusive.element is None or plus is None or minus is None:
        return
    reader.imply(exclusive.element, "currencyID")
    net = total((plus, minus.copy_negate()))
    reader.draft.put(_NET, net, reader.first(totals, "cbc:LineExtensionAmount"))


def _gross(reader: ElementReader, totals: Element) -> None:
    """Put in the gross amount, the rounding, and what was paid; the amount to pay decides between them."""
    draft = reader.draft
    inclusive, payable = (_total(reader, totals, f"{name}Amount") for name in ("TaxInclusive", "Payable"))
    rounding = placing.amount(reader, draft, _ROUNDING, totals, "cbc:PayableRoundingAmount") or ZERO
    paid = _paid(reader, totals)
    before = paid.amount or ZERO
    net: Decimal | None = draft.get(_NET)
    vat: Decimal | None = draft.get(_VAT)
    made = None if net is None or vat is None else total((net, vat))
    gross = inclusive.amount
    if inclusive.element is None and payable.amount is not None:
        gross = total((payable.amount, before, rounding.copy_negate())) if made is None else made
        reader.findings.remarks.append(
            "the document has no TaxInclusiveAmount; "
            + ("it is what PayableAmount makes" if made is None else "it is net and VAT together")
        )
        draft.put(_GROSS, gross, payable.element)
    elif inclusive.element is not None and gross is not None:
        is_inside = rounding and made is not None and gross == total((made, rounding)) and gross != made
        if is_inside and payable.amount == total((gross, before.copy_negate())):
            reader.findings.remark(
                inclusive.element, f"is {gross} with the rounding in it; {made}, without it, is sent"
            )
            gross = made
            draft.put(_GROSS, gross, inclusive.element)
        else:
            placing.amount(reader, draft, _GROSS, totals, "cbc:TaxInclusiveAmount")
    _pay(reader, payable, paid, gross, rounding)
    if inclusive.element is None and payable.element is None:
        reader.findings.missing(f"{_TOTALS}/cbc:PayableAmount", _NOTHING_TO_PAY)


def _pay(
    reader: ElementReader, payable: _UblTotal, paid: _UblTotal, gross: Decimal | None, rounding: Decimal
) -> None:
    """Check the amount to pay by the totals; put in what was paid before, if anything was."""
    before = paid.amount or ZERO
    if payable.element is not None and payable.amount is not None and gross is not None:
        if payable.amount != total((gross, rounding, before.copy_negate())):
            message = (
                "is not TaxInclusiveAmount less PrepaidAmount plus PayableRoundingAmount, so it is open what "
                "the buyer owes; have the document corrected"
            )
            reader.findings.wrong(payable.element, _RULE, message)
        elif before or payable.amount == gross:
            reader.imply(
                payable.element, "currencyID"
            )  # else rounded: its parts are sent, and the total is kept as printed
    if not before:
        if paid.element is not None:
            reader.imply(paid.element, "currencyID")
        return
    reader.draft.put(f"{_STATE}.paidAmount", before, paid.element)
    reader.draft.put(f"{_STATE}.openAmount", payable.amount, payable.element)
    if payable.amount is not None:
        reader.findings.remarks.append(
            f"the invoice is partly paid: {before} before, and {payable.amount} is open"
        )


def _paid(reader: ElementReader, totals: Element) -> _UblTotal:
    """Return what was paid before: its total, else the sum of the single payments."""
    prepaid = _total(reader, totals, "PrepaidAmount")
    if prepaid.element is not None:
        if prepaid.amount:
            reader.imply(prepaid.element, "currencyID")
        return prepaid
    payments = reader.every(reader.root, "cac:PrepaidPayment/cbc:PaidAmount")
    values = [amount_of(reader, each) for each in payments]
    known = [value for value in values if value is not None]
    return _UblTotal(payments[0] if payments else None, total(known)) if known else _UblTotal(None, None)


def _taxes(reader: ElementReader) -> None:
    taxes = [each for each in reader.every(reader.root, "cac:TaxTotal") if not _is_restated(reader, each)]
    tax = _only(reader, taxes, "TaxTotal in the document's currency")
    if tax is None:
        return
    check_once(reader, tax, ("cbc:TaxAmount",))
    placing.amount(reader, reader.draft, _VAT, tax, "cbc:TaxAmount")
    subtotals = reader.every(tax, "cac:TaxSubtotal")
    parts = reader.draft.items("invoice.amounts.vatBreakdown", len(subtotals))
    for part, subtotal in zip(parts, subtotals, strict=True):
        fill(reader, part, subtotal, _SUBTOTAL)
        check_rates(reader, subtotal, "cac:TaxCategory", is_of_one_tax=True)


def _by_sign(reader: ElementReader, charges: Sequence[Element]) -> tuple[list[Element], list[Element]]:
    """Divide elements into allowances and charges."""
    found: tuple[list[Element], list[Element]] = ([], [])
    for charge in charges:
        found[reader.peek(charge, "cbc:ChargeIndicator") in {"true", "1"}].append(charge)
    return found


def _only(reader: ElementReader, found: Sequence[Element], what: str) -> Element | None:
    refuse_second(reader, found, what)
    return found[0] if found else None


def _is_restated(reader: ElementReader, tax: Element) -> bool:
    """Say whether this is the same VAT again, in the currency of accounting."""
    amount = reader.first(tax, "cbc:TaxAmount")
    accounted_in = reader.peek(reader.root, "cbc:TaxCurrencyCode")
    return amount is not None and is_foreign(reader, amount) and amount.get("currencyID") == accounted_in
