"""Invoices out of tables: one line for each invoice row, lines that belong together make one invoice.

A line that cannot be read spoils the invoice that it belongs to, never just the row: a partial invoice is
worse than none. Where the line does not tell which invoice that is, both its neighbours are spoilt.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from confirma_async.errors import Problem
from confirma_async.formats.attachments import PDF, Attached, AttachedFile, AttachedUrl
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.numbering import apply_number, resolve
from confirma_async.formats.payload import put, request_from
from confirma_async.formats.tables.cells import Cell, CellError, ValueProblem
from confirma_async.formats.tables.columns import COLUMNS, KEY, REQUIRED, SUMMED, Column, Kind
from confirma_async.formats.tables.table import BadLine, Table, TableLayout, TableLine
from confirma_async.formats.values.decimals import total
from confirma_async.schemas import InvoiceType

MOST_PROBLEMS = 1000
"""Problems of one invoice that are told."""
MOST_INHERITED = 100
"""Problems of lines above that spoil an invoice, as far as they are told."""
MOST_DOUBTFUL = 10_000
"""Lines in a row that may be unreadable; after so many, the file is no table."""
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@define
class _Group:
    """The lines of one invoice, gathered so far.

    Attributes:
        line: The first line.
        key: What the key columns say; an empty text fits any.
        sure: Whether the key was read from a whole line; if not, the number alone tells what belongs here.
        values: Values of the invoice's own columns, each with the line that gave it.
        attachments: Attachments by column and text, each with the line that named it first.
        rows: One mapping per line, by column.
        problems: Why it cannot become an invoice; from the first one on, no rows are kept.
    """

    line: int
    key: dict[str, str]
    sure: bool = True
    values: dict[str, tuple[Any, int]] = field(factory=dict[str, tuple[Any, int]])
    attachments: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int])
    rows: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    problems: list[Problem] = field(factory=list[Problem])

    def takes(self, key: Mapping[str, str]) -> bool:
        """Whether a line with this key belongs to it."""
        if key["number"] != self.key["number"]:
            return False
        if not self.sure:
            return True
        mine = self.key | {"type": self.key["type"] or InvoiceType.INVOICE.value}
        return all(not key[name] or not mine[name] or key[name] == mine[name] for name in KEY)

    def learn(self, key: Mapping[str, str], sure: bool) -> None:
        """Takes from a line what the lines before left open."""
        for name, value in key.items():
            self.key[name] = self.key[name] or value
        self.sure = self.sure or sure

    def spoil(self, *problems: Problem) -> None:
        """Notes why it cannot become an invoice; the first ``MOST_PROBLEMS`` reasons are told."""
        self.problems += problems[: max(0, MOST_PROBLEMS - len(self.problems))]
        self.rows.clear()

    @property
    def identity(self) -> Identity:
        """Who says which number."""
        return Identity(
            self.key["seller_business_id"] or self.key["seller_vat_code"],
            InvoiceType(self.key["type"] or InvoiceType.INVOICE.value),
            self.key["number"],
        )


class _Doubts:
    """What made the lines above unreadable, by invoice number: it may spoil the invoice that comes next.

    Args:
        path: The file.
        unit: What it calls its lines.
    """

    def __init__(self, path: Path, unit: str) -> None:
        self._path = path
        self._unit = unit
        self._problems: dict[str, list[Problem]] = {}
        self._lines = 0

    def note(self, line: int, number: str, problems: Sequence[Problem]) -> None:
        """Takes what is wrong with a line; a line that is whole ends all doubts.

        Raises:
            InputError: no line has been whole for ``MOST_DOUBTFUL`` lines.
        """
        if not problems:
            self._problems.clear()
            self._lines = 0
            return
        self._lines += 1
        if self._lines > MOST_DOUBTFUL:
            msg = (
                f"{self._path}: none of the {MOST_DOUBTFUL} {self._unit}s above {self._unit} {line} can be "
                f"read, and nothing from there on is; {self._unit} {line} {problems[0].message}"
            )
            raise InputError(msg)
        kept = self._problems.setdefault(number, [])
        kept += problems[: MOST_INHERITED - len(kept)]

    def about(self, number: str) -> list[Problem]:
        """What may be wrong with an invoice of this number."""
        whose = ("", number) if number else ("",)
        return [problem for each in whose for problem in self._problems.get(each, ())]


def read_table(path: Path, table: Table, options: ReadOptions) -> Iterator[ReadInvoice | BadRecord]:
    """Reads the invoices of a table.

    Raises:
        InputError: it holds none.
    """
    layout = table.layout
    remarks, empty = tuple(layout.remarks), True
    for group in _groups(path, table):
        record = _invoice(group, path, layout, options)
        if remarks and isinstance(record, ReadInvoice):
            record, remarks = evolve(record, remarks=(*remarks, *record.remarks)), ()
        yield record
        empty = False
    if empty:
        msg = (
            f"{path}: holds no invoice, only the {layout.unit} that names the columns; "
            "write the invoices below it"
        )
        raise InputError(msg)


def scan_table(path: Path, table: Table) -> Iterator[DocumentRef]:
    """Says which documents a table holds, without reading their other values."""
    for group in _groups(path, table, keys_only=True):
        if group.key["number"]:
            yield DocumentRef(group.identity, Place(str(path), group.line))


def _groups(path: Path, table: Table, *, keys_only: bool = False) -> Iterator[_Group]:
    """Gathers lines into invoices. Holds one invoice at a time."""
    layout = table.layout
    constants = {name: str(layout.constants.get(name, "")) for name in KEY}
    group: _Group | None = None
    doubts = _Doubts(path, layout.unit)
    for line in table.lines:
        fields, problems = _fields(line, layout)
        key, problems = _key(line.number, fields, constants, layout, problems)
        number, sure = key["number"], not problems
        if group is None or (number and not group.takes(key)):
            if group is not None:
                yield group
            group = _Group(line.number, key, sure=sure, problems=doubts.about(number))
        doubts.note(line.number, number, problems)
        if number:
            group.learn(key, sure)
        if problems:
            group.spoil(*problems)
        elif not keys_only:
            _join(group, line.number, fields, layout)
    if group is not None:
        yield group


def _fields(line: TableLine | BadLine, layout: TableLayout) -> tuple[dict[str, Cell], list[Problem]]:
    """The cells by column, and what makes the line unreadable; of a torn line, what is beyond doubt."""
    if isinstance(line, BadLine):
        sure: dict[str, Cell] = {
            column.name: value.strip()
            for column, value in zip(layout.columns, line.start, strict=False)
            if column is not None
        }
        return sure, [Problem(f"{layout.unit} {line.number}", line.rule, line.message)]
    fields: dict[str, Cell] = {}
    problems: list[Problem] = []
    for column, value in zip(layout.columns, line.values, strict=True):
        if column is None:
            continue
        if isinstance(value, CellError):
            problems.append(Problem(_path(layout, line.number, column.name), value.rule, value.message))
        else:
            fields[column.name] = value.strip() if isinstance(value, str) else value
    return fields, problems


def _key(
    line: int,
    fields: Mapping[str, Cell],
    constants: Mapping[str, str],
    layout: TableLayout,
    problems: list[Problem],
) -> tuple[dict[str, str], list[Problem]]:
    """What tells the line's invoice, and everything that makes that doubtful."""
    key: dict[str, str] = {}
    for name in KEY:
        cell = fields.get(name, "")
        key[name] = constants[name]
        if cell == "":
            continue
        try:
            key[name] = layout.readers[name](cell)
        except ValueProblem as problem:
            problems = [*problems, Problem(_path(layout, line, name), problem.rule, problem.message)]
    if not key["number"] and not problems:
        problems = [_required(layout, line, "number")]
    return key, problems


