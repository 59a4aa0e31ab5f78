"""Finds out the format of a file, and reads it by the reader of that format."""

from __future__ import annotations

import codecs
import contextlib
import csv
import importlib
from collections.abc import Generator, Iterator
from os import PathLike, fspath
from pathlib import Path
from typing import TypeVar

from attrs import evolve

from confirma_async.converters import Converter
from confirma_async.formats.file_format import BY_EXTENSION, BY_SIGNATURE, LIBRARIES, NOT_READ, FileFormat
from confirma_async.formats.json.lines import read_json, scan_json
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.payload import plain_converter
from confirma_async.formats.spooled import Spooled
from confirma_async.formats.tables.csv.survey import DELIMITERS
from confirma_async.formats.tables.csv.table import csv_table
from confirma_async.formats.tables.header import known
from confirma_async.formats.tables.invoices import read_table, scan_table
from confirma_async.formats.tables.table_layout import Table

_DEFAULTS = ReadOptions()
Item = TypeVar("Item", ReadInvoice | BadRecord, DocumentRef)
_START = 64 * 1024
LOCK = "~$"
"""The beginning of the name of the lock file that Excel makes while a file is open."""


def read(
    path: str | PathLike[str], options: ReadOptions = _DEFAULTS, converter: Converter | None = None
) -> Iterator[ReadInvoice | BadRecord]:
    """Read the invoices of a file, one at a time: tables, JSON Lines, JSON, UBL 2.1 or Finvoice.

    Unless the options name the format, the first bytes or the extension decide it; without a known extension,
    the contents do. A record that cannot be read is a ``BadRecord``; the others are read all the same.

    Args:
        path: The path of the file.
        options: How it is read.
        converter: What reads JSON; a plain one, with the built-in wire names, by default.

    Raises:
        InputError: the file as a whole cannot be read. If only its contents show that (such as the header
            line of a CSV file), it is raised when the first record is asked for.
    """
    file, file_format, options = _opened(path, options)
    return _guarded(path, _read(file, file_format, options, converter or plain_converter()))


def scan(
    path: str | PathLike[str], options: ReadOptions = _DEFAULTS, converter: Converter | None = None
) -> Iterator[DocumentRef]:
    """Yield the documents of a file, in order: the seller, type and number of each, and its place.

    This is a quick pass before the invoices are read: to find duplicate numbers, and to assign whole numbers
    (``assign``). Records whose number cannot be read are passed over; ``read`` reports them.

    Args:
        path: The path of the file.
        options: How it is read.
        converter: What reads JSON; a plain one, with the built-in wire names, by default.

    Raises:
        InputError: as for ``read``.
    """
    file, file_format, options = _opened(path, options)
    return _guarded(path, _scan(file, file_format, options, converter or plain_converter()))


def format_of(path: Path, options: ReadOptions, otherwise: FileFormat | None = None) -> FileFormat:
    """Return the format of a file, if it can be read.

    Args:
        path: The path of the file.
        options: How it is read.
        otherwise: The format where neither the name nor the contents show one.

    Raises:
        InputError: it cannot be read, or a library for it is missing.
    """
    start = _start(path)
    for signature, message in NOT_READ.items():
        if start.startswith(signature):
            raise InputError(f"{path}: {message}")
    signed = next(
        (file_format for signature, file_format in BY_SIGNATURE.items() if start.startswith(signature)), None
    )
    file_format = options.file_format or signed or BY_EXTENSION.get(path.suffix.lower())
    if file_format is None:
        file_format = _by_content(path, start, otherwise or (FileFormat.CSV if options.mapping else None))
    _need_library(path, file_format)
    return file_format


def open_table(
    path: Path, file_format: FileFormat, options: ReadOptions, *, keys_only: bool = False
) -> Table | None:
    """Open a file as a table; return None for a format that is no table.

    Raises:
        InputError: its header cannot be used, or it is damaged or of another format.
    """
    if file_format is FileFormat.CSV:
        return csv_table(path, options, keys_only=keys_only)
    if file_format is FileFormat.EXCEL:
        from confirma_async.formats.tables.excel.table import excel_table

        return excel_table(path, options, keys_only=keys_only)
    if file_format is FileFormat.PARQUET or file_format is FileFormat.ARROW:
        from confirma_async.formats.tables.arrow import arrow_table

        return arrow_table(path, file_format, options, keys_only=keys_only)
    return None


