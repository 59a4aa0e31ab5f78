"""Reads the lines of a CSV file: records as fields, or what is wrong with a line.

A quote that is never closed would swallow the rest of a file. Here it costs only its own line: reading goes
on with the next line.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from attrs import frozen

LONGEST_LINE = 1024 * 1024
"""Characters that a line of the file may have."""
MOST_LINES = 200
"""Lines that a record may have, with line breaks inside quotes."""

_TOGETHER = 256
"""Lines that are read at once if none of them has a quote."""
_KEPT = 4096
_UNCLOSED = "has a quote that is not closed; close it, or double a quote that belongs to the text"


class Fields(NamedTuple):
    """A record: the line on which it begins, and its values as written. A tuple, since there are so many."""

    line: int
    values: Sequence[str]


@frozen
class BadFields:
    """A line that cannot be read as a record.

    Attributes:
        line: The number of the line, from 1.
        message: What is wrong and what to do.
        start: The values before the first quote, which are certain.
    """

    line: int
    message: str
    start: Sequence[str]


class _Unreadable(Exception):  # noqa: N818 (a signal through csv.reader, caught below)
    """The record that was begun last cannot be read."""


class _ByteSource:
    """Yields lines one at a time, counts them, and can take back those after the first of a record."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._taken) >= MOST_LINES:
            raise _Unreadable(_UNCLOSED)
        text = self._again.popleft() if self._again else self._stream.readline(LONGEST_LINE)
        if not text:
            raise StopIteration
        self.number += 1
        if len(text) == LONGEST_LINE and text[-1] not in "\r\n":
            self._taken.append(text[:_KEPT])
            self._skip_rest()
            raise _Unreadable(f"is longer than {LONGEST_LINE} characters; is the file a CSV file?")
        self._taken.append(text)
        return text

    def _skip_rest(self) -> None:
        part = "-"
        while part and part[-1] not in "\r\n":
            part = self._stream.readline(LONGEST_LINE)

    def plain_lines(self) -> list[str]:
        """Return up to ``_TOGETHER`` lines, each a record; none if any of them has a quote.

        Lines that are not returned are yielded one at a time.
        """
        if self._again:
            return []
        lines: list[str] = []
        size = 0
        while (
            len(lines) < _TOGETHER and size < LONGEST_LINE and (text := self._stream.readline(LONGEST_LINE))
        ):
            lines.append(text)
            size += len(text)
        if not any('"' in text or len(text) == LONGEST_LINE for text in lines):
            return lines
        self._again.extend(lines)
        return []

    def taken(self, lines: Sequence[str]) -> None:
        """Count lines that were read together."""
        self.number += len(lines)

    def put_back(self, lines: Sequence[str]) -> None:
        """Take lines back, to be yielded one at a time."""
        self._again.extend(lines)

    def begin(self) -> int:
        """Begin a record; return the number of its first line."""
        self._taken.clear()
        return self.number + 1

    def back(self) -> str:
        """Take back all lines of the record but the first; return that one."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        return first


def records(stream: TextIO, delimiter: str) -> Iterator[Fields | BadFields]:
    """Yield the records of a CSV file that was opened with ``newline=""``; blank lines are passed over."""
    source = _ByteSource(stream)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    while True:
        if plain := source.plain_lines():
            try:
                found = list(csv.reader(plain, delimiter=delimiter, strict=True))
            except csv.Error:  # one of them is wrong: find out which
                source.put_back(plain)
            else:
                for line, values in enumerate(found, source.number + 1):
                    if "".join(values).strip():
                        yield Fields(line, values)
                source.taken(plain)
                continue
        line = source.begin()
        try:
            values = next(reader)
        except StopIteration:
            return
        except (csv.Error, _Unreadable) as error:
            first = source.back()
            yield BadFields(line, _explain(error), first.split('"', 1)[0].split(delimiter)[:-1])
            reader = csv.reader(source, delimiter=delimiter, strict=True)
            continue
        if "".join(values).strip():
            yield Fields(line, values)


def _explain(error: Exception) -> str:
    if isinstance(error, _Unreadable):
        return str(error)
    if "field larger" in str(error):
        return f"has a value longer than {csv.field_size_limit()} characters; shorten it, or close its quote"
    if "expected after" in str(error):
        return "has text after a closing quote; double a quote that belongs to the text"
    return _UNCLOSED
