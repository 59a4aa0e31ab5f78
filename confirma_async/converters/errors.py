"""What is wrong with an object, and where: the slow way, after a failure. It never shows a value.

What cannot be read is read once more by a cattrs converter, whose errors carry a note of each place. What
cannot be written is walked through.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import eq
from types import GenericAlias
from typing import Any, TypeAlias

import cattrs
import msgspec
from cattrs.cols import list_structure_factory
from cattrs.errors import ClassValidationError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from confirma_async.converters.fast import EXTRA
from confirma_async.converters.fields import Field
from confirma_async.converters.value_types import (
    CODECS,
    JSON_TYPE_NAMES,
    NOT_SO_DEEP,
    RULE,
    Reader,
    WireMismatch,
    checked_json,
    enum_reader,
    is_open_enum,
    is_schema,
    is_too_deep,
    record_of,
)
from confirma_async.errors import Problem
from confirma_async.schemas.wire import Schema

FieldsOf: TypeAlias = Callable[[type[Schema]], tuple[Field, ...]]
Hook: TypeAlias = Callable[[Any, Any], Any]

_AT_BYTE = re.compile(r"(?:JSON is malformed: )?(?P<what>.+) \(byte (?P<at>\d+)\)")


def fault_of_json(error: Exception, data: bytes | str) -> str:
    """Return why a text could not be read as JSON, and where it goes wrong, counted as editors count."""
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


class _UnknownKeys:
    """The kind of a value under a key that the contract does not know."""


class Explainer(cattrs.Converter):
    """Reads schemas from dicts, and says of each value that cannot be read where it stands.

    Args:
        fields_of: Gives the fields of a schema.
    """

    def __init__(self, fields_of: FieldsOf) -> None:
        super().__init__(detailed_validation=True)
        self._fields_of = fields_of
        for kind, (read, _) in CODECS.items():
            if isinstance(kind, type):  # cattrs has hooks of its own for these, which precede any predicate
                self.register_structure_hook(kind, _hook(read))
            else:
                self.register_structure_hook_func(partial(eq, kind), _hook(read))
        self.register_structure_hook(_UnknownKeys, _hook(_read_unknown))
        self.register_structure_hook_factory(is_open_enum, _enum_hook)
        self.register_structure_hook_factory(is_schema, self._schema_hook)
        self.register_structure_hook_factory(_is_list, self._list_hook)

    def problems(self, obj: object, cls: Any) -> Iterator[Problem]:
        """Yield every place where an object is not what its schema says."""
        record = record_of(cls)
        kind: Any = GenericAlias(list, record) if record else cls
        try:
            self.structure(obj, kind)
        except (cattrs.BaseValidationError, WireMismatch) as error:
            yield from self._problems(error, obj, "$")

    def _schema_hook(self, cls: type[Schema]) -> Hook:
        fields = self._fields_of(cls)
        known = {item.wire for item in fields}
        unknown = override(rename=EXTRA, struct_hook=self.get_structure_hook(dict[Any, _UnknownKeys]))
        overrides: dict[str, Any] = {
            item.attribute: override(rename=item.wire, struct_hook=self._field_hook(item)) for item in fields
        }
        read = make_dict_structure_fn(cls, self, extra=unknown, **overrides)

        def structure(found: Any, _kind: Any) -> Any:
            if not isinstance(found, Mapping):
                raise WireMismatch("an object", found)
            keys = typing.cast("Mapping[str, Any]", found)
            given: dict[str, Any] = {EXTRA: {key: keys[key] for key in keys if key not in known}}
            for item in fields:
                value = keys.get(item.name_in(keys))
                value = item.absent if value is None else value
                if value is not None:
                    given[item.wire] = value
            return read(given, cls)

        return structure

    def _field_hook(self, item: Field) -> Hook:
        return self.get_structure_hook(GenericAlias(list, item.kind) if item.many else item.kind)

    def _list_hook(self, kind: Any) -> Hook:
        read_all = list_structure_factory(kind, self)

        def structure(found: Any, _kind: Any) -> Any:
            if not isinstance(found, list | tuple):
                raise WireMismatch("an array", found)
            return read_all(found, kind)

        return structure

    def _problems(self, error: Exception, found: Any, path: str) -> Iterator[Problem]:
        if isinstance(error, ClassValidationError):
            inside = {note.name: inner for inner, note in error.group_exceptions()[0]}
            for item in self._fields_of(error.cl):
                if item.attribute in inside:
                    name = item.name_in(found)
                    yield from self._problems(inside[item.attribute], found.get(name), f"{path}.{name}")
            if "extra" in inside:
                yield from self._problems(inside["extra"], found, path)
        elif isinstance(error, IterableValidationError):
            for each, place in error.group_exceptions()[0]:
                step = f".{_step(place.index)}" if place.type is _UnknownKeys else f"[{place.index}]"
                yield from self._problems(each, found[place.index], path + step)
        elif isinstance(error, KeyError):
            yield Problem(path, RULE, "is required and missing")
        elif isinstance(error, WireMismatch):
            named = JSON_TYPE_NAMES.get(error.found, error.found)
            yield Problem(path, RULE, f"must be {error.wanted}", named)


def _hook(read: Reader) -> Hook:
    return lambda value, _kind: read(value)


def _enum_hook(kind: Any) -> Hook:
    return _hook(enum_reader(kind))


def _is_list(kind: Any) -> bool:
    return typing.get_origin(kind) is list


def _read_unknown(value: Any) -> Any:
    if is_too_deep(value):
        raise WireMismatch(NOT_SO_DEEP, value)
    return value


def problems_writing(
    obj: Any, cls: Any, path: str, fields_of: FieldsOf, encode: Callable[[object], bytes]
) -> Iterator[Problem]:
    """Yield every attribute that holds what cannot be written."""
    if not isinstance(obj, cls):
        yield _problem(path, WireMismatch(f"a {cls.__name__}", obj))
        return
    for item in fields_of(cls):
        place = f"{path}.{item.wire}"
        value = getattr(obj, item.attribute)
        if value is None and not item.required:
            continue
        if item.many and not isinstance(value, list | tuple):
            yield _problem(place, WireMismatch("an array", value))
            continue
        values: Any = enumerate(typing.cast("Any", value)) if item.many else [(None, value)]
        for index, each in values:
            where = place if index is None else f"{place}[{index}]"
            if is_schema(item.kind):
                yield from problems_writing(each, item.kind, where, fields_of, encode)
                continue
            try:
                item.write(each)
            except WireMismatch as mismatch:
                yield _problem(where, mismatch)
    extra = dict(obj.extra)
    try:
        checked_json(extra)
    except WireMismatch as mismatch:
        yield _problem(f"{path} (extra)", mismatch)
    else:
        yield from _unencodable(extra, path, encode)


def problems_encoding(obj: object, path: str, encode: Callable[[object], bytes]) -> Iterator[Problem]:
    """Yield every value that has no form in JSON."""
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
