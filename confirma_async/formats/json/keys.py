"""Finds repeated keys in a JSON record, of which one value would be lost, and unknown keys."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

from attrs import frozen

from confirma_async.converters import Converter
from confirma_async.converters.value_types import is_schema
from confirma_async.errors import Problem
from confirma_async.schemas import Schema

_MOST_REMARKS = 10
_LONGEST_KEY = 60

_Pairs: TypeAlias = list[tuple[str, Any]]


class _KeyTwice(Exception):  # noqa: N818 (a signal through the decoder, caught below)
    """Raised while parsing: an object has a key twice."""


def _once(pairs: _Pairs) -> None:
    if len({key for key, _ in pairs}) != len(pairs):
        raise _KeyTwice


class _Object(list[tuple[str, Any]]):
    """The keys of an object with their values, in order, repeated ones included."""


# Only keys matter here: numbers stay text, and objects are forgotten as soon as they are looked at.
_look = json.JSONDecoder(object_pairs_hook=_once, parse_int=str, strict=False).decode
_keep = json.JSONDecoder(object_pairs_hook=_Object, parse_int=str, strict=False).decode


def keys_that_stand_twice(data: bytes) -> tuple[str, ...]:
    """Return the paths of keys that an object in a JSON text has more than once.

    Raises:
        RecursionError: it is nested too deeply.
    """
    text = data.decode("utf-8", "replace")
    try:
        _look(text)
    except _KeyTwice:
        return tuple(dict.fromkeys(_twice(_keep(text), "$")))
    except ValueError:  # what the other reader took, this one need not understand
        pass
    return ()


def _twice(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Object):
        seen: set[str] = set()
        for key, inner in value:
            place = f"{path}.{_shown(key)}"
            if key in seen:
                yield place
            seen.add(key)
            yield from _twice(inner, place)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[object]", value)):
            yield from _twice(inner, f"{path}[{index}]")


def twice_in_one_object(path: str) -> Problem:
    """Return the problem of a repeated key."""
    message = (
        "stands twice in one object, and only one of the two values could be sent; remove one, or rename it"
    )
    return Problem(path, "json.duplicate-key", message)


@frozen
class KnownKeys:
    """The keys of the objects of a schema, with those of the objects below each."""

    names: frozenset[str]
    below: tuple[tuple[str, bool, KnownKeys], ...]


def known_keys(converter: Converter, cls: type[Schema]) -> KnownKeys:
    """Return the keys of a schema, by the wire names of a converter."""
    fields = converter.fields_of(cls)
    return KnownKeys(
        frozenset(item.wire for item in fields),
        tuple(
            (item.wire, item.many, known_keys(converter, item.kind))
            for item in fields
            if is_schema(item.kind)
        ),
    )


def remarks_on_unknown_keys(value: Mapping[str, Any], known: KnownKeys) -> tuple[str, ...]:
    """Return one sentence for each unknown key, even if many rows have it.

    At most ten are named; one more sentence counts the others.
    """
    found: dict[str, None] = {}
    _find_unknown(value, known, "", found)
    remarks = [*found]
    more = len(remarks) - _MOST_REMARKS
    if more > 0:
        remarks[_MOST_REMARKS:] = [f"{more} more keys are not known and are sent as they are"]
    return tuple(remarks)


def _find_unknown(value: Mapping[str, Any], known: KnownKeys, path: str, found: dict[str, None]) -> None:
    if not known.names.issuperset(value):
        for key in value:
            if key not in known.names:
                found[f"the key {path}{_shown(key)} is not known and is sent as it is{_hint(key, known)}"] = (
                    None
                )
    for name, many, inner in known.below:
        below = value.get(name)
        if not below:
            continue
        if many:
            for each in below:
                _find_unknown(each, inner, f"{path}{name}[].", found)
        else:
            _find_unknown(below, inner, f"{path}{name}.", found)


def _hint(key: str, known: KnownKeys) -> str:
    names = {name.lower(): name for name in known.names}
    near = difflib.get_close_matches(key.lower(), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""


def _shown(key: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in key[:_LONGEST_KEY])
