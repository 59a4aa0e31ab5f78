"""Compares every payment with the settlements, and every settlement with the sums of its parts."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable, Sequence
from typing import Any

from attrs import define, field, frozen

from confirma_async.mirror.matching import grouped
from confirma_async.mirror.reconciliation.facts import Allocated, Facts, Paid, PaidOut
from confirma_async.mirror.reconciliation.kinds import (
    Difference,
    DifferenceKind,
    Horizons,
    banking_days_after,
    difference,
)

_BEFORE = datetime.timedelta(days=60)
"""The greatest time by which a payment comes before its allocation."""


@frozen
class PaidStanding:
    """The result for one payment.

    Attributes:
        paid: The payment.
        kind: The result of its comparison.
        allocated: The allocation that pays it out; None if there is none.
    """

    paid: Paid
    kind: DifferenceKind
    allocated: Allocated | None = None


@define
class MoneyCheck:
    """The result of comparing payments and settlements."""

    payments: list[PaidStanding] = field(factory=list[PaidStanding])
    settlements: list[tuple[PaidOut, DifferenceKind]] = field(factory=list[tuple[PaidOut, DifferenceKind]])
    differences: list[Difference] = field(factory=list[Difference])


def check_money(facts: Facts, horizons: Horizons) -> MoneyCheck:
    """Compare payments with allocations; each is used once, and none is matched by amount alone."""
    found = MoneyCheck()
    of_settlement = {settlement.record: settlement for settlement in facts.paid_out}
    once, again = settled_once(facts.allocated)
    found.differences += [_settled_twice(each, first, of_settlement) for each, first in again]
    pairs, left_paid, left_allocated = _matched(facts.paid, once)
    for paid, allocated in pairs:
        kind = _of_pair(facts, paid, allocated)
        found.payments.append(PaidStanding(paid, kind, allocated))
        if kind in {DifferenceKind.AMOUNT_DIFFERS, DifferenceKind.REFERENCE_CHANGED}:
            found.differences.append(_differing(kind, paid, allocated, of_settlement[allocated.settlement]))
    for paid in left_paid:
        kind = _of_unsettled(facts, horizons, paid)
        found.payments.append(PaidStanding(paid, kind))
        if kind is DifferenceKind.PAID_NOT_SETTLED:
            found.differences.append(_difference(kind, paid, cents=paid.cents))
    for allocated in left_allocated:
        if (missing := _without_payment(facts, allocated, of_settlement[allocated.settlement])) is not None:
            found.differences.append(missing)
    _check_settlements(facts, found)
    return found


def settled_once(
    allocated: Sequence[Allocated],
) -> tuple[list[Allocated], list[tuple[Allocated, Allocated]]]:
    """Return each allocation once, and pairs of a repeated one and the first one that it repeats."""
    first: dict[str, Allocated] = {}
    once: list[Allocated] = []
    again: list[tuple[Allocated, Allocated]] = []
    for each in allocated:
        before = first.setdefault(each.id, each) if each.id is not None else each
        if before is not each and before.settlement != each.settlement:
            again.append((each, before))
        else:
            once.append(each)
    return once, again


_ORDER: Sequence[tuple[Callable[[Paid], Hashable], Callable[[Allocated], Hashable]]] = (
    (lambda paid: (paid.case or paid.number or paid.paid_reference)
     and (paid.case, paid.number, paid.paid_reference, paid.currency, paid.cents),
     lambda each: (each.case, each.number, each.paid_reference, each.currency, each.cents)),
    (lambda paid: paid.paid_reference and (paid.number, paid.paid_reference, paid.cents, paid.currency),
     lambda each: each.paid_reference and (each.number, each.paid_reference, each.cents, each.currency)),
    (lambda paid: paid.reference and (paid.number, paid.reference, paid.cents, paid.currency),
     lambda each: each.paid_reference and (each.number, each.paid_reference, each.cents, each.currency)),
    (lambda paid: paid.case and (paid.case, paid.cents, paid.currency),
     lambda each: each.case and (each.case, each.cents, each.currency)),
    (lambda paid: paid.number and (paid.number, paid.cents, paid.currency),
     lambda each: each.number and (each.number, each.cents, each.currency)),
    (lambda paid: paid.paid_reference and (paid.number, paid.paid_reference),
     lambda each: each.paid_reference and (each.number, each.paid_reference)),
    (lambda paid: paid.reference and (paid.number, paid.reference),
     lambda each: each.paid_reference and (each.number, each.paid_reference)),
)  # fmt: skip
"""The values by which payments are matched with allocations, in this order, the surest first.

