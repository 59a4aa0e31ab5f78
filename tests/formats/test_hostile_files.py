"""Small files that are made to take all time or memory: each ends at a bound, which its message tells."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import openpyxl
import pytest

from confirma_async.formats import (
    BadRecord,
    InputError,
    ReadInvoice,
    read,
    read_files,
    scan,
)
from confirma_async.formats.tables import groups
from confirma_async.formats.tables.excel import table as excel
from confirma_async.formats.xml import elements, parse
from confirma_async.formats.xml.reading import findings, leftovers

EXAMPLES = Path(__file__).parents[2] / "examples"
UBL = (EXAMPLES / "ubl" / "invoice.xml").read_text(encoding="utf-8")
HEADER = "number;date;due_date;currency;gross_amount\n"


# --- JSON ---------------------------------------------------------------------------------------------


def nested(depth):
    return json.loads("[" * depth + "1" + "]" * depth)


def lines_with(change):
    lines = (EXAMPLES / "invoices.jsonl").read_text(encoding="utf-8").splitlines()[:3]
    spoilt = json.loads(lines[1])
    change(spoilt)
    lines[1] = json.dumps(spoilt)
    return lines


DEEP = {
    "of the request": (lambda record, deep: record.update(x=deep), "$.x"),
    "of the invoice": (lambda record, deep: record["invoice"].update(x={"y": deep}), "$.invoice.x"),
    "of a row": (lambda record, deep: record["invoice"]["rows"][0].update(x=deep), "$.invoice.rows[0].x"),
}


@pytest.mark.parametrize("depth", [101, 300, 600])
@pytest.mark.parametrize(("put", "place"), DEEP.values(), ids=DEEP)
@pytest.mark.parametrize("kind", ["jsonl", "json"])
def test_a_key_that_is_nested_too_deeply_costs_its_record_alone(write, put, place, depth, kind):
    lines = lines_with(lambda record: put(record, nested(depth)))
    contents = "\n".join(lines) if kind == "jsonl" else f"[{','.join(lines)}]"
    first, spoilt, last = read(write(f"in.{kind}", contents))
    assert isinstance(first, ReadInvoice)
    assert isinstance(last, ReadInvoice)
    assert isinstance(spoilt, BadRecord)
    (problem,) = spoilt.problems
    assert problem.path == (place if kind == "jsonl" else place.replace("$", "$[1]", 1))
    assert "at most 100 objects and arrays in one another" in problem.message


def test_a_key_that_is_nested_as_deeply_as_may_be_is_kept(write):
    lines = lines_with(lambda record: record.update(x=nested(100)))
    assert all(isinstance(each, ReadInvoice) for each in read(write("in.jsonl", "\n".join(lines))))


# --- tables -------------------------------------------------------------------------------------------


def test_opening_quotes_without_end_are_told_once_and_end_the_file(write, monkeypatch):
    monkeypatch.setattr(groups, "MOST_DOUBTFUL", 50)
    path = write("in.csv", HEADER + '1;"\n' * 10_000)
    (found,) = read_files([path])
    assert isinstance(found, BadRecord)
    (problem,) = found.problems
    assert "none of the 50 lines above line 102 can be read" in problem.message
    assert "nothing from there on is" in problem.message
    with pytest.raises(InputError, match=r"in\.csv: none of the 50 lines"):
        list(scan(path))


def test_a_whole_line_ends_the_counting_of_those_that_cannot_be_read(write, monkeypatch):
    monkeypatch.setattr(groups, "MOST_DOUBTFUL", 3)
    torn, whole = "9\n", "1;2026-01-01;2026-01-15;EUR;1\n"
    found = list(read(write("in.csv", HEADER + (torn * 3 + whole) * 4)))
    assert [isinstance(each, BadRecord) for each in found] == [True, False] * 4


def test_an_invoice_tells_so_many_of_its_problems_and_not_more(write, monkeypatch):
    monkeypatch.setattr(groups, "MOST_PROBLEMS", 7)
    lines = "".join(f"1;2026-01-01;2026-01-15;EUR;{amount}\n" for amount in range(1000))
    (found,) = read(write("in.csv", HEADER + lines))
    assert isinstance(found, BadRecord)
    assert len(found.problems) == 7


def test_an_invoice_inherits_so_many_problems_of_the_lines_above_and_not_more(write, monkeypatch):
    monkeypatch.setattr(groups, "MOST_INHERITED", 5)
    _, found = read(
        write("in.csv", HEADER + "\n".join(['"a" b'] * 100) + "\n1;2026-01-01;2026-01-15;EUR;1\n")
    )
    assert isinstance(found, BadRecord)
    assert len(found.problems) == 5


# --- workbooks ----------------------------------------------------------------------------------------


@pytest.fixture
def workbook(tmp_path):
    """Writes a workbook of one invoice, with what is put behind its last row, or into a part."""

    def write(behind=b"", *, part="xl/worksheets/sheet1.xml", contents=None):
        book = openpyxl.Workbook()
        book.active.append(HEADER.strip().split(";"))
        book.active.append([1, "2026-01-01", "2026-01-15", "EUR", 100])
        plain = io.BytesIO()
        book.save(plain)
        path = tmp_path / "in.xlsx"
        with zipfile.ZipFile(plain) as before, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as after:
            for name in before.namelist():
                data = before.read(name)
                if name == part:
                    data = contents or data.replace(b"</sheetData>", behind + b"</sheetData>")
                after.writestr(name, data)
        return path

    return write


def refusal(path):
    (found,) = read_files([path])
    assert isinstance(found, BadRecord)
    (problem,) = found.problems
    return problem.message


ROW = b'<row r="%d"><c r="A%d"><v>1</v></c></row>'


def test_a_workbook_of_usual_size_is_read(workbook):
    (found,) = read(workbook())
    assert isinstance(found, ReadInvoice)


def test_a_row_number_beyond_all_rows_ends_at_the_last_row_there_may_be(workbook, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 2000)
    assert "a row beyond number 2000" in refusal(workbook(ROW % (10**12, 10**12)))
    assert isinstance(next(iter(read(workbook(ROW % (1999, 1999))))), ReadInvoice)


CROWDS = {
    "cells of a row": b"<row>" + b"<c/>" * 1000 + b"</row>",
    "what is no row": b"<a>" + b"<b/>" * 1000 + b"</a>",
    "a row that only seems to end": b"<row>" + (b"<c/>" * 100 + b"<!--</row>-->") * 10 + b"</row>",
}


@pytest.mark.parametrize("behind", CROWDS.values(), ids=CROWDS)
def test_a_crowd_of_cells_is_refused_before_it_is_parsed(workbook, monkeypatch, behind):
    monkeypatch.setattr(excel, "MOST_TAGS", 500)
    monkeypatch.setattr(excel, "open_workbook", lambda _: pytest.fail("the workbook was parsed"))
    assert "holds more than 500 tags in one row or part (xl/worksheets/sheet1.xml)" in refusal(
        workbook(behind)
    )


def test_many_rows_of_usual_width_are_no_crowd(workbook, monkeypatch):
    monkeypatch.setattr(excel, "MOST_TAGS", 500)
    rows = b"".join(ROW % (number, number) for number in range(3, 1000))
    assert len(list(read(workbook(rows)))) == 1


def test_other_parts_are_counted_as_well(workbook, monkeypatch):
    monkeypatch.setattr(excel, "MOST_TAGS", 500)
    path = workbook(part="xl/styles.xml", contents=b"<styleSheet>" + b"<xf/>" * 1000 + b"</styleSheet>")
    assert "tags in one row or part (xl/styles.xml)" in refusal(path)


def test_more_rows_than_excel_has_are_refused(workbook, monkeypatch):
    monkeypatch.setattr(excel, "MOST_ROWS", 100)
    assert "holds more than 100 rows" in refusal(workbook(b"<row></row>" * 200))


def test_cells_far_to_the_right_count_with_the_empty_ones_before_them(workbook, monkeypatch):
    monkeypatch.setattr(excel, "MOST_CELLS", 50_000)
    message = refusal(workbook(b'<row><c r="ZZZ1"/></row>' * 10))
    assert "more than 50000 cells, the empty ones included" in message


# --- XML ----------------------------------------------------------------------------------------------


def test_siblings_are_counted_once_and_not_each_time(write, monkeypatch):
    def counted(parent, steps=elements.steps_below):
        counts.append(len(parent))
        return steps(parent)

    counts: list[int] = []
    monkeypatch.setattr(leftovers, "steps_below", counted)
    notes = "".join(f"<cbc:AccountingCost>{number}</cbc:AccountingCost>" for number in range(2000))
    document = UBL.replace("<cbc:DocumentCurrencyCode", f"{notes}<cbc:DocumentCurrencyCode", 1)
    (found,) = read(write("in.xml", document))
    assert isinstance(found, ReadInvoice)
    extensions = found.request.invoice.extensions
    assert extensions is not None
    codes = [detail.code for detail in extensions.definition_details]
    assert "AccountingCost[2000]" in codes
    assert sum(counts) < 3 * 2000


@pytest.mark.parametrize(
    ("attributes", "says"),
    [
        (" ".join(f'a{number}="x"' for number in range(1001)), "more than 1000 attributes on one element"),
        (" ".join(f'a{number}=">"' for number in range(1001)), "more than 1000 attributes on one element"),
        (
            " ".join(f'xmlns:n{number}="urn:{number}"' for number in range(201)),
            "more than 200 namespaces for one element",
        ),
    ],
    ids=["attributes", "attributes that hold brackets", "namespaces"],
)
def test_a_crowd_on_one_element_is_refused(write, attributes, says):
    (found,) = read_files([write("in.xml", UBL.replace("<Invoice ", f"<Invoice {attributes} ", 1))])
    assert isinstance(found, BadRecord)
    (problem,) = found.problems
    assert problem.rule == "xml.size"
    assert says in problem.message


def test_as_many_attributes_as_may_be_are_no_crowd(write):
    attributes = " ".join(f'a{number}="x"' for number in range(900))
    (found,) = read(write("in.xml", UBL.replace("<Invoice ", f"<Invoice {attributes} ", 1)))
    assert isinstance(found, ReadInvoice)


def test_a_document_tells_so_many_of_its_problems_and_not_more(write, monkeypatch):
    monkeypatch.setattr(findings, "MOST_PROBLEMS", 3)
    document = UBL.replace("</cbc:PayableAmount>", "x</cbc:PayableAmount>")
    document = document.replace("</cbc:LineExtensionAmount>", "x</cbc:LineExtensionAmount>")
    document = document.replace("</cbc:TaxAmount>", "x</cbc:TaxAmount>")
    (found,) = read(write("in.xml", document))
    assert isinstance(found, BadRecord)
    assert len(found.problems) == 3


def test_documents_that_follow_each_other_are_not_given_to_the_parser_again_and_again(write, monkeypatch):
    def counted(text, start, pieces=parse._pieces):
        for piece in pieces(text, start):
            given.append(len(piece))
            yield piece

    given: list[int] = []
    monkeypatch.setattr(parse, "_pieces", counted)
    monkeypatch.setattr(parse, "_PIECE", 1024)
    body = UBL.split("?>", 1)[1]
    contents = "".join(body.replace(">12001<", f">{number}<") for number in range(1, 101))
    found = list(read(write("in.xml", contents)))
    assert [isinstance(each, ReadInvoice) for each in found] == [True] * 100
    assert sum(given) < 3 * len(contents)


def test_elements_nested_deeper_than_any_invoice_are_refused(write):
    deep = "<a>" * 300 + "x" + "</a>" * 300
    (found,) = read_files([write("in.xml", UBL.replace("<cbc:Note>", f"{deep}<cbc:Note>", 1))])
    assert isinstance(found, BadRecord)
    assert "more than 200 elements in one another" in found.problems[0].message
