"""Reads CSV files as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from confirma_async.formats.models import ReadOptions
from confirma_async.formats.tables.cells import Cell, CellError
from confirma_async.formats.tables.csv.lines import BadFields, records
from confirma_async.formats.tables.csv.survey import Survey, opened, survey
from confirma_async.formats.tables.table_layout import (
    BadLine,
    Table,
    TableLayout,
    TableLine,
    constants_of,
    conventions_of,
)

_UNREADABLE = re.compile("[\0\udc80-\udcff]")
"""A NUL, or a lone surrogate in place of a byte that is no character."""


def csv_table(path: Path, options: ReadOptions, *, keys_only: bool = False) -> Table:
    """Open a CSV file as a table.

    Args:
        path: The path of the file.
        options: How it is read.
        keys_only: Whether only its invoice numbers are read, so that the decimal separator does not matter.

    Raises:
        InputError: its header line cannot be used.
    """
    surveyed = survey(path, options, find_separator=not keys_only)
    remarks = () if surveyed.remark is None else (surveyed.remark,)
    layout = TableLayout(
        columns=surveyed.columns,
        titles=surveyed.titles,
        unit="line",
        conventions=conventions_of(options, surveyed.decimal_separator),
        constants=constants_of(options),
        remarks=remarks,
    )
    return Table(layout, _lines(path, surveyed))


def _lines(path: Path, surveyed: Survey) -> Iterator[TableLine | BadLine]:
    count = len(surveyed.columns)
    with opened(path, surveyed.encoding) as file:
        for record in records(file, surveyed.delimiter):
            if record.line <= surveyed.header:
                continue
            if isinstance(record, BadFields):
                yield BadLine(record.line, "csv.syntax", record.message, _readable(record.start))
            elif len(record.values) != count:
                message = (
                    f"has {len(record.values)} values where the header has {count} columns; "
                    "put quotes around a value that holds the delimiter"
                )
                # Whatever is missing or too many, nothing stands before the first value.
                yield BadLine(record.line, "csv.fields", message, _readable(record.values[:1]))
            else:
                yield _line(record.line, record.values, surveyed.encoding)


def _line(number: int, values: Sequence[str], encoding: str) -> TableLine:
    text = "".join(values)
    if text.isascii() and "\0" not in text:
        return TableLine(number, [*map(str.strip, values)])
    cells = [_cell(value, encoding) for value in values]
    return TableLine(number, cells, is_whole=not any(isinstance(cell, CellError) for cell in cells))


def _readable(values: Sequence[str]) -> list[str]:
    return ["" if _UNREADABLE.search(value) else value for value in values]


def _cell(value: str, encoding: str) -> Cell:
    found = _UNREADABLE.search(value)
    if found is None:
        return value.strip().strip("\ufeff")  # the mark of another file that was put behind this one
    if found.group() == "\0":
        return CellError("csv.nul", "holds a NUL character; the file is damaged, so write it again")
    message = (
        f"holds a byte that is no character of the file's encoding ({encoding}); "
        "correct it, or save the whole file as UTF-8"
    )
    return CellError("csv.encoding", message)
