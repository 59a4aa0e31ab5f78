"""Excel workbooks (.xlsx) as tables: one sheet of them, read row by row.

Excel keeps numbers as binary fractions and promises 15 significant digits of them. So a number here is what
those 15 digits say: 210.55 where the file has 210.55000000000001. What has more digits than its column
allows is refused, never rounded, whatever the format of the cell hides.
"""

from __future__ import annotations

import datetime
import importlib
import math
import re
import warnings
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from confirma_async.formats.models import InputError, ReadOptions
from confirma_async.formats.tables.cells import Cell, CellError, Percent
from confirma_async.formats.tables.columns import Column, Kind
from confirma_async.formats.tables.header import HeaderFault, matched
from confirma_async.formats.tables.table import BadLine, Table, TableLine, layout_of

openpyxl: Any = importlib.import_module("openpyxl")  # it ships no types

_Row: TypeAlias = Sequence[Any]
"""Cells with ``value``, ``data_type`` and ``number_format``."""

DIGITS = 15
"""Significant digits that Excel keeps of a number."""

_MOST_STRINGS = 256 * 1024 * 1024
"""Bytes of the texts of a workbook, which are all held in memory."""
_PACKED = 300
"""How many times its size a part of a workbook may have unpacked; more is no spreadsheet."""
_SMALL = 64 * 1024 * 1024
MOST_ROWS = 1_048_576
"""Rows of a sheet, which is all that Excel has."""
MOST_CELLS = 50_000_000
"""Cells between the first and the last of each row, the empty ones included."""
MOST_TAGS = 500_000
"""Tags between one row and the next, and of every other part of a workbook: they are in memory together."""
MOST_TEXT_TAGS = 8_000_000
"""Tags of the texts of a workbook."""
_SHORTEST_TAG = 4
_BATCH = 256
_BLOCK = 1024 * 1024

_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]|</(?:\w+:)?row>")
_ROW_TAG = re.compile(rb"<(?:\w+:)?row\s([^<>]*)>")
_ROW_NUMBER = re.compile(rb"""\br=["'](\d{1,18})["']""")
_HIDDEN = re.compile(rb"""\bhidden=["'](?:1|true)["']""")
_LITERAL = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
_PADDED = re.compile("0+")
_AS_TEXT = frozenset({Kind.TEXT, Kind.IDENTIFIER, Kind.SECRET, Kind.NUMBER})

_NO_RESULT = CellError(
    "excel.formula",
    "is a formula without a result in the file; open the file in a spreadsheet program and save it",
)
_ERROR = CellError("excel.error", "holds an error such as #REF! or #DIV/0!; correct its formula")
_LONG = CellError(
    "excel.digits",
    f"is a number of more than {DIGITS} digits, of which a spreadsheet keeps only {DIGITS}; give the cell "
    "the format Text and write the number again",
)
_TIME = CellError("excel.time", "holds a time of day where a text, a number or a date is wanted")

Made = TypeVar("Made")


def excel_table(path: Path, options: ReadOptions) -> Table:
    """Opens a sheet of a workbook as a table.

    Raises:
        InputError: it is no workbook, has no such sheet, or its header cannot be used.
    """
    mapping = options.mapping
    with ExitStack() as stack:
        has_formulas = _look_into(path)
        book = _open(path, stack, results=True)
        sheet, remarks = _sheet(path, book, mapping.sheet if mapping else None)
        hidden = _hidden_rows(path, sheet)
        formulas = _open(path, stack, results=False) if has_formulas else None
        rows = _rows(path, sheet)
        header, titles = _header(path, rows, mapping.header_row if mapping else None)
        try:
            columns = matched(titles, mapping)
        except HeaderFault as fault:
            msg = f"{path}: {str(fault).replace('the first line', 'the first row')}"
            raise InputError(msg) from None
        layout = layout_of(
            options, columns, titles, unit="row", decimal_separator=options.decimal_separator, remarks=remarks
        )
        beside = None if formulas is None else islice(_rows(path, formulas[sheet.title]), header, None)
        return Table(layout, _lines(rows, beside, header, columns, hidden, stack.pop_all()))


def excel_sample(path: Path, most: int) -> list[tuple[str, list[list[Cell]]]]:
    """The first rows of every sheet of a workbook.

    Raises:
        InputError: it is no workbook.
    """
    _look_into(path)
    with ExitStack() as stack:
        book = _open(path, stack, results=True)
        return [
            (sheet.title, [[_cell(cell, None) for cell in row] for row in islice(_rows(path, sheet), most)])
            for sheet in book.worksheets
        ]


