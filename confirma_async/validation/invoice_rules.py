"""Rules about an invoice as a whole: its number, its dates, its references and its sums.

Each function takes the invoice and returns what is wrong. Sums are added in a context of their own, so
that neither the caller's precision nor its rounding can bend them.
"""

from __future__ import annotations

import decimal
import typing
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import reduce
from typing import TypeAlias

from confirma_async.errors import Problem
from confirma_async.schemas import InvoiceAmounts, InvoiceContentData, InvoiceRowData, InvoiceType
from confirma_async.validation import rules
from confirma_async.validation.identifiers import payment_reference_fault

_EXACT = decimal.Context(prec=200, traps=[decimal.Inexact, decimal.InvalidOperation])
_add = _EXACT.add
_plus = typing.cast("Callable[[Decimal | None, Decimal | None], Decimal]", _add)
"""The same, for columns that may lack an amount: it raises TypeError there, which is cheaper than asking."""

_ZERO = Decimal(0)
_NOTHING: tuple[Problem, ...] = ()

_Column: TypeAlias = list[Decimal | None]


def numbers_are_positive(invoice: InvoiceContentData) -> Sequence[Problem]:
    """The invoice's number, and that of the credited one, are positive."""
    found = _NOTHING
    if invoice.header.number <= 0:
        found += (_problem(rules.INVOICE_NUMBER, "header.number", "must be greater than zero"),)
    credited = None if invoice.references is None else invoice.references.credited_invoice_number
    if credited is not None and credited <= 0:
        place = "references.creditedInvoiceNumber"
        found += (_problem(rules.INVOICE_NUMBER, place, "must be greater than zero"),)
    return found


def credit_note_names_its_original(invoice: InvoiceContentData) -> Sequence[Problem]:
    """A credit note says which invoice it credits."""
    if invoice.header.type != InvoiceType.CREDIT_NOTE:
        return _NOTHING
    if invoice.references is not None and invoice.references.credited_invoice_number is not None:
        return _NOTHING
    wanted = "a CREDIT_NOTE must name the number of the invoice that it credits"
    return (_problem(rules.CREDITED_INVOICE, "references.creditedInvoiceNumber", wanted),)


def due_date_follows_date(invoice: InvoiceContentData) -> Sequence[Problem]:
    """The due date is not before the date."""
    if invoice.header.due_date >= invoice.header.date:
        return _NOTHING
    return (_problem(rules.DUE_DATE, "header.dueDate", "must not be before the invoice's date"),)


def payment_reference_is_right(invoice: InvoiceContentData) -> Sequence[Problem]:
    """The check digits of the payment reference fit."""
    references = invoice.references
    if references is None or references.payment is None:
        return _NOTHING
    fault = payment_reference_fault(references.payment, finnish=_is_paid_in_finland(invoice))
    return _NOTHING if fault is None else (_problem(rules.PAYMENT_REFERENCE, "references.payment", fault),)


def _is_paid_in_finland(invoice: InvoiceContentData) -> bool:
    seller = None if invoice.parties is None else invoice.parties.seller_party
    if seller is None:
        return False
    account = seller.payment_details
    if account is not None and account.iban is not None and account.iban[:2].upper() == "FI":
        return True
    return seller.address is not None and seller.address.country_code == "FI"


def rows_add_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Each row's net plus VAT is its gross, and the rows add up to the invoice's amounts."""
    rows, amounts = invoice.rows, invoice.amounts
    if not rows or (amounts is not None and _surely_add_up(rows, amounts)):
        return _NOTHING
    found = tuple(
        _problem(rules.ROW_GROSS, f"rows[{index}].grossAmount", "must be netAmount plus vatAmount, exactly")
        for index, row in enumerate(rows)
        if not _adds_up(row)
    )
    charges = [row for row in rows if _charges(row)]
    if amounts is None or not charges:
        return found
    wrong = (
        wire
        for wire, column, total in (
            ("netAmount", [row.net_amount for row in charges], amounts.net_amount),
            ("vatAmount", [row.vat_amount for row in charges], amounts.vat_amount),
            ("grossAmount", [row.gross_amount for row in charges], amounts.gross_amount),
        )
        if _differs(column, total)
    )
    return found + tuple(
        _problem(rules.ROW_SUMS, f"amounts.{wire}", f"must be the sum of the rows' {wire}, exactly")
        for wire in wrong
    )


def invoice_adds_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """The invoice's net plus VAT is its gross."""
    amounts = invoice.amounts
    if amounts is None or _adds_up(amounts):
        return _NOTHING
    wanted = "must be netAmount plus vatAmount, exactly; roundingAmount is not part of it"
    return (_problem(rules.INVOICE_GROSS, "amounts.grossAmount", wanted),)


def vat_breakdown_adds_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """The VAT breakdown adds up to the invoice's amounts."""
    amounts = invoice.amounts
    if amounts is None or not amounts.vat_breakdown:
        return _NOTHING
    found = _NOTHING
    for wire, parts, total in (
        ("netAmount", [part.net_amount for part in amounts.vat_breakdown], amounts.net_amount),
        ("vatAmount", [part.vat_amount for part in amounts.vat_breakdown], amounts.vat_amount),
    ):
        if _differs(parts, total):
            wanted = f"{wire} of the parts must add up to that of amounts, exactly"
            found += (_problem(rules.VAT_BREAKDOWN, "amounts.vatBreakdown", wanted),)
    return found


INVOICE_RULES: tuple[Callable[[InvoiceContentData], Sequence[Problem]], ...] = (
    numbers_are_positive,
    credit_note_names_its_original,
    due_date_follows_date,
    payment_reference_is_right,
    rows_add_up,
    invoice_adds_up,
    vat_breakdown_adds_up,
)
"""Every rule about an invoice as a whole."""


def _charges(row: InvoiceRowData) -> bool:
    """False for a row of text, which has no part in the sums."""
    return (
        row.net_amount is not None
        or row.gross_amount is not None
        or row.vat_amount is not None
        or row.unit_price is not None
    )


def _adds_up(amounts: InvoiceRowData | InvoiceAmounts) -> bool:
    net, vat, gross = amounts.net_amount, amounts.vat_amount, amounts.gross_amount
    return net is None or vat is None or gross is None or _add(net, vat) == gross


def _surely_add_up(rows: Sequence[InvoiceRowData], amounts: InvoiceAmounts) -> bool:
    """Whether all sums are given and right: the usual case, found out at half the cost of naming a fault."""
    nets = [row.net_amount for row in rows]
    vats = [row.vat_amount for row in rows]
    try:
        return (
            [*map(_plus, nets, vats)] == [row.gross_amount for row in rows]
            and reduce(_plus, nets) == amounts.net_amount
            and reduce(_plus, vats) == amounts.vat_amount
            and _plus(amounts.net_amount, amounts.vat_amount) == amounts.gross_amount
        )
    except TypeError:  # an amount is missing
        return False


def _differs(parts: _Column, total: Decimal | None) -> bool:
    """Whether parts that are all given do not add up to a total that is given."""
    if total is None:
        return False
    try:
        return reduce(_plus, parts, _ZERO) != total
    except TypeError:  # an amount is missing
        return False


def _problem(rule: rules.Rule, place: str, wanted: str) -> Problem:
    return Problem(f"$.invoice.{place}", rule.id, wanted)
