"""The attributes of schemas as the wire sees them, and what reads and writes each schema.

Both are made once for a set of wire names, when first needed.
"""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, TypeAlias

import attrs
import cattrs
from cattrs.cols import list_structure_factory
from cattrs.fns import identity

from confirma_async.converters.fast import UNREADABLE, FastReader, schema_reader, schema_writer
from confirma_async.converters.value_types import (
    CODECS,
    Reader,
    WireMismatch,
    Writer,
    enum_reader,
    is_open_enum,
    write_enum,
)
from confirma_async.errors import ConfirmaError
from confirma_async.schemas.values import Moment
from confirma_async.schemas.wire import OLDER_NAME, WIRE_NAME, Schema, camel_case

Hook: TypeAlias = Callable[[Any, Any], Any]
HookFactory: TypeAlias = Callable[[Any, cattrs.Converter], Hook]

BY_HOOK = "what its hook takes"
REFUSED = (*UNREADABLE, TypeError, LookupError, AttributeError, cattrs.BaseValidationError)
"""What a hook raises where a value is not what it takes."""


class OwnHook(partial[Any]):
    """A hook of this package, told by its class from one that a program registers."""


LISTS: Mapping[Any, Callable[[list[Any]], Any]] = {
    list: list, frozenset: frozenset, tuple: tuple, Sequence: tuple
}  # fmt: skip
"""What a list is read into, by the origin of the kind."""


def is_list(kind: Any) -> bool:
    """Say whether a kind is a list of values of one kind, or anything that is made of one."""
    args = typing.get_args(kind)
    return typing.get_origin(kind) in LISTS and (len(args) == 1 or args[1:] == (...,))


def list_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    """Make what reads a list."""
    read, made_of = list_structure_factory(kind, converter), LISTS[typing.get_origin(kind)]
    return lambda found, _kind: made_of(read(found, kind))


def only_from(sources: type | tuple[type, ...], wanted: str, factory: HookFactory) -> HookFactory:
    """Return a factory whose hooks read what is of certain classes; cattrs' own would take what is like it.

    Args:
        sources: The classes.
        wanted: Tells of them, in errors.
        factory: Makes the hooks.
    """

    def hook(kind: Any, converter: cattrs.Converter) -> Hook:
        read = factory(kind, converter)

        def only(found: Any, _kind: Any) -> Any:
            if isinstance(found, sources):
                return read(found, kind)
            raise WireMismatch(wanted, found)

        return only

    return hook


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
    treated: Any
    """The kind, or ``object`` where a hook of a program's own reads or writes it."""

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


class Codecs:
    """Readers and writers of schemas. Any number of converters and threads share them.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
        hooks: The converter whose hooks read and write what stands in a schema; None for the built-in ones.

    Attributes:
        unknown_written: Grows with every object written that holds a key which the contract does not know.
    """

    def __init__(self, names: frozenset[tuple[str, str]], hooks: cattrs.Converter | None = None) -> None:
        self._names = dict(names)
        self._hooks = hooks
        self._fields: dict[type[Schema], tuple[Field, ...]] = {}
        self._writers: dict[type[Schema], Writer] = {}
        self._readers: dict[type[Schema], FastReader] = {}
        self._making = threading.RLock()
        self.unknown_written: int = 0

    def fields_of(self, cls: type[Schema]) -> tuple[Field, ...]:
        """Return the fields of a schema."""
        if cls not in self._fields:
            self._fields[cls] = tuple(self._made_fields(cls))
        return self._fields[cls]

    def _made_fields(self, cls: type[Schema]) -> Iterator[Field]:
        plain: type = cls  # mypy takes an attrs class for unhashable
        kinds, names = _kinds_of(plain), wire_names(cls, self._names)
        for item in attrs.fields(cls):
            if item.name == "extra":
                continue
            kind, many = kinds[item.name]
            read, write, treated = self._codec(kind)
            required = item.default is attrs.NOTHING
            absent = None if required or item.default is None or many else write(item.default)
            older = item.metadata.get(OLDER_NAME)
            yield Field(
                item.name, names[item.name], kind, many, required, older, absent, read, write, treated
            )

    def read(self, obj: object, cls: type[Schema]) -> Any:
        """Read a schema from what JSON is parsed into.

        Raises:
            UNREADABLE: it is not of that form.
        """
        return self.reader(cls).read(obj)

    def reader(self, cls: type[Schema]) -> FastReader:
        """Return what reads a schema; it is made whole before another thread can see it.

        msgspec works out a struct when it is first read into, and two threads that do so at once crash: each
        takes the other's half for the whole. Making the decoder works it out, with the lock held.
        """
        if found := self._readers.get(cls):
            return found
        with self._making:
            if cls not in self._readers:
                self._readers[cls] = schema_reader(cls, self.fields_of(cls), self.reader)
            return self._readers[cls]

    def writer(self, cls: type[Schema]) -> Writer:
        """Return what writes a schema."""
        if cls not in self._writers:
            self._writers[cls] = schema_writer(cls, self.fields_of(cls), self.writer, self._note_unknown)
        return self._writers[cls]

    def _codec(self, kind: Any) -> tuple[Reader, Writer, Any]:
        """Return what reads and writes values of a kind, and the kind as which the fast way may treat them.

        That is ``object``, of which it knows nothing, where a hook of a program's own reads or writes them.
        """
        if kind in CODECS:
            read, write = CODECS[kind]
        elif is_open_enum(kind):
            read, write = enum_reader(kind), write_enum
        else:
            read, write = partial(self._read_nested, kind), partial(self._write_nested, kind)
        treated = kind
        if self._hooks is not None:
            reading, writing = self._hooks.get_structure_hook(kind), self._hooks.get_unstructure_hook(kind)
            if not isinstance(reading, OwnHook):
                read, treated = by_hook(reading, kind), object
            if not isinstance(writing, OwnHook) and writing is not identity:
                write, treated = by_hook(writing), object
        return read, write, treated

    def _read_nested(self, cls: type[Schema], value: Any) -> Any:
        try:
            return self.read(value, cls)
        except UNREADABLE:
            pass
        raise WireMismatch(f"a {cls.__name__}", value)

    def _write_nested(self, cls: type[Schema], value: Any) -> Any:
        if not isinstance(value, cls):
            raise WireMismatch(f"a {cls.__name__}", value)
        return self.writer(cls)(value)

    def _note_unknown(self) -> None:
        self.unknown_written += 1


def by_hook(hook: Callable[..., Any], *kind: Any) -> Reader:
    """Return a hook as a reader or writer. What it raises may hold the value, and is dropped."""

    def call(value: Any) -> Any:
        try:
            return hook(value, *kind)
        except (*REFUSED, ConfirmaError):
            pass
        raise WireMismatch(BY_HOOK, value)

    return call


@lru_cache(maxsize=16)  # a program has one set of corrections, or a few
def codecs_of(names: frozenset[tuple[str, str]]) -> Codecs:
    """Return the codecs of a set of wire names: the same ones to every converter that has these."""
    return Codecs(names)


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
