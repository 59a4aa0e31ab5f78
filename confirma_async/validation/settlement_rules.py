"""Rules that the contract promises of settlements: their sums hold, to the cent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from confirma_async.errors import Problem
from confirma_async.schemas import Settlements
from confirma_async.validation import rules
from confirma_async.validation.sums import sum_of


def allocations_add_up(answer: Settlements) -> Iterator[Problem]:
    """A settlement's allocations add up to its amount, where all are given."""
    for index, settlement in enumerate(answer.settlements):
        total = sum_of(part.allocated_total_amount for part in settlement.allocations)
        if total is None or settlement.settlement_amount is None or total == settlement.settlement_amount:
            continue
        told = f"must be the sum of its allocations, {total}, and is {settlement.settlement_amount}"
        place = f"$.settlements[{index}].settlementAmount"
        yield Problem(place, rules.SETTLEMENT_SUM.id, told)


def breakdowns_add_up(answer: Settlements) -> Iterator[Problem]:
    """An allocation's breakdown adds up to its amount, where all are given."""
    for index, settlement in enumerate(answer.settlements):
        for number, part in enumerate(settlement.allocations):
            total = sum_of(piece.amount for piece in part.breakdown)
            if total is None or part.allocated_total_amount is None or total == part.allocated_total_amount:
                continue
            told = f"must be the sum of its breakdown, {total}, and is {part.allocated_total_amount}"
            place = f"$.settlements[{index}].allocations[{number}].allocatedTotalAmount"
            yield Problem(place, rules.ALLOCATION_SUM.id, told)


SETTLEMENT_RULES: Sequence[Callable[[Settlements], Iterator[Problem]]] = (
    allocations_add_up,
    breakdowns_add_up,
)
"""Every rule that the contract promises of settlements."""
