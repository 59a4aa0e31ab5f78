"""Sums of a case in their three kinds, what a payment covers, and what an invoice asks to be paid.

Decimal only, to the cent.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from attrs import evolve, frozen

from confirma_async.schemas import (
    AllocationType,
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceRowData,
    InvoiceType,
)

ZERO_AMOUNT = Decimal("0.00")
"""No amount at all, with two decimals, as the service writes amounts."""

WIDE = Context(prec=400, rounding=ROUND_HALF_UP)
"""Wide enough that no sum or product of a case is ever rounded by itself, whatever the wire can carry."""

ORDER = (AllocationType.FEES, AllocationType.INTEREST, AllocationType.CAPITAL)
"""What a payment covers first. Assumed: the vendor names the three kinds and no order."""


def added(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    return functools.reduce(WIDE.add, amounts, ZERO_AMOUNT)


@frozen(kw_only=True)
class AmountByKind:
    """A sum in its three kinds. A claim has parts of each; so has every payment."""

    capital: Decimal = ZERO_AMOUNT
    interest: Decimal = ZERO_AMOUNT
    fees: Decimal = ZERO_AMOUNT

    @property
    def total(self) -> Decimal:
        """All three together."""
        return added((self.capital, self.interest, self.fees))

    def plus(self, other: AmountByKind) -> AmountByKind:
        """Return the sum, kind by kind."""
        return AmountByKind(
            capital=WIDE.add(self.capital, other.capital),
            interest=WIDE.add(self.interest, other.interest),
            fees=WIDE.add(self.fees, other.fees),
        )

    def minus(self, other: AmountByKind) -> AmountByKind:
        """Return the difference, kind by kind."""
        return AmountByKind(
            capital=WIDE.subtract(self.capital, other.capital),
            interest=WIDE.subtract(self.interest, other.interest),
            fees=WIDE.subtract(self.fees, other.fees),
        )

    def get(self, kind: AllocationType) -> Decimal:
        """Return the part of one kind."""
        return {
            AllocationType.CAPITAL: self.capital,
            AllocationType.INTEREST: self.interest,
            AllocationType.FEES: self.fees,
        }[kind]

    def adding(self, kind: AllocationType, amount: Decimal) -> AmountByKind:
        """Return the same with more of one kind."""
        return evolve(self, **{kind.lower(): WIDE.add(self.get(kind), amount)})


def allocate(claim: AmountByKind, amount: Decimal, order: Sequence[AllocationType] = ORDER) -> AmountByKind:
    """Split a payment over what is open, in order; the rest goes to capital."""
    split, left = AmountByKind(), amount
    for kind in order:
        part = min(left, max(claim.get(kind), ZERO_AMOUNT))
        split, left = split.adding(kind, part), WIDE.subtract(left, part)
    return split.adding(AllocationType.CAPITAL, left)


def payable(invoice: InvoiceContentData) -> Decimal:
    """Return what an invoice asks to be paid; of a credit note, what it gives back. Never negative."""
    amount = _total(invoice)
    if invoice.header.type == InvoiceType.CREDIT_NOTE:
        return amount.copy_abs()
    state = None if invoice.payment_data is None else invoice.payment_data.state
    if state is not None and state.open_amount is not None:
        amount = state.open_amount
    elif state is not None and state.paid_amount is not None:
        amount = WIDE.subtract(amount, state.paid_amount)
    return max(amount, ZERO_AMOUNT)


def _total(invoice: InvoiceContentData) -> Decimal:
    whole = None if invoice.amounts is None else _of(invoice.amounts)
    if whole is None:
        return added(_of(row) or ZERO_AMOUNT for row in invoice.rows)
    rounding = None if invoice.amounts is None else invoice.amounts.rounding_amount
    return WIDE.add(whole, rounding or ZERO_AMOUNT)


def _of(sums: InvoiceAmounts | InvoiceRowData) -> Decimal | None:
    if sums.gross_amount is not None:
        return sums.gross_amount
    if sums.net_amount is None:
        return None
    return WIDE.add(sums.net_amount, sums.vat_amount or ZERO_AMOUNT)
