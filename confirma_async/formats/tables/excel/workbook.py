"""Reads the parts of a workbook other than its sheets: shared strings, styles, and the list of sheets."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import frozen

_reader: Any = importlib.import_module("openpyxl.reader.excel")  # it ships no types
_styles: Any = importlib.import_module("openpyxl.styles.stylesheet")
_formats: Any = importlib.import_module("openpyxl.styles.numbers")

_BUILT_IN = 164
"""Number formats with ids below this one are the same in every workbook."""
_VISIBLE = "visible"


@frozen
class Sheet:
    """A sheet of a workbook: its name, the part that holds it, and whether it is hidden."""

    title: str
    part: str
    is_hidden: bool


@frozen
class Workbook:
    """A workbook without its sheets.

    Attributes:
        sheets: The sheets with cells, in order.
        texts: The strings that cells share.
        dates: The styles that show a number as a date or a time.
        spans: The styles that show a number as a span of time.
        epoch: The day from which dates are counted.
        number_formats: The format of numbers of each style.
    """

    sheets: Sequence[Sheet]
    texts: Sequence[str]
    dates: frozenset[int]
    spans: frozenset[int]
    epoch: Any
    number_formats: Sequence[str]


def open_workbook(path: Path) -> Workbook:
    """Read a workbook by openpyxl, without the cells of its sheets.

    openpyxl reads whole sheets if they do not say how large they are. So its steps are called one by one,
    without the last.

    Raises:
        Exception: a part is not valid; openpyxl raises errors of many kinds.
    """
    # By its path, openpyxl refuses what has no known ending, such as a pipe's.
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what it cannot show, such as a workbook's styles
        reader = _reader.ExcelReader(file, read_only=True, keep_links=False)
        with reader.archive:
            reader.read_manifest()
            reader.read_strings()
            reader.read_workbook()
            _styles.apply_stylesheet(reader.archive, reader.wb)
            sheets = [
                Sheet(sheet.name, relation.target, sheet.state != _VISIBLE)
                for sheet, relation in reader.parser.find_sheets()
                if relation.target in reader.valid_files and "chartsheet" not in relation.Type
            ]
    book = reader.wb
    return Workbook(
        sheets=sheets,
        texts=reader.shared_strings,
        dates=frozenset(book._date_formats),  # noqa: SLF001 (openpyxl has no other way to them)
        spans=frozenset(book._timedelta_formats),  # noqa: SLF001 (as above)
        epoch=book.epoch,
        number_formats=[_format(book, style.numFmtId) for style in book._cell_styles],  # noqa: SLF001 (as above)
    )


def _format(book: Any, number: int) -> str:
    if number < _BUILT_IN:
        return str(_formats.BUILTIN_FORMATS.get(number, _formats.FORMAT_GENERAL))
    return str(book._number_formats[number - _BUILT_IN])  # noqa: SLF001 (as above)
