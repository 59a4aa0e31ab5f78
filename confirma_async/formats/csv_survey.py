"""A first pass over a CSV file: its encoding, its delimiter, its columns, how it writes decimals.

Nothing of the file is kept in memory. The second pass then reads every line the same way.
"""

from __future__ import annotations

import codecs
import csv
import difflib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from attrs import frozen

from confirma_async.formats.csv_columns import COLUMNS, REQUIRED, Column, column_name
from confirma_async.formats.csv_lines import LONGEST_LINE, Fields, records
from confirma_async.formats.csv_values import Mark, evidence
from confirma_async.formats.discretion import looks_like_name
from confirma_async.formats.records import InputError

DELIMITERS = ";,\t|"
_SURE = 2
"""Known names that make a line a header, however many others are not known."""
_BLOCK = 1024 * 1024
WINDOWS = "cp1252"
_STRAY = re.compile("[\udc80-\udcff]")
_USUAL = re.compile("[\xa1-\xff\u2010-\u20ff]")
_WIDE = re.compile("[^\0-\x7f\udc80-\udcff]")
_NAMES: Mapping[str, str] = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@frozen
class Survey:
    """How a CSV file is written.

    Attributes:
        encoding: Python's name of its encoding.
        delimiter: What separates its values.
        columns: Its columns, in order.
        mark: What separates decimals; None where the file does not tell, or tells both.
    """

    encoding: str
    delimiter: str
    columns: Sequence[Column]
    mark: Mark | None

    @property
    def remark(self) -> str | None:
        """How the file was read, where its bytes leave a doubt: in Windows-1252 every byte is a letter."""
        if self.encoding != WINDOWS:
            return None
        decimals = "" if self.mark is None else f", {self.mark.value.removeprefix('a ')}"
        return (
            f"the file is not UTF-8 and was read as Windows-1252, columns separated by "
            f"{_NAMES[self.delimiter]}{decimals}; look at its letters, or save it as UTF-8"
        )


def opened(path: Path, encoding: str) -> TextIO:
    """Opens a CSV file; bytes that its encoding has no character for become lone surrogates."""
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


def survey(path: Path, decimal_comma: bool | None) -> Survey:
    """Looks through a file.

    Args:
        path: The file.
        decimal_comma: Whether decimals are written with a comma; None finds out.

    Raises:
        InputError: the header line does not say what the columns are.
    """
    encoding = _encoding(path)
    delimiter, columns = _header(path, encoding)
    if decimal_comma is not None:
        mark: Mark | None = Mark.COMMA if decimal_comma else Mark.POINT
    else:
        mark = _mark(path, encoding, delimiter, columns)
    return Survey(encoding, delimiter, columns, mark)


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(_WIDE_MARKS):
        msg = f"{path}: is written in UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8)"
        raise InputError(msg)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    letters = strays = 0
    for text in _decoded(path):
        if not text.isascii():
            # A file that is UTF-8 but for some bytes has been damaged: they are reported where they stand,
            # instead of misreading the rest. One usual letter proves it. Unusual ones do not, as capitals
            # before a euro sign or a hard space in Windows-1252 look like them; these are weighed.
            if _USUAL.search(text):
                return "utf-8"
            strays += len(_STRAY.findall(text))
            letters += len(_WIDE.findall(text))
    return WINDOWS if strays >= letters and strays else "utf-8"


def _decoded(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _header(path: Path, encoding: str) -> tuple[str, tuple[Column, ...]]:
    with opened(path, encoding) as file:
        text = "\n"
        while text.isspace():
            text = file.readline(LONGEST_LINE)
    if not text:
        msg = f"{path}: is empty; its first line must name the columns"
        raise InputError(msg)
    named = {delimiter: _names(text, delimiter) for delimiter in DELIMITERS}
    delimiter = max(named, key=lambda each: (sum(name in COLUMNS for name in named[each]), len(named[each])))
    names = named[delimiter]
    known = sum(name in COLUMNS for name in names)
    if known < _SURE and 2 * known < len(names):
        # This may be the first invoice of a file without header: nothing of it may show in a message.
        msg = (
            f"{path}: the first line does not name columns ({len(names) - known} of {len(names)} names are "
            "unknown); write the names of the columns there, such as number;date;due_date;currency"
        )
        raise InputError(msg)
    complaints = [*_unknown(names), *_repeated(names), *_missing(names)]
    if complaints:
        msg = f"{path}: the header line cannot be used: {'; '.join(complaints)}"
        raise InputError(msg)
    return delimiter, tuple(COLUMNS[name] for name in names)


def _names(text: str, delimiter: str) -> list[str]:
    try:
        return [column_name(written) for written in next(csv.reader([text], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def _unknown(names: Sequence[str]) -> Iterator[str]:
    for position, name in enumerate(names, start=1):
        if not name:
            yield f"column {position} has no name"
        elif name not in COLUMNS:
            if not looks_like_name(name):
                yield f"column {position} is not known, rename or remove it"
                continue
            near = difflib.get_close_matches(name, COLUMNS, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "rename or remove it"
            yield f"there is no column {name!r}, {hint}"


def _repeated(names: Sequence[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1 and name in COLUMNS:
            yield f"column {name!r} is there {count} times"


def _missing(names: Sequence[str]) -> Iterator[str]:
    for name in REQUIRED:
        if name not in names:
            yield f"column {name!r} is missing"


def _mark(path: Path, encoding: str, delimiter: str, columns: Sequence[Column]) -> Mark | None:
    numeric = [index for index, column in enumerate(columns) if column.kind.is_numeric]
    found: set[Mark] = set()
    with opened(path, encoding) as file:
        for record in records(file, delimiter):
            if not isinstance(record, Fields) or len(record.values) != len(columns):
                continue
            for index in numeric:
                value = record.values[index]
                if "," not in value and "." not in value:
                    continue
                mark = evidence(value.strip())
                if mark is not None and mark not in found:
                    found.add(mark)
                    if len(found) > 1:
                        return None
    return found.pop() if found else None
