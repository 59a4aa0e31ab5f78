"""The rows of a sheet, as programs other than Excel write them."""

from __future__ import annotations

import io

import pytest

from confirma_async.formats.tables.excel.sheet import UnreadableSheet, rows


def read(inner: str, around: str = "<worksheet><sheetData>{}</sheetData></worksheet>"):
    return list(rows(io.BytesIO(around.format(inner).encode())))


def texts(inner: str, **options):
    return [[None if cell is None else cell[0] for cell in row.cells] for row in read(inner, **options)]


def test_cells_stand_where_they_say():
    assert texts('<row r="1"><c r="C1"><v>3</v></c><c r="E1"><v>5</v></c></row>') == [
        [None, None, "3", None, "5"]
    ]


def test_cells_and_rows_that_say_nothing_follow_each_other():
    found = read("<row><c><v>1</v></c><c/><c><v>3</v></c></row><row r='7'/><row/>")
    assert [row.number for row in found] == [1, 7, 8]
    assert [cell and cell[0] for cell in found[0].cells] == ["1", None, "3"]


def test_a_text_in_the_cell_is_joined_without_what_tells_how_it_sounds():
    texts_of_it = '<r><t>Hö</t></r><r><t>ylä</t></r><rPh sb="0" eb="1"><t>x</t></rPh>'
    inner = f'<row><c t="inlineStr"><is>{texts_of_it}</is></c></row>'
    assert texts(inner) == [["Höylä"]]


def test_a_formula_without_a_result_is_a_cell_without_text():
    ((cell,),) = [row.cells for row in read("<row><c><f>A1+1</f></c></row>")]
    assert cell == (None, "n", 0, True)


def test_prefixes_of_names_do_not_matter():
    around = '<x:worksheet xmlns:x="urn:x"><x:sheetData>{}</x:sheetData></x:worksheet>'
    assert texts('<x:row><x:c r="B1"><x:v>1</x:v></x:c></x:row>', around=around) == [[None, "1"]]


@pytest.mark.parametrize("hidden", ["1", "true"])
def test_a_hidden_row_says_so(hidden):
    assert [row.is_hidden for row in read(f'<row hidden="{hidden}"/><row hidden="0"/><row/>')] == [
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    "inner",
    [
        '<row><c r="?1"><v>1</v></c></row>',
        '<row><c r="ZZZZ1"/></row>',
        '<row r="x"/>',
        '<row><c s="x"/></row>',
        "<row>",
    ],
)
def test_what_is_no_sheet_is_refused(inner):
    with pytest.raises(UnreadableSheet):
        read(inner)


def test_a_doctype_is_refused_before_anything_in_it_counts():
    with pytest.raises(UnreadableSheet):
        list(rows(io.BytesIO(b'<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>')))
