"""Reads invoice actions from tables and JSON: one action to a line, each with a key that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from os import PathLike, fspath
from pathlib import Path
from typing import Any, ClassVar, cast

from attrs import evolve, frozen

from confirma_async.converters import Converter
from confirma_async.errors import Problem, ResponseDecodeError
from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.json.keys import twice_in_one_object
from confirma_async.formats.json.records import JsonRecord, records
from confirma_async.formats.models import BadRecord, InputError, Place, ReadOptions
from confirma_async.formats.payload import plain_converter, put
from confirma_async.formats.reader import format_of, open_table
from confirma_async.formats.tables.cells import ValueProblem
from confirma_async.formats.tables.columns import Column, ColumnSet, ValueKind
from confirma_async.formats.tables.groups import faults
from confirma_async.formats.tables.mapping import ColumnMapping
from confirma_async.formats.tables.table_layout import BadLine, TableLayout, TableLine
from confirma_async.schemas import Action, ActionCode, ActionData
from confirma_async.schemas.values import Amount, InvoiceNumber

KEY = "key"
"""The column, or the member of a JSON object, with the key of an action."""

_KINDS: Mapping[Any, ValueKind] = {
    str: ValueKind.TEXT,
    int: ValueKind.WHOLE,
    InvoiceNumber: ValueKind.WHOLE,
    date: ValueKind.DATE,
    Amount: ValueKind.AMOUNT,
}


def _columns() -> Iterator[Column]:
    yield Column(KEY, KEY, ValueKind.IDENTIFIER)
    yield Column("code", "code", ValueKind.TEXT)
    yield Column("comment", "comment", ValueKind.TEXT)
    for item in plain_converter().fields_of(ActionData):
        kind = ValueKind.IDENTIFIER if item.attribute == "reference" else _KINDS[item.kind]
        yield Column(item.attribute, f"data.{item.wire}", kind)


ACTION_COLUMNS = ColumnSet({column.name: column for column in _columns()}, (KEY, "code"))
"""The columns of a table of actions: those of an action, and its key."""

_WORD_GAP = re.compile(r"[\s_-]+")

_NO_KEY = (
    "is missing; give every action a name of its own, such as payment-4711, for two of the same contents may "
    "both be meant"
)


@frozen(kw_only=True)
class ActionMapping(ColumnMapping):
    """Says which column of a table of actions is which, where the columns have names of their own."""

    known: ClassVar[ColumnSet] = ACTION_COLUMNS


@frozen(kw_only=True)
class ReadAction:
    """An action read from a file.

    Attributes:
        place: The place of its record.
        key: The caller's own name for it.
        action: The action to request.
    """

    place: Place
    key: str
    action: Action


def read_actions(
    path: str | PathLike[str], options: ReadOptions | None = None, converter: Converter | None = None
) -> Iterator[ReadAction | BadRecord]:
    """Read the actions of a file, one at a time: a table (CSV, Excel, Parquet, Arrow), JSON Lines or JSON.

    In JSON, an action is an object in wire form (contract §5) with a ``key`` beside its ``code``. What is
    wrong with one record is a ``BadRecord``; the others go on.

    Args:
        path: The path of the file.
        options: How it is read.
        converter: What reads JSON; a plain one, with the built-in wire names, by default.

    Raises:
        InputError: the file as a whole cannot be read, or holds no action.
    """
    file = Path(fspath(path))
    options = evolve(options or ReadOptions(), columns=ACTION_COLUMNS)
    file_format = format_of(file, options, FileFormat.CSV)
    if file_format is FileFormat.XML:
        raise InputError(f"{file}: is XML; actions are read from tables and JSON")
    table = open_table(file, file_format, options)
    empty = True
    if table is not None:
        for line in table.lines:
            yield _of_line(file, line, table.layout)
            empty = False
    else:
        lines_only = file_format is FileFormat.JSON_LINES
        chosen = converter or plain_converter()
        for record in records(file, chosen, lines_only=lines_only, find_twice=True):
            yield _of_record(file, record, chosen)
            empty = False
    if empty:
        raise InputError(f"{file}: holds no action; write at least one into it")


def _of_line(path: Path, line: TableLine | BadLine, layout: TableLayout) -> ReadAction | BadRecord:
    place = Place(str(path), line.number)
    if isinstance(line, BadLine):
        return BadRecord(place=place, problems=faults(line, layout))
    tree, key, problems = dict[str, Any](data={}), "", list[Problem]()
    given = dict(layout.constants)
    for reader in layout.readers:
        cell = line.values[reader.index]
        if cell != "":
            try:
                given[reader.column.name] = reader.read(cell)
            except ValueProblem as fault:
                problems.append(layout.problem(line.number, reader.column.name, fault))
    for name, value in given.items():
        put(tree, ACTION_COLUMNS.by_name[name].place, value)
    key = str(tree.pop(KEY, ""))
    if not problems and not key:
        problems.append(Problem(layout.path(line.number, KEY), "action.key", _NO_KEY))
    code = _WORD_GAP.sub("", str(tree.get("code", "")).upper())  # due date and DUE-DATE are DUEDATE
    if not problems and code not in ActionCode.__members__:
        message = f"is none of the codes of actions: {', '.join(ActionCode.__members__)}"
        problems.append(Problem(layout.path(line.number, "code"), "action.code", message))
    tree["code"] = code
    return _action(place, key, tree, plain_converter(), problems)


def _of_record(path: Path, record: JsonRecord, converter: Converter) -> ReadAction | BadRecord:
    place = Place(str(path), record.line)
    if record.problem is not None:
        return BadRecord(place=place, problems=[record.problem])
    problems = [twice_in_one_object(place_in_it) for place_in_it in record.twice]
    value: object = record.value
    if not isinstance(value, Mapping):
        problems.append(Problem(record.root, "json.syntax", "is no object; write each action as one"))
        return BadRecord(place=place, problems=problems)
    tree = dict(cast("Mapping[str, Any]", value))
    key = tree.pop(KEY, None)
    if not isinstance(key, str) or not key:
        problems.append(Problem(f"{record.root}.{KEY}", "action.key", _NO_KEY))
        key = None
    return _action(place, key, tree, converter, problems, root=record.root)


def _action(
    place: Place,
    key: str | None,
    tree: dict[str, Any],
    converter: Converter,
    problems: list[Problem],
    *,
    root: str = "$",
) -> ReadAction | BadRecord:
    if not problems and key:
        try:
            return ReadAction(place=place, key=key, action=converter.structure(tree, Action))
        except ResponseDecodeError as error:
            problems = [evolve(problem, path=root + problem.path[1:]) for problem in error.problems]
    return BadRecord(place=place, problems=problems, number=key or None)
