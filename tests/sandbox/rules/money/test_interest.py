"""Interest, against a day-by-day count in fractions."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, strategies as st

from confirma_async.sandbox.rules.money.interest import MARGIN, REFERENCE_RATES, amount_of, units

AMOUNTS = st.decimals("0.01", "9999999.99", places=2)
DAYS = st.dates(date(2022, 1, 1), date(2027, 12, 31))


def _rate_on(day: date) -> Decimal:
    begun = [start for start in REFERENCE_RATES if start <= day]
    return REFERENCE_RATES[max(begun)] if begun else REFERENCE_RATES[min(REFERENCE_RATES)]


def _day_by_day(capital: Decimal, since: date, until: date, percentage: Decimal | None) -> Fraction:
    total = Fraction(0)
    for number in range((until - since).days):
        day = since + timedelta(days=number + 1)
        rate = _rate_on(day) + MARGIN if percentage is None else percentage
        total += Fraction(capital) * Fraction(rate) / 36500
    return total


@given(AMOUNTS, DAYS, st.integers(0, 900), st.none() | st.decimals(0, 30, places=2))
def test_it_is_that_of_every_single_day_rounded_once(capital, since, length, percentage):
    until = since + timedelta(days=length)
    counted = amount_of(units(capital, since, until, percentage, REFERENCE_RATES, MARGIN))
    exact = _day_by_day(capital, since, until, percentage)
    assert abs(Fraction(counted) - exact) <= Fraction("0.005")
    assert counted == counted.quantize(Decimal("0.01"))


@given(AMOUNTS, DAYS, st.integers(0, 400), st.integers(0, 400))
def test_it_does_not_matter_in_how_many_parts_it_is_counted(capital, since, first, second):
    middle, until = since + timedelta(days=first), since + timedelta(days=first + second)

    def count(start: date, end: date) -> Decimal:
        return units(capital, start, end, None, REFERENCE_RATES, MARGIN)

    assert count(since, middle) + count(middle, until) == count(since, until)


def test_a_new_rate_holds_from_its_first_day_on():
    days = (date(2024, 12, 31), date(2025, 1, 1))
    before, after = (
        units(Decimal(100), day - timedelta(days=1), day, None, REFERENCE_RATES, Decimal(0)) for day in days
    )
    assert (before, after) == (Decimal("450.0"), Decimal("350.0"))


def test_half_a_cent_is_rounded_up():
    assert amount_of(Decimal("182.5")) == Decimal("0.01")
    assert amount_of(Decimal("182.4")) == 0


def test_what_is_not_owed_bears_none():
    assert units(Decimal(-5), date(2026, 1, 1), date(2027, 1, 1), None, REFERENCE_RATES, MARGIN) == 0
