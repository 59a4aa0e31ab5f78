"""What is wrong with an object, and where: the slow way, after a failure. It never shows a value.

What cannot be read is read once more by hooks that cattrs makes, whose errors carry a note of each place.
What cannot be written is walked through.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from attrs import evolve
from cattrs.errors import AttributeValidationNote, ClassValidationError, IterableValidationError
from cattrs.gen import make_dict_structure_fn, override

from confirma_async.converters.codecs import BY_HOOK, Field, Hook
from confirma_async.converters.fast import encode_json
from confirma_async.converters.value_types import (
    JSON_TYPE_NAMES,
    NOT_SO_DEEP,
    RULE,
    WireMismatch,
    checked_json,
    is_schema,
    is_too_deep,
)
from confirma_async.errors import Problem, ResponseDecodeError
from confirma_async.schemas.wire import Schema

if TYPE_CHECKING:
    from confirma_async.converters import Converter

Step: TypeAlias = str | int
FieldsOf: TypeAlias = Callable[[type[Schema]], tuple[Field, ...]]

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


def faults(error: Exception, *steps: Step) -> Iterator[tuple[tuple[Step, ...], Exception]]:
    """Yield each error that cattrs has noted a place of, and the names and indexes that lead to it.

    Args:
        error: What a hook raised.
        steps: What leads to that.
    """
    if not isinstance(error, ClassValidationError | IterableValidationError):
        yield steps, error
        return
    placed, whole = error.group_exceptions()
    for inner, note in placed:
        step = note.name if isinstance(note, AttributeValidationNote) else note.index
        yield from faults(inner, *steps, step)
    for inner in whole:
        yield from faults(inner, *steps)


def problems_reading(
    hook: Hook, obj: object, cls: Any, names: Mapping[Step, str] | None = None
) -> Iterator[Problem]:
    """Yield every place where an object is not what a hook wants.

    Args:
        hook: The hook.
        obj: The object.
        cls: The class that it is to be read as.
        names: What the attributes of that are called in the object, where it is not their name.
    """
    try:
        hook(obj, cls)
    except Exception as error:  # noqa: BLE001 (whatever a hook raises; none of its text is shown)
        for steps, fault in faults(error):
            named = ((names or {}).get(steps[0], steps[0]), *steps[1:]) if steps else ()
            path = "$" + "".join(
                f"[{step}]" if isinstance(step, int) else f".{_step(step)}" for step in named
            )
            yield from _problems_of(fault, path)


def problems_in_schema(
    obj: object, cls: type[Schema], strict: Converter, hooks: dict[Any, Hook]
) -> Iterator[Problem]:
    """Yield every place where an object is not what its schema says, from the notes of a hook of cattrs.

    Args:
        obj: The object.
        cls: The schema.
        strict: Reads what stands in it, and yields the places there.
        hooks: Keeps the hooks that are made.
    """
    if not isinstance(obj, Mapping):
        yield WireMismatch("an object", obj).problem("$", JSON_TYPE_NAMES)
        return
    keys, fields = typing.cast("Mapping[str, Any]", obj), strict.fields_of(cls)
    names = {item.attribute: item.name_in(keys) for item in fields}
    given = {name: value for name, wire in names.items() if (value := keys.get(wire)) is not None}
    absent = {item.attribute: item.absent for item in fields if item.absent is not None}
    hook = hooks[cls] = hooks.get(cls) or _schema_hook(cls, fields, strict)
    yield from problems_reading(hook, {**absent, **given}, cls, typing.cast("Any", names))
    known = {item.wire for item in fields}
    for key in keys:
        if key not in known and is_too_deep(keys[key]):
            yield WireMismatch(NOT_SO_DEEP, keys[key]).problem(f"$.{_step(key)}", JSON_TYPE_NAMES)


def _schema_hook(cls: type[Schema], fields: Sequence[Field], converter: Converter) -> Hook:
    overrides: dict[str, Any] = {"extra": override(omit=True)}
    for item in fields:
        kind = GenericAlias(list, item.kind) if item.many else item.kind
        overrides[item.attribute] = override(struct_hook=converter.get_structure_hook(kind))
    return make_dict_structure_fn(cls, converter, **overrides)


def _problems_of(fault: Exception, path: str) -> Iterator[Problem]:
    if isinstance(fault, ResponseDecodeError):
        for each in fault.problems:
            yield evolve(each, path=path + each.path.removeprefix("$"))
    elif isinstance(fault, WireMismatch):
        yield fault.problem(path, JSON_TYPE_NAMES)
    else:
        message = "is required and missing" if isinstance(fault, KeyError) else f"must be {BY_HOOK}"
        yield Problem(path, RULE, message)


def problems_writing(obj: Any, cls: Any, path: str, fields_of: FieldsOf) -> Iterator[Problem]:
    """Yield every attribute that holds what cannot be written."""
    if not isinstance(obj, cls):
        yield WireMismatch(f"a {cls.__name__}", obj).problem(path)
        return
    for item in fields_of(cls):
        place = f"{path}.{item.wire}"
        value = getattr(obj, item.attribute)
        if value is None and not item.required:
            continue
        if item.many and not isinstance(value, list | tuple):
            yield WireMismatch("an array", value).problem(place)
            continue
        values: Any = enumerate(typing.cast("Any", value)) if item.many else [(None, value)]
        for index, each in values:
            where = place if index is None else f"{place}[{index}]"
            yield from _problems_writing_value(item, each, where, fields_of)
    extra = dict(obj.extra)
    try:
        checked_json(extra)
    except WireMismatch as mismatch:
        yield mismatch.problem(f"{path} (extra)")
    else:
        yield from _unencodable(extra, path)


def _problems_writing_value(item: Field, value: Any, path: str, fields_of: FieldsOf) -> Iterator[Problem]:
    if is_schema(item.treated):
        yield from problems_writing(value, item.kind, path, fields_of)
        return
    try:
        written = item.write(value)
    except WireMismatch as mismatch:
        yield mismatch.problem(path)
    else:
        if item.treated is object:  # a hook may write anything
            yield from _unencodable(written, path)


def problems_encoding(obj: object, path: str) -> Iterator[Problem]:
    """Yield every value that has no form in JSON."""
    if is_too_deep(obj):
        yield WireMismatch(NOT_SO_DEEP, obj).problem(path)
        return
    yield from _unencodable(obj, path)


def _unencodable(obj: object, path: str) -> Iterator[Problem]:
    if isinstance(obj, dict):
        for key, value in typing.cast("dict[object, object]", obj).items():
            yield from _unencodable(key, f"{path} (a key)")
            yield from _unencodable(value, f"{path}.{_step(key)}")
        return
    if isinstance(obj, list):
        for index, value in enumerate(typing.cast("list[object]", obj)):
            yield from _unencodable(value, f"{path}[{index}]")
        return
    try:
        encode_json(obj)
    except UnicodeEncodeError:
        yield Problem(path, RULE, "must be text without half surrogates, which no encoding can carry", "str")
    except (TypeError, ValueError):
        yield WireMismatch("a value that JSON has a form for", obj).problem(path)


def _step(key: object) -> str:
    return key if isinstance(key, str) and key.isprintable() else ascii(key)
