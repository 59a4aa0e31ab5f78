"""Between JSON and schemas.

Every wire convention is an entry of the table in ``value_types``. Of a schema and that table, ``fast`` makes
what reads and writes it through msgspec. What that refuses is read once more by a cattrs converter, in
``errors``, whose notes say where each fault is; it is imported when there is a fault to explain.
"""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from confirma_async.converters.fast import FastReader, array_reader, schema_reader, schema_writer
from confirma_async.converters.fields import Field, fields_of, wire_names
from confirma_async.converters.value_types import (
    RULE,
    WireMismatch,
    Writer,
    record_of,
)
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas.wire import Schema

if TYPE_CHECKING:
    from confirma_async.converters.errors import Explainer

__all__ = ["RULE", "Converter", "Field", "wire_names"]

T = TypeVar("T")

_KEPT = (Decimal,)
_UNREADABLE = (WireMismatch, msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
_UNWRITABLE = (WireMismatch, AttributeError, TypeError, ValueError)


class Converter:
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
    """

    def __init__(self, names: Mapping[str, str] | None = None) -> None:
        self._names = dict(names or {})
        self._fields: dict[type[Schema], tuple[Field, ...]] = {}
        self._writers: dict[type[Schema], Writer] = {}
        self._readers: dict[Any, FastReader] = {}
        self._decoders: dict[Any, Callable[[bytes | str], Any]] = {}
        self._making = threading.RLock()
        self._decode = msgspec.json.Decoder(float_hook=Decimal).decode
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    def structure(self, obj: object, cls: type[T]) -> T:
        """Reads a schema from a mapping of wire names; ``tuple[Payment, ...]`` from a list of them.

        Beside what JSON is parsed into, a tuple is read as a list, and a ``datetime.date`` as its text.

        Raises:
            ResponseDecodeError: the object is not of that form; lists every place, prints no value.
        """
        try:
            return typing.cast("T", self._read(obj, cls))
        except _UNREADABLE:
            pass
        raise self._unreadable(obj, cls)  # not above: the error there may hold a value, and hang on ours

    def unstructure(self, obj: Schema) -> dict[str, Any]:
        """Writes a schema as a mapping of wire names; numbers stay Decimal, dates become text.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
        """
        try:
            packed = self._writer(type(obj))(obj)
            return typing.cast("dict[str, Any]", msgspec.to_builtins(packed, builtin_types=_KEPT))
        except _UNWRITABLE:
            pass
        from confirma_async.converters.errors import problems_writing

        problems = problems_writing(obj, type(obj), "$", self.fields_of, self._encode)
        raise RequestInvalidError(f"the {_title(type(obj))}", tuple(problems))

    def loads(self, data: bytes | str, cls: type[T]) -> T:
        """Reads a schema from JSON.

        Raises:
            ResponseDecodeError: it is not JSON, or not of that form.
        """
        try:
            read: T = self._reader(cls).unpack(self._decoder(cls)(data))
        except _UNREADABLE:
            pass
        else:
            return read
        found = self.parse(data)
        try:
            return typing.cast("T", self._read_gathered(found, cls))
        except _UNREADABLE:
            pass
        raise self._unreadable(found, cls)

    def dumps(self, obj: Schema) -> bytes:
        """Writes a schema as JSON, decimals exactly as they are.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        try:
            return self._encode(self._writer(type(obj))(obj))
        except _UNWRITABLE:
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
            from confirma_async.converters.errors import fault_of_json

            message = fault_of_json(error, data)
        raise ResponseDecodeError(message)

    def encode(self, obj: object) -> bytes:
        """Writes dicts, lists and Decimals as JSON.

        Raises:
            RequestInvalidError: something in it has no form in JSON, such as half of a surrogate pair.
        """
        try:
            return self._encode(obj)
        except (TypeError, ValueError, RecursionError):
            pass
        from confirma_async.converters.errors import problems_encoding

        raise RequestInvalidError("the body", tuple(problems_encoding(obj, "$", self._encode)))

    def fields_of(self, cls: type[Schema]) -> tuple[Field, ...]:
        """The fields of a schema as this converter reads and writes them."""
        if cls not in self._fields:
            self._fields[cls] = tuple(fields_of(cls, self._names, self._read_nested, self._write_nested))
        return self._fields[cls]

    def _read(self, obj: object, cls: Any) -> Any:
        try:
            reader = self._reader(cls)
            return reader.unpack(msgspec.convert(obj, reader.kind))
        except _UNREADABLE:
            pass
        return self._read_gathered(obj, cls)

    def _read_gathered(self, obj: object, cls: Any) -> Any:
        reader = self._reader(cls)
        return reader.unpack(msgspec.convert(reader.gather(obj), reader.kind))

    def _read_nested(self, cls: type[Schema], value: Any) -> Any:
        try:
            return self._read(value, cls)
        except _UNREADABLE:
            pass
        raise WireMismatch(f"a {cls.__name__}", value)

    def _write_nested(self, cls: type[Schema], value: Any) -> Any:
        if not isinstance(value, cls):
            raise WireMismatch(f"a {cls.__name__}", value)
        return self._writer(cls)(value)

    def _reader(self, cls: Any) -> FastReader:
        found = self._readers.get(cls)
        return found or self._make_reader(cls)

    def _decoder(self, cls: Any) -> Callable[[bytes | str], Any]:
        if cls not in self._decoders:
            self._make_reader(cls)
        return self._decoders[cls]

    def _make_reader(self, cls: Any) -> FastReader:
        """Makes a reader whole before another thread can see it.

        msgspec works out a struct when it is first read into, and two threads that do so at once crash: each
        takes the other's half for the whole. Making the decoder works it out, with the lock held.
        """
        with self._making:
            if cls not in self._readers:
                record = record_of(cls)
                made = (
                    array_reader(self._reader(record))
                    if record
                    else schema_reader(cls, self.fields_of(cls), self._reader)
                )
                self._decoders[cls] = msgspec.json.Decoder(made.kind, float_hook=Decimal).decode
                self._readers[cls] = made
            return self._readers[cls]

    def _writer(self, cls: type[Schema]) -> Writer:
        if cls not in self._writers:
            self._writers[cls] = schema_writer(cls, self.fields_of(cls), self._writer)
        return self._writers[cls]

    @cached_property
    def _explainer(self) -> Explainer:
        from confirma_async.converters.errors import Explainer  # and cattrs, which most programs never need

        return Explainer(self.fields_of)

    def _unreadable(self, obj: object, cls: Any) -> ResponseDecodeError:
        return ResponseDecodeError(f"this is not a {_title(cls)}", tuple(self._explainer.problems(obj, cls)))


def _title(cls: Any) -> str:
    if record := record_of(cls):
        return f"list of {_title(record)}"
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
