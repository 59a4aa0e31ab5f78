"""Reads Parquet files, and Arrow IPC files or streams, as tables, batch by batch.

Amounts must be decimals in them. A binary fraction is refused: it does not say which decimal was meant.
"""

from __future__ import annotations

import datetime
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from confirma_async.formats.file_format import FileFormat
from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.tables.cells import Cell, CellError
from confirma_async.formats.tables.columns import KEY, Column
from confirma_async.formats.tables.header import matched
from confirma_async.formats.tables.table_layout import (
    Table,
    TableLayout,
    TableLine,
    constants_of,
    conventions_of,
)

arrow: Any = importlib.import_module("pyarrow")  # it ships no types
types: Any = importlib.import_module("pyarrow.types")

_BATCH = 1024
"""Rows that are turned into cells at a time."""
_BUFFER = 1024 * 1024
"""Bytes of each column of a Parquet file that are read at a time."""

_IS_READ: Sequence[Callable[[Any], bool]] = (
    types.is_string,
    types.is_large_string,
    types.is_string_view,
    types.is_decimal,
    types.is_integer,
    types.is_boolean,
    types.is_date,
    types.is_timestamp,
    types.is_null,
)

_UNREADABLE = CellError(
    "arrow.value", "holds a value that cannot be read: no UTF-8, or no day of the calendar"
)

_Batches: TypeAlias = Iterator[Any]
_Opened: TypeAlias = tuple[list[str], list[Any], _Batches]
"""The names and types of the columns, and their batches of values."""
Made = TypeVar("Made")


def arrow_table(
    path: Path, file_format: FileFormat, options: ReadOptions, *, keys_only: bool = False
) -> Table:
    """Open a Parquet file, or an Arrow IPC file or stream, as a table.

    Args:
        path: The path of the file.
        file_format: Whether it is Parquet or Arrow.
        options: How it is read.
        keys_only: Whether only the columns are read that tell one invoice from the next.

    Raises:
        InputError: it is damaged, its columns have no known names, or one has a type that is not read.
    """
    with ExitStack() as stack:
        titles, kinds, batches = _careful(path, lambda: _OPENERS[file_format](path, stack))
        columns = matched(path, titles, options, names_nothing="the columns do not name columns")
        for title, column, kind in zip(titles, columns, kinds, strict=True):
            complaint = None if column is None else _complaint(kind)
            if complaint is not None:
                raise InputError(f"{path}: column {title} {complaint}")
        layout = TableLayout(
            columns=columns,
            titles=titles,
            unit="row",
            conventions=conventions_of(options),
            constants=constants_of(options),
        )
        wanted = [column if column and (not keys_only or column.name in KEY) else None for column in columns]
        return Table(layout, _lines(path, stack.pop_all(), batches, wanted))


def arrow_sample(path: Path, file_format: FileFormat, most: int) -> tuple[list[str], list[Sequence[Cell]]]:
    """Return the names of the columns, and the first rows; columns of an unsupported type are empty.

    Raises:
        InputError: the file is damaged, or of another kind.
    """
    with ExitStack() as stack:
        titles, kinds, batches = _careful(path, lambda: _OPENERS[file_format](path, stack))
        batch = _careful(path, lambda: next(batches, None))
        if batch is None:
            return titles, []
        part = batch.slice(0, most)
        columns = [
            _cells(part.column(index)) if _complaint(kind) is None else [""] * part.num_rows
            for index, kind in enumerate(kinds)
        ]
        return titles, list(zip(*columns, strict=True))


def _open_parquet(path: Path, stack: ExitStack) -> _Opened:
    parquet: Any = importlib.import_module("pyarrow.parquet")
    file = stack.enter_context(parquet.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER))
    return *_fields(file.schema_arrow), file.iter_batches(batch_size=_BATCH)


def _open_arrow(path: Path, stack: ExitStack) -> _Opened:
    with path.open("rb") as file:
        is_stream = file.read(6) != b"ARROW1"
    source = stack.enter_context(arrow.OSFile(str(path)))
    if is_stream:
        stream = stack.enter_context(arrow.ipc.open_stream(source))
        return *_fields(stream.schema), iter(stream)
    reader = stack.enter_context(arrow.ipc.open_file(source))
    batches = (reader.get_batch(index) for index in range(reader.num_record_batches))
    return *_fields(reader.schema), batches


