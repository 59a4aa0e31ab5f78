import datetime
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from confirma_async.formats.tables.cells import (
    CellError,
    DateForm,
    DecimalSeparator,
    Percent,
    TextConventions,
    ValueProblem,
    detect_separator,
    number,
    reader_of,
)
from confirma_async.formats.tables.columns import COLUMNS

POINT = TextConventions(decimal_separator=DecimalSeparator.POINT)


@pytest.mark.parametrize(
    "text", ["12,5", "1.234,50", "1 234,50", "0,123", "1234,567", "1.234.567", "1\u00a0234,5"]
)
def test_these_numerals_tell_a_decimal_comma(text):
    assert detect_separator(text) is DecimalSeparator.COMMA


@pytest.mark.parametrize(
    "text", ["12.5", "1,234.50", "1 234.50", "0.123", "1234.567", "1,234,567", "1'234.50"]
)
def test_these_numerals_tell_a_decimal_point(text):
    assert detect_separator(text) is DecimalSeparator.POINT


@pytest.mark.parametrize("text", ["1,234", "1.234", "12", "1 234", "-5", "", "abc", "1,23,4", "1.234.50"])
def test_these_numerals_tell_nothing(text):
    assert detect_separator(text) is None


@pytest.mark.parametrize(
    ("text", "separator", "value"),
    [
        ("1 234,50", DecimalSeparator.COMMA, "1234.50"),
        ("1.234,50", DecimalSeparator.COMMA, "1234.50"),
        ("1.234", DecimalSeparator.COMMA, "1234"),
        ("1,234", DecimalSeparator.COMMA, "1.234"),
        ("1,234", DecimalSeparator.POINT, "1234"),
        ("1.234", DecimalSeparator.POINT, "1.234"),
        ("-12,5", DecimalSeparator.COMMA, "-12.5"),
        ("\u221212,5", DecimalSeparator.COMMA, "-12.5"),
        ("+7", None, "7"),
        ("12,50", None, "12.50"),
    ],
)
def test_a_numeral_is_read_by_the_way_of_its_file(text, separator, value):
    assert str(number(text, separator)) == value


@pytest.mark.parametrize(
    ("text", "separator"),
    [
        ("1,234", None),
        ("1.234", None),
        ("12.5", DecimalSeparator.COMMA),
        ("12,5", DecimalSeparator.POINT),
        ("1 23", DecimalSeparator.COMMA),
        ("1e3", DecimalSeparator.POINT),
        ("5-", DecimalSeparator.POINT),
        ("--5", DecimalSeparator.POINT),
        ("25 %", DecimalSeparator.POINT),
        ("NaN", None),
        ("9" * 41, None),
    ],
)
def test_a_numeral_that_is_open_or_wrong_is_refused(text, separator):
    with pytest.raises(ValueProblem) as caught:
        number(text, separator)
    assert caught.value.rule == "table.number"
    assert text not in caught.value.message


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4))
def test_a_plain_numeral_is_read_exactly_in_both_ways(value):
    text = f"{value:f}"
    assert number(text, DecimalSeparator.POINT) == value
    assert number(text.replace(".", ","), DecimalSeparator.COMMA) == value


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
    assert reader_of(COLUMNS[column], POINT)(text) == value


@pytest.mark.parametrize(
    ("column", "text", "rule"),
    [
        ("date", "2026-02-30", "table.date"),
        ("date", "02/01/2026", "table.date"),
        ("date", "1.2.26", "table.date"),
        ("date", "20260201", "table.date"),
        ("date", "2026-02-01T00:00", "table.date"),
        ("type", "BILL", "table.word"),
        ("net_days", "14.0", "table.whole"),
        ("row_number", "-1", "table.whole"),
        ("gross_amount", "1.005", "table.amount"),
        ("gross_amount", "1.000", "table.amount"),
        ("row_quantity", "many", "table.number"),
    ],
)
def test_each_kind_of_value_is_refused_under_its_rule(column, text, rule):
    with pytest.raises(ValueProblem) as caught:
        reader_of(COLUMNS[column], POINT)(text)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("net_amount", Decimal("100.5000"), "100.50"),
        ("row_quantity", Decimal("1.255"), "1.255"),
        ("net_days", Decimal("14.00"), "14"),
        ("row_vat_percentage", Percent(Decimal("25.5")), "25.5"),
        ("row_vat_percentage", Decimal("25.5"), "25.5"),
        ("row_vat_percentage", "25.5 %", "25.5"),
        ("date", datetime.date(2026, 2, 1), "2026-02-01"),
        ("date", datetime.datetime.fromisoformat("2026-02-01T13:45"), "2026-02-01"),
        ("number", Decimal(1000), "1000"),
        ("number", Decimal("1E+3"), "1000"),
        ("buyer_postal_code", Decimal("100.0"), "100"),
        ("description", datetime.date(2026, 2, 1), "2026-02-01"),
        ("description", Percent(Decimal("2.5")), "2.5 %"),
        ("payment_control", True, "True"),
        ("payment_control", "Ei", "False"),
        ("payment_control", Decimal(1), "True"),
    ],
)
def test_each_type_of_cell_is_read_as_its_column_wants(column, cell, value):
    assert str(reader_of(COLUMNS[column], POINT)(cell)) == value


@pytest.mark.parametrize(
    ("column", "cell", "rule"),
    [
        ("net_amount", Decimal("1.005"), "table.amount"),
        ("net_amount", Percent(Decimal(5)), "table.number"),
        ("net_amount", True, "table.number"),
        ("net_amount", datetime.date(2026, 2, 1), "table.number"),
        ("net_days", Decimal("1.5"), "table.whole"),
        ("date", Decimal(46000), "table.date"),
        ("buyer_name", False, "table.text"),
        ("payment_control", "maybe", "table.word"),
        ("description", CellError("excel.error", "holds an error"), "excel.error"),
        ("row_quantity", CellError("excel.error", "holds an error"), "excel.error"),
    ],
)
def test_a_cell_of_another_type_than_its_column_wants_is_refused(column, cell, rule):
    with pytest.raises(ValueProblem) as caught:
        reader_of(COLUMNS[column], POINT)(cell)
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("form", "text", "day"),
    [
        ("DD/MM/YYYY", "01/02/2026", "2026-02-01"),
        ("MM/DD/YYYY", "01/02/2026", "2026-01-02"),
        ("YYYYMMDD", "20260201", "2026-02-01"),
        ("D.M.YYYY", "1.2.2026", "2026-02-01"),
        ("YYYYMMDD", Decimal(20260201), "2026-02-01"),
    ],
)
def test_a_date_is_read_by_the_form_that_is_told(form, text, day):
    assert reader_of(COLUMNS["date"], TextConventions(dates=(DateForm(form),)))(text) == day


@pytest.mark.parametrize("form", ["DD.MM", "YYYY-MM-DD-DD", "dd.mm.yyyy", ""])
def test_what_is_no_form_of_dates_is_told(form):
    with pytest.raises(ValueError, match="no form of dates"):
        DateForm(form)


def test_words_of_the_file_stand_for_ours():
    writing = TextConventions(words={"type": {"hyvityslasku": "CREDIT_NOTE"}})
    assert reader_of(COLUMNS["type"], writing)("Hyvityslasku") == "CREDIT_NOTE"
