"""CSV files as tables."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from confirma_async.formats.models import ReadOptions
from confirma_async.formats.tables.cells import Cell, Flaw
from confirma_async.formats.tables.csv_lines import Torn, records
from confirma_async.formats.tables.csv_survey import Survey, opened, survey
from confirma_async.formats.tables.table import Line, Table, TornLine, layout_of

_UNREADABLE = re.compile("[\0\udc80-\udcff]")
"""A NUL, or what stands for a byte that is no character."""


def csv_table(path: Path, options: ReadOptions, *, keys_only: bool = False) -> Table:
    """Opens a CSV file as a table.

    Args:
        path: The file.
        options: How it is read.
        keys_only: Whether only its invoice numbers matter, and not how it writes decimals.

    Raises:
        InputError: its header line cannot be used.
    """
    form = survey(path, options, find_mark=not keys_only)
    remarks = () if form.remark is None else (form.remark,)
    layout = layout_of(options, form.columns, form.titles, unit="line", mark=form.mark, remarks=remarks)
    return Table(layout, _lines(path, form))


def _lines(path: Path, form: Survey) -> Iterator[Line | TornLine]:
    count = len(form.columns)
    with opened(path, form.encoding) as file:
        for record in records(file, form.delimiter):
            if record.line <= form.header:
                continue
            if isinstance(record, Torn):
                yield TornLine(record.line, "csv.syntax", record.message, _readable(record.start))
            elif len(record.values) != count:
                message = (
                    f"has {len(record.values)} values where the header has {count} columns; "
                    "put quotes around a value that holds the delimiter"
                )
                # Whatever is missing or too many, nothing stands before the first value.
                yield TornLine(record.line, "csv.fields", message, _readable(record.values[:1]))
            elif all(value.isascii() and "\0" not in value for value in record.values):
                yield Line(record.line, record.values)
            else:
                yield Line(record.line, [_cell(value, form.encoding) for value in record.values])


def _readable(values: Sequence[str]) -> list[str]:
    return ["" if _UNREADABLE.search(value) else value for value in values]


def _cell(value: str, encoding: str) -> Cell:
    found = _UNREADABLE.search(value)
    if found is None:
        return value
    if found.group() == "\0":
        return Flaw("csv.nul", "holds a NUL character; the file is damaged, so write it again")
    message = (
        f"holds a byte that is no character of the file's encoding ({encoding}); "
        "correct it, or save the whole file as UTF-8"
    )
    return Flaw("csv.encoding", message)
