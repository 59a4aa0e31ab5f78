"""The attributes of a schema as the wire sees them."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import attrs

from confirma_async.converters.value_types import (
    CODECS,
    Reader,
    WireMismatch,
    Writer,
    enum_reader,
    is_open_enum,
    write_enum,
)
from confirma_async.schemas.values import Moment
from confirma_async.schemas.wire import OLDER_NAME, WIRE_NAME, Schema, camel_case


@attrs.frozen
class Field:
    """One attribute of a schema, as the wire sees it."""

    attribute: str
    wire: str
    kind: Any
    many: bool
    required: bool
    older: str | None
    """The name that an older form of the vendor's page has for it; read as well."""
    absent: Any
    """What stands for the attribute on the wire when its key is missing; None when nothing does."""
    read: Reader
    write: Writer

    @property
    def nothing(self) -> Any:
        """What the attribute holds when the wire has nothing."""
        return () if self.many else None

    def name_in(self, found: Mapping[str, Any]) -> str:
        """Return the name that an object has for the attribute: the older one, where it has that alone."""
        return self.older if self.older and self.older in found and self.wire not in found else self.wire

    def can_read(self, raw: Any) -> bool:
        """Say whether a value is of the kind of the attribute."""
        try:
            self.read(raw)
        except WireMismatch:
            return False
        return True

    def is_spelling_of(self, raw: Any, current: Any) -> bool:
        """Say whether the attribute would hold its current value, had it been read from another one."""
        try:
            if not self.many:
                return bool(self.read(raw) == current)
            return isinstance(raw, list) and tuple(map(self.read, typing.cast("Any", raw))) == current
        except WireMismatch:
            return False


def wire_names(cls: type[Schema], overrides: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the wire name of every attribute of a schema, overrides of ``Class.attribute`` included."""
    overrides = overrides or {}
    return {
        item.name: overrides.get(
            f"{cls.__name__}.{item.name}", item.metadata.get(WIRE_NAME) or camel_case(item.name)
        )
        for item in attrs.fields(cls)
        if item.name != "extra"
    }


def fields_of(
    cls: type[Schema],
    overrides: Mapping[str, str],
    read_nested: Callable[[type[Schema], Any], Any],
    write_nested: Callable[[type[Schema], Any], Any],
) -> Iterator[Field]:
    """Yield the fields of a schema, in order.

    Args:
        cls: The schema.
        overrides: Wire names that replace the built-in ones, by ``Class.attribute``.
        read_nested: Reads an object of another schema.
        write_nested: Writes one.
    """
    plain: type = cls  # mypy takes an attrs class for unhashable
    kinds, names = _kinds_of(plain), wire_names(cls, overrides)
    for item in attrs.fields(cls):
        if item.name == "extra":
            continue
        kind, many = kinds[item.name]
        if kind in CODECS:
            read, write = CODECS[kind]
        elif is_open_enum(kind):
            read, write = enum_reader(kind), write_enum
        else:
            read, write = partial(read_nested, kind), partial(write_nested, kind)
        required = item.default is attrs.NOTHING
        absent = None if required or item.default is None or many else write(item.default)
        older = item.metadata.get(OLDER_NAME)
        yield Field(item.name, names[item.name], kind, many, required, older, absent, read, write)


@cache  # each client has a converter of its own
def _kinds_of(cls: type) -> Mapping[str, tuple[Any, bool]]:
    """Return for each attribute of a schema its kind, and whether it is a sequence of that kind."""
    hints = typing.get_type_hints(cls, include_extras=True)
    return {name: _kind_of(annotation) for name, annotation in hints.items()}


def _kind_of(annotation: Any) -> tuple[Any, bool]:
    """Return the kind behind an annotation, and whether it is a sequence of that kind."""
    if annotation == Moment | None:
        return Moment, False
    if typing.get_origin(annotation) is typing.Union or type(annotation).__name__ == "UnionType":
        (annotation,) = (arg for arg in typing.get_args(annotation) if arg is not type(None))
    if typing.get_origin(annotation) is Sequence:
        return typing.get_args(annotation)[0], True
    return annotation, False
