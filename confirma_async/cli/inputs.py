"""From the files on the command line to the records of a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import (
    BadRecord,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
    identities,
    read,
)

EXTENSIONS = frozenset({".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".xml"})
"""What is taken from a folder; a file that is named is taken whatever its name."""


def expand(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, and those with a known extension in the folders named.

    Raises:
        InputError: one does not exist, or a folder holds no file to read.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"{path} does not exist")
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in EXTENSIONS and file.is_file()
        )
        if not inside:
            raise InputError(f"the folder {path} holds no file to read ({', '.join(sorted(EXTENSIONS))})")
        found += inside
    return found


def names(files: Iterable[Path]) -> tuple[str, ...]:
    """File names as a journal keeps them."""
    return tuple(str(file.resolve()) for file in files)


def all_identities(files: Iterable[Path], options: ReadOptions, converter: Converter) -> Iterator[Identity]:
    """Which documents the files hold, for giving numbers."""
    for file in files:
        yield from identities(file, options, converter)


def records(
    files: Iterable[Path], options: ReadOptions, converter: Converter
) -> Iterator[ReadInvoice | BadRecord]:
    """Every record of the files, lazily; a file that turns out to be unreadable does not stop the others."""
    for file in files:
        try:
            yield from read(file, options, converter)
        except InputError as error:
            yield BadRecord(place=Place(str(file)), problems=[Problem("$", "file", str(error))])
