"""Reads invoices from tables: each line is an invoice row, and lines with the same key are one invoice."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from confirma_async.errors import Problem
from confirma_async.formats.attached.attachments import PDF, Attached, AttachedFile, AttachedUrl
from confirma_async.formats.facts import facts_in
from confirma_async.formats.further_problems import further_problems
from confirma_async.formats.models import BadRecord, DocumentRef, InputError, Place, ReadInvoice, ReadOptions
from confirma_async.formats.normalise import normalised
from confirma_async.formats.numbers.numbering import apply_number, resolve
from confirma_async.formats.payload import put, request_from
from confirma_async.formats.tables.columns import COLUMNS, REQUIRED, SUMMED, ValueKind
from confirma_async.formats.tables.groups import LineGroup, groups, required
from confirma_async.formats.tables.table_layout import Table, TableLayout
from confirma_async.formats.values.decimals import total

_EURO = "EUR"
_EURO_SIGN = "€"
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_ROW = re.compile(r"\$\.invoice\.rows\[(\d+)\]\.?(.*)")
_LIST = re.compile(r"\[\d+\].*")


def read_table(path: Path, table: Table, options: ReadOptions) -> Iterator[ReadInvoice | BadRecord]:
    """Yield the invoices of a table.

    Raises:
        InputError: it holds none.
    """
    layout = table.layout
    remarks, empty = tuple(layout.remarks), True
    for group in groups(path, table):
        record = _invoice(group, path, layout, options)
        if remarks and isinstance(record, ReadInvoice):
            record, remarks = evolve(record, remarks=(*remarks, *record.remarks)), ()
        yield record
        empty = False
    if empty:
        raise InputError(
            f"{path}: holds no invoice, only the {layout.unit} that names the columns; "
            "write the invoices below it"
        )


def scan_table(path: Path, table: Table) -> Iterator[DocumentRef]:
    """Yield the documents of a table, without reading their other values."""
    source = str(path)
    for group in groups(path, table, keys_only=True):
        if group.key["number"]:
            yield DocumentRef(group.identity, Place(source, group.line))


def _invoice(
    group: LineGroup, path: Path, layout: TableLayout, options: ReadOptions
) -> ReadInvoice | BadRecord:
    place = Place(str(path), group.line)
    number = group.key["number"] or None
    for name, constant in layout.constants.items():
        if COLUMNS[name].kind.is_attached:
            group.attachments.setdefault((name, str(constant)), group.line)
        elif not COLUMNS[name].of_row:
            group.values.setdefault(name, (constant, group.line))
    if "due_date" not in group.values:
        _fill_due_date(group, layout)
    problems = list(group.problems)
    if not problems:
        problems += [required(layout, group.line, name) for name in REQUIRED if name not in group.values]
    problems += _contradicting_sign(group, layout)
    credited = group.values.get("credited_number")
    numbering = resolve(
        group.identity,
        None if credited is None else credited[0],
        options.numbers,
        path=layout.path(group.line, "number"),
        credited_path=layout.path(group.line if credited is None else credited[1], "credited_number"),
    )
    if number is not None:
        problems += numbering.problems
    attachments, attached = _attachments(group, path.parent, options, layout)
    problems += [problem for each in attached if (problem := each.check()) is not None]
    raw = _raw(group, layout)
    raw["invoice"]["header"]["number"] = numbering.number
    if credited is not None:
        raw["invoice"]["references"]["creditedInvoiceNumber"] = numbering.credited
    origins = _Origins(group, layout)
    if problems:
        problems += further_problems(raw, problems, origins, of_table=True)
        facts = facts_in(raw, sums=not group.problems or "gross_amount" in group.values)
        identity = None if number is None else group.identity
        return BadRecord(place=place, problems=problems, number=number, identity=identity, facts=facts)
    if attachments:
        raw["invoice"]["attachments"] = attachments
    request, decided = normalised(apply_number(request_from(raw), numbering), of_table=True)
    return ReadInvoice(
        place=place,
        request=request,
        attached=tuple(attached),
        remarks=(*numbering.remarks, *group.remarks, *decided),
        original_number=numbering.original,
        origins=origins,
    )


def _contradicting_sign(group: LineGroup, layout: TableLayout) -> list[Problem]:
    """Return the problem of an invoice in another currency than the sign beside its amounts."""
    currency, line = group.values.get("currency", (_EURO, group.line))
    if layout.conventions.currency_sign != _EURO_SIGN or currency == _EURO:
        return []
    message = f"is not {_EURO}, though amounts of the file have the sign {_EURO_SIGN}; correct one of the two"
    return [Problem(layout.path(line, "currency"), "table.currency", message)]


@frozen
class _Origins:
    """Finds the places of a request's values in its table."""

    group: LineGroup
    layout: TableLayout

    def find(self, path: str, /) -> str | None:
        """Return the line and the column of the value at a JSON path; None if no column has it."""
        of_row = _ROW.fullmatch(path)
        if of_row is not None:
            line = self.group.lines[int(of_row[1])]
            name = self._column(of_row[2], of_row=True)
            return self.layout.path(line, name) if name else f"{self.layout.unit} {line}"
        name = self._column(_LIST.sub("", path.removeprefix("$.")), of_row=False)
        if name is None:
            return None
        _, line = self.group.values.get(name, (None, self.group.line))
        return self.layout.path(line, name)

    name = find

    def _column(self, place: str, *, of_row: bool) -> str | None:
        return next(
            (
                column.name
                for column in self.layout.columns
                if column is not None and column.of_row is of_row and column.place == place
            ),
            None,
        )


