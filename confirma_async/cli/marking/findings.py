"""Finds out what became of each record of a table, and which of its lines and cells are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve, frozen

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import VERDICTS, Entry, RefusedRecord, State, Verdict
from confirma_async.bulk.number_assignment import number_book
from confirma_async.cli.importing.texts import named_place
from confirma_async.cli.journals import Chosen
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.marking import messages
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import ReadOptions, read_files
from confirma_async.formats.reader import format_of, open_table
from confirma_async.formats.tables.groups import groups
from confirma_async.formats.tables.places import TablePlace
from confirma_async.formats.tables.table_layout import TableLayout
from confirma_async.privacy import visible
from confirma_async.validation import Checks

_FORMULA = ("=", "+", "-", "@")
_STATUSES: Mapping[Verdict, str] = {
    Verdict.ACCEPTED: messages.ACCEPTED,
    Verdict.REJECTED: messages.REJECTED,
    Verdict.UNKNOWN: messages.UNKNOWN,
    Verdict.NOT_SENT: messages.NOT_SENT,
}


@frozen
class MarkedRecord:
    """What became of one record.

    Attributes:
        first: Its first line, from 1 on.
        last: Its last line, from 1 on.
        status: What became of it, in a word or two of English.
        reasons: Why, with the titles of the file's own columns.
        cells: The wrong cells: the line of each, and the title of its column.
    """

    first: int
    last: int
    status: str
    reasons: Sequence[str] = ()
    cells: Sequence[tuple[int, str]] = ()

    @property
    def reason(self) -> str:
        """The reasons in one line, which no spreadsheet takes for a formula."""
        text = visible("; ".join(self.reasons))
        return f"'{text}" if text[:1] in _FORMULA else text

    @property
    def standing(self) -> str:
        """What became of it, in the user's language."""
        return _(self.status)

    @property
    def is_accepted(self) -> bool:
        """Whether it was accepted as it is now, so that there is nothing to do."""
        return self.status == messages.ACCEPTED and not self.reasons


def findings(
    file: Path, reading: ReadOptions, found: Chosen, run: Run, converter: Converter
) -> list[MarkedRecord]:
    """Return what became of each record of a table, by the journal and by a new check.

    Args:
        file: The file of the table.
        reading: How the table is read.
        found: The journal, which knows what became of the invoices.
        run: The run that has read the table.
        converter: Encodes invoices, so that they can be compared with what was sent.

    Raises:
        InputError: the table cannot be read.
    """
    table = _SentTable.of(file, reading, found.journal, run)
    checks = Checks(True, run.allowed)
    marked: list[MarkedRecord] = []
    with number_book(found.path, None) as book:
        records = read_files([file], evolve(reading, numbers=book), converter)
        for index, record in enumerate(records, 1):
            first = record.place.line or 1
            ready = prepare(record, index, converter, checks)
            if isinstance(ready, RefusedRecord):
                marked.append(table.of_problems(ready.problems, first))
            else:
                marked.append(table.of_entry(ready, first))
    return marked


@frozen(kw_only=True)
class _SentTable:
    """A table that was sent, with what its journal knows about it.

    Attributes:
        journal: The journal of the run that sent the table.
        layout: The columns of the table.
        last_lines: The last line of each record, by its first one.
        refused: The problems of records that the run refused, by number, such as a missing attachment.
    """

    journal: JournalReader
    layout: TableLayout
    last_lines: Mapping[int, int]
    refused: Mapping[str, Sequence[Problem]]

    @classmethod
    def of(cls, file: Path, reading: ReadOptions, journal: JournalReader, run: Run) -> _SentTable:
        """Read the places of a table's records, and from the journal what the run refused."""
        table = open_table(file, format_of(file, reading), reading, keys_only=True)
        assert table is not None, "only tables are marked"  # noqa: S101 (the caller has looked)
        refused: dict[str, list[Problem]] = {}
        for each in journal.runs.problems(run.number):
            if each.number is not None:
                refused.setdefault(each.number, []).append(Problem(each.path, each.rule, each.message))
        return cls(
            journal=journal,
            layout=table.layout,
            last_lines={group.line: group.last for group in groups(file, table, keys_only=True)},
            refused=refused,
        )

    def of_entry(self, entry: Entry, first: int) -> MarkedRecord:
        """Return what became of a record that can be sent."""
        row = self.journal.find(entry.key)
        last = self.last_lines.get(first, first)
        if row is None or row.key != entry.key:
            problems = self.refused.get(entry.original_number or str(entry.key.number), ())
            return (
                self.of_problems(problems, first)
                if problems
                else MarkedRecord(first, last, messages.NOT_SENT)
            )
        if row.state is State.REJECTED and row.digest == entry.digest:
            detail = translated(row.detail or row.status or "") or _(messages.NO_REASON)
            titles = _named_in(detail, self.layout)
            named = f"{', '.join(titles)}: {detail}" if titles else detail
            return MarkedRecord(
                first, last, messages.REJECTED, (named,), [(first, title) for title in titles]
            )
        if row.state is State.REJECTED:
            return MarkedRecord(first, last, messages.NOT_SENT)
        if row.state is State.ACCEPTED and row.digest != entry.digest:
            return MarkedRecord(first, last, messages.ACCEPTED, (_(messages.OTHER_CONTENTS),))
        return MarkedRecord(first, last, _STATUSES[VERDICTS[row.state]])

    def of_problems(self, problems: Sequence[Problem], first: int) -> MarkedRecord:
        """Return what is wrong with a record that cannot be sent."""
        places = [TablePlace.parse(problem.path) for problem in problems]
        reasons = [_reason(problem, place) for problem, place in zip(problems, places, strict=True)]
        cells = [(place.line, place.title) for place in places if place is not None and place.title]
        last = self.last_lines.get(first, first)
        return MarkedRecord(first, last, messages.REFUSED, tuple(dict.fromkeys(reasons)), cells)


def _reason(problem: Problem, place: TablePlace | None) -> str:
    where = named_place(problem.path) if place is None else ", ".join(filter(None, (place.cell, place.title)))
    message = translated(problem.message)
    return f"{where}: {message}" if where else message


def _named_in(detail: str, layout: TableLayout) -> list[str]:
    """Return the titles of the columns whose wire names occur in the service's message."""
    words = set(re.findall(r"\w+", detail))
    named = (
        title
        for column, title in zip(layout.columns, layout.titles, strict=True)
        if column is not None and column.place.rpartition(".")[2] in words
    )
    return [*dict.fromkeys(named)]
