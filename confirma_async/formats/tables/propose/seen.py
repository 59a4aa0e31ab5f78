"""Finds the titles of a table without a mapping, and the values below them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from attrs import Factory, field, frozen

from confirma_async.formats.models import InputError
from confirma_async.formats.tables.cells import Cell, DecimalSeparator, Percent, bare, readings
from confirma_async.formats.tables.columns import COLUMNS
from confirma_async.formats.tables.groups import note_in, total_word
from confirma_async.formats.tables.mapping import distinct, joined
from confirma_async.formats.tables.propose.sample import Sample
from confirma_async.formats.tables.propose.synonyms import DOUBTFUL, SYNONYMS, plain
from confirma_async.formats.values.decimals import cents, places

_HEADER_WITHIN = 30
_NO_NAMES = (
    "no line names columns in a way that is known. Is it a list of invoices, with one line for each invoice "
    "or row of one (a pivot table or a summary is none)? Write the names of the columns above them, or write "
    "a mapping by hand"
)
_HUNDREDTHS = 2


def _values_of(seen: SeenTable) -> dict[str, list[Cell]]:
    return {
        title: [row[index] for row in seen.rows if index < len(row) and row[index] != ""]
        for index, title in enumerate(seen.titles)
    }


@frozen
class SeenTable:
    """The titles and the first values of a table without a mapping.

    Attributes:
        header: The line that names the columns, the last one of several; 0 where the format names them.
        header_lines: The number of lines that name the columns.
        is_first: Whether there is nothing above the names.
        titles: The distinct names of the columns.
        rows: The lines below.
        sheet: The sheet of a workbook that has several.
        other_sheets: The others.
        values: The cells that are not empty, by title.
    """

    header: int
    header_lines: int
    is_first: bool
    titles: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    sheet: str | None = None
    other_sheets: Sequence[str] = ()
    values: Mapping[str, Sequence[Cell]] = field(
        init=False, repr=False, default=Factory(_values_of, takes_self=True)
    )

    def numbers(self, title: str) -> list[Decimal | None]:
        """Return the numbers of a column, line by line; None where there is none."""
        return [_number(cell) for cell in self.cells(title)]

    def cells(self, title: str) -> list[Cell]:
        """Return the cells of a column, line by line; an empty text where there is none."""
        index = self.titles.index(title)
        return [row[index] if index < len(row) else "" for row in self.rows]

    def is_numeric(self, title: str) -> bool:
        """Say whether a column holds numbers, and nothing else."""
        return bool(self.values[title]) and all(_number(cell) is not None for cell in self.values[title])

    def is_money(self, title: str) -> bool:
        """Say whether a column holds amounts: numbers of two decimals, or with the sign of a currency."""
        if not self.is_numeric(title):
            return False
        return any(
            bare(cell) != cell.removesuffix("%").strip() or cell[-3:-2] in {",", "."}
            if isinstance(cell, str)
            else isinstance(cell, Decimal) and cents(cell) is not None and 0 < places(cell) <= _HUNDREDTHS
            for cell in self.values[title]
        )

    def invoices(self, number: str) -> list[list[int]]:
        """Return the lines of each invoice, by the column that holds its number."""
        found: dict[str, list[int]] = {}
        for line, cell in enumerate(self.cells(number)):
            if cell != "":
                found.setdefault(str(cell), []).append(line)
        return list(found.values())

    def name_of(self, title: str) -> str | None:
        """Return our name of a column by its title, or by the lower lines of a title of several lines."""
        found, words = name_of(title), title.split()
        while found is None and self.header_lines > 1 and len(words) > 1:
            words = words[1:]
            found = name_of(" ".join(words))
        return found

    def is_doubtful(self, title: str) -> bool:
        """Say whether the name of a column leaves open whether its amounts include VAT."""
        return self.name_of(title) in DOUBTFUL.values() and (
            plain(title) in DOUBTFUL or (self.header_lines > 1 and _last_word(title) in DOUBTFUL)
        )

    def texts(self, title: str) -> Iterator[str]:
        """Yield the cells of a column that are text."""
        return (cell for cell in self.values[title] if isinstance(cell, str))


def _last_word(title: str) -> str:
    return plain(title.rsplit(maxsplit=1)[-1])


def _number(cell: Cell) -> Decimal | None:
    if isinstance(cell, Percent):
        return cell.value
    if isinstance(cell, Decimal):
        return cell
    if not isinstance(cell, str):
        return None
    found = readings(bare(cell))
    return found.get(DecimalSeparator.COMMA, next(iter(found.values()), None))


def name_of(title: str) -> str | None:
    """Return our name of a column by its title."""
    name = plain(title)
    ours = name.replace(" ", "_")
    return ours if ours in COLUMNS else SYNONYMS.get(name) or DOUBTFUL.get(name)


def look(path: Path, found: Sample) -> SeenTable:
    """Find the line that names the columns, and the lines below it.

    Raises:
        InputError: no line names columns.
    """
    if found.titles is not None:
        return SeenTable(0, 1, True, [*found.titles], [cells for _, cells in found.lines])
    first = found.lines[:_HEADER_WITHIN]
    best = max(range(len(first)), key=lambda index: (_score([_texts(first[index][1])]), -index), default=None)
    if best is None or not _score([_texts(first[best][1])]):
        raise InputError(f"{path}: {_NO_NAMES}")
    lines = [_texts(first[best][1])]
    is_first = first[best][0] == found.lines[0][0]
    if best and first[best - 1][0] == first[best][0] - 1:
        both = [_texts(first[best - 1][1]), *lines]
        if _is_part_of_names(both[0], both[1]):
            lines, is_first = both, False
    header = first[best][0]
    titles = joined(lines)
    while titles and not titles[-1]:
        titles.pop()
    number_at = next((index for index, title in enumerate(titles) if name_of(title) == "number"), None)
    below = [
        cells
        for number, cells in found.lines
        if number > header and total_word(cells) is None and note_in(cells, number_at) is None
    ]
    return SeenTable(header, len(lines), is_first, distinct(titles), below, found.sheet, found.other_sheets)


def _is_part_of_names(above: Sequence[str], names: Sequence[str]) -> bool:
    """Say whether the line above belongs to the names: it completes names that are empty or repeated."""
    open_ = {index for index, name in enumerate(names) if not name or names.count(name) > 1}
    beyond = range(len(names), len(above))
    return (
        any(index < len(above) and above[index] for index in (*open_, *beyond)) and sum(map(bool, above)) > 1
    )


def _texts(cells: Sequence[Cell]) -> list[str]:
    return [str(cell) if isinstance(cell, str | Decimal) else "" for cell in cells]


def _score(lines: Sequence[Sequence[str]]) -> int:
    return sum(name_of(title) is not None for title in joined(lines))