def _attachments(
    group: LineGroup, beside: Path, options: ReadOptions, layout: TableLayout
) -> tuple[list[dict[str, str]], list[Attached]]:
    """Return the attachments in wire form, without contents, and the documents that belong into them."""
    folder = options.folder or beside
    within = None if options.attach_anywhere else folder
    raw: list[dict[str, str]] = []
    attached: list[Attached] = []
    for position, ((name, text), line) in enumerate(group.attachments.items()):
        where = layout.path(line, name)
        if COLUMNS[name].kind is ValueKind.LINK:
            raw.append({"url": text})
        elif _URL.match(text):
            raw.append({"url": text})
            attached.append(AttachedUrl(position, text, where, options.attach_private))
        else:
            file = AttachedFile(position, folder / text, where, within)
            raw.append({"fileName": file.path.name, "mimeType": PDF})
            attached.append(file)
    return raw, attached


def _fill_due_date(group: LineGroup, layout: TableLayout) -> None:
    """Put in the due date, counted from the days to pay, if the table gives those instead."""
    values = group.values
    if group.problems or "date" not in values or "net_days" not in values:
        return
    days: int = values["net_days"][0]
    try:
        due = datetime.date.fromisoformat(values["date"][0]) + datetime.timedelta(days=days)
    except OverflowError:
        message = "leads to no due date that the calendar could hold; correct it"
        group.problems.append(Problem(layout.path(group.line, "net_days"), "table.date", message))
        return
    values["due_date"] = (due.isoformat(), group.line)
    group.remarks.append(f"no due date is given; {days} days after the date are taken, as net_days says")


def _raw(group: LineGroup, layout: TableLayout) -> dict[str, Any]:
    raw: dict[str, Any] = {"invoice": {"header": {}}}
    for name, (value, _line) in group.values.items():
        put(raw, COLUMNS[name].place, value)
    same = {COLUMNS[name].place: value for name, value in layout.constants.items() if COLUMNS[name].of_row}
    rows: list[dict[str, Any]] = [{**same, **row} for row in group.rows] if same else group.rows
    for name, part in SUMMED.items():
        place = COLUMNS[part].place
        if name not in group.values and rows and all(place in row for row in rows):
            put(raw, COLUMNS[name].place, total(row[place] for row in rows))
    if rows:
        raw["invoice"]["rows"] = [_nested(row) for row in rows] if _has_objects(layout) else rows
    return raw


def _has_objects(layout: TableLayout) -> bool:
    """Say whether a row has values in nested objects, such as its accounting."""
    names = [*layout.constants, *(column.name for column in layout.columns if column is not None)]
    return any(COLUMNS[name].of_row and "." in COLUMNS[name].place for name in names)


def _nested(row: dict[str, Any]) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    for place, value in row.items():
        put(raw, place, value)
    return raw
