"""Between JSON and schemas.

Every wire convention is an entry of the table in ``value_types``. Of a schema and that table, ``fast`` makes
what reads and writes it through msgspec. An answer that this refuses is read once more by ``tolerance``,
which keeps what it cannot read. Anything else is read once more by a cattrs converter, in ``errors``, whose
notes say where each fault is. Both are imported when there is a fault.
"""

from __future__ import annotations

import threading
import typing
from collections.abc import Callable, Mapping, Sequence
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
from confirma_async.schemas.wire import Answer, Schema

if TYPE_CHECKING:
    from confirma_async.converters.errors import Explainer
    from confirma_async.converters.tolerance import TolerantReading
    from confirma_async.schemas.drift import Drift

__all__ = ["RULE", "Converter", "Field", "wire_names"]

T = TypeVar("T")

_KEPT = (Decimal,)
_UNREADABLE = (WireMismatch, msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
_UNWRITABLE = (WireMismatch, AttributeError, TypeError, ValueError)


class Converter:
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    An answer of the service is read tolerantly: a value of the wrong kind reads as None, its raw value stays
    in ``extra``, and the answer's ``drift`` tells of it. In whatever else is read, it is an error.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
        strict: Whether it is an error in answers, too.

    Attributes:
        unknown_written: Grows with every object written that holds a key which the contract does not know.
    """

    def __init__(self, names: Mapping[str, str] | None = None, *, strict: bool = False) -> None:
        self._names = dict(names or {})
        self._strict = strict
        self._fields: dict[type[Schema], tuple[Field, ...]] = {}
        self._writers: dict[type[Schema], Writer] = {}
        self._readers: dict[Any, FastReader] = {}
        self._decoders: dict[Any, Callable[[bytes | str], Any]] = {}
        self._making = threading.RLock()
        self.unknown_written: int = 0
        self._decode = msgspec.json.Decoder(float_hook=Decimal).decode
        self._encode = msgspec.json.Encoder(decimal_format="number").encode

    def structure(self, obj: object, cls: type[T], *, strict: bool | None = None) -> T:
        """Read a schema from a mapping of wire names; ``tuple[Payment, ...]`` from a list of them.

        Beside what JSON is parsed into, a tuple is read as a list, and a ``datetime.date`` as its text.

        Args:
            obj: What to read.
            cls: The schema.
            strict: Whether a value of the wrong kind is an error in an answer, too; None for the converter's
                own choice.

        Raises:
            ResponseDecodeError: the object is not of that form; lists every place, prints no value.
        """
        try:
            return typing.cast("T", self._read(obj, cls))
        except _UNREADABLE:
            pass
        return self._tolerated(obj, cls, strict=strict)  # not above: the error there may hold a value

    def unstructure(self, obj: Schema) -> dict[str, Any]:
        """Write a schema as a mapping of wire names; numbers stay Decimal, dates become text.

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

    def loads(
        self,
        data: bytes | str,
        cls: type[T],
        *,
        strict: bool | None = None,
        note: Callable[[Sequence[Drift]], None] | None = None,
    ) -> T:
        """Read a schema from JSON.

        Args:
            data: The JSON.
            cls: The schema, or ``tuple[Payment, ...]`` for an array.
            strict: As for ``structure``.
            note: Told how an answer that was read tolerantly differs from the contract.

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
        return self._tolerated(found, cls, strict=strict, note=note)

    def dumps(self, obj: Schema) -> bytes:
        """Write a schema as JSON, decimals exactly as they are.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        try:
            return self._encode(self._writer(type(obj))(obj))
        except _UNWRITABLE:
            pass
        return self.encode(self.unstructure(obj))  # the slow way, which says what is wrong and where

    def parse(self, data: bytes | str) -> Any:
        """Read JSON into dicts, lists and exact Decimals.

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
        """Write dicts, lists and Decimals as JSON.

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
        """Return the fields of a schema as this converter reads and writes them."""
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
        """Make a reader whole before another thread can see it.

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
            self._writers[cls] = schema_writer(cls, self.fields_of(cls), self._writer, self._note_unknown)
        return self._writers[cls]

    def _note_unknown(self) -> None:
        self.unknown_written += 1

    @cached_property
    def _explainer(self) -> Explainer:
        from confirma_async.converters.errors import Explainer  # and cattrs, which most programs never need

        return Explainer(self.fields_of)

    def is_strict(self, strict: bool | None) -> bool:
        """Say whether answers are read strictly: by what a caller said, or by the converter's own choice."""
        return self._strict if strict is None else strict

    def _tolerated(
        self,
        obj: object,
        cls: type[T],
        *,
        strict: bool | None,
        note: Callable[[Sequence[Drift]], None] | None = None,
    ) -> T:
        """Read what could not be read strictly, if it is an answer and may be read otherwise."""
        tolerable = _is_answer(cls) and not self.is_strict(strict)
        read = self._read_tolerantly(obj, cls) if tolerable else None
        if read is None:
            raise self._unreadable(obj, cls)
        if note is not None:
            note(read.drift)
        if read.problems:
            raise ResponseDecodeError(f"this is not a {_title(cls)}", read.problems, answer=read.value)
        return typing.cast("T", read.value)

    def _read_tolerantly(self, obj: object, cls: Any) -> TolerantReading | None:
        from confirma_async.converters.tolerance import TolerantReader

        try:
            return TolerantReader(self.fields_of, self._read, _UNREADABLE).read(obj, cls)
        except WireMismatch:
            return None

    def _unreadable(self, obj: object, cls: Any) -> ResponseDecodeError:
        return ResponseDecodeError(f"this is not a {_title(cls)}", tuple(self._explainer.problems(obj, cls)))


def _is_answer(cls: Any) -> bool:
    return issubclass(record_of(cls) or cls, Answer)


def _title(cls: Any) -> str:
    if record := record_of(cls):
        return f"list of {_title(record)}"
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
