"""What reads and writes each schema under one set of wire names: made once, when first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from confirma_async.converters.fast import FastReader, array_reader, schema_reader, schema_writer
from confirma_async.converters.fields import Field, fields_of
from confirma_async.converters.value_types import WireMismatch, Writer, record_of
from confirma_async.schemas.wire import Schema

if TYPE_CHECKING:
    from confirma_async.converters.errors import Explainer

UNREADABLE = (WireMismatch, msgspec.MsgspecError, ValueError, RecursionError, ArithmeticError)
"""What reading raises where a value is not of the form that its place asks for."""


class Codecs:
    """Readers and writers of schemas. Any number of converters and threads share them.

    Args:
        names: Wire names that replace the built-in ones, by ``Class.attribute``.

    Attributes:
        unknown_written: Grows with every object written that holds a key which the contract does not know.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._fields: dict[type[Schema], tuple[Field, ...]] = {}
        self._writers: dict[type[Schema], Writer] = {}
        self._readers: dict[Any, FastReader] = {}
        self._decoders: dict[Any, Callable[[bytes | str], Any]] = {}
        self._making = threading.RLock()
        self.unknown_written: int = 0

    def fields_of(self, cls: type[Schema]) -> tuple[Field, ...]:
        """Return the fields of a schema."""
        if cls not in self._fields:
            self._fields[cls] = tuple(fields_of(cls, self._names, self._read_nested, self._write_nested))
        return self._fields[cls]

    def read(self, obj: object, cls: Any) -> Any:
        """Read a schema, or an array of one, from what JSON is parsed into.

        Raises:
            UNREADABLE: it is not of that form.
        """
        try:
            reader = self.reader(cls)
            return reader.unpack(msgspec.convert(obj, reader.kind))
        except UNREADABLE:
            pass
        return self.read_gathered(obj, cls)

    def read_gathered(self, obj: object, cls: Any) -> Any:
        """Read the same, with keys that the contract does not know, or older names.

        Raises:
            UNREADABLE: it is not of that form.
        """
        reader = self.reader(cls)
        return reader.unpack(msgspec.convert(reader.gather(obj), reader.kind))

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

    def reader(self, cls: Any) -> FastReader:
        """Return what reads a schema, or an array of one."""
        return self._readers.get(cls) or self._make_reader(cls)

    def decoder(self, cls: Any) -> Callable[[bytes | str], Any]:
        """Return what parses JSON into what the reader of a schema unpacks."""
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
                    array_reader(self.reader(record))
                    if record
                    else schema_reader(cls, self.fields_of(cls), self.reader)
                )
                self._decoders[cls] = msgspec.json.Decoder(made.kind, float_hook=Decimal).decode
                self._readers[cls] = made
            return self._readers[cls]

    def writer(self, cls: type[Schema]) -> Writer:
        """Return what writes a schema."""
        if cls not in self._writers:
            self._writers[cls] = schema_writer(cls, self.fields_of(cls), self.writer, self._note_unknown)
        return self._writers[cls]

    @cached_property
    def explainer(self) -> Explainer:
        """What says why something cannot be read."""
        from confirma_async.converters.errors import Explainer  # and cattrs, which most programs never need

        return Explainer(self.fields_of)

    def _note_unknown(self) -> None:
        self.unknown_written += 1


_BUILT_IN = Codecs({})


def codecs_of(names: Mapping[str, str]) -> Codecs:
    """Return the codecs of a set of wire names: the same ones to every converter that has these."""
    return _corrected(frozenset(names.items())) if names else _BUILT_IN


@lru_cache(maxsize=8)  # a program has one set of corrections, or a few
def _corrected(names: frozenset[tuple[str, str]]) -> Codecs:
    return Codecs(dict(names))
