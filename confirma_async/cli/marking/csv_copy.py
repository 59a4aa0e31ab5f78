"""Writes a marked copy of a CSV file: every line is the same, byte by byte, with two more values."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from confirma_async.cli.marking.findings import MarkedRecord
from confirma_async.formats import ReadOptions
from confirma_async.formats.tables.columns import MARKS
from confirma_async.formats.tables.csv.lines import Fields, records
from confirma_async.formats.tables.csv.survey import Survey, opened, survey


def write_csv(file: Path, reading: ReadOptions, target: Path, found: Iterable[MarkedRecord]) -> None:
    """Write a marked copy of a CSV file, in its encoding and with its delimiter.

    Args:
        file: The file that was sent.
        reading: How the file is read.
        target: The path of the copy, at which no file may be.
        found: What became of each record.

    Raises:
        OSError: it cannot be written.
    """
    surveyed = survey(file, reading, find_separator=False)
    marks = _marks(found) | {surveyed.header: MARKS}
    with opened(file, surveyed.encoding) as stream:
        lines = stream.readlines()
    whole = [*_records(file, surveyed, lines)]
    again = MARKS[0] in surveyed.titles
    done = 0
    with target.open("x", encoding=surveyed.encoding, errors="replace", newline="") as copy:
        for first, last, values in whole:
            copy.writelines(lines[done : first - 1])
            text = "".join(lines[first - 1 : last])
            end_of_line = text[len(text.rstrip("\r\n")) :]
            if again:  # a spreadsheet has written it, and what it said before goes
                text = _written(values[: -len(MARKS)], surveyed.delimiter)
            added = _written(marks.get(first, ("", "")), surveyed.delimiter)
            copy.write(text.rstrip("\r\n") + surveyed.delimiter + added + end_of_line)
            done = last
        copy.writelines(lines[done:])


def _marks(found: Iterable[MarkedRecord]) -> dict[int, tuple[str, str]]:
    """Return the two values to add to each line, by its number."""
    marks: dict[int, tuple[str, str]] = {}
    for each in found:
        marks |= dict.fromkeys(range(each.first, each.last + 1), (each.standing, ""))
        marks[each.first] = each.standing, each.reason
    return marks


def _records(file: Path, surveyed: Survey, lines: Sequence[str]) -> Iterator[tuple[int, int, Sequence[str]]]:
    """Yield the header and the records: the first line, the last line and the values of each."""
    with opened(file, surveyed.encoding) as stream:
        found = [each for each in records(stream, surveyed.delimiter) if isinstance(each, Fields)]
    for each, following in zip(found, [*(one.line for one in found[1:]), len(lines) + 1], strict=True):
        end = following - 1
        while end > each.line and not lines[end - 1].strip():
            end -= 1
        if each.line >= surveyed.header:
            yield each.line, end, each.values


def _written(values: Iterable[str], delimiter: str) -> str:
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter, lineterminator="").writerow(values)
    return written.getvalue()