def _look_into(path: Path) -> bool:
    """Whether any sheet has formulas; refuses what is no workbook, or would not fit into memory."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts, has_formulas = archive.infolist(), False
            if not any(part.filename.startswith("xl/workbook") for part in parts):
                msg = f"{path}: is an archive, but no .xlsx workbook; save the sheet as .xlsx, or unpack it"
                raise InputError(msg)
            for part in parts:
                if part.file_size > _SMALL and part.file_size > _PACKED * part.compress_size:
                    msg = f"{path}: unpacks to more than {_PACKED} times its size; save it again"
                    raise InputError(msg)
                if part.filename.startswith("xl/sharedStrings") and part.file_size > _MOST_STRINGS:
                    msg = (
                        f"{path}: holds more than {_MOST_STRINGS // 1024**2} MiB of texts, which would all "
                        "be kept in memory; save the sheet as CSV UTF-8"
                    )
                    raise InputError(msg)
                if part.filename.startswith("xl/worksheets/") or part.file_size > _SHORTEST_TAG * MOST_TAGS:
                    has_formulas |= _look_through(path, archive, part)
            return has_formulas
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, ValueError, EOFError) as error:
        raise _damaged(path, error) from None


def _look_through(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether a part has formulas.

    Raises:
        InputError: it is made to fill the memory of whoever reads it.
    """
    is_sheet = part.filename.startswith("xl/worksheets/")
    most = MOST_TEXT_TAGS if part.filename.startswith("xl/sharedStrings") else MOST_TAGS
    has_formulas, tail, rows, tags = False, b"", 0, 0
    with archive.open(part) as stream:
        while block := stream.read(_BLOCK):
            has_formulas = has_formulas or bool(is_sheet and _FORMULA.search(tail + block))
            tail = block[-64:]
            # Comments and the like could hold what looks like a row, and no spreadsheet program writes any.
            between = _ROW.split(block) if is_sheet and b"<!" not in block else [block]
            for position, piece in enumerate(between):
                tags = piece.count(b"<") + (0 if position else tags)
                if tags > most:
                    raise _too_much(path, f"more than {most} tags in one row or part ({part.filename})")
            rows += len(between) - 1
            if rows > 2 * MOST_ROWS:
                raise _too_much(path, f"more than {MOST_ROWS} rows")
    return has_formulas


def _too_much(path: Path, what: str) -> InputError:
    return InputError(
        f"{path}: holds {what}, which no sheet of invoices has; delete what is empty and save it again, or "
        "divide it"
    )


def _open(path: Path, stack: ExitStack, *, results: bool) -> Any:
    file = stack.enter_context(path.open("rb"))
    options = {"read_only": True, "data_only": results, "keep_links": False}
    book = _careful(path, lambda: openpyxl.load_workbook(file, **options))
    stack.callback(book.close)
    return book


