"""Reads the JSON values of a file: one to a line, one to the file, or the items of an array."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.errors import Problem, ResponseDecodeError
from confirma_async.formats.json.keys import keys_that_stand_twice
from confirma_async.formats.models import InputError

LONGEST_LINE = 64 * 1024 * 1024
"""Bytes of an invoice with its attachments, at most."""
LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of a file that is read as a whole, at most."""

_BLOCK = 1024 * 1024
_FIRST_LINES = 16
"""Lines that decide whether a file holds one record on each line."""


@frozen
class JsonRecord:
    """One JSON value of a file with its place, or why it cannot be read."""

    line: int | None
    root: str
    value: Any = None
    problem: Problem | None = None
    twice: tuple[str, ...] = ()
    """The paths of keys that an object in it has more than once."""


def records(
    path: Path, converter: Converter, *, lines_only: bool, find_twice: bool = False
) -> Iterator[JsonRecord]:
    """Yield the records of a file, one at a time.

    Args:
        path: The path of the file.
        converter: Parses the JSON, with exact decimals.
        lines_only: Whether every line must be a record of its own.
        find_twice: Whether to look for keys that an object has more than once.

    Raises:
        InputError: the file has to be read whole and is too large, or its lines are no records.
    """
    if lines_only:
        _refuse_several_lines(path, converter)
    if lines_only or _is_lines(path, converter):
        yield from _lines(path, converter, find_twice)
    else:
        yield from _whole(path, converter, find_twice)


def _is_lines(path: Path, converter: Converter) -> bool:
    """Say whether the first line with text is a whole JSON object."""
    with path.open("rb") as file:
        line = b"\n"
        while line.isspace():
            line = file.readline(LONGEST_LINE)
    line = line.removeprefix(codecs.BOM_UTF8)
    return line.lstrip().startswith(b"{") and _parsed_quietly(line, converter) is not None


def _refuse_several_lines(path: Path, converter: Converter) -> None:
    """Refuse JSON that is not one record to a line, with one error instead of one for each line.

    Raises:
        InputError: the first line begins an object or an array that goes on in the next line, or is an array.
    """
    with path.open("rb") as file:
        first = [line for line in itertools.islice(file, _FIRST_LINES) if not line.isspace()][:2]
    some = [line.removeprefix(codecs.BOM_UTF8) for line in first]
    parsed = [_parsed_quietly(line, converter) for line in some]
    begins = bool(some) and some[0].strip() in {b"{", b"["}
    if not some or isinstance(parsed[0], dict) or (isinstance(parsed[-1], dict) and not begins):
        return
    goes_on = parsed[0] is None and len(some) > 1 and some[0].rstrip().endswith((b"{", b"[", b","))
    if goes_on or _holds_objects(parsed[0]):
        raise InputError(
            f"{path}: holds JSON over several lines, or an array, where each line must be an invoice; say "
            "that its format is json (file_format=), or write one invoice to a line"
        )


def _holds_objects(value: object) -> bool:
    items = cast("list[object]", value) if isinstance(value, list) else []
    return bool(items) and isinstance(items[0], dict)


def _parsed_quietly(text: bytes, converter: Converter) -> object:
    try:
        found: object = converter.parse(text)
    except ResponseDecodeError:
        return None
    return found


def _lines(path: Path, converter: Converter, find_twice: bool) -> Iterator[JsonRecord]:
    with path.open("rb") as file:
        number = 0
        while text := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(text) > LONGEST_LINE:
                _skip_rest(file, text)
                message = (
                    f"is longer than {LONGEST_LINE // 1024**2} MiB; give large attachments by URL, "
                    "and each invoice a line of its own"
                )
                yield JsonRecord(number, "$", problem=Problem("$", "json.size", message))
                continue
            text = text.removeprefix(codecs.BOM_UTF8)  # the first line's, or that of a file put behind this
            if text and not text.isspace():
                yield _parsed(text, number, converter, find_twice)


def _skip_rest(file: BinaryIO, text: bytes) -> None:
    while text and not text.endswith(b"\n"):
        text = file.readline(_BLOCK)


def _parsed(text: bytes, line: int | None, converter: Converter, find_twice: bool) -> JsonRecord:
    try:
        value = converter.parse(text)
        return JsonRecord(line, "$", value, twice=keys_that_stand_twice(text) if find_twice else ())
    except RecursionError:
        message = "this JSON is nested too deeply; correct it"
    except ResponseDecodeError as error:
        message = _no_json(text, error)
    return JsonRecord(line, "$", problem=Problem("$", "json.syntax", message))


def _no_json(text: bytes, error: ResponseDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError:
        return "holds bytes that are no UTF-8, in which JSON is written; save the file as UTF-8"
    return f"{error}; correct it"


def _whole(path: Path, converter: Converter, find_twice: bool) -> Iterator[JsonRecord]:
    if path.stat().st_size > LARGEST_FILE:
        raise InputError(
            f"{path}: is larger than {LARGEST_FILE // 1024**2} MiB and would have to be read whole; "
            "write one invoice to a line (JSON Lines, .jsonl)"
        )
    record = _parsed(path.read_bytes().removeprefix(codecs.BOM_UTF8), None, converter, find_twice)
    whole: object = record.value
    if isinstance(whole, list):
        items = cast("list[object]", whole)
        for index in range(len(items)):
            value, items[index] = items[index], None  # let go of what is read
            root = f"$[{index}]"
            twice = tuple("$" + place.removeprefix(root) for place in record.twice if place.startswith(root))
            yield JsonRecord(None, root, value, twice=twice)
    else:
        yield record
