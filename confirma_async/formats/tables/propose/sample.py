"""Reads the first lines of a table without a mapping."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from attrs import frozen

from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.models import InputError
from confirma_async.formats.tables.cells import Cell
from confirma_async.formats.tables.csv.lines import Fields, records
from confirma_async.formats.tables.csv.survey import DELIMITERS, encoding_of, opened

MOST = 500
"""Lines that are read, at most."""


@frozen
class Sample:
    """The first lines of a table.

    Attributes:
        lines: The numbers of the lines, with their cells.
        titles: The names of the columns, if the format itself has them.
        sheet: The sheet that they are from, if the workbook has several.
        other_sheets: The other sheets that are not empty.
    """

    lines: Sequence[tuple[int, Sequence[Cell]]]
    titles: Sequence[str] | None = None
    sheet: str | None = None
    other_sheets: Sequence[str] = ()


def sample(path: Path, file_format: FileFormat, sheet: str | None = None) -> Sample:
    """Read the first lines of a table.

    Args:
        path: The path of the file.
        file_format: The format of the file.
        sheet: The sheet of a workbook; None takes the one that holds most.

    Raises:
        InputError: the file is no table, or cannot be read.
    """
    if file_format is FileFormat.CSV:
        return _of_csv(path)
    if file_format is FileFormat.EXCEL:
        from confirma_async.formats.tables.excel.table import excel_sample

        found = excel_sample(path, MOST)
        title, rows = max(
            (each for each in found if sheet is None or each[0] == sheet), key=lambda each: _weight(each[1])
        )
        others = [name for name, some in found if name != title and _weight(some)]
        lines: list[tuple[int, Sequence[Cell]]] = [
            (number, row) for number, row in enumerate(rows, start=1) if any(cell != "" for cell in row)
        ]
        return Sample(lines, sheet=title if len(found) > 1 else None, other_sheets=others)
    if file_format is FileFormat.PARQUET or file_format is FileFormat.ARROW:
        from confirma_async.formats.tables.arrow import arrow_sample

        titles, cells = arrow_sample(path, file_format, MOST)
        return Sample(list(enumerate(cells, start=1)), titles=titles)
    raise InputError(f"{path}: is no table; columns are named in CSV, Excel, Parquet and Arrow files only")


def _weight(rows: Sequence[Sequence[Cell]]) -> int:
    return sum(cell != "" for row in rows for cell in row)


def _of_csv(path: Path) -> Sample:
    encoding = encoding_of(path)
    found: list[tuple[int, list[tuple[int, Sequence[Cell]]]]] = []
    for delimiter in DELIMITERS:
        with opened(path, encoding) as file:
            some = list(islice(records(file, delimiter), MOST))
        whole: list[tuple[int, Sequence[Cell]]] = [
            (each.line, [value.strip() for value in each.values]) for each in some if isinstance(each, Fields)
        ]
        width, count = Counter(len(cells) for _, cells in whole).most_common(1)[0] if whole else (0, 0)
        found.append(((width - 1) * count, whole))
    return Sample(max(found, key=lambda each: each[0])[1])
