"""Allocation of a payment to capital, interest and fees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT, AmountByKind
from confirma_async.schemas import AllocationType

ORDER = (AllocationType.FEES, AllocationType.INTEREST, AllocationType.CAPITAL)
"""What a payment covers first. Assumed: the vendor names the three kinds and no order."""


def allocate(claim: AmountByKind, amount: Decimal, order: Sequence[AllocationType] = ORDER) -> AmountByKind:
    """Split a payment over what is open, in order; the rest goes to capital."""
    split, left = AmountByKind(), amount
    for kind in order:
        part = min(left, max(claim.get(kind), ZERO_AMOUNT))
        split, left = split.adding(kind, part), WIDE.subtract(left, part)
    return split.adding(AllocationType.CAPITAL, left)
