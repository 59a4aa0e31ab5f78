"""The code lists of Finvoice, and how it writes numbers, dates and currencies."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache

from confirma_async.formats.tables.cells import DecimalSeparator, readings
from confirma_async.formats.values.decimals import LONGEST_NUMERAL, REMEMBERED
from confirma_async.formats.xml.dialect import Dialect
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.schemas import InvoiceType

FINVOICE_ROOT = "Finvoice"

PLAIN_CODES = frozenset({"INV01", "INV02"})
"""Codes that add nothing to the type that they are sent as."""

TYPE_CODES: Mapping[str, InvoiceType] = {
    "INV01": InvoiceType.INVOICE,
    "INV02": InvoiceType.CREDIT_NOTE,
    "INV03": InvoiceType.INVOICE,  # interest
    "INV04": InvoiceType.INVOICE,  # internal
    "INV08": InvoiceType.REMINDER,
    "INV09": InvoiceType.AUTO_PAYMENT_INVOICE,  # direct payment
}
"""Document type codes (InvoiceTypeCode) of claims and of their returns, with the types they are sent as.

Left out on purpose: INV05 (collection), which COLLECTION would make a case at the agency that the document
does not ask for; INV06 (pro forma), TES01 (test) and all that are no invoices, which claim nothing; INV07
(self-billed), where the buyer issues; receipts (REC), which are paid.
"""

ORIGINAL = "Original"
"""The origin code of a document that is neither a copy nor the cancellation of another."""

PAID = "PAID"
"""The payment status of a document that claims nothing any more."""
PARTLY_PAID = "PARTLYPAID"
"""The payment status of a document of which a part was paid before."""

GLN_SCHEMES = frozenset({"0088"})

_DATE = re.compile(r"\d{8}", re.ASCII)
_PLAIN = re.compile(r"-?\d{1,30}(,\d{1,9})?", re.ASCII)
_PLAIN_AMOUNT = re.compile(r"-?\d{1,30}(,\d\d?)?", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_TOTAL = "InvoiceDetails/InvoiceTotalVatIncludedAmount"
_CURRENCY = "AmountCurrencyIdentifier"


def number(text: str) -> Decimal | None:
    """Read a number with a decimal comma, or with a point if that cannot mean thousands."""
    return _remembered(text) if len(text) <= LONGEST_NUMERAL else _number(text)


def _number(text: str) -> Decimal | None:
    if _PLAIN.fullmatch(text):  # the usual form, read straight
        return Decimal(text.replace(",", "."))
    found = readings(text)
    if "," in text or len(set(found.values())) == 1:
        return found.get(
            DecimalSeparator.COMMA, found.get(DecimalSeparator.POINT) if "," not in text else None
        )
    return found.get(DecimalSeparator.POINT) if DecimalSeparator.COMMA not in found else None


_remembered = lru_cache(REMEMBERED)(_number)


def _plain_amount(text: str) -> Decimal | None:
    """Read an amount in the usual form of Finvoice, with at most two decimals; None for another form."""
    return None if len(text) > LONGEST_NUMERAL else _remembered_amount(text)


@lru_cache(REMEMBERED)
def _remembered_amount(text: str) -> Decimal | None:
    return Decimal(text.replace(",", ".")) if _PLAIN_AMOUNT.fullmatch(text) else None


def day(text: str) -> str | None:
    """Read a date as CCYYMMDD, or in ISO 8601."""
    try:
        if _DATE.fullmatch(text) or _ISO.fullmatch(text):
            return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    return None


def _currency(root: Element) -> str:
    totals = (each for each in root.iterfind(_TOTAL) if len(each) or own_text(each))
    total = next(totals, None)
    return "" if total is None else (total.get(_CURRENCY) or "").strip()


DIALECT = Dialect(
    currency=_currency,
    currency_place=f"{_TOTAL}/@{_CURRENCY}",
    currency_attribute=_CURRENCY,
    decimal=number,
    plain_amount=_plain_amount,
    number_form="Finvoice writes it (1234,50)",
    date=day,
    date_form="CCYYMMDD",
    silent={"Format": "CCYYMMDD"},
    sources={
        "$.invoice.header.number": "InvoiceDetails/InvoiceNumber",
        "$.invoice.header.currencyCode": f"{_TOTAL}/@{_CURRENCY}",
        "$.invoice.header.dueDate": "InvoiceDetails/PaymentTermsDetails/InvoiceDueDate",
        "$.invoice.references.creditedInvoiceNumber": "InvoiceDetails/OriginalInvoiceNumber",
        "$.invoice.references.payment": (
            "EpiDetails/EpiPaymentInstructionDetails/EpiRemittanceInfoIdentifier"
        ),
        "$.invoice.amounts": _TOTAL,
        "$.invoice.amounts.grossAmount": _TOTAL,
        "$.invoice.amounts.netAmount": "InvoiceDetails/InvoiceTotalVatExcludedAmount",
        "$.invoice.amounts.vatAmount": "InvoiceDetails/InvoiceTotalVatAmount",
        "$.invoice.amounts.vatBreakdown": "InvoiceDetails/VatSpecificationDetails",
    },
)
"""How Finvoice writes numbers, dates and currencies."""