def _join(group: _Group, line: int, fields: Mapping[str, Cell], layout: TableLayout) -> None:
    """Reads the values of a whole line into its invoice."""
    row: dict[str, Any] = {}
    readers = layout.readers
    for name, cell in fields.items():
        if cell == "":
            continue
        column = COLUMNS[name]
        try:
            value = readers[name](cell)
        except ValueProblem as problem:
            group.spoil(Problem(_path(layout, line, name), problem.rule, problem.message))
            continue
        if column.of_row:
            row[name] = value
        elif column.kind.is_attached:
            group.attachments.setdefault((name, value), line)
        else:
            _agree(group, column, value, line, layout)
    if row and not group.problems:
        group.rows.append(row)


def _agree(group: _Group, column: Column, value: Any, line: int, layout: TableLayout) -> None:
    before = group.values.setdefault(column.name, (value, line))
    if before[0] != value:
        message = (
            f"differs from {layout.unit} {before[1]}, though both are of one invoice; write the same value "
            f"on every {layout.unit} of the invoice, or leave it empty after the first"
        )
        group.spoil(Problem(_path(layout, line, column.name), "table.agree", message))


def _path(layout: TableLayout, line: int, name: str) -> str:
    title = next(
        (
            title
            for column, title in zip(layout.columns, layout.titles, strict=True)
            if column is not None and column.name == name
        ),
        name,
    )
    return f"{layout.unit} {line}, column {title}"


