"""Writes a marked copy of a workbook: it keeps its formats, has two more columns, and wrong cells are red."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confirma_async.cli.marking.findings import MarkedRecord
from confirma_async.formats import ReadOptions
from confirma_async.formats.tables.columns import MARKS
from confirma_async.formats.tables.mapping import distinct, joined

_openpyxl: Any = importlib.import_module("openpyxl")  # it ships no types
_styles: Any = importlib.import_module("openpyxl.styles")

_RED = "FFFFC7CE"
_WRONG = _styles.PatternFill("solid", fgColor=_RED)
_WIDTHS = (18, 70)
"""The widths of the two added columns, in characters."""


def write_excel(file: Path, reading: ReadOptions, target: Path, found: Iterable[MarkedRecord]) -> None:
    """Write a marked copy of a workbook.

    Args:
        file: The workbook that was sent.
        reading: How the workbook is read.
        target: The path of the copy.
        found: What became of each record.

    Raises:
        OSError: it cannot be written.
    """
    mapping = reading.mapping
    book = _openpyxl.load_workbook(file, keep_vba=file.suffix.lower() == ".xlsm")
    sheet = book[mapping.sheet] if mapping and mapping.sheet else book.worksheets[0]
    header = mapping.header_row if mapping and mapping.header_row else _first_row(sheet)
    count = mapping.header_lines if mapping else 1
    names = joined([_texts(sheet, row) for row in range(header - count + 1, header + 1)])
    while names and not names[-1]:
        names.pop()
    titles = distinct(names) if mapping else names
    status = titles.index(MARKS[0]) + 1 if MARKS[0] in titles else len(titles) + 1
    for row in sheet.iter_rows(min_row=header + 1):
        for cell in row:
            _clear(cell, is_mark=status <= cell.column <= status + 1)
    for offset, (title, width) in enumerate(zip(MARKS, _WIDTHS, strict=True)):
        cell = sheet.cell(header, status + offset, title)
        _look_like(cell, sheet.cell(header, status - 1))
        sheet.column_dimensions[cell.column_letter].width = width
    for each in found:
        _mark(sheet, each, status, titles)
    book.save(target)


def _first_row(sheet: Any) -> int:
    return next(int(row[0].row) for row in sheet.iter_rows() if any(cell.value is not None for cell in row))


def _texts(sheet: Any, row: int) -> list[str]:
    return ["" if cell.value is None else str(cell.value).strip() for cell in sheet[row]]


def _mark(sheet: Any, found: MarkedRecord, status: int, titles: list[str]) -> None:
    for line in range(found.first, found.last + 1):
        if any(cell.value is not None for cell in sheet[line]):
            sheet.cell(line, status, found.standing)
    if found.reasons:
        sheet.cell(found.first, status + 1, found.reason)
        sheet.cell(found.first, status).fill = _WRONG
    for line, title in found.cells:
        if title in titles:
            sheet.cell(line, titles.index(title) + 1).fill = _WRONG


def _clear(cell: Any, *, is_mark: bool) -> None:
    """Remove from a cell what an earlier marked copy has added: a value, or the red colour."""
    if is_mark:
        cell.value = None
    if cell.has_style and cell.fill.fill_type == "solid" and cell.fill.fgColor.rgb == _RED:
        cell.fill = _styles.PatternFill()


def _look_like(cell: Any, other: Any) -> None:
    if other.has_style:
        for part in ("font", "fill", "border", "alignment"):
            setattr(cell, part, copy.copy(getattr(other, part)))
