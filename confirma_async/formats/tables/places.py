"""The places of values in tables, as messages name them: ``line 3, column Pvm``, ``cell D4, column Pvm``."""

from __future__ import annotations

import re

from attrs import frozen

_PLACE = re.compile(
    r"(?:(?P<unit>line|row) (?P<line>\d+)|cell (?P<cell>(?:.+!)?[A-Z]{1,3}(?P<row>\d+)))"
    r"(?:, column (?P<title>.*?))?(?: \((?P<below>\$.*)\))?",
    re.DOTALL,
)
_PLAIN_NAME = re.compile(r"[^\W\d]\w*")
_LETTERS = 26


@frozen
class TablePlace:
    """A place in a table.

    Attributes:
        unit: The word for it: ``line``, ``row``, or ``cell`` for a cell of a spreadsheet.
        line: The number of the line, from 1.
        cell: The name of the cell, such as ``D4`` or ``Laskut!D4``; empty if it has none.
        title: The title of the column; None for a whole line.
        below: The JSON path of the value; None where none is given.
    """

    unit: str
    line: int
    cell: str
    title: str | None
    below: str | None

    @classmethod
    def parse(cls, path: str) -> TablePlace | None:
        """Return the place that the path of a problem names; None if it is no place in a table."""
        found = _PLACE.fullmatch(path)
        if found is None:
            return None
        line = int(found["line"] or found["row"])
        return cls(found["unit"] or "cell", line, found["cell"] or "", found["title"], found["below"])


def cell_name(sheet: str, index: int, row: int) -> str:
    """Return the name of a cell as a spreadsheet shows it.

    Args:
        sheet: The name of its sheet; empty if the workbook has only one.
        index: The index of the column, from 0.
        row: The number of the row, from 1.
    """
    letters, left = "", index + 1
    while left:
        left, letter = divmod(left - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    if not sheet:
        return f"{letters}{row}"
    quoted = sheet if _PLAIN_NAME.fullmatch(sheet) else "'{}'".format(sheet.replace("'", "''"))
    return f"{quoted}!{letters}{row}"
