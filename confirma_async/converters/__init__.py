"""Between JSON and schemas.

Every wire convention is an entry of the table in ``value_types``. Of a schema and that table, ``fast`` makes
what reads and writes it through msgspec. An answer that this refuses is read once more by ``tolerance``,
which keeps what it cannot read. Anything else is read once more by a cattrs converter, in ``errors``, whose
notes say where each fault is. Both are imported when there is a fault.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from confirma_async.converters.codecs import UNREADABLE, codecs_of
from confirma_async.converters.fields import Field, wire_names
from confirma_async.converters.value_types import WireMismatch, record_of
from confirma_async.errors import RequestInvalidError, ResponseDecodeError
from confirma_async.schemas.wire import Answer, Schema

if TYPE_CHECKING:
    from confirma_async.converters.tolerance import TolerantReading
    from confirma_async.schemas.drift import Drift

__all__ = ["Converter", "Field", "to_dict", "to_json", "wire_names"]

T = TypeVar("T")

_KEPT = (Decimal,)
_UNWRITABLE = (WireMismatch, AttributeError, TypeError, ValueError)


class Converter:
    """Reads and writes the schemas of the wire contract, as dicts or as JSON bytes.

    An answer of the service is read tolerantly: a value of the wrong kind reads as None, its raw value stays
    in ``extra``, and the answer's ``drift`` tells of it. In whatever else is read, it is an error.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.
        strict: Whether it is an error in answers, too.

    """

    def __init__(self, names: Mapping[str, str] | None = None, *, strict: bool = False) -> None:
        self._strict = strict
        self._codecs = codecs_of(names or {})
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
            return typing.cast("T", self._codecs.read(obj, cls))
        except UNREADABLE:
            pass
        return self._tolerated(obj, cls, strict=strict)  # not above: the error there may hold a value

    def unstructure(self, obj: Schema) -> dict[str, Any]:
        """Write a schema as a mapping of wire names; numbers stay Decimal, dates become text.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
        """
        try:
            packed = self._codecs.writer(type(obj))(obj)
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
            read: T = self._codecs.reader(cls).unpack(self._codecs.decoder(cls)(data))
        except UNREADABLE:
            pass
        else:
            return read
        found = self.parse(data)
        try:
            return typing.cast("T", self._codecs.read_gathered(found, cls))
        except UNREADABLE:
            pass
        return self._tolerated(found, cls, strict=strict, note=note)

    def dumps(self, obj: Schema) -> bytes:
        """Write a schema as JSON, decimals exactly as they are.

        Raises:
            RequestInvalidError: an attribute holds a value of the wrong kind.
        """
        try:
            return self._encode(self._codecs.writer(type(obj))(obj))
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
            return TolerantReader(self.fields_of, self._codecs.read, UNREADABLE).read(obj, cls)
        except WireMismatch:
            return None

    def _unreadable(self, obj: object, cls: Any) -> ResponseDecodeError:
        return ResponseDecodeError(
            f"this is not a {_title(cls)}", tuple(self._codecs.explainer.problems(obj, cls))
        )


def to_dict(obj: Schema) -> dict[str, Any]:
    """Return a schema in its wire form, under the built-in names: numbers are Decimal, dates are text.

    Secrets are in it, as they are sent. Under corrected names it is ``confirma.converter.unstructure``.

    Raises:
        RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
    """
    return Converter().unstructure(obj)


def to_json(obj: Schema) -> str:
    """Return the same as JSON, decimals exactly as they are.

    Raises:
        RequestInvalidError: an attribute holds a value of the wrong kind; lists every place.
    """
    return str(Converter().dumps(obj), "utf-8")


def _is_answer(cls: Any) -> bool:
    return issubclass(record_of(cls) or cls, Answer)


def _title(cls: Any) -> str:
    if record := record_of(cls):
        return f"list of {_title(record)}"
    return getattr(cls, "vendor_name", "") or getattr(cls, "__name__", str(cls))
