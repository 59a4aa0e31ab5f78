"""Reads the cells of a workbook as a spreadsheet program shows them: numbers, dates and formulas.

Excel keeps numbers as binary fractions and promises 15 significant digits. So a number is read to these 15
digits: 210.55 where the file has 210.55000000000001. A number with more digits than its column allows is
refused, never rounded, even if the format of the cell hides them.
"""

from __future__ import annotations

import datetime
import importlib
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from confirma_async.formats.tables.cells import Cell, CellError, Percent
from confirma_async.formats.tables.columns import ValueKind
from confirma_async.formats.tables.excel.sheet_row import RawCell
from confirma_async.formats.tables.excel.workbook import Workbook

_dates: Any = importlib.import_module("openpyxl.utils.datetime")  # it ships no types

DIGITS = 15
"""Significant digits of a number that Excel keeps."""

_GENERAL = "General"
_MOST_DAYS = 4096
"""Days that are cached: a file has few of them, and many cells."""
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_PADDED = re.compile("0+")
_PLAIN = re.compile(r"-?\d{1,9}(?:\.\d{0,5}[1-9])?", re.ASCII)
"""The usual form of a number: few digits, and no zeros at its end."""
_AS_TEXT = frozenset({ValueKind.TEXT, ValueKind.IDENTIFIER, ValueKind.SECRET, ValueKind.NUMBER})

_NO_RESULT = CellError(
    "excel.formula",
    "is a formula without a result in the file; open the file in a spreadsheet program and save it",
)
_ERROR = CellError("excel.error", "holds an error such as #REF! or #DIV/0!; correct its formula")
_LONG = CellError(
    "excel.digits",
    f"is a number of more than {DIGITS} digits, of which a spreadsheet keeps only {DIGITS}; give the cell "
    "the format Text and write the number again",
)
_TIME = CellError("excel.time", "holds a time of day where a text, a number or a date is wanted")


class ExcelCells:
    """Reads the cells of a workbook.

    Args:
        book: The shared strings and the styles of the workbook.
    """

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._texts = book.texts
        self._shown = [
            "" if written == _GENERAL else _LITERAL.sub("", written) for written in book.number_formats
        ]
        self._days: dict[tuple[str, int], Cell] = {}

    def read(self, cell: RawCell | None, kind: ValueKind | None) -> Cell:
        """Return the value of a cell, for a column of a kind.

        Raises:
            ValueError, LookupError: the cell is not of the type that it names.
        """
        if cell is None:
            return ""
        text, written, style, is_formula = cell
        if text is None:
            return _NO_RESULT if is_formula else ""
        if written == "s":
            return self._texts[int(text)].strip()
        if written != "n":
            return _READERS[written](text)
        if style in self._book.dates:
            return self._date(text, style)
        exact = Decimal(text) if _PLAIN.fullmatch(text) else decimal_of(float(text))
        shown = self._shown[style]
        return exact if exact is not None and not shown else _formatted(exact, shown, kind)

    def _date(self, text: str, style: int) -> Cell:
        found = self._days.get((text, style))
        if found is None:
            if len(self._days) > _MOST_DAYS:
                self._days.clear()
            found = self._days[text, style] = self._calendar(float(text), style)
        return found

    def _calendar(self, value: float, style: int) -> Cell:
        try:
            found: object = _dates.from_excel(value, self._book.epoch, timedelta=style in self._book.spans)
        except (OverflowError, ValueError):
            return _ERROR
        return _day(found)


def _formatted(exact: Decimal | None, shown: str, kind: ValueKind | None) -> Cell:
    """Return a number as its format shows it: in per cent, or with leading zeros."""
    if exact is None:
        return _LONG
    if "%" in shown:
        return Percent(exact.scaleb(2) if exact else exact)
    if kind in _AS_TEXT and _PADDED.fullmatch(shown) and exact == exact.to_integral_value():
        return f"{exact:f}".zfill(len(shown))
    return exact


def _day(found: object) -> Cell:
    if isinstance(found, datetime.datetime):
        return found.date() if found.time() == datetime.time() else found
    return found if isinstance(found, datetime.date) else _TIME


_READERS: Mapping[str, Callable[[str], Cell]] = {
    "str": str.strip,
    "inlineStr": str.strip,
    "b": lambda text: bool(int(text)),
    "e": lambda _: _ERROR,
    "d": lambda text: _day(_dates.from_ISO8601(text)),
}
"""Functions for cells that are neither numbers nor shared strings, by the type of the cell."""


def decimal_of(value: float) -> Decimal | None:
    """Return the number of a cell to 15 significant digits; None if it has more before the point."""
    if not math.isfinite(value) or abs(value) >= 10**DIGITS:
        return None
    if value == int(value):
        return Decimal(int(value))
    shortest = Decimal(repr(value))
    if len(shortest.as_tuple().digits) > DIGITS:
        shortest = Decimal(f"{value:.{DIGITS}g}")
    return Decimal(f"{shortest:f}")
