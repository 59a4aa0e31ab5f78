"""Reads the rows of a sheet from its XML, one at a time: cells as they are written, with their styles.

openpyxl makes an object of every element of a sheet. Reading it here takes a fifth of the time.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from typing import IO
from xml.parsers import expat

from confirma_async.formats.tables.excel.sheet_row import (
    MOST_COLUMNS,
    YES,
    RawCell,
    SheetRow,
    column_of,
)
from confirma_async.formats.tables.excel.usual_rows import row_at

_BLOCK = 256 * 1024
_LONGEST = 16 * _BLOCK
"""Characters of a row beyond which it is left to the parser, which does not need all of them at once."""
_DATA = b"<sheetData>"
_END = "</row>"
_SPACE = " \t\r\n"
_LETTERS = re.compile(r"[A-Z]{1,3}", re.ASCII)
_BEYOND = 2048
"""Columns after Excel's last one, which some programs write."""


class UnreadableSheet(Exception):  # noqa: N818 (never leaves the readers of workbooks)
    """A part of a sheet is not valid."""


class _SheetParser:
    """Parses pieces of a sheet, and gathers rows.

    Attributes:
        number: The number of the last row.
        is_between_rows: Whether the parser is between two rows of the sheet.
        is_utf8: Whether the sheet is in UTF-8: it names no other encoding.
    """

    def __init__(self) -> None:
        self.number: int = 0
        self.is_between_rows: bool = False
        self.is_utf8: bool = True
        self._done: list[SheetRow] = []
        self._row = SheetRow(0, [])
        self._column = -1
        self._kind, self._style, self._is_formula = "n", 0, False
        self._parts: list[str] = []
        self._takes = self._is_phonetic = False
        self._expat = expat.ParserCreate()
        self._expat.buffer_text = True
        self._expat.StartElementHandler = self._start
        self._expat.EndElementHandler = self._end
        self._expat.CharacterDataHandler = self._data
        self._expat.XmlDeclHandler = self._declaration
        self._expat.StartDoctypeDeclHandler = self._doctype

    def parse(self, data: bytes, is_last: bool = False) -> list[SheetRow]:
        """Parse the next piece, and return the rows that it completes."""
        try:
            self._expat.Parse(data, is_last)
        except (expat.ExpatError, ValueError):
            raise UnreadableSheet from None
        found, self._done = self._done, []
        return found

    def _start(self, name: str, attributes: dict[str, str]) -> None:
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
            self.number = int(attributes.get("r", self.number + 1))
            self._row = SheetRow(self.number, [], attributes.get("hidden") in YES)
            self._column = -1
            self.is_between_rows = False
        elif name == "sheetData":
            self.is_between_rows = True
        elif ":" in name:
            self._start(name.rpartition(":")[2], attributes)

    def _data(self, text: str) -> None:
        if self._takes:
            self._parts.append(text)

    def _end(self, name: str) -> None:
        if name == "v" or name == "t":
            self._takes = False
        elif name == "c":
            self._place()
        elif name == "row":
            self._done.append(self._row)
            self.is_between_rows = True
        elif name == "sheetData":
            self.is_between_rows = False
        elif name == "rPh":
            self._is_phonetic = False
        elif ":" in name:
            self._end(name.rpartition(":")[2])

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        self.is_utf8 = encoding is None or encoding.lower() == "utf-8"

    def _doctype(self, *_declared: object) -> None:
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
        if not _LETTERS.fullmatch(letters):
            raise UnreadableSheet
        found = column_of(letters)
        if found >= MOST_COLUMNS + _BEYOND:
            raise UnreadableSheet
        return found


def rows(stream: IO[bytes]) -> Iterator[SheetRow]:
    """Yield the rows that are in a sheet, in order. Numbers of rows may be missing.

    Args:
        stream: The part of the workbook that holds the sheet.

    Raises:
        UnreadableSheet: it is no sheet.
    """
    parser = _SheetParser()
    before, data, rest = stream.read(_BLOCK).partition(_DATA)
    yield from parser.parse(before + data)
    if parser.is_between_rows and parser.is_utf8:
        rest = yield from _usual_rows(stream, rest, parser)
    while True:
        yield from parser.parse(rest, is_last=not rest)
        if not rest:
            return
        rest = stream.read(_BLOCK)


def _usual_rows(stream: IO[bytes], data: bytes, parser: _SheetParser) -> Generator[SheetRow, None, bytes]:
    """Yield rows that need no parser, with single rows that the parser reads between them.

    Args:
        stream: The rest of the sheet.
        data: The bytes that were read last.
        parser: The parser, which is between two rows.

    Returns:
        The bytes that were read and are left to the parser, with all that follows.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    text, at = "", 0
    while True:
        try:
            text, at = text[at:] + decoder.decode(data), 0
        except UnicodeDecodeError:
            return text[at:].encode() + decoder.getstate()[0] + data
        while True:
            while (found := row_at(text, at)) is not None:
                row, at = found
                yield row
                parser.number = row.number
            end = text.find(_END, at) + len(_END)
            other = text[at:end].lstrip(_SPACE) if end >= len(_END) else ""
            if not _is_one_row(other):
                break
            yield from parser.parse(other.encode())
            at = end
        if other or not data or len(text) - at > _LONGEST:
            return text[at:].encode() + decoder.getstate()[0]
        data = stream.read(_BLOCK)


def _is_one_row(text: str) -> bool:
    """Say whether bytes that end with a row hold only that row, in whatever markup."""
    return text.startswith("<row") and text.count("<row") == 1 and "<!" not in text and "<?" not in text
