"""Places of tables: cells as spreadsheets name them, lines of files."""

from __future__ import annotations

import openpyxl
import pytest

from confirma_async.formats import BadRecord, ReadOptions, read
from confirma_async.formats.tables.places import TablePlace, cell_name

HEAD = ["number", "date", "due_date", "currency", "row_net_amount"]
LINE = [1, "2026-11-02", "2026-11-16", "EUR", "sata"]


@pytest.mark.parametrize(
    ("sheet", "index", "name"),
    [
        ("", 0, "A4"),
        ("", 25, "Z4"),
        ("", 26, "AA4"),
        ("", 16_383, "XFD4"),
        ("Laskut", 3, "Laskut!D4"),
        ("Myynti 2026", 3, "'Myynti 2026'!D4"),
        ("2026", 3, "'2026'!D4"),
        ("It's", 3, "'It''s'!D4"),
    ],
)
def test_a_cell_has_the_name_that_a_spreadsheet_shows(sheet, index, name):
    assert cell_name(sheet, index, 4) == name


@pytest.mark.parametrize(
    ("path", "unit", "line", "cell", "title", "below"),
    [
        ("line 3, column Pvm", "line", 3, "", "Pvm", None),
        ("row 3", "row", 3, "", None, None),
        ("cell D4, column Pvm ($.invoice.header.date)", "cell", 4, "D4", "Pvm", "$.invoice.header.date"),
        ("cell 'A!B, column 1'!AB12, column Pvm", "cell", 12, "'A!B, column 1'!AB12", "Pvm", None),
    ],
)
def test_a_place_is_read_back_as_it_was_written(path, unit, line, cell, title, below):
    assert TablePlace.parse(path) == TablePlace(unit, line, cell, title, below)


@pytest.mark.parametrize("path", ["", "$.invoice.rows[0]", "/Invoice[1]/ID", "cell 4"])
def test_other_paths_are_no_places_of_a_table(path):
    assert TablePlace.parse(path) is None


@pytest.mark.parametrize(("more", "place"), [([], "cell E2"), (["Muut"], "cell Laskut!E2")])
def test_a_problem_of_a_workbook_names_the_cell_and_the_sheet_where_there_are_several(tmp_path, more, place):
    book = openpyxl.Workbook()
    book.active.title = "Laskut"
    book.active.append(HEAD)
    book.active.append(LINE)
    for title in more:
        book.create_sheet(title).append(["x"])
    book.save(tmp_path / "t.xlsx")
    (found,) = read(tmp_path / "t.xlsx", ReadOptions())
    assert isinstance(found, BadRecord)
    assert found.problems[0].path == f"{place}, column row_net_amount"
