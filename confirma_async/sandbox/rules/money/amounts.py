"""Sums of a case in their three kinds, and what an invoice asks to be paid. Decimal only, to the cent."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

from attrs import evolve, frozen

from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.schemas import (
    AllocationType,
    InvoiceAmounts,
    InvoiceContentData,
    InvoiceRowData,
    InvoiceType,
)

CENT = Decimal("0.01")
ZERO = Decimal("0.00")

EXACT = Context(prec=400, rounding=ROUND_HALF_UP)
"""Wide enough that no sum or product of a case is ever rounded by itself, whatever the wire can carry."""

ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        what="What is to be paid is the gross amount and its rounding, else net and VAT, else the sum of the "
        "rows; less what was paid before the invoice was sent",
        basis="assumed: the amounts are provisional themselves",
    ),
)


def added(amounts: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    return functools.reduce(EXACT.add, amounts, ZERO)


@frozen(kw_only=True)
class AmountByKind:
    """A sum in its three kinds. A claim has parts of each; so has every payment."""

    capital: Decimal = ZERO
    interest: Decimal = ZERO
    fees: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """All three together."""
        return added((self.capital, self.interest, self.fees))

    def plus(self, other: AmountByKind) -> AmountByKind:
        """Return the sum, kind by kind."""
        return AmountByKind(
            capital=EXACT.add(self.capital, other.capital),
            interest=EXACT.add(self.interest, other.interest),
            fees=EXACT.add(self.fees, other.fees),
        )

    def minus(self, other: AmountByKind) -> AmountByKind:
        """Return the difference, kind by kind."""
        return AmountByKind(
            capital=EXACT.subtract(self.capital, other.capital),
            interest=EXACT.subtract(self.interest, other.interest),
            fees=EXACT.subtract(self.fees, other.fees),
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
        return evolve(self, **{kind.lower(): EXACT.add(self.get(kind), amount)})


def payable(invoice: InvoiceContentData) -> Decimal:
    """Return what an invoice asks to be paid; of a credit note, what it gives back. Never negative."""
    amount = _total(invoice)
    if invoice.header.type == InvoiceType.CREDIT_NOTE:
        return amount.copy_abs()
    state = None if invoice.payment_data is None else invoice.payment_data.state
    if state is not None and state.open_amount is not None:
        amount = state.open_amount
    elif state is not None and state.paid_amount is not None:
        amount = EXACT.subtract(amount, state.paid_amount)
    return max(amount, ZERO)


def _total(invoice: InvoiceContentData) -> Decimal:
    whole = None if invoice.amounts is None else _of(invoice.amounts)
    if whole is None:
        return added(_of(row) or ZERO for row in invoice.rows)
    rounding = None if invoice.amounts is None else invoice.amounts.rounding_amount
    return EXACT.add(whole, rounding or ZERO)


def _of(sums: InvoiceAmounts | InvoiceRowData) -> Decimal | None:
    if sums.gross_amount is not None:
        return sums.gross_amount
    if sums.net_amount is None:
        return None
    return EXACT.add(sums.net_amount, sums.vat_amount or ZERO)
