"""Rules about an invoice as a whole: its number, its dates, its references and its sums.

Each function takes the invoice and returns what is wrong. They run in the context ``EXACT``, so that neither
the caller's precision nor its rounding can bend a sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from difflib import get_close_matches
from operator import attrgetter
from typing import Any

from confirma_async.errors import Problem
from confirma_async.schemas import (
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceRowData,
    InvoiceType,
    SalesInvoiceRequest,
    VatBreakdown,
)
from confirma_async.schemas.values import LONGEST_INVOICE_NUMBER, ZERO
from confirma_async.validation import rules
from confirma_async.validation.rules import about
from confirma_async.validation.sums import sum_of
from confirma_async.validation.values.identifiers import payment_reference_fault

_LARGEST_NUMBER = 10**LONGEST_INVOICE_NUMBER - 1
_NUMBER = f"a whole number greater than zero, of at most {LONGEST_INVOICE_NUMBER} digits"
_NOTHING: tuple[Problem, ...] = ()
_HALF_CENT = Decimal("0.005")
_TYPES = tuple(str(kind) for kind in InvoiceType)
ABSURD = Decimal(100_000_000)
"""What an invoice asks for at least whose decimal point may be wrong."""
_EURO = "EUR"
_FINLAND = "FI"
_ROUNDED = Decimal("0.05")
_PERCENT = Decimal(100)
_MOST_OFF = _ROUNDED * _PERCENT
_LEAST_OFF = -_MOST_OFF
_ROUNDED_PART = Decimal("0.005")
_NO_RATE = (
    "must make the VAT amount of net, and does not (per cent are written 25.5, not 0.255); correct whichever "
    "is wrong"
)
_FRACTION = "is below 1 per cent, as no VAT rate is (per cent are written 25.5, not 0.255); correct it"
_ONE = Decimal(1)
_NET: Callable[[VatBreakdown], Decimal | None] = attrgetter("net_amount")
_VAT: Callable[[VatBreakdown], Decimal | None] = attrgetter("vat_amount")
_MAY_BE_DUE_BEFORE = frozenset({InvoiceType.REMINDER, InvoiceType.CREDIT_NOTE})


@about(SalesInvoiceRequest)
def numbers_are_positive(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that the invoice's number, and the credited one's, are positive and of at most 18 digits."""
    found = _NOTHING
    if not 0 < invoice.header.number <= _LARGEST_NUMBER:
        wanted = f"must be {_NUMBER}; give the document such a number"
        found += (_problem(rules.INVOICE_NUMBER, "header.number", wanted),)
    credited = None if invoice.references is None else invoice.references.credited_invoice_number
    if credited is not None and not 0 < credited <= _LARGEST_NUMBER:
        wanted = f"must be {_NUMBER}; give the number under which the original was sent"
        found += (_problem(rules.INVOICE_NUMBER, "references.creditedInvoiceNumber", wanted),)
    return found


