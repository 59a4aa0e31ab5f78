from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from confirma_async.formats.values.decimals import cents, decimal, quotient, total


@given(st.lists(st.integers(-(10**30), 10**30), max_size=20))
def test_a_total_is_right_to_the_last_digit(cents_of_each):
    assert total(Decimal(f"{each}e-2") for each in cents_of_each) == Decimal(f"{sum(cents_of_each)}e-2")


@pytest.mark.parametrize(
    ("written", "kept"), [("100.000", "100.00"), ("0.5", "0.5"), ("7", "7"), ("-1.230", "-1.23")]
)
def test_zeros_beyond_cents_are_dropped_and_nothing_else_changes(written, kept):
    assert str(cents(Decimal(written))) == kept


def test_an_amount_that_does_not_fit_cents_is_not_rounded():
    assert cents(Decimal("0.005")) is None


@pytest.mark.parametrize(
    ("price", "base", "unit"), [("10", "2", "5"), ("5000", "5", "1000"), ("4", "5", "0.8")]
)
def test_a_quotient_that_is_exact_is_written_plainly(price, base, unit):
    assert str(quotient(Decimal(price), Decimal(base))) == unit


@pytest.mark.parametrize(("price", "base"), [("10", "3"), ("1", "0"), ("0", "0")])
def test_a_quotient_that_is_not_exact_is_none(price, base):
    assert quotient(Decimal(price), Decimal(base)) is None


@pytest.mark.parametrize("text", ["1E3", "NaN", "1,5", "", "0x1", "1 0", "٣", "9" * 41])
def test_what_xml_does_not_write_as_a_decimal_is_none(text):
    assert decimal(text) is None
