"""Reads a sheet of an Excel workbook (.xlsx) as a table, row by row."""

from __future__ import annotations

import re
import zipfile
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.tables.cells import Cell, CellError
from confirma_async.formats.tables.columns import KEY, Column
from confirma_async.formats.tables.excel.sheet import rows
from confirma_async.formats.tables.excel.sheet_cells import ExcelCells
from confirma_async.formats.tables.excel.sheet_row import SheetRow
from confirma_async.formats.tables.excel.workbook import Sheet, Workbook, open_workbook
from confirma_async.formats.tables.header import matched
from confirma_async.formats.tables.mapping import ColumnMapping, distinct, joined
from confirma_async.formats.tables.table_layout import (
    BadLine,
    Table,
    TableLayout,
    TableLine,
    constants_of,
    conventions_of,
)

_MOST_STRINGS = 256 * 1024 * 1024
"""Bytes that the texts of a workbook may have: all of them are held in memory."""
_PACKED = 300
"""How many times its packed size a part of a workbook may have; no spreadsheet has more."""
_SMALL = 64 * 1024 * 1024
MOST_ROWS = 1_048_576
"""The number of rows that Excel has."""
MOST_CELLS = 50_000_000
"""Cells that a sheet may have between the first and the last of each row, empty ones included."""
MOST_TAGS = 500_000
"""Tags that may be between two rows, or in any other part of a workbook: they are in memory together."""
MOST_TEXT_TAGS = 8_000_000
"""Tags that the texts of a workbook may have."""
_SHORTEST_TAG = 4
_BATCH = 256
_BLOCK = 1024 * 1024

_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]|</(?:\w+:)?row>")


def excel_table(path: Path, options: ReadOptions, *, keys_only: bool = False) -> Table:
    """Open a sheet of a workbook as a table.

    Args:
        path: The path of the file.
        options: How it is read.
        keys_only: Whether only the columns are read that tell one invoice from the next.

    Raises:
        InputError: it is no workbook, has no such sheet, or its header cannot be used.
    """
    mapping = options.mapping
    with ExitStack() as stack:
        book, cells = _opened(path)
        sheet, remarks = _sheet(path, book, mapping.sheet if mapping else None)
        found = _rows(path, sheet, stack)
        titles = _titles(path, found, cells, mapping)
        columns = matched(path, titles, options, names_nothing="the first row does not name columns")
        layout = TableLayout(
            columns=columns,
            titles=titles,
            unit="row",
            conventions=conventions_of(options),
            constants=constants_of(options),
            remarks=remarks,
            sheet=sheet.title if len(book.sheets) > 1 else "",
        )
        wanted = [column if column and (not keys_only or column.name in KEY) else None for column in columns]
        return Table(layout, _lines(path, found, cells, wanted, stack.pop_all()))


def excel_sample(path: Path, most: int) -> list[tuple[str, list[list[Cell]]]]:
    """Return the first rows of every sheet of a workbook.

    Raises:
        InputError: it is no workbook.
    """
    found: list[tuple[str, list[list[Cell]]]] = []
    book, cells = _opened(path)
    for sheet in book.sheets:
        with ExitStack() as stack, _careful(path):
            some = islice(_rows(path, sheet, stack), most)
            found.append((sheet.title, [[cells.read(cell, None) for cell in row.cells] for row in some]))
    return found


def _opened(path: Path) -> tuple[Workbook, ExcelCells]:
    _look_into(path)
    with _careful(path):
        book = open_workbook(path)
        return book, ExcelCells(book)


def _look_into(path: Path) -> None:
    """Refuse a file that is no workbook, or would not fit into memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if any(part.filename == "content.xml" for part in parts):
                raise InputError(f"{path}: is a spreadsheet of OpenDocument (.ods); save it as .xlsx")
            if not any(part.filename.startswith("xl/workbook") for part in parts):
                raise InputError(
                    f"{path}: is an archive, but no .xlsx workbook; save the sheet as .xlsx, or unpack it"
                )
            for part in parts:
                if part.file_size > _SMALL and part.file_size > _PACKED * part.compress_size:
                    raise InputError(f"{path}: unpacks to more than {_PACKED} times its size; save it again")
                if part.filename.startswith("xl/sharedStrings") and part.file_size > _MOST_STRINGS:
                    raise InputError(
                        f"{path}: holds more than {_MOST_STRINGS // 1024**2} MiB of texts, which would all "
                        "be kept in memory; save the sheet as CSV UTF-8"
                    )
                if part.filename.startswith("xl/worksheets/") or part.file_size > _SHORTEST_TAG * MOST_TAGS:
                    _look_through(path, archive, part)
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError) as error:
        raise _damaged(path, error) from None


def _look_through(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Count the tags of a part of a workbook.

    Raises:
        InputError: it has more tags than fit into memory.
    """
    is_sheet = part.filename.startswith("xl/worksheets/")
    most = MOST_TEXT_TAGS if part.filename.startswith("xl/sharedStrings") else MOST_TAGS
    if is_sheet and _is_surely_small(archive, part):
        return
    rows = tags = 0
    for block in _blocks(archive, part):
        # Comments and the like could hold what looks like a row, and no spreadsheet program writes any.
        between = _ROW.split(block) if is_sheet and b"<!" not in block else [block]
        for position, piece in enumerate(between):
            tags = piece.count(b"<") + (0 if position else tags)
            if tags > most:
                raise _too_much(path, f"more than {most} tags in one row or part ({part.filename})")
        rows += len(between) - 1
        if rows > 2 * MOST_ROWS:
            raise _too_much(path, f"more than {MOST_ROWS} rows")


