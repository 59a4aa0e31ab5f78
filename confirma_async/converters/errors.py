"""What is wrong with an object, and where: the slow walk that follows a failure. It never shows a value."""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import attrs
import msgspec

from confirma_async.converters.fields import Field
from confirma_async.converters.value_types import (
    NOT_SO_DEEP,
    Reader,
    WireMismatch,
    checked_json,
    is_schema,
    is_too_deep,
    record_of,
)
from confirma_async.errors import Problem
from confirma_async.schemas.wire import Schema

RULE = "type"
"""The id of the rule that a value of the wrong kind breaks."""

FieldsOf: TypeAlias = Callable[[type[Schema]], tuple[Field, ...]]

JSON_TYPE_NAMES: Mapping[str, str] = {
    "null": "nothing",
    "str": "text",
    "bool": "true/false",
    "int": "whole number",
    "Decimal": "decimal number",
    "list": "list",
    "dict": "object",
}
"""What was found, in words for those who wrote the JSON; who writes Python is told the class."""


_AT_BYTE = re.compile(r"(?:JSON is malformed: )?(?P<what>.+) \(byte (?P<at>\d+)\)")


def fault_of_json(error: Exception, data: bytes | str) -> str:
    """Why a text could not be read as JSON, and where it goes wrong, counted as editors count."""
    if isinstance(error, RecursionError):
        return "this JSON is nested too deeply"
    if isinstance(error, ArithmeticError | msgspec.ValidationError):
        return "this JSON holds a number with too many digits"
    if isinstance(error, UnicodeDecodeError):
        return "this is not JSON: it is not text in UTF-8"
    match = _AT_BYTE.fullmatch(str(error))
    if match is None:
        return f"this is not JSON: {error}"
    return f"this is not JSON: {match['what']} ({_position(data, int(match['at']))})"


def _position(data: bytes | str, at: int) -> str:
    text = data.encode("utf-8", "replace") if isinstance(data, str) else data
    *above, start = text[:at].split(b"\n")
    column = f"column {len(start.decode('utf-8', 'replace')) + 1}"
    if b"\n" not in text.strip():  # a record of a file of lines: which line it is, is told with its place
        return column
    return f"line {len(above) + 1}, {column}"


def problems_reading(obj: Any, cls: Any, path: str, fields_of: FieldsOf) -> Iterator[Problem]:
    """Every place where an object is not what its schema says."""
    for problem in _faults(obj, cls, path, fields_of):
        yield attrs.evolve(problem, found=JSON_TYPE_NAMES.get(problem.found or "", problem.found))


def _faults(obj: Any, cls: Any, path: str, fields_of: FieldsOf) -> Iterator[Problem]:
    if record := record_of(cls):
        if type(obj) is not list:
            yield _problem(path, WireMismatch("an array", obj))
            return
        for index, entry in enumerate(typing.cast("list[object]", obj)):
            yield from _faults(entry, record, f"{path}[{index}]", fields_of)
        return
    if type(obj) is not dict:
        yield _problem(path, WireMismatch("an object", obj))
        return
    found = typing.cast("dict[str, Any]", obj)
    for item in fields_of(cls):
        name = item.older if item.older in found and item.wire not in found else item.wire
        place = f"{path}.{name}"
        value = found.get(name, item.absent)
        if value is None:
            if item.required:
                yield Problem(place, RULE, "is required and missing")
            elif item.absent is not None:
                yield _problem(place, WireMismatch("given, or left out", None))
            continue
        yield from _problems_at(item, value, place, item.read, list, partial(_faults, fields_of=fields_of))
    yield from _too_deep(found, {item.wire for item in fields_of(cls)}, path)


def _too_deep(found: Mapping[str, Any], known: Collection[str], path: str) -> Iterator[Problem]:
    for key, value in found.items():
        if key not in known and is_too_deep(value):
            yield _problem(f"{path}.{_step(key)}", WireMismatch(NOT_SO_DEEP, value))


def problems_writing(obj: Any, cls: Any, path: str, fields_of: FieldsOf) -> Iterator[Problem]:
    """Every attribute that holds what cannot be written."""
    if not isinstance(obj, cls):
        yield _problem(path, WireMismatch(f"a {cls.__name__}", obj))
        return
    for item in fields_of(cls):
        place = f"{path}.{item.wire}"
        value = getattr(obj, item.attribute)
        if value is None and not item.required:
            continue
        yield from _problems_at(
            item, value, place, item.write, (list, tuple), partial(problems_writing, fields_of=fields_of)
        )
    try:
        checked_json(dict(obj.extra))
    except WireMismatch as mismatch:
        yield _problem(f"{path} (extra)", mismatch)


def _problems_at(
    item: Field,
    value: Any,
    place: str,
    convert: Reader,
    sequences: Any,
    nested: Callable[[Any, Any, str], Iterator[Problem]],
) -> Iterator[Problem]:
    if item.many and not isinstance(value, sequences):
        yield _problem(place, WireMismatch("an array", value))
        return
    places = enumerate(value) if item.many else [(None, value)]
    for index, entry in places:
        where = place if index is None else f"{place}[{index}]"
        if is_schema(item.kind):
            yield from nested(entry, item.kind, where)
            continue
        try:
            convert(entry)
        except WireMismatch as mismatch:
            yield _problem(where, mismatch)


def problems_encoding(obj: object, path: str, encode: Callable[[object], bytes]) -> Iterator[Problem]:
    """Every value that has no form in JSON."""
    if is_too_deep(obj):
        yield _problem(path, WireMismatch(NOT_SO_DEEP, obj))
        return
    yield from _unencodable(obj, path, encode)


def _unencodable(obj: object, path: str, encode: Callable[[object], bytes]) -> Iterator[Problem]:
    if isinstance(obj, dict):
        for key, value in typing.cast("dict[object, object]", obj).items():
            yield from _unencodable(key, f"{path} (a key)", encode)
            yield from _unencodable(value, f"{path}.{_step(key)}", encode)
        return
    if isinstance(obj, list):
        for index, value in enumerate(typing.cast("list[object]", obj)):
            yield from _unencodable(value, f"{path}[{index}]", encode)
        return
    try:
        encode(obj)
    except UnicodeEncodeError:
        yield Problem(path, RULE, "must be text without half surrogates, which no encoding can carry", "str")
    except (TypeError, ValueError):
        yield _problem(path, WireMismatch("a value that JSON has a form for", obj))


def _step(key: object) -> str:
    return key if isinstance(key, str) and key.isprintable() else ascii(key)


def _problem(path: str, mismatch: WireMismatch) -> Problem:
    return Problem(path, RULE, f"must be {mismatch.wanted}", mismatch.found)