First all values; then the amount with the reference of the payment, the reference of the invoice, the case,
or the invoice number; at last the references without the amount. Empty values match nothing.
"""


def _matched(
    payments: Sequence[Paid], allocations: Sequence[Allocated]
) -> tuple[list[tuple[Paid, Allocated]], list[Paid], list[Allocated]]:
    pairs: list[tuple[Paid, Allocated]] = []
    left, rest = list(payments), list(allocations)
    for of_paid, of_allocated in _ORDER:
        waiting = grouped((of_allocated(each), each) for each in reversed(rest))
        unmatched: list[Paid] = []
        taken: set[int] = set()
        for paid in left:
            values = of_paid(paid)
            if values not in {None, "", 0} and waiting.get(values):
                each = waiting[values].pop()
                taken.add(id(each))
                pairs.append((paid, each))
            else:
                unmatched.append(paid)
        left, rest = unmatched, [each for each in rest if id(each) not in taken]
    return pairs, left, rest


def _of_pair(facts: Facts, paid: Paid, allocated: Allocated) -> DifferenceKind:
    """Return the result for a payment and the allocation that pays it out."""
    if paid.cents is None or allocated.cents is None:
        return DifferenceKind.NOT_CHECKED
    if paid.cents != allocated.cents or paid.currency != allocated.currency:
        return DifferenceKind.AMOUNT_DIFFERS
    both = paid.paid_reference and allocated.paid_reference
    if both and paid.paid_reference != allocated.paid_reference:
        return DifferenceKind.REFERENCE_CHANGED
    proved = facts.proved["payments"].since(paid.day)
    return DifferenceKind.NOT_CHECKED if proved is None else DifferenceKind.MATCHED


def _of_unsettled(facts: Facts, horizons: Horizons, paid: Paid) -> DifferenceKind:
    """Return the result for a payment that no settlement covers."""
    if not paid.day:
        return DifferenceKind.NOT_CHECKED
    expected = banking_days_after(datetime.date.fromisoformat(paid.day), horizons.settled_banking_days)
    if facts.today <= expected:
        return DifferenceKind.PENDING
    proved = facts.proved["settlements"].all_since(paid.day, expected.isoformat())
    if proved is None or proved[:10] <= expected.isoformat():
        return DifferenceKind.NOT_CHECKED
    return DifferenceKind.PAID_NOT_SETTLED


def _paid_side(paid: Paid) -> dict[str, object]:
    return {
        "record": paid.record,
        "case_id": paid.case,
        "booked_at": paid.booked_at,
        "amount_cents": paid.cents,
        "currency": paid.currency,
        "reference": paid.reference,
        "paid_reference": paid.paid_reference,
    }


def _settled_side(allocated: Allocated, settlement: PaidOut) -> dict[str, object]:
    return {
        "record": settlement.record,
        "settlement_id": settlement.id,
        "settlement_date": settlement.date,
        "allocation_id": allocated.id,
        "amount_cents": allocated.cents,
        "currency": allocated.currency,
        "paid_reference": allocated.paid_reference,
    }


def _named(allocated: Allocated) -> str:
    """Return what identifies an allocation in its settlement: its id, or else its position."""
    return str(allocated.position) if allocated.id is None else f"id {allocated.id}"


def _about(number: str | None, case: int | None) -> str:
    return f"invoice {number}" if number is not None else f"case {case}"


def _differing(kind: DifferenceKind, paid: Paid, allocated: Allocated, settlement: PaidOut) -> Difference:
    cents = paid.cents
    if kind is DifferenceKind.AMOUNT_DIFFERS and paid.currency == allocated.currency:
        cents = (allocated.cents or 0) - (paid.cents or 0)
    parts, theirs = (allocated.settlement, _named(allocated)), _settled_side(allocated, settlement)
    return _difference(kind, paid, *parts, cents=cents, theirs=theirs)


def _difference(kind: DifferenceKind, paid: Paid, *parts: object, **attributes: Any) -> Difference:
    """Make a difference of a payment; see ``difference``."""
    return difference(
        kind, _about(paid.number, paid.case), paid.record, *parts,
        currency=paid.currency or "", day=paid.day, ours=_paid_side(paid), **attributes,
    )  # fmt: skip


def _settled_twice(again: Allocated, first: Allocated, of_settlement: dict[int, PaidOut]) -> Difference:
    return difference(
        DifferenceKind.SETTLED_TWICE, _about(again.number, again.case), again.id, again.settlement,
        cents=again.cents, currency=again.currency or "", day=again.date or "",
        ours=_settled_side(first, of_settlement[first.settlement]),
        theirs=_settled_side(again, of_settlement[again.settlement]),
    )  # fmt: skip


def _without_payment(facts: Facts, allocated: Allocated, settlement: PaidOut) -> Difference | None:
    """Return the difference of a payout without a payment, if all payments before it are proved."""
    day = allocated.date or settlement.date
    if not day:
        return None
    first = (datetime.date.fromisoformat(day) - _BEFORE).isoformat()
    if first < facts.since or facts.proved["payments"].all_since(first, day) is None:
        return None
    return difference(
        DifferenceKind.SETTLED_WITHOUT_PAYMENT, _about(allocated.number, allocated.case), allocated.id,
        allocated.settlement, _named(allocated), cents=allocated.cents, currency=allocated.currency or "",
        day=day, theirs=_settled_side(allocated, settlement),
    )  # fmt: skip


def _check_settlements(facts: Facts, found: MoneyCheck) -> None:
    of = grouped((each.settlement, each) for each in facts.allocated)
    for settlement in facts.paid_out:
        broken = _broken(settlement, of[settlement.record])
        proved = facts.proved["settlements"].since(settlement.date or "") is not None
        read = settlement.cents is not None and all(each.cents is not None for each in of[settlement.record])
        kind = DifferenceKind.MATCHED if proved and read else DifferenceKind.NOT_CHECKED
        if broken:
            kind = DifferenceKind.SUM_BROKEN
            found.differences.append(broken)
        found.settlements.append((settlement, kind))
        if settlement.revision > 1:
            found.differences.append(
                difference(
                    DifferenceKind.CHANGED_AFTER_FINAL,
                    f"settlement {settlement.id}",
                    settlement.revision,
                    cents=settlement.cents,
                    currency=settlement.currency or "",
                    day=settlement.date or "",
                    ours={"record": settlement.record, "revision": 1},
                    theirs={"record": settlement.record, "revision": settlement.revision},
                )
            )


def _broken(settlement: PaidOut, allocations: Sequence[Allocated]) -> Difference | None:
    """Return the difference of a settlement whose sums do not add up; None if they do."""
    total = sum(each.cents or 0 for each in allocations)
    off = [each for each in allocations if each.parts is not None and each.parts != each.cents]
    other = [each for each in allocations if each.currency not in {None, settlement.currency}]
    if settlement.cents is None or any(each.cents is None for each in allocations):
        return None  # it cannot be said
    if settlement.cents == total and not off and not other:
        return None
    return difference(
        DifferenceKind.SUM_BROKEN, f"settlement {settlement.id}", settlement.record, total,
        *sorted((_named(each), each.parts) for each in off),
        cents=settlement.cents - total or sum((each.cents or 0) - (each.parts or 0) for each in off),
        currency=settlement.currency or "", day=settlement.date or "",
        ours={"record": settlement.record, "settlement_id": settlement.id, "amount_cents": settlement.cents},
        theirs={
            "allocated_cents": total,
            "allocations_off": [each.id for each in off],
            "in_other_currencies": [each.id for each in other],
        },
    )  # fmt: skip
