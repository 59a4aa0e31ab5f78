"""The bookkeeper's way, on a terminal: from an export by questions and a correction to accepted invoices."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

pytest.importorskip("pexpect")

from confirma_async.formats import COLUMNS
from tests.cli.exports import EXPORTS, Export
from tests.cli.terminal import Person


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_export_becomes_accepted_invoices(export: Export, service, confirma, tmp_path):
    file = export.save(tmp_path)
    someone = Person("import", file, folder=tmp_path)
    someone.answer(export.answers, end="send them")
    assert someone.leave() == 1, someone.output
    count = len({fact["number"] for fact in export.facts})
    assert len(service.invoices()) == count - 1
    copy = tmp_path / f"korjattava{file.suffix}"
    assert confirma("export", "--marked", copy)[0] == 0
    correct(export, copy)
    assert confirma("retry")[0] == 0
    stored = {
        each.number: json.loads(each.body, parse_float=Decimal, parse_int=Decimal)
        for each in service.invoices()
    }
    assert len(service.invoices()) == len(stored) == count
    rows: dict[int, int] = {}
    for fact in export.facts:
        request = stored[fact["number"]]
        index = rows[fact["number"]] = rows.get(fact["number"], -1) + 1
        for title, ours in export.columns.items():
            if ours is not None:
                assert found_at(request, ours, index) == written(fact[ours]), (title, fact["number"])


def correct(export: Export, copy) -> None:
    """Correct the wrong cell in the marked copy, by what the copy says is wrong."""
    title = next(title for title, ours in export.columns.items() if ours == export.wrong[0])
    if copy.suffix == ".csv":
        text = copy.read_bytes().decode(export.encoding)
        assert f"{title}: " in text
        before = export.delimiter + export.wrong[1] + export.delimiter
        assert text.count(before) == 1
        after = f"{export.delimiter}{export.right()}{export.delimiter}"
        copy.write_bytes(text.replace(before, after).encode(export.encoding))
        return
    book = openpyxl.load_workbook(copy)
    sheet = book["Laskut"] if "Laskut" in book.sheetnames else book.active
    red = [
        cell
        for row in sheet.iter_rows()
        for cell in row
        if cell.fill.fgColor.rgb == "FFFFC7CE" and cell.value == export.wrong[1]
    ]
    assert len(red) == 1
    red[0].value = export.right()
    book.save(copy)


def found_at(request: Any, ours: str, row: int) -> Any:
    """Return what the service stored at the place of a column."""
    column = COLUMNS[ours]
    found = request["invoice"]["rows"][row] if column.of_row else request
    for name in column.place.split("."):
        found = found[name]
    return found


def written(value: Any) -> Any:
    """Return a fact as JSON has it."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    return Decimal(value) if isinstance(value, int) else value
