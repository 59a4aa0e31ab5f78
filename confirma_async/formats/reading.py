"""Finds out what a file is and hands it to its reader."""

from __future__ import annotations

import codecs
import csv
import enum
import importlib
from collections.abc import Iterator, Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import TypeVar

from confirma_async.converters import Converter
from confirma_async.formats.csv_columns import COLUMNS, column_name
from confirma_async.formats.csv_rows import csv_sightings, read_csv
from confirma_async.formats.csv_survey import DELIMITERS
from confirma_async.formats.json_lines import json_sightings, read_json
from confirma_async.formats.records import BadRecord, InputError, ReadInvoice, ReadOptions, Sighting
from confirma_async.formats.wire_tree import plain_converter

_DEFAULTS = ReadOptions()
Item = TypeVar("Item")
_START = 64 * 1024


class _Format(enum.Enum):
    CSV = "CSV"
    JSON_LINES = "JSON Lines"
    JSON = "JSON"
    XML = "XML"


_BY_EXTENSION: Mapping[str, _Format] = {
    ".csv": _Format.CSV,
    ".tsv": _Format.CSV,
    ".jsonl": _Format.JSON_LINES,
    ".ndjson": _Format.JSON_LINES,
    ".json": _Format.JSON,
    ".xml": _Format.XML,
}

_NOT_READ: Mapping[bytes, str] = {
    b"PK\x03\x04": "is a spreadsheet or another zip archive; save the sheet as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "is an old spreadsheet or document; save the sheet as CSV UTF-8",
    b"%PDF": "is a PDF document; a PDF can be an attachment of an invoice, but none is read from it",
    b"\x1f\x8b": "is compressed; unpack it first",
}
"""Files that people take for invoices, by their first bytes."""


def read(
    path: str | PathLike[str], options: ReadOptions = _DEFAULTS, converter: Converter | None = None
) -> Iterator[ReadInvoice | BadRecord]:
    """Reads the invoices of a file, one at a time: CSV, JSON Lines, JSON or UBL 2.1.

    The extension tells the format (``.csv``, ``.tsv``, ``.jsonl``, ``.ndjson``, ``.json``, ``.xml``); where
    it does not, the contents do. What is wrong with one record is a ``BadRecord``; the others go on.

    Args:
        path: The file.
        options: How it is read.
        converter: What reads JSON; a plain one, with the built-in wire names, by default.

    Raises:
        InputError: the file as a whole cannot be read. What only its contents tell (such as the header line
            of a CSV file) is raised when the first record is asked for.
    """
    file = Path(fspath(path))
    form = _format(file)
    _need_lxml(file, form)
    return _guarded(file, _read(file, form, options, converter or plain_converter()))


def sightings(
    path: str | PathLike[str], options: ReadOptions = _DEFAULTS, converter: Converter | None = None
) -> Iterator[Sighting]:
    """Says which documents a file holds: the seller, type and number of each, and its place, in order.

    This is a quick look before the invoices are read: to find a number that stands twice, and to give whole
    numbers (``assign``). Records whose number cannot be read are passed over; ``read`` reports them.

    Args:
        path: The file.
        options: How it is read.
        converter: What reads JSON; a plain one, with the built-in wire names, by default.

    Raises:
        InputError: as for ``read``.
    """
    file = Path(fspath(path))
    form = _format(file)
    _need_lxml(file, form)
    return _guarded(file, _sightings(file, form, options, converter or plain_converter()))


def _read(
    path: Path, form: _Format, options: ReadOptions, converter: Converter
) -> Iterator[ReadInvoice | BadRecord]:
    if form is _Format.CSV:
        return read_csv(path, options)
    if form is _Format.XML:
        from confirma_async.formats.ubl import read_ubl

        return read_ubl(path, options)
    return read_json(path, options, converter, lines_only=form is _Format.JSON_LINES)


def _sightings(path: Path, form: _Format, options: ReadOptions, converter: Converter) -> Iterator[Sighting]:
    if form is _Format.CSV:
        return csv_sightings(path, options)
    if form is _Format.XML:
        from confirma_async.formats.ubl import ubl_sightings

        return ubl_sightings(path)
    return json_sightings(path, converter, lines_only=form is _Format.JSON_LINES)


def _need_lxml(path: Path, form: _Format) -> None:
    if form is not _Format.XML:
        return
    try:
        importlib.import_module("lxml.etree")
    except ImportError:
        msg = f"{path}: reading XML needs lxml, which is not installed; run: pip install 'confirma-sdk[xml]'"
        raise InputError(msg) from None


def _guarded(path: Path, items: Iterator[Item]) -> Iterator[Item]:
    try:
        yield from items
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> InputError:
    return InputError(f"{path}: cannot be read: {error.strerror or type(error).__name__}")


def _format(path: Path) -> _Format:
    start = _start(path)
    for signature, message in _NOT_READ.items():
        if start.startswith(signature):
            raise InputError(f"{path}: {message}")
    return _BY_EXTENSION.get(path.suffix.lower()) or _by_content(path, start)


def _start(path: Path) -> bytes:
    try:
        if path.is_dir():
            msg = f"{path}: is a directory; name the files in it"
            raise InputError(msg)
        if path.exists() and not path.is_file():
            msg = f"{path}: is no regular file; invoices are read twice, so write them to a file first"
            raise InputError(msg)
        with path.open("rb") as file:
            start = file.read(_START)
    except FileNotFoundError:
        msg = f"{path}: there is no such file"
        raise InputError(msg) from None
    except ValueError:  # a NUL in the name
        msg = "the name of the file holds a NUL character"
        raise InputError(msg) from None
    except OSError as error:
        raise _unreadable(path, error) from None
    if not start.removeprefix(codecs.BOM_UTF8).strip():
        msg = f"{path}: is empty; write invoices into it, or leave it out"
        raise InputError(msg)
    return start


def _by_content(path: Path, start: bytes) -> _Format:
    wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = start.decode("utf-16" if wide else "utf-8-sig", errors="replace").lstrip()
    if text.startswith("<"):
        return _Format.XML
    if text.startswith(("{", "[")):
        return _Format.JSON
    if _names_columns(text.splitlines()[0]):
        return _Format.CSV
    msg = (
        f"{path}: is of no known format; CSV, JSON Lines and UBL 2.1 are read "
        "(.csv, .tsv, .jsonl, .ndjson, .json, .xml)"
    )
    raise InputError(msg)


def _names_columns(line: str) -> bool:
    return any(
        column_name(name) in COLUMNS for delimiter in DELIMITERS for name in _header_names(line, delimiter)
    )


def _header_names(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter))
