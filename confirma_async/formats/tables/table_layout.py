"""Tables of any file format, as named columns and lines of cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from attrs import Factory, evolve, field, frozen

from confirma_async.errors import Problem
from confirma_async.formats.models import ReadOptions
from confirma_async.formats.tables.cells import (
    Cell,
    CellError,
    DecimalSeparator,
    TextConventions,
    ValueProblem,
    reader_of,
)
from confirma_async.formats.tables.columns import Column
from confirma_async.formats.tables.places import cell_name


class TableLine(NamedTuple):
    """A line of a table; a tuple, since there are so many.

    Attributes:
        number: Its number in the file, from 1.
        values: Its cells, in the order of the columns, without space around text.
        is_whole: Whether no cell is a ``CellError``.
        remark: A remark on the line, such as that it is hidden; None for none.
    """

    number: int
    values: Sequence[Cell]
    is_whole: bool = True
    remark: str | None = None


@frozen
class BadLine:
    """A line that cannot be read as a line of this table.

    Attributes:
        number: Its number in the file, from 1.
        rule: The rule that it breaks.
        message: What is wrong and what to do.
        start: Its first values, as far as they are certain.
    """

    number: int
    rule: str
    message: str
    start: Sequence[str]


@frozen
class ColumnReader:
    """Reads one column.

    Attributes:
        index: Its index in a line.
        column: The column that it is.
        read: Reads a cell; raises ``ValueProblem``.
    """

    index: int
    column: Column
    read: Callable[[Cell], Any]


def _readers_of(layout: TableLayout) -> tuple[ColumnReader, ...]:
    return tuple(
        ColumnReader(index, column, reader_of(column, layout.conventions))
        for index, column in enumerate(layout.columns)
        if column is not None
    )


def _indices_by_name(layout: TableLayout) -> dict[str, int]:
    """Return the index of each column; of several with one name, that of the first."""
    named = [(column.name, index) for index, column in enumerate(layout.columns) if column is not None]
    return dict(reversed(named))


@frozen(kw_only=True)
class TableLayout:
    """The columns of a table, and how its values are written.

    Attributes:
        columns: The column that each title is, in order; None for one that is passed over.
        titles: The names of the columns in the file and in messages, in order.
        unit: The word for a line in messages: ``line``, or ``row`` in a spreadsheet.
        conventions: How values are written that are text.
        constants: Values that are not in the file, the same for every invoice.
        remarks: Decisions about the file as a whole; one sentence each.
        sheet: The name of the sheet, in a workbook of several; empty in one of a single sheet, None if the
            format has no cells with names.
        readers: The reader of each column that is not passed over; made once for all lines.
    """

    columns: Sequence[Column | None]
    titles: Sequence[str]
    unit: str
    conventions: TextConventions
    constants: Mapping[str, object] = field(factory=dict[str, object])
    remarks: Sequence[str] = ()
    sheet: str | None = None
    readers: tuple[ColumnReader, ...] = field(
        init=False, repr=False, eq=False, default=Factory(_readers_of, takes_self=True)
    )
    _index_of: Mapping[str, int] = field(
        init=False, repr=False, eq=False, default=Factory(_indices_by_name, takes_self=True)
    )

    def path(self, line: int, name: str) -> str:
        """Return the place of a value for messages: its line or cell, and the title of its column."""
        index = self._index_of.get(name)
        if index is None:
            return f"{self.unit} {line}, column {name}"
        where = f"{self.unit} {line}"
        if self.sheet is not None:
            where = f"cell {cell_name(self.sheet, index, line)}"
        return f"{where}, column {self.titles[index]}"

    def problem(self, line: int, name: str, fault: ValueProblem | CellError) -> Problem:
        """Return a problem with the place of its value."""
        return Problem(self.path(line, name), fault.rule, fault.message)


@frozen
class Table:
    """A table that can be read once."""

    layout: TableLayout
    lines: Iterator[TableLine | BadLine]


def conventions_of(
    options: ReadOptions, decimal_separator: DecimalSeparator | None = None
) -> TextConventions:
    """Return how the text cells of a table are written, with what the mapping says of that.

    Args:
        options: How the table is read; what they say of decimals holds where the file shows nothing of them.
        decimal_separator: What the file itself shows.
    """
    conventions = TextConventions(decimal_separator=decimal_separator or options.decimal_separator)
    mapping = options.mapping
    if mapping is None:
        return conventions
    return evolve(
        conventions, dates=mapping.date_formats, words=mapping.words, currency_sign=mapping.currency_sign
    )


def constants_of(options: ReadOptions) -> Mapping[str, object]:
    """Return what the mapping of a table says to be the same in all its lines."""
    return {} if options.mapping is None else options.mapping.values
