"""CSV files: one line for each invoice row, lines that belong together make one invoice.

A line that cannot be read spoils the invoice that it belongs to, never just the row: a partial invoice is
worse than none. Where the line does not tell which invoice that is, both its neighbours are spoilt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from confirma_async.errors import Problem
from confirma_async.formats.csv_columns import COLUMNS, KEY, REQUIRED, SUMMED, Column
from confirma_async.formats.csv_lines import Fields, Torn, records
from confirma_async.formats.csv_survey import Survey, opened, survey
from confirma_async.formats.csv_values import Mark, ValueProblem, read_value
from confirma_async.formats.exact import total
from confirma_async.formats.numbering import carry, resolve
from confirma_async.formats.records import (
    BadRecord,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
    Sighting,
)
from confirma_async.formats.wire_tree import finished, put
from confirma_async.schemas import InvoiceType

_UNREADABLE = re.compile("[\0\udc80-\udcff]")
"""A NUL, or what stands for a byte that is no character."""


@define
class _Group:
    """The lines of one invoice, gathered so far.

    Attributes:
        line: The first line.
        key: What the key columns say; an empty text fits any.
        sure: Whether the key was read from a whole line; if not, the number alone tells what belongs here.
        values: Values of the invoice's own columns, each with the line that gave it.
        rows: One mapping per line, by column.
        problems: Why it cannot become an invoice; from the first one on, no rows are kept.
    """

    line: int
    key: dict[str, str]
    sure: bool = True
    values: dict[str, tuple[Any, int]] = field(factory=dict[str, tuple[Any, int]])
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

    @property
    def identity(self) -> Identity:
        """Who says which number."""
        return Identity(
            self.key["seller_business_id"] or self.key["seller_vat_code"],
            InvoiceType(self.key["type"] or InvoiceType.INVOICE.value),
            self.key["number"],
        )


def read_csv(path: Path, options: ReadOptions) -> Iterator[ReadInvoice | BadRecord]:
    """Reads the invoices of a CSV file.

    Raises:
        InputError: its header line cannot be used, or nothing follows it.
    """
    form = survey(path, options.decimal_comma)
    remark, empty = form.remark, True
    for group in _groups(path, form):
        record = _invoice(group, path, options)
        if remark is not None and isinstance(record, ReadInvoice):
            record, remark = evolve(record, remarks=(remark, *record.remarks)), None
        yield record
        empty = False
    if empty:
        msg = f"{path}: holds no invoice, only the line that names the columns; write the invoices below it"
        raise InputError(msg)


def csv_sightings(path: Path, options: ReadOptions) -> Iterator[Sighting]:
    """Says which documents a CSV file holds, without reading their values.

    Raises:
        InputError: its header line cannot be used.
    """
    form = survey(path, decimal_comma=options.decimal_comma or False)  # numbers do not matter here
    for group in _groups(path, form, keys_only=True):
        if group.key["number"]:
            yield Sighting(group.identity, Place(str(path), group.line))


def _groups(path: Path, form: Survey, *, keys_only: bool = False) -> Iterator[_Group]:
    """Gathers lines into invoices. Holds one invoice at a time."""
    group: _Group | None = None
    doubts: list[tuple[str, Problem]] = []  # from lines that may belong to the invoice that comes next
    with opened(path, form.encoding) as file:
        lines = records(file, form.delimiter)
        next(lines, None)  # the header
        for record in lines:
            fields = _fields(record, form)
            key, problems = _key(record.line, fields, _broken(record, form))
            number, sure = key["number"], not problems
            if group is None or (number and not group.takes(key)):
                if group is not None:
                    yield group
                inherited = [problem for whose, problem in doubts if whose in {"", number}]
                group = _Group(record.line, key, sure=sure, problems=inherited)
            doubts = [] if sure else [*doubts, *((number, problem) for problem in problems)]
            if number:
                group.learn(key, sure)
            if problems:
                group.problems += problems
            elif not keys_only:
                _join(group, record.line, fields, form.mark)
    if group is not None:
        yield group


def _join(group: _Group, line: int, fields: Mapping[str, str], mark: Mark | None) -> None:
    """Reads the values of a whole line into its invoice."""
    row: dict[str, Any] = {}
    for name, text in fields.items():
        column = COLUMNS[name]
        if not text:
            continue
        try:
            value = read_value(column, text, mark)
        except ValueProblem as problem:
            group.problems.append(Problem(_path(line, name), problem.rule, problem.message))
            continue
        if column.of_row:
            row[name] = value
        else:
            _agree(group, column, value, line)
    if row and not group.problems:
        group.rows.append(row)


def _agree(group: _Group, column: Column, value: Any, line: int) -> None:
    before = group.values.setdefault(column.name, (value, line))
    if before[0] != value:
        message = (
            f"differs from line {before[1]}, though both lines are of one invoice; write the same value on "
            "every line of the invoice, or leave it empty after the first"
        )
        group.problems.append(Problem(_path(line, column.name), "csv.agree", message))


def _fields(record: Fields | Torn, form: Survey) -> dict[str, str]:
    """The values by column; of a line that cannot be read, those that are beyond doubt."""
    if isinstance(record, Torn):
        sure: Sequence[str] = record.start
    elif len(record.values) != len(form.columns):
        sure = record.values[:1]  # whatever is missing or too many, nothing stands before the first value
    else:
        sure = record.values
    return {column.name: value.strip() for column, value in zip(form.columns, sure, strict=False)}


def _key(
    line: int, fields: Mapping[str, str], problems: list[Problem]
) -> tuple[dict[str, str], list[Problem]]:
    """What tells the line's invoice, and everything that makes that doubtful."""
    key = {name: fields.get(name, "") for name in KEY}
    key = {name: "" if _UNREADABLE.search(value) else value for name, value in key.items()}
    if key["type"]:
        try:
            key["type"] = read_value(COLUMNS["type"], key["type"], None)
        except ValueProblem as problem:
            key["type"] = ""
            problems = [*problems, Problem(_path(line, "type"), problem.rule, problem.message)]
    if not key["number"] and not problems:
        problems = [_required(line, "number")]
    return key, problems


