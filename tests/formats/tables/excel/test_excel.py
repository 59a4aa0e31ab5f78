"""Workbooks as spreadsheet programs write them, and as they should not be."""

from __future__ import annotations

import contextlib
import datetime
import io
import re
import tempfile
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings, strategies as st

from confirma_async.formats import (
    BadRecord,
    ColumnMapping,
    InputError,
    ReadInvoice,
    ReadOptions,
    read,
    scan,
)
from confirma_async.formats.tables.excel.sheet_cells import decimal_of

HEADER = [
    "number",
    "date",
    "due_date",
    "currency",
    "buyer_postal_code",
    "row_vat_percentage",
    "row_net_amount",
]
DAY = datetime.date(2026, 11, 2)
ROW = [1001, DAY, datetime.date(2026, 11, 16), "EUR", "00100", 25.5, 210.55]


@pytest.fixture
def book(tmp_path):
    """Writes a workbook; a cell may come with its number format."""

    def write(*rows, header=HEADER, name="in.xlsx", change=lambda workbook: None):
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        for number, row in enumerate([header, *rows] if header else rows, start=1):
            for column, cell in enumerate(row, start=1):
                value, number_format = cell if isinstance(cell, tuple) else (cell, None)
                written = sheet.cell(number, column, value)
                if number_format:
                    written.number_format = number_format
        change(workbook)
        workbook.save(tmp_path / name)
        return tmp_path / name

    return write


def row(**cells):
    return [cells.get(name, cell) for name, cell in zip(HEADER, ROW, strict=True)]


def only(path, **options) -> Any:
    (found,) = read(path, ReadOptions(**options))
    return found


def rules(found):
    assert isinstance(found, BadRecord)
    return [(problem.path, problem.rule) for problem in found.problems]


def test_typed_cells_are_read_as_they_are_meant(book):
    found = only(book(row()))
    assert isinstance(found, ReadInvoice)
    invoice: Any = found.request.invoice
    assert str(found.place).endswith("in.xlsx:2")
    assert invoice.header.number == 1001
    assert invoice.header.date == DAY
    assert invoice.parties.buyer_party.address.postal_code == "00100"
    assert str(invoice.rows[0].net_amount) == "210.55"
    assert str(invoice.rows[0].vat_percentage) == "25.5"


def test_rows_of_one_number_are_one_invoice_and_empty_rows_do_not_count(book):
    found: list[Any] = list(read(book(row(), [], row(), row(number=1002))))
    assert [len(each.request.invoice.rows) for each in found] == [2, 1]
    assert [each.place.line for each in found] == [2, 5]


def test_sightings_are_those_of_the_invoices(book):
    path = book(row(), row(), row(number="A-7"))
    assert [(seen.identity.original, seen.place.line) for seen in scan(path)] == [
        ("1001", 2),
        ("A-7", 4),
    ]


def test_the_first_row_that_is_not_empty_names_the_columns(book):
    found = only(book([], ["  Number ", *HEADER[1:]], ROW, header=None))
    assert found.place.line == 3


def test_text_in_cells_is_read_by_its_decimal_comma(book):
    found = only(book(row(row_net_amount="1 210,50")), decimal_comma=True)
    assert found.request.invoice.rows[0].net_amount == Decimal("1210.50")


@pytest.mark.parametrize(
    ("value", "exact"),
    [
        (210.55, "210.55"),
        (0.1 + 0.2, "0.3"),
        (3 * 1.1, "3.3"),
        (1e-6, "0.000001"),
        (-12.0, "-12"),
        (1e14, "100000000000000"),
        (123456789012.34, "123456789012.34"),
    ],
)
def test_a_number_is_what_its_fifteen_digits_say(value, exact):
    assert str(decimal_of(value)) == exact


@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
def test_every_decimal_of_fifteen_digits_is_kept(digits, places):
    exact = Decimal(digits).scaleb(-places)
    assert decimal_of(float(exact)) == exact


@pytest.mark.parametrize("value", [1e15, 123456789012345678, float("nan"), float("inf")])
def test_a_number_that_excel_does_not_keep_is_none(value):
    assert decimal_of(value) is None


def test_an_amount_with_more_decimals_than_cents_is_refused_whatever_its_format_hides(book):
    found = only(book(row(row_net_amount=(263.5525, "0.00"))))
    assert rules(found) == [("cell G2, column row_net_amount", "table.amount")]
    assert "round the formula" in found.problems[0].message


def test_a_number_of_too_many_digits_is_refused(book):
    found = only(book([*ROW, 20000000000000000123], header=[*HEADER, "payment_reference"]))
    assert rules(found) == [("cell H2, column payment_reference", "excel.digits")]


def test_zeros_that_a_format_shows_are_kept_in_texts(book):
    found = only(book(row(buyer_postal_code=(100, "00000"))))
    assert found.request.invoice.parties.buyer_party.address.postal_code == "00100"


@pytest.mark.parametrize("number_format", ["0.00%", "0%", '0.0" "%'])
def test_a_percentage_is_read_as_it_is_shown(book, number_format):
    found = only(book(row(row_vat_percentage=(0.255, number_format))))
    assert found.request.invoice.rows[0].vat_percentage == Decimal("25.5")


def test_a_percent_sign_that_is_only_printed_changes_nothing(book):
    found = only(book(row(row_vat_percentage=(25.5, '0.0"%"'))))
    assert found.request.invoice.rows[0].vat_percentage == Decimal("25.5")


def test_a_date_without_the_format_of_a_date_is_refused(book):
    assert rules(only(book(row(date=46328)))) == [("cell B2, column date", "table.date")]