def _fields(schema: Any) -> tuple[list[str], list[Any]]:
    return list(schema.names), list(schema.types)


_OPENERS = {FileFormat.PARQUET: _open_parquet, FileFormat.ARROW: _open_arrow}


def _careful(path: Path, step: Callable[[], Made]) -> Made:
    """Make an ``InputError`` of whatever pyarrow raises for a damaged file."""
    try:
        return step()
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001 (a part of the file is not what it should be)
        raise InputError(
            f"{path}: is damaged, or no Parquet or Arrow file ({type(error).__name__}); write it again"
        ) from None


def _complaint(kind: Any) -> str | None:
    """Return why columns of a type are not read; None if they are."""
    if types.is_dictionary(kind):
        kind = kind.value_type
    if types.is_floating(kind):
        return (
            f"holds binary fractions ({kind}), which are no exact numbers; write it as a decimal, such as "
            "decimal128(18, 2)"
        )
    if types.is_timestamp(kind) and kind.tz is not None:
        return f"holds points in time ({kind}), whose day depends on the place; write it as a date"
    if not any(is_read(kind) for is_read in _IS_READ):
        return f"is of type {kind}, which is not read; write it as text, decimal, integer or date"
    return None


def _lines(
    path: Path, stack: ExitStack, batches: _Batches, columns: Sequence[Column | None]
) -> Iterator[TableLine]:
    number = 0
    empty = ("",) * len(columns)
    with stack:
        while (batch := _careful(path, lambda: _whole(next(batches, None)))) is not None:
            for start in range(0, batch.num_rows, _BATCH):
                part = batch.slice(start, _BATCH)
                cells = [
                    [""] * part.num_rows if column is None else _cells(part.column(index))
                    for index, column in enumerate(columns)
                ]
                is_whole = not any(_UNREADABLE in column for column in cells)
                for row in zip(*cells, strict=True):
                    number += 1
                    if row != empty:
                        yield TableLine(number, row, is_whole or _UNREADABLE not in row)


def _whole(batch: Any) -> Any:
    """Check that no cell points beyond the values of its column, which pyarrow does not check.

    Raises:
        ArrowException: a cell does.
    """
    for column in () if batch is None else batch.columns:
        if types.is_dictionary(column.type):
            column.validate(full=True)
    return batch


def _cells(column: Any) -> list[Cell]:
    if types.is_timestamp(column.type):
        column = column.cast(arrow.timestamp("us"), safe=False)
    try:
        few = _distinct(column)
        if few is None:
            return [_cell(value) for value in _values(column)]
        cells: list[Cell] = [*map(_cell, _values(few.dictionary)), ""]  # the last stands for no value
        return [cells[-1 if place is None else place] for place in few.indices.to_pylist()]
    except (ValueError, ArithmeticError, arrow.ArrowException):  # one value of many: find out which
        return [_careful_cell(value) for value in column]


def _distinct(column: Any) -> Any | None:
    """Return a column as its distinct values and the index of each cell's; None if they are too many."""
    try:
        encoded = column.dictionary_encode()
    except arrow.ArrowException:  # of a type that has no such form
        return None
    return encoded if 2 * len(encoded.dictionary) <= len(column) else None


def _values(column: Any) -> list[Any]:
    """Return the values of a column; decimals are made from their text, which takes a third of the time."""
    if not types.is_decimal(column.type):
        found: list[Any] = column.to_pylist()
        return found
    texts: list[str | None] = column.cast(arrow.string()).to_pylist()
    return [None if text is None else Decimal(text) for text in texts]


def _careful_cell(value: Any) -> Cell:
    try:
        return _cell(value.as_py())
    except (ValueError, ArithmeticError, arrow.ArrowException):
        return _UNREADABLE


def _cell(value: object) -> Cell:
    convert = _CELLS.get(type(value))
    return _UNREADABLE if convert is None else convert(value)


def _day(value: datetime.datetime) -> Cell:
    return value.date() if value.time() == datetime.time() else value


def _itself(value: Any) -> Cell:
    cell: Cell = value
    return cell


_CELLS: Mapping[type, Callable[[Any], Cell]] = {
    type(None): lambda _: "",
    str: str.strip,
    bool: _itself,
    Decimal: _itself,
    int: Decimal,
    datetime.date: _itself,
    datetime.datetime: _day,
}
"""Functions that make a cell of a value, by the class of the value."""
