"""Interest on late payment: exact until the end, then rounded once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from confirma_async.sandbox.rules.money.amounts import WIDE, ZERO_AMOUNT
from confirma_async.schemas.values import CENT

REFERENCE_RATES: Mapping[date, Decimal] = MappingProxyType(
    {
        date(2023, 1, 1): Decimal("2.5"),
        date(2023, 7, 1): Decimal("4.0"),
        date(2024, 1, 1): Decimal("4.5"),
        date(2025, 1, 1): Decimal("3.5"),
        date(2025, 7, 1): Decimal("2.5"),
    }
)
"""The Finnish reference rate, in per cent a year, by the day it begins to hold. A setting, not the vendor's
word: the last one holds on until another is given, the first one holds before it, too."""

MARGIN = Decimal("8.0")
"""Percentage points above the reference rate: the client's own rate. Assumed; each client has its own."""

DAYS_OF_YEAR = 365


def units(
    capital: Decimal,
    since: date,
    until: date,
    percentage: Decimal | None,
    rates: Mapping[date, Decimal],
    margin_points: Decimal,
) -> Decimal:
    """Return interest in exact units, capital times per cent times days; ``amount_of`` makes money of them.

    Args:
        capital: What bears interest; nothing does below zero.
        since: The last day without interest.
        until: The last day with it.
        percentage: Per cent a year; None takes the reference rate and the margin.
        rates: The reference rate by the day it begins to hold.
        margin_points: Percentage points above it.
    """
    if until <= since or capital <= 0:
        return ZERO_AMOUNT
    if percentage is not None:
        return _units(capital, percentage, since, until)
    total = ZERO_AMOUNT
    for first, last, rate in _periods(since, until, rates):
        total = WIDE.add(total, _units(capital, WIDE.add(rate, margin_points), first, last))
    return total


def amount_of(interest_units: Decimal) -> Decimal:
    """Return money, rounded half up to the cent."""
    return WIDE.divide(interest_units, Decimal(100 * DAYS_OF_YEAR)).quantize(CENT, ROUND_HALF_UP, WIDE)


def _units(capital: Decimal, percentage: Decimal, since: date, until: date) -> Decimal:
    return WIDE.multiply(WIDE.multiply(capital, percentage), Decimal((until - since).days))


def _periods(since: date, until: date, rates: Mapping[date, Decimal]) -> Iterator[tuple[date, date, Decimal]]:
    """Yield the parts of a period that have one rate each; a rate holds from its first day on."""
    starts = sorted(rates)
    for start, following in zip(starts, [*starts[1:], None], strict=True):
        # A day bears the rate that holds on it; ``since`` bears none, so a period begins on the day before.
        first = since if start == starts[0] else max(since, _day_before(start))
        last = until if following is None else min(until, _day_before(following))
        if first < last:
            yield first, last, rates[start]


def _day_before(day: date) -> date:
    return date.fromordinal(day.toordinal() - 1)
