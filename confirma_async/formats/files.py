"""Many files as one stream of records."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from os import PathLike, fspath
from pathlib import Path

from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats.clashes import Clashes
from confirma_async.formats.discretion import number_shown
from confirma_async.formats.forms import BY_EXTENSION
from confirma_async.formats.reading import read, sightings
from confirma_async.formats.records import (
    BadRecord,
    Identity,
    InputError,
    Place,
    ReadInvoice,
    ReadOptions,
    Sighting,
)

_DEFAULTS = ReadOptions()


def expand(paths: Iterable[Path]) -> list[Path]:
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
            file for file in path.rglob("*") if file.suffix.lower() in BY_EXTENSION and file.is_file()
        )
        if not inside:
            raise InputError(f"the folder {path} holds no file to read ({', '.join(BY_EXTENSION)})")
        found += inside
    return found


def look_through(
    files: Sequence[str | PathLike[str]],
    options: ReadOptions = _DEFAULTS,
    converter: Converter | None = None,
) -> Iterator[Sighting]:
    """Says which documents the files hold, and where; what cannot be read is left to ``read_files``."""
    for file in files:
        with contextlib.suppress(InputError):
            yield from sightings(file, options, converter)


def read_files(
    files: Sequence[str | PathLike[str]],
    options: ReadOptions = _DEFAULTS,
    converter: Converter | None = None,
    *,
    clashes: Clashes | None = None,
) -> Iterator[ReadInvoice | BadRecord]:
    """Reads every record of many files, one at a time.

    The files are looked through first, so that a number that stands twice is refused in every place before
    anything of it is sent. A file that turns out to be unreadable is a ``BadRecord``; the others go on.

    Args:
        files: The files, in order.
        options: How they are read.
        converter: What reads JSON; a plain one by default.
        clashes: What an earlier look has found; unless given, this takes one of its own.
    """
    if clashes is None:
        with Clashes() as own:
            deque(own.watch(look_through(files, options, converter)), maxlen=0)
            yield from read_files(files, options, converter, clashes=own)
        return
    for file in files:
        try:
            for record in read(file, options, converter):
                yield _refused_if_twice(record, clashes)
        except InputError as error:
            place = Place(fspath(file))
            message = str(error).removeprefix(f"{place}: ")
            yield BadRecord(place=place, problems=[Problem("", "file", message)])


def _refused_if_twice(record: ReadInvoice | BadRecord, clashes: Clashes) -> ReadInvoice | BadRecord:
    if isinstance(record, BadRecord):
        return record
    identity = _identity(record)
    places = clashes.find(identity)
    if places is None:
        return record
    first, second = places
    kind = identity.type.replace("_", " ").lower()
    message = (
        f"{kind} {number_shown(identity.original)} stands twice, at {first} and at {second}; neither is "
        "sent, give one of them a number of its own or remove it (lines of one invoice must stand together)"
    )
    problem = Problem("$.invoice.header.number", "job.clash", message)
    return BadRecord(place=record.place, problems=[problem], number=identity.original)


def _identity(record: ReadInvoice) -> Identity:
    invoice = record.request.invoice
    seller = invoice.parties.seller_party if invoice.parties else None
    return Identity(
        seller.identifier if seller else "",
        invoice.header.type,
        record.original_number or str(invoice.header.number),
    )
