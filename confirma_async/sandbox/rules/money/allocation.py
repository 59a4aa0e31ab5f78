"""Allocation of a payment to capital, interest and fees."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT, AmountByKind
from confirma_async.schemas import AllocationType
from confirma_async.schemas.wire import Evidence

ORDER = (AllocationType.FEES, AllocationType.INTEREST, AllocationType.CAPITAL)
"""What a payment covers first. Assumed: the vendor names the three kinds and no order."""

ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        what="Every payment, full or partial, is registered and allocated to capital, interest and fees",
        basis="§9: Lifecycle",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="A payment covers fees first, then interest, then capital",
        basis="assumed: the vendor names the three kinds and no order",
    ),
    Assumption(
        what="What is paid over and above goes to capital, whose balance is negative from then on: the "
        "creditor has it and owes it back",
        basis="assumed: the vendor says nothing of overpayment",
    ),
    Assumption(
        what="A payment may be changed until it is settled; the change counts from the day it is made",
        basis="§6: they may still change; settlements are the final truth; the day is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
)


def allocate(claim: AmountByKind, amount: Decimal, order: Sequence[AllocationType] = ORDER) -> AmountByKind:
    """Split a payment over what is open, in order; the rest goes to capital."""
    split, left = AmountByKind(), amount
    for kind in order:
        part = min(left, max(claim.get(kind), ZERO_AMOUNT))
        split, left = split.adding(kind, part), WIDE.subtract(left, part)
    return split.adding(AllocationType.CAPITAL, left)
