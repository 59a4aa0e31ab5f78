"""Reads many files as one stream of records."""

from __future__ import annotations

import contextlib
import glob
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path

from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats.file_format import BY_EXTENSION
from confirma_async.formats.models import (
    BadRecord,
    DocumentRef,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
)
from confirma_async.formats.numbers.duplicates import DuplicateNumbers, standing_twice
from confirma_async.formats.reader import LOCK, read, scan
from confirma_async.formats.spooled import Spooled
from confirma_async.validation import Checks, check

_DEFAULTS = ReadOptions()


def expand(paths: Iterable[Path | Spooled]) -> list[Path | Spooled]:
    """Return the files of names, of patterns, and of folders.

    Raises:
        InputError: a file does not exist, a folder holds no file to read, or a pattern matches none.
    """
    found: list[Path | Spooled] = []
    for path in paths:
        if isinstance(path, Spooled):
            found.append(path)
        elif path.is_dir():
            found += _inside(path)
        elif path.exists():
            found.append(path)
        else:
            found += _matching(path)
    return found


def _inside(folder: Path) -> list[Path]:
    inside = sorted(
        file
        for file in folder.rglob("*")
        if file.suffix.lower() in BY_EXTENSION and not file.name.startswith(LOCK) and file.is_file()
    )
    if not inside:
        raise InputError(f"the folder {folder} holds no file to read ({', '.join(BY_EXTENSION)})")
    return inside


def _matching(pattern: Path) -> list[Path]:
    if not glob.has_magic(str(pattern)):
        raise InputError(f"{pattern} does not exist")
    matching = sorted(Path(name) for name in glob.glob(str(pattern), recursive=True))
    files = [file for file in matching if file.is_file()]
    if not files:
        raise InputError(f"no file matches {pattern}")
    return files


def scan_files(
    files: Sequence[str | PathLike[str]],
    options: ReadOptions = _DEFAULTS,
    converter: Converter | None = None,
) -> Iterator[DocumentRef]:
    """Yield the documents of files, with their places. What cannot be read is left to ``read_files``.

    Args:
        files: Files, folders and patterns, as ``expand`` takes them.
        options: How they are read.
        converter: What reads JSON; a plain one by default.
    """
    for file in files:
        with contextlib.suppress(InputError):
            for each in _expanded(file):
                with contextlib.suppress(InputError):
                    yield from scan(each, options, converter)


def read_files(
    files: Sequence[str | PathLike[str]],
    options: ReadOptions = _DEFAULTS,
    converter: Converter | None = None,
    *,
    duplicates: DuplicateNumbers | None = None,
) -> Iterator[ReadInvoice | BadRecord]:
    """Read every record of many files, one at a time.

    The files are scanned first, so that documents with the same number are refused in every place, before any
    of them is sent. A file that turns out to be unreadable is a ``BadRecord``; the others go on.

    Args:
        files: Files, folders and patterns (``in/**/*.xml``), in order, as the command takes them.
        options: How they are read.
        converter: What reads JSON; a plain one by default.
        duplicates: The numbers that an earlier scan has found; unless given, the files are scanned here.
    """
    if duplicates is None:
        with DuplicateNumbers() as own:
            deque(own.watch(scan_files(files, options, converter)), maxlen=0)
            yield from read_files(files, options, converter, duplicates=own)
        return
    for record in read_each(files, options, converter):
        yield _refused_if_twice(record, duplicates)


def read_each(
    files: Sequence[str | PathLike[str]],
    options: ReadOptions = _DEFAULTS,
    converter: Converter | None = None,
) -> Iterator[ReadInvoice | BadRecord]:
    """Read every record of many files, without a check for duplicate numbers.

    Args:
        files: Files, folders and patterns, as for ``read_files``.
        options: How they are read.
        converter: What reads JSON; a plain one by default.
    """
    for file in files:
        try:
            expanded = _expanded(file)
        except InputError as error:
            yield _unreadable(file, error)
            continue
        for each in expanded:
            try:
                yield from read(each, options, converter)
            except InputError as error:
                yield _unreadable(each, error)


def _expanded(file: str | PathLike[str]) -> Iterable[Path | Spooled]:
    """Return the files of one name; a file that does not exist is left to its reader."""
    if isinstance(file, Spooled):
        return (file,)
    path = Path(fspath(file))
    may_be_several = "\0" not in str(path) and (
        path.is_dir() or (glob.has_magic(str(path)) and not path.exists())
    )
    return expand([path]) if may_be_several else (path,)


def _unreadable(file: str | PathLike[str], error: InputError) -> BadRecord:
    place = Place(str(file) if isinstance(file, Spooled) else fspath(file))
    return BadRecord(place=place, problems=[Problem("", "file", str(error).removeprefix(f"{place}: "))])


def _refused_if_twice(
    record: ReadInvoice | BadRecord, duplicates: DuplicateNumbers
) -> ReadInvoice | BadRecord:
    if isinstance(record, BadRecord):
        return record
    identity = record.identity
    places = duplicates.find(identity)
    if places is None:
        return record
    # Other problems are reported as well, so that all are known at once.
    problems = [standing_twice(identity, places), *Checks().refused(check(record.request))]
    return BadRecord(
        place=record.place, problems=record.located(problems), number=identity.original, identity=identity
    )
