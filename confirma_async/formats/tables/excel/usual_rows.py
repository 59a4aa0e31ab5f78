"""Reads rows in the markup that spreadsheet programs write, without a parser.

A parser calls a function for each element, and a cell has several: that took half of the reading time. Rows
that are matched here are well-formed, and mean the same to a parser. All others are left to the parser.
"""

from __future__ import annotations

import re
from functools import lru_cache

from confirma_async.formats.tables.excel.sheet_row import MOST_COLUMNS, YES, Cells, SheetRow, column_of

_TEXT = r"[^<>&\r\ufffe\uffff\x00-\x08\x0b\x0c\x0e-\x1f]*+"  # what stands there as it is meant
_CELL = (
    r'<c r="([A-Z]{1,3})\d{1,7}"(?: s="(\d{1,5})")?'
    rf'(?: t="inlineStr"><is><t(?: xml:space="preserve")?>({_TEXT})</t></is></c>|'
    rf'(?: t="(n|s|str|b|d|e)")?(?:/>|>(?:<v>({_TEXT})</v>)?</c>))'
)
_ATTRIBUTE = r" [A-Za-z][A-Za-z0-9:]*=\"[ !#-%'-;=-~]*\""
_ROW = (
    r'[ \t\n]*<row r="(\d{1,7})"'
    rf"((?:{_ATTRIBUTE})*+)"
    rf"(?:/>|>((?:{re.sub(r'[(](?![?])', '(?:', _CELL)})*+)</row>)"
)
_read_row = re.compile(_ROW, re.ASCII).match
_read_cells = re.compile(_CELL, re.ASCII).findall
_read_attributes = re.compile(r' ([^=]+)="([^"]*)"').findall


def row_at(text: str, at: int) -> tuple[SheetRow, int] | None:
    """Return the row that begins at an index, and the index of its end; None if it needs a parser.

    Args:
        text: A piece of the sheet.
        at: The index in it.
    """
    match = _read_row(text, at)
    if match is None:
        return None
    number, attributes, inside = match.groups()
    is_hidden = bool(attributes) and _is_hidden(attributes)
    cells = _cells(inside) if inside else []
    if is_hidden is None or cells is None:
        return None
    return SheetRow(int(number), cells, is_hidden), match.end()


def _cells(inside: str) -> Cells | None:
    """Return cells in order; None if they are out of order, or beyond Excel's last column."""
    cells: Cells = []
    for letters, style, inline, kind, value in _read_cells(inside):
        column = column_of(letters)
        if column != len(cells):
            if column < len(cells) or column >= MOST_COLUMNS:
                return None
            cells.extend([None] * (column - len(cells)))
        if value:
            cells.append((value, kind or "n", int(style) if style else 0, False))
        elif inline:
            cells.append((inline, "inlineStr", int(style) if style else 0, False))
        else:
            cells.append(None)
    return cells


@lru_cache(256)  # a program writes few of them
def _is_hidden(attributes: str) -> bool | None:
    """Say by its other attributes whether a row is hidden; None if they are not those of a row."""
    found = _read_attributes(attributes)
    named = dict(found)
    return None if len(named) < len(found) or "r" in named else named.get("hidden") in YES
