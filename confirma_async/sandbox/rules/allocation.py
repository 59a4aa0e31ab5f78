"""What of a payment goes where."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from confirma_async.sandbox.rules.assumption import Principle
from confirma_async.sandbox.rules.money import EXACT, ZERO, Split
from confirma_async.schemas import AllocationType
from confirma_async.schemas.wire import Evidence

ORDER = (AllocationType.FEES, AllocationType.INTEREST, AllocationType.CAPITAL)
"""What a payment covers first. Ours: the vendor names the three kinds and no order."""

PRINCIPLES: Sequence[Principle] = (
    Principle(
        what="Every payment, full or partial, is registered and allocated to capital, interest and fees",
        lives_by="§9: Lifecycle",
        evidence=Evidence.DOCUMENTED,
    ),
    Principle(
        what="A payment covers fees first, then interest, then capital",
        lives_by="ours: the vendor names the three kinds and no order",
    ),
    Principle(
        what="What is paid over and above goes to capital, whose balance is negative from then on: the "
        "creditor has it and owes it back",
        lives_by="ours: the vendor says nothing of overpayment",
    ),
    Principle(
        what="A payment may be changed until it is settled; the change counts from the day it is made",
        lives_by="§6: they may still change; settlements are the final truth; the day is ours",
        evidence=Evidence.DOCUMENTED,
    ),
)


def allocate(claim: Split, amount: Decimal, order: Sequence[AllocationType] = ORDER) -> Split:
    """Splits a payment over what is open, in order; the rest goes to capital."""
    split, left = Split(), amount
    for kind in order:
        part = min(left, max(claim.get(kind), ZERO))
        split, left = split.adding(kind, part), EXACT.subtract(left, part)
    return split.adding(AllocationType.CAPITAL, left)
