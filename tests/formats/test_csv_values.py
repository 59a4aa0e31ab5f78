from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirma_async.formats.csv_columns import COLUMNS
from confirma_async.formats.csv_values import Mark, ValueProblem, evidence, number, read_value


@pytest.mark.parametrize(
    "text", ["12,5", "1.234,50", "1 234,50", "0,123", "1234,567", "1.234.567", "1\u00a0234,5"]
)
def test_these_numerals_tell_a_decimal_comma(text):
    assert evidence(text) is Mark.COMMA


@pytest.mark.parametrize(
    "text", ["12.5", "1,234.50", "1 234.50", "0.123", "1234.567", "1,234,567", "1'234.50"]
)
def test_these_numerals_tell_a_decimal_point(text):
    assert evidence(text) is Mark.POINT


@pytest.mark.parametrize("text", ["1,234", "1.234", "12", "1 234", "-5", "", "abc", "1,23,4", "1.234.50"])
def test_these_numerals_tell_nothing(text):
    assert evidence(text) is None


@pytest.mark.parametrize(
    ("text", "mark", "value"),
    [
        ("1 234,50", Mark.COMMA, "1234.50"),
        ("1.234,50", Mark.COMMA, "1234.50"),
        ("1.234", Mark.COMMA, "1234"),
        ("1,234", Mark.COMMA, "1.234"),
        ("1,234", Mark.POINT, "1234"),
        ("1.234", Mark.POINT, "1.234"),
        ("-12,5", Mark.COMMA, "-12.5"),
        ("\u221212,5", Mark.COMMA, "-12.5"),
        ("+7", None, "7"),
        ("12,50", None, "12.50"),
    ],
)
def test_a_numeral_is_read_by_the_way_of_its_file(text, mark, value):
    assert str(number(text, mark)) == value


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("1,234", None),
        ("1.234", None),
        ("12.5", Mark.COMMA),
        ("12,5", Mark.POINT),
        ("1 23", Mark.COMMA),
        ("1e3", Mark.POINT),
        ("5-", Mark.POINT),
        ("--5", Mark.POINT),
        ("25 %", Mark.POINT),
        ("NaN", None),
        ("9" * 41, None),
    ],
)
def test_a_numeral_that_is_open_or_wrong_is_refused(text, mark):
    with pytest.raises(ValueProblem) as caught:
        number(text, mark)
    assert caught.value.rule == "csv.number"
    assert text not in caught.value.message


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_a_plain_numeral_is_read_exactly_in_both_ways(value):
    text = f"{value:f}"
    assert number(text, Mark.POINT) == value
    assert number(text.replace(".", ","), Mark.COMMA) == value


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ("date", "2026-02-01", "2026-02-01"),
        ("date", "1.2.2026", "2026-02-01"),
        ("date", "01.02.2026", "2026-02-01"),
        ("type", "credit note", "CREDIT_NOTE"),
        ("type", "Invoice", "INVOICE"),
        ("distribution_method", "e-mail".replace("-", ""), "EMAIL"),
        ("net_days", "14", 14),
        ("gross_amount", "12.30", Decimal("12.30")),
    ],
)
def test_each_kind_of_value_is_read(column, text, value):
    assert read_value(COLUMNS[column], text, Mark.POINT) == value


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("date", "2026-02-30", "csv.date"),
        ("date", "02/01/2026", "csv.date"),
        ("date", "1.2.26", "csv.date"),
        ("date", "20260201", "csv.date"),
        ("date", "2026-02-01T00:00", "csv.date"),
        ("type", "BILL", "csv.word"),
        ("net_days", "14.0", "csv.whole"),
        ("row_number", "-1", "csv.whole"),
        ("gross_amount", "1.005", "csv.amount"),
        ("gross_amount", "1.000", "csv.amount"),
        ("row_quantity", "many", "csv.number"),
    ],
)
def test_each_kind_of_value_is_refused_under_its_rule(column, text, rule):
    with pytest.raises(ValueProblem) as caught:
        read_value(COLUMNS[column], text, Mark.POINT)
    assert caught.value.rule == rule
