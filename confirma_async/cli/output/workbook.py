"""Writes tables to an Excel file, in which no text is a formula."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from confirma_async.cli.output.tables import harmless
from confirma_async.errors import ConfigurationError

MOST_ROWS = 1_048_576
"""The greatest number of rows in a sheet of Excel, with the row of column names."""

Sheets = Mapping[str, tuple[Sequence[str], Sequence[Sequence[object]]]]
"""The column names and the rows of each sheet, by the sheet's name."""


def write_workbook(target: Path, sheets: Sheets) -> None:
    """Write an Excel file with several sheets.

    Args:
        target: The path of the file, which is replaced if it exists.
        sheets: The sheets of the file.

    Raises:
        ConfigurationError: openpyxl is not installed.
    """
    openpyxl = _openpyxl()
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, (columns, rows) in sheets.items():
        sheet = book.create_sheet(name)
        sheet.append(list(columns))
        for row in rows:
            sheet.append([_cell(openpyxl, sheet, value, "0.00") for value in row])
        sheet.freeze_panes = "A2"
        for place, column in enumerate(columns, 1):
            widest = max((len(str(row[place - 1])) for row in rows if row[place - 1] is not None), default=0)
            sheet.column_dimensions[sheet.cell(1, place).column_letter].width = min(
                60, max(widest, len(column)) + 2
            )
    book.save(target)


def write_rows(target: Path, title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write an Excel file of one sheet, row by row; a file that exists is not replaced.

    Args:
        target: The path of the file.
        title: The name of the sheet.
        columns: The names of the columns.
        rows: The values of each row.

    Raises:
        ConfigurationError: openpyxl is not installed, the file exists, or there are too many rows for Excel.
    """
    if target.exists():
        raise ConfigurationError(f"{target} is there already; name another file, or remove it")
    openpyxl = _openpyxl()
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    try:
        for row in _within_a_sheet(chain([columns], rows)):
            sheet.append([_cell(openpyxl, sheet, value, "#,##0.00") for value in row])
    except BaseException:
        sheet.close()
        raise
    book.save(target)


def _within_a_sheet(rows: Iterable[Sequence[object]]) -> Iterator[Sequence[object]]:
    for number, row in enumerate(rows, 1):
        if number > MOST_ROWS:
            raise ConfigurationError(f"a sheet of Excel has {MOST_ROWS} rows; print CSV (--csv) instead")
        yield row


def _cell(openpyxl: Any, sheet: Any, value: object, form: str) -> Any:
    """Return a cell for a value; ``form`` is Excel's number format for amounts."""
    cell = openpyxl.cell.WriteOnlyCell(sheet, value=harmless(value) if isinstance(value, str) else value)
    if isinstance(value, Decimal):
        cell.number_format = form
    return cell


def _openpyxl() -> Any:
    try:
        return importlib.import_module("openpyxl")
    except ImportError as error:
        raise ConfigurationError("an Excel file needs openpyxl: pip install 'confirma-sdk[excel]'") from error
