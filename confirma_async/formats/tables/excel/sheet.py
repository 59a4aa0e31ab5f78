"""The rows of a sheet, out of its XML, one at a time: cells as they are written, with their styles.

openpyxl makes an object of every element of a sheet. Reading it here takes a third of the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple, TypeAlias
from xml.parsers import expat

MOST_COLUMNS = 16_384
"""Columns of a sheet, which is all that Excel has."""

_BLOCK = 256 * 1024
_LETTERS = re.compile(r"[A-Z]{1,3}", re.ASCII)
_YES = frozenset({"1", "true"})


class UnreadableSheet(Exception):  # noqa: N818 (never leaves the readers of workbooks)
    """A part of a sheet is not what it should be."""


RawCell: TypeAlias = tuple[str | None, str, int, bool]
"""A cell as the file has it: its text, where there is any; what it is; the number of its style; whether it is
a formula. It is ``n`` a number, ``s`` the number of a shared string, ``str`` or ``inlineStr`` a text, ``b`` a
truth value, ``d`` a date, ``e`` an error. A plain tuple, since there are so many."""
Cells: TypeAlias = list[RawCell | None]


class SheetRow(NamedTuple):
    """A row of a sheet: its number from 1, its cells up to the last one, and whether it is hidden.

    A tuple, which is made in half the time of an object.
    """

    number: int
    cells: Cells
    is_hidden: bool = False


class _Reader:
    """Takes what a parser tells of a sheet, and gathers rows."""

    def __init__(self) -> None:
        self.done: list[SheetRow] = []
        self._columns: dict[str, int] = {}
        self._number = 0
        self._row = SheetRow(0, [])
        self._column = -1
        self._kind, self._style, self._is_formula = "n", 0, False
        self._parts: list[str] = []
        self._takes = self._is_phonetic = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Return an element begins."""
        if name == "c":  # first what there is most of
            reference = attributes.get("r")
            self._column = self._column + 1 if reference is None else self._index(reference)
            self._kind = attributes.get("t", "n")
            self._style = int(attributes["s"]) if "s" in attributes else 0
            self._is_formula = False
            self._parts = []
        elif name == "v":
            self._takes = self._kind != "inlineStr"
        elif name == "t":
            self._takes = self._kind == "inlineStr" and not self._is_phonetic
        elif name == "f":
            self._is_formula = True
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._row = SheetRow(self._number, [], attributes.get("hidden") in _YES)
            self._column = -1
        elif ":" in name:
            self.start(name.rpartition(":")[2], attributes)

    def data(self, text: str) -> None:
        """Return a piece of text."""
        if self._takes:
            self._parts.append(text)

    def end(self, name: str) -> None:
        """Return an element ends."""
        if name == "v" or name == "t":
            self._takes = False
        elif name == "c":
            self._place()
        elif name == "row":
            self.done.append(self._row)
        elif name == "rPh":
            self._is_phonetic = False
        elif ":" in name:
            self.end(name.rpartition(":")[2])

    def doctype(self, *_declared: object) -> None:
        """Return a DOCTYPE begins."""
        raise UnreadableSheet

    def _place(self) -> None:
        cells, column = self._row.cells, self._column
        cell: RawCell | None = None
        if self._parts or self._is_formula:
            cell = ("".join(self._parts) or None, self._kind, self._style, self._is_formula)
        if column == len(cells):
            cells.append(cell)
            return
        if column > len(cells):
            cells.extend([None] * (column + 1 - len(cells)))
        if cell is not None:
            cells[column] = cell

    def _index(self, reference: str) -> int:
        letters = reference.rstrip("0123456789")
        found = self._columns.get(letters)
        if found is None:
            if not _LETTERS.fullmatch(letters):
                raise UnreadableSheet
            found = 0
            for letter in letters:
                found = found * 26 + ord(letter) - 64
            self._columns[letters] = found = found - 1
            if found >= MOST_COLUMNS + 2048:  # what some programs write beyond Excel's last column
                raise UnreadableSheet
        return found


def rows(stream: IO[bytes]) -> Iterator[SheetRow]:
    """Return the rows of a sheet that are written, in order; numbers of rows may be left out.

    Args:
        stream: The part of the workbook that holds the sheet.

    Raises:
        UnreadableSheet: it is no sheet.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    is_last = False
    while not is_last:
        block = stream.read(_BLOCK)
        is_last = not block
        try:
            parser.Parse(block, is_last)
        except (expat.ExpatError, ValueError):
            raise UnreadableSheet from None
        found, reader.done = reader.done, []
        yield from found