def test_a_formula_without_a_result_is_refused_and_not_taken_for_empty(book):
    found: list[Any] = list(read(book(row(row_net_amount="=100+10"), row(number=1002))))
    assert rules(found[0]) == [("cell G2, column row_net_amount", "excel.formula")]
    assert isinstance(found[1], ReadInvoice)


def test_a_formula_with_a_result_is_read_by_its_result(book):
    path = book(row(row_net_amount="=100+10"))
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        lambda text: re.sub(b"<v ?/>|<v></v>", b"<v>110</v>", text),
    )
    assert only(path).request.invoice.rows[0].net_amount == 110


def test_an_error_in_a_cell_is_refused(book):
    found = only(book(row(row_net_amount="#REF!")))
    assert rules(found) == [("cell G2, column row_net_amount", "excel.error")]


def test_a_value_beyond_the_named_columns_is_refused(book):
    found = only(book([*ROW, "", "stray"]))
    assert rules(found) == [("row 2", "table.fields")]


def test_other_sheets_are_remarked_and_a_mapping_chooses(book):
    def add(workbook):
        other = workbook.create_sheet("Laskut")
        other.append(HEADER)
        other.append(row(number=7))

    path = book(row(), change=add)
    first, second = only(path), only(path, mapping=mapping(sheet="Laskut"))
    assert "only the sheet 'Sheet' is read" in first.remarks[0]
    assert (first.request.invoice.header.number, second.request.invoice.header.number) == (1001, 7)
    assert second.remarks == ()
    with pytest.raises(InputError, match="no sheet 'Other'"):
        only(path, mapping=mapping(sheet="Other"))


def mapping(**entries):
    return ColumnMapping(columns={name: name for name in HEADER}, **entries)


def test_a_size_that_the_file_states_wrongly_hides_nothing(book):
    path = book(row(), row(number=1002))
    rewrite(path, "xl/worksheets/sheet1.xml", lambda text: text.replace(b'ref="A1:G3"', b'ref="A1"'))
    assert len(list(read(path))) == 2


def rewrite(path, part, change):
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    changed = change(parts[part])
    assert changed != parts[part]
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, changed if name == part else data)


def test_an_archive_that_is_no_workbook_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(InputError, match=r"no \.xlsx workbook"):
        list(read(tmp_path / "a.xlsx"))


def test_a_workbook_that_unpacks_without_end_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", bytes(80 * 1024 * 1024))
    with pytest.raises(InputError, match="unpacks"):
        list(read(tmp_path / "a.xlsx"))


def test_a_sheet_without_rows_is_told(book):
    with pytest.raises(InputError, match="is empty"):
        only(book(header=None))
    with pytest.raises(InputError, match="no invoice"):
        only(book())


def test_entities_of_a_hostile_sheet_are_not_expanded(book):
    path = book(row())
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + i, (b"&%c;" % (97 + i)) * 10) for i in range(12)
    )
    rewrite(
        path,
        "xl/worksheets/sheet1.xml",
        lambda text: bomb + b"]>" + text.replace(b"<v>1001</v>", b"<v>&m;</v>"),
    )
    with pytest.raises(InputError, match=r"no \.xlsx workbook that can be read"):
        list(read(path))


AMOUNTS = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
TEXTS = st.text(st.sampled_from("abcÅäöé€ ;,<&>\"'12"), max_size=12).map(str.strip)


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXTS, AMOUNTS, st.dates(datetime.date(1950, 1, 1))), min_size=1, max_size=5))
def test_what_was_written_is_read(written):
    workbook = openpyxl.Workbook()
    workbook.active.append([*HEADER[:4], "description", "row_net_amount"])
    for number, (text, amount, day) in enumerate(written, start=1):
        workbook.active.append([number, day, day, "EUR", "\u200b" + text, float(amount)])
    with tempfile.TemporaryDirectory() as folder:
        workbook.save(Path(folder) / "in.xlsx")
        found: list[Any] = list(read(Path(folder) / "in.xlsx"))
    assert [
        (
            each.request.invoice.header.description,
            each.request.invoice.rows[0].net_amount,
            each.request.invoice.header.date,
        )
        for each in found
        if isinstance(each, ReadInvoice)
    ] == [("\u200b" + text, amount, day) for text, amount, day in written]


def parts_of_a_workbook():
    workbook = openpyxl.Workbook()
    workbook.active.append(HEADER)
    for number in range(3):
        workbook.active.append([number, *ROW[1:]])
    packed = io.BytesIO()
    workbook.save(packed)
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist() if "docProps" not in name}


PARTS = parts_of_a_workbook()


def packed(parts):
    contents = io.BytesIO()
    with zipfile.ZipFile(contents, "w") as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return contents.getvalue()


@settings(max_examples=80)
@given(
    st.sampled_from([None, *sorted(PARTS)]),
    st.lists(st.tuples(st.integers(4, 10**4), st.integers(0, 255)), min_size=1, max_size=8),
)
def test_broken_bytes_are_bad_records_or_an_input_error(part, changes):
    contents = bytearray(packed(PARTS) if part is None else PARTS[part])
    for place, byte in changes:
        contents[place % len(contents)] = byte
    if part is not None:
        contents = packed({**PARTS, part: bytes(contents)})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "in.xlsx"
        path.write_bytes(contents)
        with contextlib.suppress(InputError):
            for record in read(path):
                assert isinstance(record, ReadInvoice) or record.problems


def test_a_workbook_needs_no_ending(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["number", "date", "due_date", "currency", "gross_amount"])
    book.active.append([1, "2026-11-02", "2026-11-16", "EUR", 125.5])
    book.save(tmp_path / "in.xlsx")
    path = (tmp_path / "in.xlsx").rename(tmp_path / "in")
    assert [type(record).__name__ for record in read(path)] == ["ReadInvoice"]