def _required(layout: TableLayout, line: int, name: str) -> Problem:
    message = "is empty, but every invoice needs it; fill it in"
    return Problem(_path(layout, line, name), "table.required", message)


def _invoice(group: _Group, path: Path, layout: TableLayout, options: ReadOptions) -> ReadInvoice | BadRecord:
    place = Place(str(path), group.line)
    number = group.key["number"] or None
    remarks: list[str] = []
    for name, constant in layout.constants.items():
        if COLUMNS[name].kind.is_attached:
            group.attachments.setdefault((name, str(constant)), group.line)
        elif not COLUMNS[name].of_row:
            group.values.setdefault(name, (constant, group.line))
    if not group.problems:
        _fill_due_date(group, layout, remarks)
    problems = list(group.problems)
    if not problems:
        problems += [_required(layout, group.line, name) for name in REQUIRED if name not in group.values]
    credited = group.values.get("credited_number")
    numbering = resolve(
        group.identity,
        None if credited is None else credited[0],
        options.numbers,
        path=_path(layout, group.line, "number"),
        credited_path=_path(layout, group.line if credited is None else credited[1], "credited_number"),
    )
    if number is not None:
        problems += numbering.problems
    attachments, attached = _attachments(group, path.parent, options, layout)
    problems += [problem for each in attached if (problem := each.check()) is not None]
    if problems:
        return BadRecord(place=place, problems=problems, number=number)
    raw = _raw(group, layout)
    raw["invoice"]["header"]["number"] = numbering.number
    if credited is not None:
        raw["invoice"]["references"]["creditedInvoiceNumber"] = numbering.credited
    if attachments:
        raw["invoice"]["attachments"] = attachments
    return ReadInvoice(
        place=place,
        request=apply_number(request_from(raw), numbering),
        attached=tuple(attached),
        remarks=(*numbering.remarks, *remarks),
        original_number=numbering.original,
    )


def _attachments(
    group: _Group, beside: Path, options: ReadOptions, layout: TableLayout
) -> tuple[list[dict[str, str]], list[Attached]]:
    """The attachments in wire form, without contents, and the documents that are to be put into them."""
    folder = options.folder or beside
    within = None if options.attach_anywhere else folder
    raw: list[dict[str, str]] = []
    attached: list[Attached] = []
    for position, ((name, text), line) in enumerate(group.attachments.items()):
        where = _path(layout, line, name)
        if COLUMNS[name].kind is Kind.LINK:
            raw.append({"url": text})
        elif _URL.match(text):
            raw.append({"url": text})
            attached.append(AttachedUrl(position, text, where, options.attach_private))
        else:
            file = AttachedFile(position, folder / text, where, within)
            raw.append({"fileName": file.path.name, "mimeType": PDF})
            attached.append(file)
    return raw, attached


def _fill_due_date(group: _Group, layout: TableLayout, remarks: list[str]) -> None:
    """Counts the due date from the days to pay, where the table gives those instead."""
    values = group.values
    if "due_date" in values or "date" not in values or "net_days" not in values:
        return
    days: int = values["net_days"][0]
    try:
        due = datetime.date.fromisoformat(values["date"][0]) + datetime.timedelta(days=days)
    except OverflowError:
        message = "leads to no due date that the calendar could hold; correct it"
        group.problems.append(Problem(_path(layout, group.line, "net_days"), "table.date", message))
        return
    values["due_date"] = (due.isoformat(), group.line)
    remarks.append(f"no due date is given; {days} days after the date are taken, as net_days says")


def _raw(group: _Group, layout: TableLayout) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, (value, _line) in group.values.items():
        put(raw, COLUMNS[name].place, value)
    same = {name: value for name, value in layout.constants.items() if COLUMNS[name].of_row}
    rows: list[dict[str, Any]] = [{**same, **row} for row in group.rows]
    for name, part in SUMMED.items():
        if name not in group.values and rows and all(part in row for row in rows):
            put(raw, COLUMNS[name].place, total(row[part] for row in rows))
    if rows:
        raw["invoice"]["rows"] = [_raw_row(row) for row in rows]
    return raw


def _raw_row(row: Mapping[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, value in row.items():
        put(raw, COLUMNS[name].place, value)
    return raw
