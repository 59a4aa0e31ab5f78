"""The lines of a CSV file, with their numbers: records as fields, or what is wrong with a line.

A quote that never closes would swallow the rest of a file. Here it costs its own line: reading starts again
on the line after it.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from attrs import frozen

LONGEST_LINE = 1024 * 1024
"""Characters of one line of the file."""
MOST_LINES = 200
"""Lines of the file that one record, with line breaks inside quotes, may take."""

_TOGETHER = 256
"""Lines that are read at once where none of them has a quote."""
_KEPT = 4096
_UNCLOSED = "has a quote that is not closed; close it, or double a quote that belongs to the text"


class Fields(NamedTuple):
    """A record: the line that it begins on, and its values as written; a tuple, since there are so many."""

    line: int
    values: Sequence[str]


@frozen
class BadFields:
    """A line that is no record.

    Attributes:
        line: Its number.
        message: What is wrong and what to do.
        start: The values before the first quote, which are beyond doubt.
    """

    line: int
    message: str
    start: Sequence[str]


class _Unreadable(Exception):  # noqa: N818 (a signal through csv.reader, caught below)
    """The record of the line that was just read cannot be read."""


class _ByteSource:
    """Hands out lines one at a time, counts them, and takes back those after the first of a record."""

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
        """Return some lines without any quote, each of which is a record; none where the next lines have one.

        What was looked at and is not returned is handed out one at a time.
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
        """Note that lines were read together."""
        self.number += len(lines)

    def put_back(self, lines: Sequence[str]) -> None:
        """Have lines handed out one at a time after all."""
        self._again.extend(lines)

    def begin(self) -> int:
        """Begin a record; give the number of its first line."""
        self._taken.clear()
        return self.number + 1

    def back(self) -> str:
        """Take back all but the first line of the record; gives that one."""
        first, *others = self._taken
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        return first


def records(stream: TextIO, delimiter: str) -> Iterator[Fields | BadFields]:
    """Read the records of a CSV file, opened with ``newline=""``; lines without any text are passed over."""
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
