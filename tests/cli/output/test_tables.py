"""Tables, CSV and JSON of records."""

import datetime
from decimal import Decimal

import attrs
import pytest
from attrs import frozen
from rich.console import Console

from confirma_async.cli.commands.calls import accounting, finvoice, invoice, payments
from confirma_async.cli.output.tables import Layout, RecordColumns, print_records, show_list, text
from confirma_async.converters import Converter
from confirma_async.schemas import (
    AccountingInvoiceStatus,
    AccountingPaymentStatus,
    DistributionRecord,
    FinvoiceCredentials,
    LedgerStatus,
    Payment,
)


@frozen(kw_only=True)
class Row:
    name: object = None
    amount: Decimal | None = None
    currency: str | None = "EUR"


SHEET = RecordColumns(title="Rows", shown=("name", "amount"), more=("currency",), amount="amount")


def shown(capsys, layout, *rows):
    show_list([], SHEET, layout, Converter(), rows=rows)
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("value", "reported"),
    [
        (None, ""),
        (True, "true"),
        (Decimal(5), "5.00"),
        (Decimal("-0.1"), "-0.10"),
        (Decimal("1E+3"), "1000.00"),
        (Decimal("0.125"), "0.125"),
        (
            Decimal("1234567890123456789012345678901234567890.12"),
            "1234567890123456789012345678901234567890.12",
        ),
        (datetime.date(2026, 11, 2), "2026-11-02"),
        (datetime.datetime(2026, 11, 2, 10, 30, tzinfo=datetime.UTC), "2026-11-02T10:30:00Z"),
        (7, "7"),
    ],
)
def test_values_are_told_exactly(value, reported):
    assert text(value) == reported


def test_amounts_are_aligned_and_summed_up(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    out = shown(
        capsys,
        Layout.TABLE,
        Row(name="a", amount=Decimal("1.5")),
        Row(name="b", amount=Decimal(100)),
        Row(name="c", amount=Decimal(3), currency="SEK"),
    )
    assert "│   1.50 │" in out
    assert "│ 100.00 │" in out
    assert "Rows: 3, 101.50 EUR, 3.00 SEK" in out


def test_a_column_without_a_value_is_left_out(capsys):
    assert "amount" not in shown(capsys, Layout.TABLE, Row(name="a")).lower()


def test_times_are_told_to_the_minute_in_tables_and_whole_in_csv(capsys):
    moment = datetime.datetime(2026, 11, 2, 10, 30, 15, 120000, tzinfo=datetime.UTC)
    assert "2026-11-02 10:30 " in shown(capsys, Layout.TABLE, Row(name=moment))
    assert "2026-11-02T10:30:15.120000Z" in shown(capsys, Layout.CSV, Row(name=moment))


def test_no_cell_runs_as_a_formula(capsys):
    out = shown(
        capsys,
        Layout.CSV,
        Row(name="=HYPERLINK(1)", amount=Decimal(-1)),
        Row(name="@x"),
        Row(name='say "a", b'),
    )
    assert out.splitlines() == [
        '"name","amount","currency"',
        """"'=HYPERLINK(1)",-1.00,"EUR\"""",
        """"'@x",,"EUR\"""",
        '"say ""a"", b",,"EUR"',
    ]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(1)", "\uff1d1", "=cmd|' /C calc'!A0"]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("before", ["", "x;", "x,", "x|", "x;;", "x; ", 'x;"', "x;'", "; \"'"])
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_no_cell_runs_as_a_formula_whatever_the_spreadsheet_splits_at(capsys, formula, before, delimiter):
    out = shown(capsys, Layout.CSV, Row(name=f"{before}{formula}"))
    for cells in (line.split(delimiter) for line in out.splitlines()):  # which knows nothing of quotes
        for cell in cells:
            assert cell.lstrip('" ')[:1] not in {"=", "+", "-", "@", "\uff1d"}


@pytest.mark.parametrize("harmless", ["Katu 1-2, Espoo", "a=b; c", "x;y", "me@example.com, 1+1"])
def test_what_is_no_formula_stays_as_it_is(capsys, harmless):
    assert f'"{harmless}"' in shown(capsys, Layout.CSV, Row(name=harmless))


@pytest.mark.parametrize("driving", ["a\nb", "a\tb", "a\x1b]52;c;eA==\x07b", "a\x9b2Jb", "a\u202eb"])
def test_no_cell_of_csv_drives_the_terminal_or_begins_a_line(capsys, driving):
    out = shown(capsys, Layout.CSV, Row(name=driving))
    assert len(out.splitlines()) == 2
    assert out.replace("\n", "").isprintable()


def test_no_cell_drives_the_terminal():
    console = Console(width=80, record=True)
    print_records(console, SHEET, [Row(name="\x1b[2Jgone\x07 [bold]", amount=None)])
    reported = console.export_text()
    assert r"\x1b[2Jgone\x07 [bold]" in reported


@pytest.mark.parametrize(
    ("sheet", "schema"),
    [
        (accounting.LEDGERS, LedgerStatus),
        (accounting.PAYMENTS, AccountingPaymentStatus),
        (accounting.INVOICES, AccountingInvoiceStatus),
        (finvoice.ADDRESSES, FinvoiceCredentials),
        (invoice.DISTRIBUTIONS, DistributionRecord),
        (payments.PAYMENTS, Payment),
    ],
)
def test_csv_leaves_nothing_out(sheet, schema):
    assert {*sheet.shown, *sheet.more} == {*attrs.fields_dict(schema)} - {"extra"}
