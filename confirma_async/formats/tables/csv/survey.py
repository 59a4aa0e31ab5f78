"""Finds out the encoding, the delimiter, the columns and the decimal separator of a CSV file.

This is a first pass, which keeps nothing of the file in memory. The second pass then reads every line the
same way.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from attrs import frozen

from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.tables.cells import DecimalSeparator, bare, detect_separator
from confirma_async.formats.tables.columns import Column
from confirma_async.formats.tables.csv.lines import LONGEST_LINE, Fields, records
from confirma_async.formats.tables.header import known, matched
from confirma_async.formats.tables.mapping import ColumnMapping, distinct, joined
from confirma_async.formats.values.encodings import WIDE_MARKS, WINDOWS, is_utf8

DELIMITERS = ";,\t|"
_BLOCK = 1024 * 1024
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
"""A first line that names the delimiter for spreadsheet programs, and is no part of the table."""
_SURE = re.compile(r"-?\d+([,.])\d\d?", re.ASCII)
"""A numeral whose separator is surely that of decimals: thousands have three digits."""
_BY_MARK: Mapping[str, DecimalSeparator] = {",": DecimalSeparator.COMMA, ".": DecimalSeparator.POINT}
_UNIVERSAL = frozenset({"utf-8", "utf-8-sig"})
_NAMES: Mapping[str, str] = {";": "semicolon", ",": "comma", "\t": "tab", "|": "vertical bar"}


@frozen
class Survey:
    """How a CSV file is written.

    Attributes:
        encoding: Python's name of its encoding.
        delimiter: The character between its values.
        header: The number of the line that names the columns, from 1.
        titles: The names of the columns, as in the file.
        columns: The column that each of them is, in order; None for one that is passed over.
        decimal_separator: The decimal separator; None where the file does not show it, or shows both.
        contradiction: A remark where its bytes contradict the encoding that was given for it; else None.
    """

    encoding: str
    delimiter: str
    header: int
    titles: Sequence[str]
    columns: Sequence[Column | None]
    decimal_separator: DecimalSeparator | None
    contradiction: str | None = None

    @property
    def remark(self) -> str | None:
        """A remark on the encoding that was used, if the bytes leave it in doubt; else None."""
        if self.contradiction is not None:
            return self.contradiction
        if self.encoding != WINDOWS:
            return None
        decimals = (
            "" if self.decimal_separator is None else f", {self.decimal_separator.value.removeprefix('a ')}"
        )
        return (
            f"the file is not UTF-8 and was read as Windows-1252, columns separated by "
            f"{_NAMES.get(self.delimiter, self.delimiter)}{decimals}; look at its letters, or save it as "
            "UTF-8"
        )


def opened(path: Path, encoding: str) -> TextIO:
    """Open a CSV file; bytes that are no characters of its encoding become lone surrogates."""
    return path.open(encoding=encoding, errors="surrogateescape", newline="")


def survey(path: Path, options: ReadOptions, *, find_separator: bool = True) -> Survey:
    """Survey a CSV file.

    Args:
        path: The path of the file.
        options: How it is read.
        find_separator: Whether to find out the decimal separator, for which every line must be read.

    Raises:
        InputError: no header line with known columns was found.
    """
    mapping = options.mapping
    given = mapping.encoding if mapping else None
    encoding, remark = _encoding(path, given)
    line, texts, separator = _header(path, encoding, mapping)
    delimiter, titles = _titles(texts, options, separator)
    columns = matched(path, titles, options)
    decimal_separator = options.decimal_separator
    if decimal_separator is None and find_separator:
        decimal_separator = _decimal_separator(path, encoding, delimiter, line, columns)
    return Survey(encoding, delimiter, line, titles, columns, decimal_separator, remark)


def _encoding(path: Path, given: str | None) -> tuple[str, str | None]:
    """Return the encoding of a file, and a remark if its bytes contradict the one that was given."""
    if given is None:
        return encoding_of(path), None
    if codecs.lookup(given).name not in _UNIVERSAL and is_utf8(_decoded(path)):
        said = f"the mapping says that the file is {given}, but its bytes are UTF-8; it was read as UTF-8"
        return encoding_of(path), said
    return given, None


def encoding_of(path: Path) -> str:
    """Find out the encoding of a file: UTF-8, with or without a byte order mark, else Windows-1252.

    Raises:
        InputError: it is written in UTF-16.
    """
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(WIDE_MARKS):
        raise InputError(f"{path}: is written in UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    return WINDOWS if is_utf8(_decoded(path)) is False else "utf-8"


def _decoded(path: Path) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield decoder.decode(block)
    yield decoder.decode(b"", final=True)


def _header(
    path: Path, encoding: str, mapping: ColumnMapping | None
) -> tuple[int, Sequence[str], str | None]:
    """Return the lines that name the columns, the number of the last, and the delimiter if named."""
    row, count = (mapping.header_row, mapping.header_lines) if mapping else (None, 1)
    line, text, separator = 0, "\n", None
    above = deque[str](maxlen=count)
    with opened(path, encoding) as file:
        while text.isspace() or line < (row or 1):
            line, text = line + 1, file.readline(LONGEST_LINE).lstrip("\ufeff")
            named = _SEPARATOR.fullmatch(text)
            if named is not None and separator is None:
                separator, text = named[1], "\n"
            if not text:
                if line > 1 and row is not None:
                    raise InputError(
                        f"{path}: has no line {row}, where the mapping has the names of the columns"
                    )
                raise InputError(f"{path}: is empty; its first line must name the columns")
            above.append(text)
    return line, above, separator


def _titles(texts: Sequence[str], options: ReadOptions, separator: str | None) -> tuple[str, list[str]]:
    """Return the delimiter that makes the most known names of a header, and these names."""
    mapping = options.mapping
    given = (mapping.delimiter if mapping else None) or separator
    named = {
        delimiter: joined([_split(text, delimiter) for text in texts]) for delimiter in given or DELIMITERS
    }
    if mapping is not None:
        named = {delimiter: distinct(titles) for delimiter, titles in named.items()}
    delimiter = max(named, key=lambda each: (known(named[each], mapping, options.columns), len(named[each])))
    return delimiter, named[delimiter]


def _split(text: str, delimiter: str) -> list[str]:
    try:
        return [title.strip() for title in next(csv.reader([text], delimiter=delimiter))]
    except (csv.Error, StopIteration):
        return []


def _decimal_separator(
    path: Path, encoding: str, delimiter: str, header: int, columns: Sequence[Column | None]
) -> DecimalSeparator | None:
    numeric = [index for index, column in enumerate(columns) if column is not None and column.kind.is_numeric]
    if not numeric:
        return None
    pick: Callable[[Sequence[str]], Sequence[str]] = itemgetter(*numeric, numeric[0])  # two, for a tuple
    is_comma = is_point = False
    with opened(path, encoding) as file:
        for record in records(file, delimiter):
            if not isinstance(record, Fields) or record.line <= header or len(record.values) != len(columns):
                continue
            values = pick(record.values)
            written = " ".join(values)
            if (is_comma or "," not in written) and (is_point or "." not in written):
                continue
            for value in values:
                if "," not in value and "." not in value:
                    continue
                sure = _SURE.fullmatch(value)
                found = detect_separator(bare(value)) if sure is None else None
                if sure is not None:
                    found = _BY_MARK[sure[1]]
                is_comma = is_comma or found is DecimalSeparator.COMMA
                is_point = is_point or found is DecimalSeparator.POINT
                if is_comma and is_point:
                    return None
    if not is_comma and not is_point:
        return None
    return DecimalSeparator.COMMA if is_comma else DecimalSeparator.POINT