def _careful(path: Path, step: Callable[[], Made]) -> Made:
    """Takes a step of openpyxl, which says of damaged files whatever it stumbles over."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it cannot show, such as a workbook's styles
            return step()
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 (a part of the file is not what it should be)
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(
        f"{path}: is no .xlsx workbook that can be read ({type(error).__name__}); open it in a spreadsheet "
        "program and save it again"
    )


def _sheet(path: Path, book: Any, name: str | None) -> tuple[Any, tuple[str, ...]]:
    sheets = book.worksheets
    names: list[str] = [sheet.title for sheet in sheets]
    if not names:
        msg = f"{path}: holds no sheet with cells"
        raise InputError(msg)
    if name is not None and name not in names:
        msg = f"{path}: has no sheet {name!r}, which the mapping names; its sheets are {', '.join(names)}"
        raise InputError(msg)
    sheet = sheets[0 if name is None else names.index(name)]
    remarks: list[str] = []
    if name is None and len(names) > 1:
        remarks.append(
            f"only the sheet {names[0]!r} is read, the first of {len(names)}; a mapping file names another"
        )
    if sheet.sheet_state != "visible":
        remarks.append(f"the sheet {sheet.title!r} is hidden, and is read all the same")
    return sheet, tuple(remarks)


def _rows(path: Path, sheet: Any) -> Iterator[_Row]:
    """The rows of a sheet from the first on; those that the file leaves out are empty."""
    sheet.reset_dimensions()  # what a file says of its size is often wrong
    rows: Iterator[_Row] = iter(sheet.rows)

    def batch() -> list[_Row]:
        return list(islice(rows, _BATCH))

    count = cells = 0
    while some := _careful(path, batch):
        count += len(some)
        cells += sum(map(len, some))
        if count > MOST_ROWS:
            raise _too_much(path, f"a row beyond number {MOST_ROWS}")
        if cells > MOST_CELLS:
            raise _too_much(path, f"more than {MOST_CELLS} cells, the empty ones included")
        yield from some


def _header(path: Path, rows: Iterator[_Row], wanted: int | None) -> tuple[int, list[str]]:
    for number, row in enumerate(rows, start=1):
        titles = ["" if cell.value is None else str(cell.value).strip() for cell in row]
        while titles and not titles[-1]:
            titles.pop()
        if number == wanted or (wanted is None and titles):
            return number, titles
    if wanted is None:
        msg = f"{path}: is empty; its first row must name the columns"
    else:
        msg = f"{path}: has no row {wanted}, where the mapping has the names of the columns"
    raise InputError(msg)


def _lines(
    rows: Iterator[_Row],
    formulas: Iterator[_Row] | None,
    header: int,
    columns: Sequence[Column | None],
    hidden: bytearray,
    opened: ExitStack,
) -> Iterator[TableLine | BadLine]:
    kinds = [None if column is None else column.kind for column in columns]
    with opened:
        for number, row in enumerate(rows, start=header + 1):
            beside = () if formulas is None else next(formulas, ())
            cells: list[Cell] = [_cell(cell, kind) for cell, kind in zip(row, kinds, strict=False)]
            cells += [""] * (len(kinds) - len(cells))
            for index, cell in enumerate(beside[: len(kinds)]):
                if cells[index] == "" and cell.value is not None:
                    cells[index] = _NO_RESULT
            if any(cell.value is not None for cell in row[len(kinds) :]):
                message = "has a value beyond the last named column; name that column, or clear the cell"
                yield BadLine(number, "table.fields", message, ())
            elif any(cell != "" for cell in cells):
                is_whole = not any(isinstance(cell, CellError) for cell in cells)
                remark = f"row {number} is hidden, and is read all the same" if _has(hidden, number) else None
                yield TableLine(number, cells, is_whole, remark)


def _hidden_rows(path: Path, sheet: Any) -> bytearray:
    """Which rows of a sheet are hidden, by hand or by a filter, one bit each."""
    found = bytearray()
    part = str(getattr(sheet, "_worksheet_path", ""))
    number = 0
    with zipfile.ZipFile(path) as archive:
        if part not in archive.namelist():
            return found
        stream, rest = archive.open(part), b""
        while block := stream.read(_BLOCK):
            text = rest + block
            end = text.rfind(b"<")
            for row in _ROW_TAG.finditer(text, 0, end):
                own = _ROW_NUMBER.search(row[1])
                number = min(int(own[1]), MOST_ROWS + 1) if own else number + 1
                if _HIDDEN.search(row[1]):
                    found.extend(bytes(max(0, number // 8 + 1 - len(found))))
                    found[number // 8] |= 1 << number % 8
            rest = text[end:] if end >= 0 else b""
    return found


def _has(bits: bytearray, number: int) -> bool:
    return number // 8 < len(bits) and bool(bits[number // 8] >> number % 8 & 1)


def _cell(cell: Any, kind: Kind | None) -> Cell:
    value: object = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return _ERROR if cell.data_type == "e" else value.strip()
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return _number(value, cell.number_format, kind)
    if isinstance(value, datetime.datetime):
        return value.date() if value.time() == datetime.time() else value
    return value if isinstance(value, datetime.date) else _TIME


def _number(value: float, number_format: str, kind: Kind | None) -> Cell:
    exact = decimal_of(value)
    if exact is None:
        return _LONG
    shown = _LITERAL.sub("", number_format) if number_format != "General" else ""
    if "%" in shown:
        return Percent(exact.scaleb(2) if exact else exact)
    if kind in _AS_TEXT and _PADDED.fullmatch(shown) and exact == exact.to_integral_value():
        return f"{exact:f}".zfill(len(shown))
    return exact


def decimal_of(value: float) -> Decimal | None:
    """The number that a cell shows, of 15 significant digits; None where it has more before the point."""
    if not math.isfinite(value) or abs(value) >= 10**DIGITS:
        return None
    if value == int(value):
        return Decimal(int(value))
    shortest = Decimal(repr(value))
    if len(shortest.as_tuple().digits) > DIGITS:
        shortest = Decimal(f"{value:.{DIGITS}g}")
    return Decimal(f"{shortest:f}")
