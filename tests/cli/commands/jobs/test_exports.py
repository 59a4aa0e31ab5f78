"""Exports that Excel opens: CSV as it is written in Finland, and workbooks."""

from decimal import Decimal

import openpyxl
import pytest

from confirma_async.cli.output import workbook

pytestmark = pytest.mark.usefixtures("quick_fingerprints")


@pytest.fixture
def sent(confirma, service, invoices):
    confirma("submit", invoices(1, "x", amounts={"netAmount": 100, "vatAmount": 25.5, "grossAmount": 125.5}))


def test_csv_for_excel_has_a_mark_semicolons_and_decimal_commas(confirma, sent):
    code, out, _ = confirma("export", "--excel")
    assert code == 0
    assert out.startswith('\ufeff"place";"number";')
    assert ';125,50;"EUR";"accepted";' in out


def test_a_list_is_printed_for_excel_too(confirma, service):
    _, out, _ = confirma("payments", "--excel")
    assert out.startswith('\ufeff"payment_date";')


def test_a_workbook_holds_amounts_as_numbers_and_no_formulas(confirma, sent, tmp_path):
    assert confirma("export", "--xlsx", "outcomes.xlsx")[0] == 0
    sheet = openpyxl.load_workbook(tmp_path / "outcomes.xlsx").active
    names, *rows = sheet.iter_rows(values_only=True)
    first = dict(zip(names, rows[0], strict=True))
    assert (first["number"], first["state"]) == (1, "accepted")
    assert Decimal(str(first["amount"])) == Decimal("125.5")
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "b"}


def test_a_file_that_is_there_is_left_alone(confirma, sent, tmp_path):
    (tmp_path / "invoices.xlsx").write_bytes(b"mine")
    code, _, err = confirma("export", "--xlsx", "invoices.xlsx")
    assert (code, (tmp_path / "invoices.xlsx").read_bytes()) == (2, b"mine")
    assert "is there already; name another file" in err


def test_more_rows_than_a_sheet_has_are_refused(confirma, sent, tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    code, _, err = confirma("export", "--xlsx", "outcomes.xlsx")
    assert code == 2
    assert "print CSV (--csv) instead" in err
    assert not (tmp_path / "outcomes.xlsx").exists()


@pytest.mark.parametrize("two", [("--csv", "--excel"), ("--excel", "--json"), ("--xlsx", "a.xlsx", "--csv")])
def test_one_form_at_a_time(confirma, sent, two):
    code, _, err = confirma("export", *two)
    assert code == 2
    assert "exclude each other" in err
