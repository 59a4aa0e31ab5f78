"""Reads one JSON document as one schema, from a file or from standard input."""

from __future__ import annotations

import codecs
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Generic

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.formats.json.keys import (
    keys_that_stand_twice,
    known_keys,
    remarks_on_unknown_keys,
    twice_in_one_object,
)
from confirma_async.formats.json.records import LARGEST_FILE
from confirma_async.formats.models import InputError
from confirma_async.schemas.wire import AnySchema

STANDARD_INPUT = Path("-")
"""The path that means standard input."""


@frozen
class JsonDocument(Generic[AnySchema]):
    """A document that was read.

    Attributes:
        value: The document, as its schema.
        remarks: Keys that the contract does not know, one sentence for each.
    """

    value: AnySchema
    remarks: Sequence[str]


def read_json(path: Path, converter: Converter) -> bytes:
    """Read a file of any JSON; return its bytes.

    Raises:
        InputError: the file cannot be read, or is not JSON; the message names line and column.
    """
    return _parsed(path, _name(path), converter)[0]


def read_document(path: Path, cls: type[AnySchema], converter: Converter) -> JsonDocument[AnySchema]:
    """Read a file that holds one object of a schema in its wire form.

    Args:
        path: The path of the file; ``-`` is standard input.
        cls: The schema that the document has.
        converter: Reads the document, by the wire names with overrides.

    Raises:
        InputError: the file cannot be read, or is not JSON; the message names line and column.
        RequestInvalidError: it does not fit the schema; all problems are listed.
    """
    name = _name(path)
    text, found = _parsed(path, name, converter)
    problems = [*map(twice_in_one_object, keys_that_stand_twice(text))]
    try:
        value = converter.structure(found, cls)
    except ResponseDecodeError as error:
        problems += error.problems
    else:
        if not problems:
            known = known_keys(converter, cls)
            return JsonDocument(value, remarks_on_unknown_keys(found, known))
    raise RequestInvalidError(f"what {name} holds", problems)


def _name(path: Path) -> str:
    return "standard input" if path == STANDARD_INPUT else str(path)


def _parsed(path: Path, name: str, converter: Converter) -> tuple[bytes, Any]:
    """Return a file as bytes, without a byte order mark, and as parsed JSON."""
    text = _text(path, name).removeprefix(codecs.BOM_UTF8)
    try:
        return text, converter.parse(text)
    except ResponseDecodeError as error:
        raise InputError(f"{name}: {error}; correct it") from None


def _text(path: Path, name: str) -> bytes:
    try:
        if path == STANDARD_INPUT and sys.stdin is None:  # pyright: ignore[reportUnnecessaryComparison] (closed)
            raise InputError(f"{name}: is closed; name a file")
        if path == STANDARD_INPUT:
            text = sys.stdin.buffer.read(LARGEST_FILE + 1)
        else:
            with path.open("rb") as file:
                text = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {(error.strerror or 'no file').lower()}") from None
    if len(text) > LARGEST_FILE:
        raise InputError(f"{name}: is larger than {LARGEST_FILE // 1024**2} MiB; divide it")
    if not text.strip():
        raise InputError(f"{name}: is empty")
    return text
