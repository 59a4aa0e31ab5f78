"""Rows that are read without a parser say what a parser says, and what no parser takes is refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import example, given, settings, strategies as st

from confirma_async.formats.tables.excel import sheet, usual_rows
from confirma_async.formats.tables.excel.sheet import UnreadableSheet, rows

AROUND = "<worksheet><sheetData>{}</sheetData><pageMargins/></worksheet>"

CELLS = (
    '<c r="A1"><v>1</v></c>',
    '<c r="B1" s="3" t="s"><v>12</v></c>',
    '<c r="C1" t="n"><v/></c>',
    '<c r="C1" t="str"><v> höylä ]] </v></c>',
    '<c r="D1" t="inlineStr"><is><t>Työ</t></is></c>',
    '<c r="D1" t="inlineStr"><is><t xml:space="preserve"> a </t></is></c>',
    '<c r="D1" t="inlineStr"><is><r><t>a</t></r><r><t>b</t></r></is></c>',
    '<c r="D1" t="inlineStr"><v>no text</v></c>',
    '<c r="E1" t="s"><is><t>no number</t></is></c>',
    '<c r="E1" s="2"/>',
    '<c r="E1"></c>',
    '<c r="F1" t="b"><v>1</v></c>',
    '<c r="F1" t="e"><v>#REF!</v></c>',
    '<c r="F1" t="d"><v>2026-11-02</v></c>',
    '<c r="G1"><f>A1+1</f><v>2</v></c>',
    '<c r="G1"><v>a &amp; b</v></c>',
    '<c r="G1"><v>a\r\nb</v></c>',
    '<c r="G1"><v><![CDATA[</row>]]></v></c>',
    '<c r="XFD1"><v>last</v></c>',
    '<c r="XFE1"><v>beyond</v></c>',
    '<c r="AAA1"/>',
    "<c><v>1</v></c>",
    "<c/>",
    '<c  r="A1" ><v >1</v ></c >',
    "<!-- <c r='Z1'/> -->",
    "\n  ",
)
REFUSED = (
    '<c r="A1"><v>\x01</v></c>',
    '<c r="A1"><v>\uffff</v></c>',
    '<c r="A1"><v>a]]>b</v></c>',
    '<c r="A1"><v>a & b</v></c>',
    '<c r="A1" r="B1"/>',
    '<c r="A1"><v>1</c>',
    '<c r="?1"/>',
)
ROWS = (
    '<row r="{at}">{cells}</row>',
    '<row r="{at}" spans="1:9" x14ac:dyDescent="0.25">{cells}</row>',
    '<row r="{at}" customFormat="false" ht="12.8" hidden="false">{cells}</row>',
    '<row r="{at}" hidden="1">{cells}</row>',
    '<row hidden="true" r="{at}">{cells}</row>',
    "<row r='{at}'>{cells}</row>",
    "<row>{cells}</row>",
    '<row r="{at}"/>',
    "<row/>",
    "\n<row\nr='{at}'>\n{cells}</row>\n",
    '<!-- <row r="99"></row><row r="98"></row> -->',
    "<?pi </row>?>",
    '<row r="{at}"><?pi </row><row r="95"><c r="A1"/></row> ?>{cells}</row>',
    '<row r="{at}"><row r="90"><c r="A1"/></row><row r="91"><c r="B1"/></row></row>',
    '<row r="{at}"><!-- </row><row r="97"><c r="A1"><v>1</v></c></row> -->{cells}</row>',
    '<row r="{at}"><c r="A1" t="str"><v><![CDATA[</row><row r="96"><c r="A1"/></row>]]></v></c></row>',
)
REFUSED_ROWS = (
    '<row r="{at}" r="2">{cells}</row>',
    '<row r="{at}" a="&b">{cells}</row>',
    '<row r="{at}" ht="1" ht="2">{cells}</row>',
    '<row r="{at}">',
    "</row>",
)


class Dribble(io.BytesIO):
    """A file of which each further read returns so many bytes."""

    def __init__(self, first: int, further: int, data: bytes) -> None:
        super().__init__(data)
        self._size, self._further = first, further

    def read(self, size: int | None = -1, /) -> bytes:
        found = super().read(self._size)
        self._size = self._further
        return found


def outcome(data: bytes, first: int = 1_000, further: int = 1_000):
    found: list[object] = []
    try:
        found += rows(Dribble(first, further, data))
    except UnreadableSheet:
        return found, "refused"
    return found, "read"


def by_the_parser(data: bytes):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sheet, "row_at", lambda _text, _at: None)
        patched.setattr(sheet, "_is_one_row", lambda _text: False)
        return outcome(data)


def sheets(row_markup, cell_markup):
    cells = st.lists(st.sampled_from(cell_markup), max_size=5).map("".join)
    one = st.tuples(st.sampled_from(row_markup), st.integers(1, 30), cells)
    return st.lists(one, max_size=8).map(
        lambda drawn: AROUND.format("".join(row.format(at=at, cells=cells) for row, at, cells in drawn))
    )


@settings(max_examples=400)
@given(sheets(ROWS, CELLS), st.integers(1, 90))
@example(AROUND.format('<row r="1"><c r="A1"><v>1</v></c></row>'), 3)
def test_rows_are_what_a_parser_makes_of_them(text, further):
    data = text.encode()
    assert outcome(data, first=len("<worksheet><sheetData>") + further, further=further) == by_the_parser(
        data
    )


@settings(max_examples=400)
@given(sheets(ROWS + REFUSED_ROWS, CELLS + REFUSED))
def test_what_a_parser_refuses_is_refused(text):
    data = text.encode()
    assert outcome(data)[1] == by_the_parser(data)[1]


@pytest.mark.parametrize("cell", REFUSED)
def test_no_cell_that_a_parser_refuses_is_read_without_one(cell):
    assert usual_rows.row_at(f'<row r="1">{cell}</row>', 0) is None


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_another_encoding_is_read_by_the_parser(encoding):
    inner = '<row r="1"><c r="A1" t="str"><v>hÃ¶ylÃ¤</v></c></row>'  # whose bytes in Latin-1 are UTF-8 too
    data = f'<?xml version="1.0" encoding="{encoding}"?>{AROUND.format(inner)}'.encode(encoding)
    (row,) = rows(io.BytesIO(data))
    assert row.cells == [("hÃ¶ylÃ¤", "str", 0, False)]


def test_bytes_that_are_no_utf_8_are_refused():
    inner = '<row r="1"><c r="A1" t="str"><v>höylä</v></c></row>'
    found = rows(io.BytesIO(AROUND.format(inner).encode("iso-8859-1")))
    with pytest.raises(UnreadableSheet):
        list(found)


def test_a_row_too_long_to_be_held_is_read_by_the_parser(monkeypatch):
    monkeypatch.setattr(sheet, "_LONGEST", 50)
    cells = "".join(f'<c r="A{n}" t="str"><v>{n}</v></c>' for n in range(50))
    found, how = outcome(AROUND.format(f'<row r="1">{cells}</row><row r="2"/>').encode(), 40, 40)
    assert ([row.number for row in found], how) == ([1, 2], "read")


def test_rows_outside_of_the_data_of_a_sheet_are_left_to_the_parser():
    text = '<worksheet><!-- <sheetData> --><x><row r="1"><c r="A1"><v>1</v></c></row></x></worksheet>'
    assert outcome(text.encode()) == by_the_parser(text.encode())