def _is_surely_small(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Say whether a sheet surely has few rows and few tags: a quick check for the usual case.

    An end of a row counts only without a namespace prefix.
    """
    rows = tags = 0
    for block in _blocks(archive, part):
        rows += block.count(b"row")
        found = block.count(b"<")
        if tags + found > MOST_TAGS or rows > 2 * MOST_ROWS or b"<!" in block:
            return False
        end = block.rfind(b"</row>")
        tags = tags + found if end < 0 else block.count(b"<", end)
    return True


def _blocks(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a part in blocks, none of which ends between the two characters that begin a comment."""
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            yield block + stream.read(1) if block.endswith(b"<") else block


def _too_much(path: Path, what: str) -> InputError:
    return InputError(
        f"{path}: holds {what}, which no sheet of invoices has; delete what is empty and save it again, or "
        "divide it"
    )


@contextmanager
def _careful(path: Path) -> Generator[None]:
    """Make an ``InputError`` of whatever openpyxl raises for a damaged file."""
    try:
        yield
    except (OSError, InputError):
        raise
    except Exception as error:  # noqa: BLE001 (a part of the file is not what it should be)
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path}: is no .xlsx workbook that can be read ({type(error).__name__}); open it in a spreadsheet "
        "program and save it again"
    )


def _sheet(path: Path, book: Workbook, name: str | None) -> tuple[Sheet, tuple[str, ...]]:
    names = [sheet.title for sheet in book.sheets]
    if not names:
        raise InputError(f"{path}: holds no sheet with cells")
    if name is not None and name not in names:
        raise InputError(
            f"{path}: has no sheet {name!r}, which the mapping names; its sheets are {', '.join(names)}"
        )
    sheet = book.sheets[0 if name is None else names.index(name)]
    remarks: list[str] = []
    if name is None and len(names) > 1:
        remarks.append(
            f"only the sheet {names[0]!r} is read, the first of {len(names)}; a mapping file names another"
        )
    if sheet.is_hidden:
        remarks.append(f"the sheet {sheet.title!r} is hidden, and is read all the same")
    return sheet, tuple(remarks)


def _rows(path: Path, sheet: Sheet, stack: ExitStack) -> Iterator[SheetRow]:
    """Yield all rows of a sheet from the first on; rows that are missing in the file are empty."""
    archive = stack.enter_context(zipfile.ZipFile(path))
    count = cells = 0
    with _careful(path):
        for row in rows(stack.enter_context(archive.open(sheet.part))):
            if row.number > MOST_ROWS:
                raise _too_much(path, f"a row beyond number {MOST_ROWS}")
            for number in range(count + 1, row.number):
                yield SheetRow(number, [])
            count = max(count, row.number)
            cells += len(row.cells)
            if cells > MOST_CELLS:
                raise _too_much(path, f"more than {MOST_CELLS} cells, the empty ones included")
            yield row


def _titles(
    path: Path, found: Iterator[SheetRow], cells: ExcelCells, mapping: ColumnMapping | None
) -> list[str]:
    """Return the names of the columns, from the first row with text or the rows that the mapping names."""
    wanted, count = (mapping.header_row, mapping.header_lines) if mapping else (None, 1)
    above = deque[list[str]](maxlen=count)
    for row in found:
        with _careful(path):
            titles = [_title(cells.read(cell, None)) for cell in row.cells]
        while titles and not titles[-1]:
            titles.pop()
        above.append(titles)
        if row.number == wanted or (wanted is None and titles):
            return joined(above) if mapping is None else distinct(joined(above))
    if wanted is None:
        raise InputError(f"{path}: is empty; its first row must name the columns")
    raise InputError(f"{path}: has no row {wanted}, where the mapping has the names of the columns")


def _title(cell: Cell) -> str:
    return "" if isinstance(cell, CellError) else str(cell)


def _lines(
    path: Path,
    found: Iterator[SheetRow],
    cells: ExcelCells,
    columns: Sequence[Column | None],
    opened: ExitStack,
) -> Iterator[TableLine | BadLine]:
    kinds = [None if column is None else column.kind for column in columns]
    width = len(kinds)
    empty: list[Cell] = [""] * width
    read = cells.read
    with opened:
        for row in found:
            number, raw = row.number, row.cells
            try:
                values = [read(cell, kind) for cell, kind in zip(raw, kinds, strict=False)]
            except (ValueError, LookupError) as error:
                raise _damaged(path, error) from None
            if len(values) < width:
                values += empty[len(values) :]
            if len(raw) > width and any(cell is not None for cell in raw[width:]):
                message = "has a value beyond the last named column; name that column, or clear the cell"
                yield BadLine(number, "table.fields", message, ())
            elif values != empty:
                is_whole = CellError not in map(type, values)
                remark = f"row {number} is hidden, and is read all the same" if row.is_hidden else None
                yield TableLine(number, values, is_whole, remark)
