"""The rows of a sheet, with their cells as they are in the file."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

RawCell: TypeAlias = tuple[str | None, str, int, bool]
"""A cell as it is in the file: its text or None, its type, the number of its style, whether it is a formula.

The type is ``n`` for a number, ``s`` for the number of a shared string, ``str`` or ``inlineStr`` for a text,
``b`` for a truth value, ``d`` for a date, ``e`` for an error. It is a plain tuple, since there are so many.
"""
Cells: TypeAlias = list[RawCell | None]

MOST_COLUMNS = 16_384
"""The number of columns that Excel has."""

YES = frozenset({"1", "true"})
"""The values of an attribute that mean true."""


class SheetRow(NamedTuple):
    """A row of a sheet: its number from 1, its cells up to the last one, and whether it is hidden.

    A tuple, which is made in half the time of an object.
    """

    number: int
    cells: Cells
    is_hidden: bool = False


@cache  # there are 18,278
def column_of(letters: str) -> int:
    """Return the index of a column, from 0, by its one to three letters."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1
