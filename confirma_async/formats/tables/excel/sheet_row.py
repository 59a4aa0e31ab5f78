"""A row of a sheet, with its cells as the file has them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple, TypeAlias

RawCell: TypeAlias = tuple[str | None, str, int, bool]
"""A cell as the file has it: its text, where there is any; what it is; the number of its style; whether it is
a formula. It is ``n`` a number, ``s`` the number of a shared string, ``str`` or ``inlineStr`` a text, ``b`` a
truth value, ``d`` a date, ``e`` an error. A plain tuple, since there are so many."""
Cells: TypeAlias = list[RawCell | None]

MOST_COLUMNS = 16_384
"""Columns of a sheet, which is all that Excel has."""

YES = frozenset({"1", "true"})
"""What an attribute says that holds."""


class SheetRow(NamedTuple):
    """A row of a sheet: its number from 1, its cells up to the last one, and whether it is hidden.

    A tuple, which is made in half the time of an object.
    """

    number: int
    cells: Cells
    is_hidden: bool = False


@cache  # there are 18,278
def column_of(letters: str) -> int:
    """Return the place of a column, from 0, by its one to three letters."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1