@about(SalesInvoiceRequest)
def credit_note_names_its_original(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that a credit note says which invoice it credits."""
    if invoice.header.type != InvoiceType.CREDIT_NOTE:
        return _NOTHING
    if invoice.references is not None and invoice.references.credited_invoice_number is not None:
        return _NOTHING
    wanted = "must be there: a CREDIT_NOTE names the invoice that it credits; give that invoice's number"
    return (_problem(rules.CREDITED_INVOICE, "references.creditedInvoiceNumber", wanted),)


@about(SalesInvoiceRequest)
def due_date_follows_date(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that the due date is not before the date, but where the document is about an older invoice."""
    header = invoice.header
    if header.due_date >= header.date or header.type in _MAY_BE_DUE_BEFORE:
        return _NOTHING
    wanted = "must not be before the invoice's date; correct one of the two"
    return (_problem(rules.DUE_DATE, "header.dueDate", wanted),)


@about(SalesInvoiceRequest)
def payment_reference_is_right(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that the check digits of the payment reference fit."""
    references = invoice.references
    if references is None or references.payment is None:
        return _NOTHING
    finnish = reference_is_finnish(invoice)
    fault = payment_reference_fault(references.payment, finnish=finnish)
    return _NOTHING if fault is None else (_problem(rules.PAYMENT_REFERENCE, "references.payment", fault),)


def reference_is_finnish(invoice: InvoiceContentData) -> bool:
    """Say whether a payment reference of digits alone is a Finnish one: in euros, and not paid elsewhere.

    An account decides, since the payer's bank looks at it; the seller's address only where there is none.
    """
    if invoice.header.currency_code != _EURO:
        return False
    seller = None if invoice.parties is None else invoice.parties.seller_party
    if seller is None:
        return True
    paid_to = seller.payment_details
    if paid_to is not None and paid_to.iban:
        return paid_to.iban[:2].upper() == _FINLAND
    if paid_to is not None and (paid_to.bankgiro or paid_to.postgiro):
        return False
    return seller.address is None or seller.address.country_code in {None, _FINLAND}


@about(SalesInvoiceRequest)
def amounts_say_what_to_pay(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that amounts, where they are given, say what is to be paid."""
    amounts = invoice.amounts
    if amounts is None or amounts.gross_amount is not None or amounts.net_amount is not None:
        return _NOTHING
    wanted = "must say what is to be paid: give grossAmount, or at least netAmount"
    return (_problem(rules.AMOUNT_TO_PAY, "amounts", wanted),)


def amounts_agree(invoice: InvoiceContentData) -> bool:
    """Say whether the amounts are given and right: the usual case, much quicker than naming a fault.

    A row may say its net amount alone; all others say all of theirs, and so does the invoice.
    """
    nets = vats = part_nets = part_vats = ZERO
    has_vats = True
    given: Any  # an amount that is not given can be neither multiplied nor added, and ends this
    try:
        amounts: Any = invoice.amounts
        for given in invoice.rows:
            net, vat, rate = given.net_amount, given.vat_amount, given.vat_percentage
            nets += net
            if given.vat_amount is None and given.gross_amount is None:
                has_vats = False
                if _ONE > rate > ZERO:
                    return False
                continue
            if not _LEAST_OFF <= net * rate - vat * _PERCENT <= _MOST_OFF or _ONE > rate > ZERO:
                return False
            if net + vat != given.gross_amount:
                return False
            vats += vat
        for given in amounts.vat_breakdown:
            net, vat, rate = given.net_amount, given.vat_amount, given.vat_percentage
            if not _LEAST_OFF <= net * rate - vat * _PERCENT <= _MOST_OFF or _ONE > rate > ZERO:
                return False
            part_nets += net
            part_vats += vat
        net, vat = amounts.net_amount, amounts.vat_amount
        if amounts.vat_breakdown and (part_nets != net or part_vats != vat):
            return False
        return bool(nets == net and (vats == vat or not has_vats) and net + vat == amounts.gross_amount)
    except (ArithmeticError, AttributeError, TypeError):  # then each rule is asked by itself
        return False


@about(SalesInvoiceRequest, unless=amounts_agree)
def vat_is_its_rate_of_net(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Return the VAT amounts that are not what their rate makes of net."""
    parts = () if invoice.amounts is None else invoice.amounts.vat_breakdown
    found = tuple(
        _problem(rules.VAT_RATE, f"rows[{index}].vatPercentage", fault)
        for index, row in enumerate(invoice.rows)
        if (fault := _rate_fault(row.net_amount, row.vat_percentage, _vat(row))) is not None
    )
    return found + tuple(
        _problem(rules.VAT_RATE, f"amounts.vatBreakdown[{index}].vatPercentage", fault)
        for index, part in enumerate(parts)
        if (fault := _rate_fault(part.net_amount, part.vat_percentage, part.vat_amount)) is not None
    )


def _rate_fault(net: Decimal | None, rate: Decimal | None, vat: Decimal | None) -> str | None:
    if not rate_fits(net, rate, vat):
        return _NO_RATE
    return _FRACTION if rate is not None and ZERO < rate < _ONE else None


def rate_fits(net: Decimal | None, rate: Decimal | None, vat: Decimal | None) -> bool:
    """Say whether a rate, in per cent, makes a VAT amount of net, as far as VAT is ever rounded."""
    if net is None or rate is None or not vat:
        return True
    return abs(net * rate / 100 - vat) <= max(_ROUNDED, abs(net) * _ROUNDED_PART)


def _vat(row: InvoiceRowData) -> Decimal | None:
    if row.vat_amount is not None or row.gross_amount is None or row.net_amount is None:
        return row.vat_amount
    return row.gross_amount - row.net_amount


@about(SalesInvoiceRequest, unless=amounts_agree)
def rows_add_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Return the rows whose net plus VAT is not their gross, and the amounts that the rows do not make."""
    rows, amounts = invoice.rows, invoice.amounts
    if not rows:
        return _NOTHING
    found = tuple(
        _problem(rules.ROW_GROSS, f"rows[{index}].grossAmount", _not_gross(row))
        for index, row in enumerate(rows)
        if not _adds_up(row)
    )
    charges = [row for row in rows if _charges(row)]
    if amounts is None or not charges:
        return found
    return found + tuple(
        _problem(
            rules.ROW_SUMS,
            f"amounts.{wire}",
            f"must be the sum of the rows' {wire}, {_unlike(wanted, total)}",
        )
        for wire, wanted, total in _unlike_the_rows(charges, amounts)
    )


@about(SalesInvoiceRequest, unless=amounts_agree)
def invoice_adds_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Say where the invoice's net plus VAT is not its gross."""
    amounts = invoice.amounts
    if amounts is None or _adds_up(amounts):
        return _NOTHING
    wanted = f"{_not_gross(amounts)} (roundingAmount is not part of it)"
    return (_problem(rules.INVOICE_GROSS, "amounts.grossAmount", wanted),)


@about(SalesInvoiceRequest, unless=amounts_agree)
def vat_breakdown_adds_up(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Return the amounts to which the VAT breakdown does not add up."""
    amounts = invoice.amounts
    if amounts is None or not amounts.vat_breakdown:
        return _NOTHING
    found = _NOTHING
    for wire, column, total in (
        ("netAmount", _NET, amounts.net_amount),
        ("vatAmount", _VAT, amounts.vat_amount),
    ):
        made = None if total is None else sum_of(map(column, amounts.vat_breakdown))
        if made is None or made == total:
            continue
        wanted = (
            f"must add up to amounts.{wire}, which is {_shown(total)}, but the {wire} of its parts makes "
            f"{made}; correct whichever is wrong"
        )
        found += (_problem(rules.VAT_BREAKDOWN, "amounts.vatBreakdown", wanted),)
    return found


@about(SalesInvoiceRequest)
def nothing_is_odd(invoice: InvoiceContentData) -> Sequence[Problem]:
    """Check that the type is known, that there is a buyer, and that the amount is neither 0 nor absurd."""
    amounts, parties = invoice.amounts, invoice.parties
    buyer = None if parties is None else parties.buyer_party
    if amounts is not None and buyer is not None and buyer.name and invoice.header.type.is_known:
        asked = amounts.net_amount if amounts.gross_amount is None else amounts.gross_amount
        if asked is not None and ZERO < asked < ABSURD:
            return _NOTHING  # the usual case
    return (*_odd_type(invoice), *_no_buyer(invoice), *_odd_amount(invoice))


def _odd_type(invoice: InvoiceContentData) -> Iterator[Problem]:
    kind = invoice.header.type
    if not kind.is_known:
        near = get_close_matches(kind.upper(), _TYPES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the vendor names {', '.join(_TYPES)}"
        yield _problem(rules.INVOICE_TYPE, "header.type", f"is no type that the vendor names; {hint}")


def _no_buyer(invoice: InvoiceContentData) -> Iterator[Problem]:
    buyer = invoice.parties.buyer_party if invoice.parties else None
    if buyer is None or not buyer.name or not buyer.name.strip():
        place = "parties.buyerParty" if buyer is None else "parties.buyerParty.name"
        yield _problem(rules.BUYER, place, "is not there: nobody is named who is to pay; name the buyer")


def _odd_amount(invoice: InvoiceContentData) -> Iterator[Problem]:
    asked, place = _asked_for(invoice.amounts), "amounts"
    if asked is None:
        known = [part for row in invoice.rows if (part := _asked_for(row)) is not None]
        asked, place = (sum_of(known) if known else None), "rows"
    if asked is None:
        if not any(row.unit_price is not None for row in invoice.rows):
            message = "are not there, and no row has an amount or a price: nothing is asked for; give amounts"
            yield _problem(rules.AMOUNT_MISSING, "amounts", message)
    elif invoice.header.type == InvoiceType.INVOICE and asked <= 0:
        message = f"make {asked}, and an INVOICE asks for more than nothing; a CREDIT_NOTE gives back"
        yield _problem(rules.AMOUNT_SIGN, place, message)
    elif abs(asked) >= ABSURD:
        yield _problem(rules.AMOUNT_ABSURD, place, f"make {asked}; look whether the decimal point is right")


def _asked_for(amounts: InvoiceRowData | InvoiceAmounts | None) -> Decimal | None:
    if amounts is None:
        return None
    return amounts.net_amount if amounts.gross_amount is None else amounts.gross_amount


def _charges(row: InvoiceRowData) -> bool:
    """Say whether a row charges anything; a row of text has no part in the sums."""
    return (
        row.net_amount is not None
        or row.gross_amount is not None
        or row.vat_amount is not None
        or row.unit_price is not None
    )


def _gross(amounts: InvoiceRowData | InvoiceAmounts) -> Decimal | None:
    """Return net plus VAT, where both are given."""
    net, vat = amounts.net_amount, amounts.vat_amount
    return None if net is None or vat is None else net + vat


def _adds_up(amounts: InvoiceRowData | InvoiceAmounts) -> bool:
    gross = _gross(amounts)
    return gross is None or amounts.gross_amount is None or gross == amounts.gross_amount


def _unlike_the_rows(
    rows: Sequence[InvoiceRowData], amounts: InvoiceAmounts
) -> Sequence[tuple[str, Decimal, Decimal]]:
    """Return the totals that are not what the rows make: name, what they make, and what is said.

    VAT is rounded in each row or on the whole, and both are right. So where net (or gross) adds up exactly,
    the other amounts may be off by half a cent for each row.
    """
    columns = (
        ("netAmount", sum_of(row.net_amount for row in rows), amounts.net_amount),
        ("vatAmount", sum_of(row.vat_amount for row in rows), amounts.vat_amount),
        ("grossAmount", sum_of(row.gross_amount for row in rows), amounts.gross_amount),
    )
    off = [
        (wire, wanted, total, abs(wanted - total))
        for wire, wanted, total in columns
        if wanted is not None and total is not None
    ]
    bases = [by for wire, *_, by in off if wire != "vatAmount"]
    spare = ZERO if bases and all(bases) else _HALF_CENT * len(rows)
    return [(wire, wanted, total) for wire, wanted, total, by in off if by > spare]


def _not_gross(amounts: InvoiceRowData | InvoiceAmounts) -> str:
    return f"must be netAmount plus vatAmount, {_unlike(_gross(amounts), amounts.gross_amount)}"


def _unlike(wanted: Decimal | None, found: Decimal | None) -> str:
    return f"which is {wanted}, but is {_shown(found)}; correct whichever is wrong"


def _shown(amount: object) -> str:
    """Return an amount for a message: sums are no secret, but what is no amount might be one."""
    return str(amount) if isinstance(amount, Decimal) else "no amount"


def _problem(rule: rules.Rule, place: str, wanted: str) -> Problem:
    return Problem(f"$.invoice.{place}", rule.id, wanted)
