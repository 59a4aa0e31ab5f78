"""Between JSON and schemas: a cattrs converter whose quick way is msgspec's.

Every wire convention is an entry of the table in ``value_types``, and a hook of the converter. Of a schema
and that table, ``fast`` makes what reads and writes it through msgspec. An answer that this refuses is read
once more by ``tolerance``, which keeps what it cannot read. Anything else is read once more by hooks of
cattrs, in ``errors``, whose notes say where each fault is. Both are imported when there is a fault.

Where a program registers a hook of its own, this is called for each value of its kind, and the rest of the
schema goes the quick way still.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cache, cached_property, partial, wraps
from operator import eq
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, overload

import cattrs
import msgspec

from confirma_async.converters.codecs import (
    REFUSED,
    Codecs,
    Field,
    Hook,
    OwnHook,
    codecs_of,
    is_list,
    list_hook,
    only_from,
    wire_names,
)
from confirma_async.converters.fast import UNREADABLE, FastReader, array_reader, encode_json
from confirma_async.converters.value_types import (
    CODECS,
    Reader,
    WireMismatch,
    Writer,
    is_schema,
    record_of,
    write_enum,
)
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas.values import OpenEnum
from confirma_async.schemas.wire import Answer, Schema

if TYPE_CHECKING:
    from confirma_async.schemas.drift import Drift

__all__ = ["Converter", "Field", "to_dict", "to_json", "wire_names"]

T = TypeVar("T")

_DECODE = msgspec.json.Decoder(float_hook=Decimal).decode
_KEPT = (Decimal,)
_BY_CATTRS = frozenset({str, int, bool})  # and their enums: written as they are
_UNWRITABLE = (WireMismatch, AttributeError, TypeError, ValueError)


def _registering(name: str) -> Any:
    """Return what registers a hook as cattrs does, and has it copied and asked.

    Args:
        name: The name of cattrs' method.
    """
    register = getattr(cattrs.Converter, name)
    parameters = register.__code__.co_varnames[1:3]

    @wraps(register)
    def registering(self: Any, *args: Any, **options: Any) -> Any:
        kind, hook = (*args, *map(options.get, parameters[len(args) :]))  # type: ignore[misc]  # (two, always)
        if hook is None:  # a decorator; cattrs' own would register a factory behind our back
            again = partial(getattr(self, name), kind)
            return again if name.endswith("_factory") else register(self, kind)
        if typing.get_origin(kind) is Annotated and name.endswith("_hook"):  # no class, as cattrs wants one
            return getattr(self, f"{name}_func")(partial(eq, kind), hook)
        made = register(self, *args, **options)
        self._registered.append((name, kind, hook))
        self._forget()
        return made

    return registering


class Converter(cattrs.Converter):
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    An answer of the service is read tolerantly: a value of the wrong kind reads as None, its raw value stays
    in ``extra``, and the answer's ``drift`` tells of it. In whatever else is read, it is an error.

    It is a cattrs converter. A hook that is registered for a kind of value, such as ``datetime.date`` or
    ``Amount``, or for a schema, reads or writes each of its kind, in schemas as elsewhere. Classes of a
    program's own are read and written as cattrs does it.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
        strict: Whether it is an error in answers, too.

    """

    if not TYPE_CHECKING:  # their types are those that cattrs gives them
        register_structure_hook = _registering("register_structure_hook")
        register_structure_hook_func = _registering("register_structure_hook_func")
        register_structure_hook_factory = _registering("register_structure_hook_factory")
        register_unstructure_hook = _registering("register_unstructure_hook")
        register_unstructure_hook_func = _registering("register_unstructure_hook_func")
        register_unstructure_hook_factory = _registering("register_unstructure_hook_factory")

    def __init__(self, names: Mapping[str, str] | None = None, *, strict: bool = False) -> None:
        self._names = frozenset((names or {}).items())
        self._strict = strict
        self._registered: list[tuple[str, Any, Any]] = []
        super().__init__()
        for kind, (read, write) in CODECS.items():
            self.register_structure_hook(kind, OwnHook(_read_as, kind, read))
            if kind not in _BY_CATTRS:
                self.register_unstructure_hook(kind, OwnHook(write))
        self.register_unstructure_hook(OpenEnum, OwnHook(write_enum))
        self.register_structure_hook_factory(is_list, only_from((list, tuple), "an array", list_hook))
        self.register_structure_hook_factory(self._is_ours, self._own_hook)
        self.register_unstructure_hook_func(is_schema, OwnHook(self._write))
        self._registered.clear()
        self._forget()

    def copy(self, *, strict: bool | None = None) -> Self:  # type: ignore[override]  # (the form is fixed)
        """Return another converter of the same names, with the hooks that were registered so far.

        Args:
            strict: As for the class; None for this converter's own choice.
        """
        made = type(self)(dict(self._names), strict=self.is_strict(strict))
        for name, kind, hook in self._registered:
            getattr(made, name)(kind, hook)
        return made

    def structure(self, obj: Any, cl: type[T], *, strict: bool | None = None) -> T:
        """Read a schema from a mapping of wire names; ``tuple[Payment, ...]`` from a list of them.

        Beside what JSON is parsed into, a tuple is read as a list, and a ``datetime.date`` as its text. Any
        other class is read as cattrs does it.

        Args:
            obj: What to read.
            cl: The schema, or another class.
            strict: Whether a value of the wrong kind is an error in an answer, too; None for the converter's
                own choice.

        Raises:
            ResponseDecodeError: the object is not of that form; lists every place, prints no value.
        """
        if strict is not None and strict is not self._strict:
            return self._otherwise.structure(obj, cl)
        hook = self.get_structure_hook(cl)
        try:
            read: T = hook(obj, cl)
        except REFUSED:
            pass
        else:
            return read
        from confirma_async.converters.errors import problems_reading

        raise ResponseDecodeError(f"this is not a {_title(cl)}", tuple(problems_reading(hook, obj, cl)))

    @overload
    def unstructure(self, obj: Schema, unstructure_as: None = None) -> dict[str, Any]: ...

    @overload
    def unstructure(self, obj: Any, unstructure_as: Any = None) -> Any: ...

    def unstructure(self, obj: Any, unstructure_as: Any = None) -> Any:
        """Write a schema as a mapping of wire names; numbers stay Decimal, dates become text.

        Any other object is written as cattrs does it.

        Args:
            obj: What to write.
            unstructure_as: The class as which it is written; None for its own.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
        """
        cls = obj.__class__ if unstructure_as is None else unstructure_as
        if self._writer(cls):
            return self._write(obj, cls)
        try:
            return super().unstructure(obj, unstructure_as)
        except WireMismatch as mismatch:
            problem = mismatch.problem("$")
        raise RequestInvalidError(f"the {_title(cls)}", (problem,))

    def loads(
        self,
        data: bytes | str,
        cl: type[T],
        *,
        strict: bool | None = None,
        note: Callable[[Sequence[Drift]], None] | None = None,
    ) -> T:
        """Read a schema from JSON.

        Args:
            data: The JSON.
            cl: The schema, ``tuple[Payment, ...]`` for an array, or another class.
            strict: As for ``structure``.
            note: Told how an answer that was read tolerantly differs from the contract.

        Raises:
            ResponseDecodeError: it is not JSON, or not of that form.
        """
        if strict is not None and strict is not self._strict:
            return self._otherwise.loads(data, cl, note=note)
        reader = self._reader(cl)
        if reader is None:
            return self.structure(self.parse(data), cl)
        try:
            read: T = reader.unpack(reader.decode(data))
        except UNREADABLE:
            pass
        else:
            return read
        found = self.parse(data)
        try:
            return typing.cast("T", reader.read_gathered(found))
        except UNREADABLE:
            pass
        return typing.cast("T", self._read_again(found, cl, note))

    def dumps(self, obj: Any) -> bytes:
        """Write a schema as JSON, decimals exactly as they are; or another object.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        if write := self._writer(type(obj)):
            try:
                return encode_json(write(obj))
            except _UNWRITABLE:
                pass
        return self.encode(self.unstructure(obj))  # the slow way, which says what is wrong and where

    def parse(self, data: bytes | str) -> Any:
        """Read JSON into dicts, lists and exact Decimals.

        Raises:
            ResponseDecodeError: it is not JSON.
        """
        try:
            return _DECODE(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
            from confirma_async.converters.errors import fault_of_json

            message = fault_of_json(error, data)
        raise ResponseDecodeError(message)

    def encode(self, obj: object) -> bytes:
        """Write dicts, lists and Decimals as JSON.

        Raises:
            RequestInvalidError: something in it has no form in JSON, such as half of a surrogate pair.
        """
        try:
            return encode_json(obj)
        except (TypeError, ValueError, RecursionError):
            pass
        from confirma_async.converters.errors import problems_encoding

        raise RequestInvalidError("the body", tuple(problems_encoding(obj, "$")))

    def fields_of(self, cls: type[Schema]) -> tuple[Field, ...]:
        """Return the fields of a schema as this converter reads and writes them."""
        return self._codecs.fields_of(cls)

    @property
    def unknown_written(self) -> int:
        """How many objects were written, here or elsewhere, that hold a key which the contract does not know.

        Where it has not grown since, none of those written meanwhile holds one.
        """
        return self._codecs.unknown_written

    def is_strict(self, strict: bool | None) -> bool:
        """Say whether answers are read strictly: by what a caller said, or by the converter's own choice."""
        return self._strict if strict is None else strict

    @cached_property
    def _otherwise(self) -> Self:
        """The same converter, with the other choice of strictness."""
        return self.copy(strict=not self._strict)

    def _forget(self) -> None:
        """Forget what was made of the hooks that there were."""
        self._codecs = Codecs(self._names, self) if self._registered else codecs_of(self._names)
        self._readers: dict[Any, FastReader] = {}
        self._writers: dict[Any, Writer] = {}
        self._explaining: dict[Any, Hook] = {}
        vars(self).pop("_otherwise", None)

    def _own_hook(self, cls: Any) -> OwnHook:
        return OwnHook(self._read, cls)

    def _is_ours(self, cls: Any) -> bool:
        """Say whether a class is a schema, or an array of one for which there is no other hook."""
        record = record_of(cls)
        return is_schema(cls) or (record is not None and self._reader(record) is not None)

    def _reader(self, cls: Any) -> FastReader | None:
        """Return what reads a schema, or an array of one; None where a hook does, and for any other class."""
        if cls in self._readers:
            return self._readers[cls]
        if self._is_ours(cls) and isinstance(self.get_structure_hook(cls), OwnHook):
            return self._readers.setdefault(cls, self._own_reader(cls))
        return None

    def _own_reader(self, cls: Any) -> FastReader:
        record = record_of(cls)
        return array_reader(self._codecs.reader(record)) if record else self._codecs.reader(cls)

    def _writer(self, cls: Any) -> Writer | None:
        """Return what writes a schema; None where a hook does, and for any other class."""
        if cls in self._writers:
            return self._writers[cls]
        if is_schema(cls) and isinstance(self.get_unstructure_hook(cls), OwnHook):
            return self._writers.setdefault(cls, self._codecs.writer(cls))
        return None

    def _read(self, cls: Any, obj: object, _kind: object) -> Any:
        """Read a schema, or an array of one, though the program has another hook for it: one around this."""
        reader = self._readers.get(cls) or self._own_reader(cls)
        try:
            return reader.read(obj)
        except UNREADABLE:
            pass
        return self._read_again(obj, cls)  # not above: the error there may hold a value

    def _write(self, obj: Any, kind: Any = None) -> dict[str, Any]:
        """Write a schema, likewise."""
        cls = kind or obj.__class__
        try:
            packed = self._codecs.writer(cls)(obj)
            return typing.cast("dict[str, Any]", msgspec.to_builtins(packed, builtin_types=_KEPT))
        except _UNWRITABLE:
            pass
        from confirma_async.converters.errors import problems_writing

        problems = problems_writing(obj, cls, "$", self.fields_of)
        raise RequestInvalidError(f"the {_title(cls)}", tuple(problems))

    def _read_again(
        self, obj: object, cls: Any, note: Callable[[Sequence[Drift]], None] | None = None
    ) -> Any:
        """Read what could not be read strictly, if it is an answer and may be read otherwise."""
        record = record_of(cls)
        if not self._strict and issubclass(record or cls, Answer):
            from confirma_async.converters.tolerance import TolerantReader

            with suppress(WireMismatch):
                read, drift, wrong = TolerantReader(self._codecs).read(obj, cls)
                if note is not None:
                    note(drift)
                if wrong:
                    raise ResponseDecodeError(f"this is not a {_title(cls)}", wrong, answer=read)
                return read
        from confirma_async.converters.errors import problems_in_schema, problems_reading

        strict = self if self._strict else self._otherwise
        if record is None:
            problems = problems_in_schema(obj, cls, strict, strict._explaining)  # noqa: SLF001 (our twin)
        else:
            kind: Any = GenericAlias(list, record)
            problems = problems_reading(strict.get_structure_hook(kind), obj, kind)
        raise ResponseDecodeError(f"this is not a {_title(cls)}", tuple(problems))


_plain: Callable[[], Converter] = cache(Converter)


def to_dict(obj: Schema) -> dict[str, Any]:
    """Return a schema in its wire form, under the built-in names: numbers are Decimal, dates are text.

    Secrets are in it, as they are sent. Under corrected names it is ``confirma.converter.unstructure``.

    Raises:
        RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
    """
    return _plain().unstructure(obj)


def to_json(obj: Schema) -> str:
    """Return the same as JSON, decimals exactly as they are.

    Raises:
        RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
    """
    return str(_plain().dumps(obj), "utf-8")


def _read_as(kind: Any, read: Reader, value: Any, cls: Any) -> Any:
    """Read a value of a kind, or of a class that is derived from it, such as an enum of words."""
    found = read(value)
    return cls(found) if isinstance(cls, type) and cls is not kind else found


def _title(cls: Any) -> str:
    if record := record_of(cls):
        return f"list of {_title(record)}"
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
