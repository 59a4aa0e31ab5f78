"""The same table is the same invoices, whichever format it is written in."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from confirma_async.formats import COLUMNS, ReadInvoice, read
from confirma_async.formats.tables.columns import ValueKind

EXAMPLE = Path(__file__).parents[3] / "examples" / "invoices.csv"


def typed(name, text):
    if not text:
        return None
    kind = COLUMNS[name].kind
    if kind is ValueKind.DATE:
        day, month, year = map(int, text.split("."))
        return datetime.date(year, month, day)
    return Decimal(text.replace(",", ".")) if kind.is_numeric else text


@pytest.fixture(scope="module")
def table():
    with EXAMPLE.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file, delimiter=";"))
    return {name: [typed(name, line[name]) for line in lines] for name in lines[0]}


def write_excel(table, path):
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(table))
    for row in zip(*table.values(), strict=True):
        sheet.append(row)
    book.save(path)


WRITERS = {
    "same.xlsx": write_excel,
    "same.parquet": lambda table, path: parquet.write_table(pa.table(table), path),
    "same.feather": lambda table, path: feather.write_feather(pa.table(table), str(path)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_the_same_table_is_the_same_invoices(table, tmp_path, name):
    WRITERS[name](table, tmp_path / name)
    found, expected = list(read(tmp_path / name)), list(read(EXAMPLE))
    assert len(found) == len(expected) == 150
    for one, other in zip(found, expected, strict=True):
        assert isinstance(one, ReadInvoice), one
        assert isinstance(other, ReadInvoice)
        assert one.request == other.request