def _read(
    path: Path, file_format: FileFormat, options: ReadOptions, converter: Converter
) -> Iterator[ReadInvoice | BadRecord]:
    table = open_table(path, file_format, options)
    if table is not None:
        yield from read_table(path, table, options)
    elif file_format is FileFormat.XML:
        from confirma_async.formats.xml.invoices import read_xml

        yield from read_xml(path, options)
    else:
        yield from read_json(path, options, converter, lines_only=file_format is FileFormat.JSON_LINES)


def _scan(
    path: Path, file_format: FileFormat, options: ReadOptions, converter: Converter
) -> Iterator[DocumentRef]:
    table = open_table(path, file_format, options, keys_only=True)
    if table is not None:
        yield from scan_table(path, table)
    elif file_format is FileFormat.XML:
        from confirma_async.formats.xml.invoices import scan_xml

        yield from scan_xml(path)
    else:
        yield from scan_json(path, converter, lines_only=file_format is FileFormat.JSON_LINES)


def _need_library(path: Path, file_format: FileFormat) -> None:
    if file_format not in LIBRARIES:
        return
    module, library, extra = LIBRARIES[file_format]
    try:
        importlib.import_module(module)
    except ImportError:
        raise InputError(
            f"{path}: reading .{file_format.value} files needs {library}, which is not installed; "
            f"run: pip install 'confirma-sdk[{extra}]'"
        ) from None


def _opened(path: str | PathLike[str], options: ReadOptions) -> tuple[Path, FileFormat, ReadOptions]:
    """Return the path of the file to open, its format, and how it is read.

    In input that was spooled, the paths of attachments begin in the current folder.
    """
    if isinstance(path, Spooled) and options.folder is None:
        options = evolve(options, folder=Path())
    file = Path(fspath(path))
    if options.mapping is None and options.mappings:
        options = evolve(options, mapping=options.mappings.get(str(file.resolve())))
    with _errors_under_its_name(path):
        return file, format_of(file, options), options


@contextlib.contextmanager
def _errors_under_its_name(path: str | PathLike[str]) -> Generator[None]:
    """Name spooled input by its own name, not by its scratch file, in errors of the block."""
    try:
        yield
    except InputError as error:
        if not isinstance(path, Spooled):
            raise
        raise InputError(str(error).replace(str(path.path), path.name)) from None


def _guarded(path: str | PathLike[str], items: Iterator[Item]) -> Iterator[Item]:
    with _errors_under_its_name(path):
        try:
            for item in items:
                if isinstance(path, Spooled):
                    yield evolve(item, place=Place(path.name, item.place.line))
                else:
                    yield item
        except OSError as error:
            raise _unreadable(Path(fspath(path)), error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read: {error.strerror or type(error).__name__}")


def _start(path: Path) -> bytes:
    if path.name.startswith(LOCK):
        raise InputError(
            f"{path}: is what a spreadsheet program keeps while {path.name.removeprefix(LOCK)} is open; "
            "save that and close it, and name it instead"
        )
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a directory; name the files in it")
        if path.exists() and not path.is_file():
            raise InputError(
                f"{path}: is no regular file; invoices are read twice, so write them to a file first"
            )
        with path.open("rb") as file:
            start = file.read(_START)
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file") from None
    except ValueError:  # a NUL in the name
        raise InputError("the name of the file holds a NUL character") from None
    except OSError as error:
        raise _unreadable(path, error) from None
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(f"{path}: is empty; write invoices into it, or leave it out")
    return start


def _by_content(path: Path, start: bytes, otherwise: FileFormat | None) -> FileFormat:
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = start.decode("utf-16" if wide else "utf-8-sig", errors="replace").lstrip()
    if text.startswith("<"):
        return FileFormat.XML
    if text.startswith(("{", "[")):
        return FileFormat.JSON
    if _names_columns(text.splitlines()[0]):
        return FileFormat.CSV
    if otherwise is not None:
        return otherwise
    raise InputError(f"{path}: is of no known format; {', '.join(BY_EXTENSION)} are read")


def _names_columns(line: str) -> bool:
    return any(known(next(csv.reader([line], delimiter=delimiter)), None) for delimiter in DELIMITERS)
