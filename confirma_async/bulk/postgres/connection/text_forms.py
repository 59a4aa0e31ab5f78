"""Writes values in the text formats of the server: rows of a COPY, and arrays.

The driver makes an array of one value after another, which for many rows costs more than the statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import cast

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_ESCAPED = re.compile(r"[\\\t\n\r]")


def copy_text(rows: Iterable[Sequence[object]]) -> str:
    r"""Return rows in the text format of COPY; None is ``\N``.

    Args:
        rows: The rows: whole numbers, texts, data and None, each of them as long as the others.
    """
    columns = [_texts(column) for column in zip(*rows, strict=True)]
    return "".join([f"{line}\n" for line in map("\t".join, zip(*columns, strict=True))])


def _texts(column: Sequence[object]) -> Sequence[str]:
    """Return the values of a column, most of which are of one type and need no escapes."""
    if len({*map(type, column)}) == 1:
        if isinstance(column[0], int):
            return [*map(int.__repr__, cast("Sequence[int]", column))]
        if isinstance(column[0], str) and not _ESCAPED.search("".join(cast("Sequence[str]", column))):
            return cast("Sequence[str]", column)
    return [*map(_field, column)]


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    return f"\\\\x{value.hex()}" if isinstance(value, bytes) else str(value).translate(_ESCAPES)


def array_text(numbers: Iterable[int]) -> str:
    """Return whole numbers as the text of an array of integers."""
    return f"{{{','.join(map(str, numbers))}}}"


def data_array(values: Iterable[bytes]) -> str:
    """Return ``bytes`` values as the text of an array of ``bytea``."""
    quoted = [f'"\\\\x{value.hex()}"' for value in values]
    return f"{{{','.join(quoted)}}}"


def plain(text: str) -> str:
    """Return a text without what a database of UTF-8 cannot hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
