"""Between JSON and schemas: the only cattrs converter.

Every wire convention is an entry of the table in ``value_types``. Of a schema and that table, ``fast`` makes
the quick way to JSON bytes and back, ``straight`` that to dicts and back, which takes everything; ``errors``
explains what they refuse.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property, partial
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from confirma_async.converters.errors import (
    RULE,
    fault_of_json,
    problems_encoding,
    problems_reading,
    problems_writing,
)
from confirma_async.converters.fast import Unpacker, packer, unpacker
from confirma_async.converters.fields import Field, fields_of, wire_names
from confirma_async.converters.straight import structure_function, unstructure_function
from confirma_async.converters.value_types import (
    CODECS,
    Reader,
    WireMismatch,
    Writer,
    enum_reader,
    is_array,
    is_open_enum,
    is_schema,
    record_of,
    write_enum,
)
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas.wire import Schema

if TYPE_CHECKING:
    import cattrs

__all__ = ["RULE", "Converter", "Field", "wire_names"]

T = TypeVar("T")


class Converter:
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._fields: dict[type[Schema], tuple[Field, ...]] = {}
        self._packers: dict[type[Schema], Writer] = {}
        self._unpackers: dict[type[Schema], Unpacker] = {}
        self._loaders: dict[Any, Callable[[bytes | str], Any]] = {}
        self._decode = msgspec.json.Decoder(float_hook=Decimal).decode
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    @cached_property
    def _cattrs(self) -> cattrs.Converter:
        """The way of dicts, loaded when something has to go it."""
        import cattrs

        converter = cattrs.Converter()
        for kind, (read, write) in CODECS.items():
            converter.register_structure_hook_func(partial(_same, kind), partial(_as_hook, read))
            converter.register_unstructure_hook_func(partial(_same, kind), write)
        converter.register_structure_hook_func(is_open_enum, _as_enum)
        converter.register_unstructure_hook_func(is_open_enum, write_enum)
        converter.register_structure_hook_factory(is_schema, self._structure_function)
        converter.register_structure_hook_factory(is_array, self._array_function)
        converter.register_unstructure_hook_factory(is_schema, self._unstructure_function)
        return converter

    def structure(self, obj: object, cls: type[T]) -> T:
        """Reads a schema from a mapping of wire names; ``tuple[Payment, ...]`` from a list of them.

        Raises:
            ResponseDecodeError: the object is not of that form; lists every place, prints no value.
        """
        try:
            return self._cattrs.structure(obj, cls)
        except (WireMismatch, KeyError, TypeError):
            problems = tuple(problems_reading(obj, cls, "$", self.fields_of))
            if not problems:
                raise
        raise ResponseDecodeError(f"this is not a {_title(cls)}", problems)

    def unstructure(self, obj: Schema) -> dict[str, Any]:
        """Writes a schema as a mapping of wire names; numbers stay Decimal, dates become text.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
        """
        try:
            return typing.cast("dict[str, Any]", self._cattrs.unstructure(obj))
        except (WireMismatch, AttributeError, TypeError, ValueError):
            problems = tuple(problems_writing(obj, type(obj), "$", self.fields_of))
            if not problems:
                raise
        raise RequestInvalidError(f"the {_title(type(obj))}", problems)

    def loads(self, data: bytes | str, cls: type[T]) -> T:
        """Reads a schema from JSON.

        Raises:
            ResponseDecodeError: it is not JSON, or not of that form.
        """
        try:
            return typing.cast("T", self._loader(cls)(data))
        except (WireMismatch, msgspec.DecodeError, ValueError, RecursionError, ArithmeticError):
            pass
        return self.structure(self.parse(data), cls)  # the slow way, which keeps or explains what is unusual

    def dumps(self, obj: Schema) -> bytes:
        """Writes a schema as JSON, decimals exactly as they are.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        try:
            return self._encode(self._packer(type(obj))(obj))
        except (WireMismatch, AttributeError, TypeError, ValueError):
            pass
        return self.encode(self.unstructure(obj))  # the slow way, which says what is wrong and where

    def parse(self, data: bytes | str) -> Any:
        """Reads JSON into dicts, lists and exact Decimals.

        Raises:
            ResponseDecodeError: it is not JSON.
        """
        try:
            return self._decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as error:
            told = fault_of_json(error, data)
        raise ResponseDecodeError(told)

    def encode(self, obj: object) -> bytes:
        """Writes dicts, lists and Decimals as JSON.

        Raises:
            RequestInvalidError: something in it has no form in JSON, such as half of a surrogate pair.
        """
        try:
            return self._encode(obj)
        except (TypeError, ValueError, RecursionError):
            # Raised below, not here: the encoder's error may hold a value, and must not hang on ours.
            problems = tuple(problems_encoding(obj, "$", self._encode))
        raise RequestInvalidError("the body", problems)

    def fields_of(self, cls: type[Schema]) -> tuple[Field, ...]:
        """The fields of a schema as this converter reads and writes them."""
        if cls not in self._fields:
            self._fields[cls] = tuple(fields_of(cls, self._names, self._read_nested, self._write_nested))
        return self._fields[cls]

    def _read_nested(self, cls: type[Schema], value: Any) -> Any:
        return self._cattrs.get_structure_hook(cls)(value, cls)

    def _write_nested(self, cls: type[Schema], value: Any) -> Any:
        if not isinstance(value, cls):
            raise WireMismatch(f"a {cls.__name__}", value)
        return self._cattrs.get_unstructure_hook(cls)(value)

    def _as_dict(self, obj: Schema) -> Any:
        return self._cattrs.unstructure(obj)

    def _packer(self, cls: type[Schema]) -> Writer:
        if cls not in self._packers:
            self._packers[cls] = packer(cls, self.fields_of(cls), self._packer, self._as_dict)
        return self._packers[cls]

    def _unpacker(self, cls: type[Schema]) -> Unpacker:
        if cls not in self._unpackers:
            self._unpackers[cls] = unpacker(cls, self.fields_of(cls), self._unpacker)
        return self._unpackers[cls]

    def _loader(self, cls: Any) -> Callable[[bytes | str], Any]:
        if cls not in self._loaders:
            self._loaders[cls] = self._made_loader(cls)
        return self._loaders[cls]

    def _made_loader(self, cls: Any) -> Callable[[bytes | str], Any]:
        record = record_of(cls)
        if record is not None:
            each = self._unpacker(record)
            decode_all = msgspec.json.Decoder(GenericAlias(list, each.struct), float_hook=Decimal).decode
            return lambda data: tuple(map(each.unpack, decode_all(data)))
        if is_schema(cls):
            whole = self._unpacker(cls)
            decode = msgspec.json.Decoder(whole.struct, float_hook=Decimal).decode
            return lambda data: whole.unpack(decode(data))
        return lambda data: self.structure(self.parse(data), cls)

    def _structure_function(self, cls: type[Schema]) -> Callable[[Any, Any], Any]:
        fields = self.fields_of(cls)
        # For a nested object, its own straight function: one call less for each of them.
        readers = [
            self._cattrs.get_structure_hook(item.kind) if is_schema(item.kind) else item.read
            for item in fields
        ]
        return structure_function(cls, fields, typing.cast("list[Reader]", readers))

    def _array_function(self, kind: Any) -> Callable[[Any, Any], Any]:
        record = record_of(kind)
        read = self._cattrs.get_structure_hook(record)

        def read_all(value: Any, _kind: Any) -> Any:
            if type(value) is not list:
                raise WireMismatch("an array", value)
            return tuple([read(item, record) for item in typing.cast("list[object]", value)])

        return read_all

    def _unstructure_function(self, cls: type[Schema]) -> Callable[[Any], Any]:
        fields = self.fields_of(cls)
        writers = [
            self._cattrs.get_unstructure_hook(item.kind) if is_schema(item.kind) else item.write
            for item in fields
        ]
        return unstructure_function(cls, fields, writers)


def _same(kind: Any, other: Any) -> bool:
    return bool(kind == other)


def _as_hook(read: Reader, value: Any, _cls: Any) -> Any:
    return read(value)


def _as_enum(value: Any, cls: Any) -> Any:
    return enum_reader(cls)(value)


def _title(cls: Any) -> str:
    if record := record_of(cls):
        return f"list of {_title(record)}"
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
