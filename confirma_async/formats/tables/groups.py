"""Groups the lines of a table by invoice: consecutive lines with the same key.

A line that cannot be read makes its whole invoice a bad record: a partial invoice is worse than none. If the
line does not show which invoice it belongs to, the invoices before and after it are both bad.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from confirma_async.errors import Problem
from confirma_async.formats.models import Identity, InputError
from confirma_async.formats.tables.cells import Cell, CellError, ValueProblem, is_numeral
from confirma_async.formats.tables.columns import KEY
from confirma_async.formats.tables.table_layout import BadLine, ColumnReader, Table, TableLayout, TableLine
from confirma_async.schemas import InvoiceType

MOST_PROBLEMS = 1000
"""Problems of one invoice that are reported, at most."""
MOST_INHERITED = 100
"""Problems of unreadable lines above an invoice that are reported with it, at most."""
MOST_DOUBTFUL = 10_000
"""Unreadable lines in a row after which the file is refused as no table."""

_TOTALS = re.compile(
    r"(?:(?:laskut|lasku|rivit|kaikki|koko|fakturor|grand|invoices|sivun?|sidan?|page)\s+(?:\d+\s+)?)?"
    r"(?:yhteensä|yht|summa|loppusumma|välisumma|kokonaissumma|totals?|subtotal|sum|totalt|summa totalt|"
    r"delsumma|i alt)\b.*",
    re.IGNORECASE | re.DOTALL,
)
"""Words beside the sums in a line of totals, of a table or of a part of it."""


_NOTE = re.compile(r"[^\W\d_]{3,}.*\s")
"""Words, which no invoice number has."""
_FEWEST_OF_A_TABLE = 4
"""Columns that a table must have for a line with a single sentence to be a note."""


@define
class LineGroup:
    """The lines of one invoice, gathered so far.

    Attributes:
        line: The first line.
        last: The last line.
        key: The values of the key columns; an empty text matches any.
        sure: Whether the key was read from a whole line; if not, only the number decides which lines belong
            here.
        values: The values of the invoice's own columns, each with its line.
        attachments: The attachments by column and text, each with the line that named it first.
        rows: The values of each row, by their places in it.
        lines: The line of each row.
        problems: Why it cannot become an invoice. From the first problem on, no further rows are kept.
        remarks: Remarks on its lines.
    """

    line: int
    key: dict[str, str]
    last: int = 0
    sure: bool = True
    values: dict[str, tuple[Any, int]] = field(factory=dict[str, tuple[Any, int]])
    attachments: dict[tuple[str, str], int] = field(factory=dict[tuple[str, str], int])
    rows: list[dict[str, Any]] = field(factory=list[dict[str, Any]])
    lines: list[int] = field(factory=list[int])
    problems: list[Problem] = field(factory=list[Problem])
    remarks: list[str] = field(factory=list[str])
    _own: Sequence[Cell] = ()

    def takes(self, key: Mapping[str, str]) -> bool:
        """Say whether a line with this key belongs to it."""
        if key["number"] != self.key["number"]:
            return False
        if not self.sure:
            return True
        mine = self.key | {"type": self.key["type"] or InvoiceType.INVOICE.value}
        return all(not key[name] or not mine[name] or key[name] == mine[name] for name in KEY)

    def learn(self, key: Mapping[str, str], sure: bool) -> None:
        """Take those parts of the key from a line that the lines before left empty."""
        for name, value in key.items():
            self.key[name] = self.key[name] or value
        self.sure = self.sure or sure

    def spoil(self, *problems: Problem) -> None:
        """Add a reason why it cannot become an invoice; the first ``MOST_PROBLEMS`` are kept."""
        self.problems += problems[: max(0, MOST_PROBLEMS - len(self.problems))]

    def join(self, line: TableLine, plan: _KeyPlan) -> None:
        """Add a whole line: its values for the invoice, and its row."""
        if line.remark is not None:
            self.remarks.append(line.remark)
        own = plan.own_of(line.values)
        if own != self._own:  # most lines repeat what the one before says of the invoice
            self._own = own
            self._read_own(line, plan)
        row: dict[str, Any] = {}
        values = line.values
        for index, place, read, name in plan.cells:
            cell = values[index]
            if cell != "":
                try:
                    row[place] = read(cell)
                except ValueProblem as fault:
                    self.spoil(plan.layout.problem(line.number, name, fault))
        if row and not self.problems:
            self.rows.append(row)
            self.lines.append(line.number)

    def _read_own(self, line: TableLine, plan: _KeyPlan) -> None:
        for reader in plan.own:
            cell = line.values[reader.index]
            if cell == "":
                continue
            name = reader.column.name
            try:
                value = reader.read(cell)
            except ValueProblem as fault:
                self.spoil(plan.layout.problem(line.number, name, fault))
                continue
            if reader.column.kind.is_attached:
                self.attachments.setdefault((name, value), line.number)
            else:
                self._agree(name, value, line.number, plan.layout)

    def _agree(self, name: str, value: Any, line: int, layout: TableLayout) -> None:
        before = self.values.setdefault(name, (value, line))
        if before[0] != value:
            message = (
                f"differs from {layout.unit} {before[1]}, though both are of one invoice; write the same "
                f"value on every {layout.unit} of the invoice, or leave it empty after the first"
            )
            self.spoil(Problem(layout.path(line, name), "table.agree", message))

    @property
    def identity(self) -> Identity:
        """Who says which number."""
        return Identity(
            self.key["seller_business_id"] or self.key["seller_vat_code"],
            InvoiceType(self.key["type"] or InvoiceType.INVOICE.value),
            self.key["number"],
        )


def _cells_at(readers: Sequence[ColumnReader]) -> Callable[[Sequence[Cell]], Sequence[Cell]]:
    indices = [reader.index for reader in readers]
    return itemgetter(*indices) if len(indices) > 1 else lambda values: [values[index] for index in indices]


@frozen
class _KeyPlan:
    """The columns of a table, computed once for all lines: each by its index, its place and its name."""

    layout: TableLayout
    own: tuple[ColumnReader, ...]
    cells: tuple[tuple[int, str, Callable[[Cell], Any], str], ...]
    key: tuple[ColumnReader, ...]
    own_of: Callable[[Sequence[Cell]], Sequence[Cell]]
    key_of: Callable[[Sequence[Cell]], Sequence[Cell]]
    constants: Mapping[str, str]
    titles: Sequence[str]
    number: int | None

    def has_key(self, line: TableLine | BadLine, key: Sequence[Cell]) -> bool:
        """Say whether a line is whole, and has these values in its key columns."""
        return isinstance(line, TableLine) and line.is_whole and self.key_of(line.values) == key


def _plan(layout: TableLayout) -> _KeyPlan:
    own = tuple(reader for reader in layout.readers if not reader.column.of_row)
    key = tuple(reader for reader in layout.readers if reader.column.name in KEY)
    return _KeyPlan(
        layout,
        own,
        tuple(
            (reader.index, reader.column.place, reader.read, reader.column.name)
            for reader in layout.readers
            if reader.column.of_row
        ),
        key,
        _cells_at(own),
        _cells_at(key),
        {name: str(layout.constants.get(name, "")) for name in KEY},
        [*layout.titles],
        next((reader.index for reader in key if reader.column.name == "number"), None),
    )


class _Doubts:
    """Problems of the unreadable lines above, by invoice number. They may belong to the next invoice.

    Args:
        path: The path of the file.
        unit: The word for a line in messages: ``line`` or ``row``.
    """

    def __init__(self, path: Path, unit: str) -> None:
        self._path = path
        self._unit = unit
        self._problems: dict[str, list[Problem]] = {}
        self._lines = 0

    def note(self, line: int, number: str, problems: Sequence[Problem]) -> None:
        """Add the problems of a line; a whole line ends all doubts.

        Raises:
            InputError: the last ``MOST_DOUBTFUL`` lines were all unreadable.
        """
        if not problems:
            if self._lines:
                self._problems.clear()
                self._lines = 0
            return
        self._lines += 1
        if self._lines > MOST_DOUBTFUL:
            raise InputError(
                f"{self._path}: none of the {MOST_DOUBTFUL} {self._unit}s above {self._unit} {line} can be "
                f"read, and nothing from there on is; {self._unit} {line} {problems[0].message}"
            )
        kept = self._problems.setdefault(number, [])
        kept += problems[: MOST_INHERITED - len(kept)]

    def about(self, number: str) -> list[Problem]:
        """Return the problems that may be of an invoice with this number."""
        whose = ("", number) if number else ("",)
        return [problem for each in whose for problem in self._problems.get(each, ())]


def groups(path: Path, table: Table, *, keys_only: bool = False) -> Iterator[LineGroup]:
    """Yield the lines of a table by invoice; hold one invoice at a time.

    Args:
        path: The path of the file.
        table: The lines of the table, and its layout.
        keys_only: Whether only the keys of the invoices are read.
    """
    layout = table.layout
    plan = _plan(layout)
    group: LineGroup | None = None
    doubts = _Doubts(path, layout.unit)
    before: Sequence[Cell] | None = None  # the key of a whole line of the group, as written
    pending: list[str] = []
    for line in table.lines:
        if group is None or before is None or not plan.has_key(line, before):
            passed_over = _passed_over(line, plan)
            if passed_over is not None:
                (pending if group is None else group.remarks).append(passed_over)
                continue
            key, problems = _key(line, plan)
            number, sure = key["number"], not problems
            if group is None or (number and not group.takes(key)):
                if group is not None:
                    yield group
                group = LineGroup(line.number, key, sure=sure, problems=doubts.about(number), remarks=pending)
                pending = []
            doubts.note(line.number, number, problems)
            if number:
                group.learn(key, sure)
            group.spoil(*problems)
            before = plan.key_of(line.values) if isinstance(line, TableLine) and not problems else None
        group.last = line.number
        if isinstance(line, TableLine) and before is not None and not keys_only:
            group.join(line, plan)
    if group is not None:
        yield group


def _key(line: TableLine | BadLine, plan: _KeyPlan) -> tuple[dict[str, str], list[Problem]]:
    """Return the key of a line, and the problems that leave the key in doubt."""
    key = dict(plan.constants)
    problems = faults(line, plan.layout)
    values: Sequence[Cell] = line.start if isinstance(line, BadLine) else line.values
    for reader in plan.key:
        cell = values[reader.index] if reader.index < len(values) else ""
        if cell == "" or isinstance(cell, CellError):
            continue
        try:
            key[reader.column.name] = reader.read(cell.strip() if isinstance(cell, str) else cell)
        except ValueProblem as fault:
            problems.append(plan.layout.problem(line.number, reader.column.name, fault))
    if not key["number"] and not problems:
        problems.append(required(plan.layout, line.number, "number"))
    return key, problems


def faults(line: TableLine | BadLine, layout: TableLayout) -> list[Problem]:
    """Return the problems that make a line unreadable."""
    if isinstance(line, BadLine):
        return [Problem(f"{layout.unit} {line.number}", line.rule, line.message)]
    if line.is_whole:
        return []
    return [
        layout.problem(line.number, reader.column.name, cell)
        for reader in layout.readers
        if isinstance(cell := line.values[reader.index], CellError)
    ]


def required(layout: TableLayout, line: int, name: str) -> Problem:
    """Return the problem of a line whose invoice lacks a required value."""
    message = "is empty, but every invoice needs it; fill it in"
    return Problem(layout.path(line, name), "table.required", message)


def _passed_over(line: TableLine | BadLine, plan: _KeyPlan) -> str | None:
    """Return a remark on a line that is passed over: totals, a note, or a repeated header; else None."""
    layout = plan.layout
    if isinstance(line, BadLine):
        return None
    if any(line.values) and [*line.values] == plan.titles:
        return f"{layout.unit} {line.number} names the columns once more, and was passed over"
    word = total_word(line.values)
    if word is not None and (plan.number is None or line.values[plan.number] in {"", word}):
        return f"{layout.unit} {line.number} holds totals ({word}), and was passed over"
    if note_in(line.values, plan.number) is not None:
        return f"{layout.unit} {line.number} holds nothing but a note, and was passed over"
    return None


def note_in(cells: Sequence[Cell], number: int | None) -> str | None:
    """Return the text of a line that is a note: words alone, in the number column; None for any other."""
    if number is None or number >= len(cells):
        return None
    note = cells[number]
    if not isinstance(note, str) or not _NOTE.search(note) or len(cells) < _FEWEST_OF_A_TABLE:
        return None
    return note if sum(cell != "" for cell in cells) == 1 else None


def total_word(cells: Sequence[Cell]) -> str | None:
    """Return the word for totals in a line that otherwise holds only sums; None for any other line."""
    texts = [cell for cell in cells if isinstance(cell, str) and cell]
    words = [text for text in texts if _TOTALS.fullmatch(text)]
    alone = len(words) == 1 and all(text in words or is_numeral(text) for text in texts)
    return words[0] if alone else None
