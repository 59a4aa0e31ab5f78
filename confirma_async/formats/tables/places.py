"""Where a value of a table stands, as messages name it: ``line 3, column Pvm`` or ``cell D4, column Pvm``."""

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
    """Where something stands in a table.

    Attributes:
        unit: What its lines are called: ``line``, ``row``, or ``cell`` where a spreadsheet names the cell.
        line: The line, from 1.
        cell: The cell, such as ``D4`` or ``Laskut!D4``; empty where it has no name.
        title: The title of the column; None where the whole line is meant.
        below: The JSON path of the value; None where none is named.
    """

    unit: str
    line: int
    cell: str
    title: str | None
    below: str | None

    @classmethod
    def parse(cls, path: str) -> TablePlace | None:
        """Read the path of a problem; None where it is no place of a table."""
        found = _PLACE.fullmatch(path)
        if found is None:
            return None
        line = int(found["line"] or found["row"])
        return cls(found["unit"] or "cell", line, found["cell"] or "", found["title"], found["below"])


def cell_name(sheet: str, index: int, row: int) -> str:
    """Return the name of a cell as a spreadsheet shows it.

    Args:
        sheet: The name of its sheet; empty where the workbook has one.
        index: The column, from 0.
        row: The row, from 1.
    """
    letters, left = "", index + 1
    while left:
        left, letter = divmod(left - 1, _LETTERS)
        letters = chr(ord("A") + letter) + letters
    if not sheet:
        return f"{letters}{row}"
    quoted = sheet if _PLAIN_NAME.fullmatch(sheet) else "'{}'".format(sheet.replace("'", "''"))
    return f"{quoted}!{letters}{row}"