def _broken(record: Fields | Torn, form: Survey) -> list[Problem]:
    """What makes the whole line unreadable."""
    where = f"line {record.line}"
    if isinstance(record, Torn):
        return [Problem(where, "csv.syntax", record.message)]
    count = len(record.values)
    if count != len(form.columns):
        message = (
            f"has {count} values where the header has {len(form.columns)} columns; "
            "put quotes around a value that holds the delimiter"
        )
        return [Problem(where, "csv.fields", message)]
    problems: list[Problem] = []
    for column, value in zip(form.columns, record.values, strict=True):
        if (value.isascii() and "\0" not in value) or not (found := _UNREADABLE.search(value)):
            continue
        if found.group() == "\0":
            rule, message = "csv.nul", "holds a NUL character; the file is damaged, so write it again"
        else:
            rule = "csv.encoding"
            message = (
                f"holds a byte that is no character of the file's encoding ({form.encoding}); "
                "correct it, or save the whole file as UTF-8"
            )
        problems.append(Problem(_path(record.line, column.name), rule, message))
    return problems


def _path(line: int, name: str) -> str:
    return f"line {line}, column {name}"


def _required(line: int, name: str) -> Problem:
    return Problem(_path(line, name), "csv.required", "is empty, but every invoice needs it; fill it in")


def _invoice(group: _Group, path: Path, options: ReadOptions) -> ReadInvoice | BadRecord:
    place = Place(str(path), group.line)
    number = group.key["number"] or None
    problems = list(group.problems)
    if not problems:
        problems += [_required(group.line, name) for name in REQUIRED if name not in group.values]
    credited = group.values.get("credited_number")
    numbering = resolve(
        group.identity,
        None if credited is None else credited[0],
        options.numbers,
        path=_path(group.line, "number"),
        credited_path=_path(group.line if credited is None else credited[1], "credited_number"),
    )
    if number is not None:
        problems += numbering.problems
    if problems:
        return BadRecord(place=place, problems=problems, number=number)
    raw = _raw(group)
    raw["invoice"]["header"]["number"] = numbering.number
    if credited is not None:
        raw["invoice"]["references"]["creditedInvoiceNumber"] = numbering.credited
    return ReadInvoice(
        place=place,
        request=carry(finished(raw), numbering),
        remarks=numbering.remarks,
        original_number=numbering.original,
    )


def _raw(group: _Group) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, (value, _line) in group.values.items():
        put(raw, COLUMNS[name].place, value)
    for name, part in SUMMED.items():
        if name not in group.values and group.rows and all(part in row for row in group.rows):
            put(raw, COLUMNS[name].place, total(row[part] for row in group.rows))
    if group.rows:
        raw["invoice"]["rows"] = [_raw_row(row) for row in group.rows]
    return raw


def _raw_row(row: Mapping[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for name, value in row.items():
        put(raw, COLUMNS[name].place, value)
    return raw
