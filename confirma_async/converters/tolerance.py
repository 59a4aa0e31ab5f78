"""A second way to read an answer, entered where the strict one has failed: it keeps what it cannot read.

A value of the wrong kind reads as None, its raw value stays in ``extra`` and goes back out, and a ``Drift``
is noted. Of documented money, identifiers and statuses it stays an error; in a list, of that record alone.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec
from attrs import define, evolve, field, frozen

from confirma_async.converters.codecs import Codecs, Field
from confirma_async.converters.fast import UNREADABLE, set_extra
from confirma_async.converters.value_types import (
    BLANK,
    JSON_TYPE_NAMES,
    RULE,
    SPELLING_KEPT,
    WHOLE_RECORD,
    WireMismatch,
    is_schema,
    not_too_deep,
    record_of,
)
from confirma_async.errors import Problem
from confirma_async.privacy import Secret
from confirma_async.schemas.drift import Drift, Kept, counted
from confirma_async.schemas.values import Amount, Identifier, InvoiceNumber, InvoiceNumberText
from confirma_async.schemas.wire import EVIDENCE, IDENTIFIES, Evidence, Schema

MISSING = "missing"
"""What is found where a key is not there that must be."""

_MONEY_AND_NAMES = frozenset({Amount, InvoiceNumber, InvoiceNumberText, Identifier, Secret})
"""Kinds that never read as None where their name is documented and they are of the wrong kind."""


@frozen
class _ReadPlace:
    """Where something stands: exactly, for errors, and as a pattern, for drift."""

    exact: str
    pattern: str

    def key(self, name: str) -> _ReadPlace:
        return _ReadPlace(f"{self.exact}.{name}", f"{self.pattern}.{name}")

    def index(self, index: int) -> _ReadPlace:
        return _ReadPlace(f"{self.exact}[{index}]", f"{self.pattern}[]")


class _Firm(Exception):  # noqa: N818 (never leaves this module)
    """A record holds what must not be read as None."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__()


@define
class TolerantReader:
    """Reads one answer.

    Attributes:
        codecs: Know the fields of schemas, and read what is as the contract says.
    """

    codecs: Codecs
    _problems: list[Problem] = field(init=False, factory=list[Problem])
    _drift: list[Drift] = field(init=False, factory=list[Drift])

    def read(self, found: Any, cls: Any) -> tuple[Any, Sequence[Drift], Sequence[Problem]]:
        """Return an answer, how it differs from the contract, and what is wrong in records left out of it.

        Raises:
            WireMismatch: it is nothing that a schema could be made of.
        """
        record, top = record_of(cls), _ReadPlace("$", "$")
        try:
            if record is None:
                value = self._object(found, cls, top, outermost=True)
            else:
                value = tuple(self._records(found, record, top, outermost=True))
        except _Firm as firm:
            return None, (), firm.problems
        return value, counted(self._drift), self._problems

    def _object(self, found: Any, cls: type[Schema], place: _ReadPlace, *, outermost: bool) -> Any:
        """Read an object; one that is as the contract says, strictly.

        Args:
            found: The object.
            cls: Its schema.
            place: Where it stands.
            outermost: Whether no list is around it: then one of its lists may leave a record out.
        """
        try:
            return self.codecs.read(found, cls)
        except UNREADABLE:
            pass
        if not isinstance(found, Mapping):
            raise WireMismatch("an object", found)
        keys = typing.cast("Mapping[str, Any]", found)
        before = len(self._drift)
        made, extra, wrong = object.__new__(cls), Kept(), list[Problem]()
        known = {item.wire for item in self.codecs.fields_of(cls)}
        for name, value in keys.items():
            if name not in known:
                extra[name] = not_too_deep(value)
        for item in self.codecs.fields_of(cls):
            try:
                value = self._value(item, cls, keys, extra, place, outermost=outermost)
            except _Firm as firm:
                wrong += firm.problems
            else:
                getattr(cls, item.attribute).__set__(made, value)
        if wrong:
            raise _Firm(wrong)
        own = [
            evolve(each, path="$" + each.path.removeprefix(place.pattern)) for each in self._drift[before:]
        ]
        extra.drift = counted(own)
        set_extra(made, extra if own else dict(extra))
        return made

    def _value(
        self,
        item: Field,
        cls: type[Schema],
        keys: Mapping[str, Any],
        extra: dict[str, Any],
        place: _ReadPlace,
        *,
        outermost: bool,
    ) -> Any:
        """Return the value of an attribute; what it alone could not write again goes into ``extra``."""
        name, nothing = item.name_in(keys), item.nothing
        there = place.key(name)
        if name not in keys:
            if item.required:
                extra[item.wire] = msgspec.UNSET
                self._note(item, cls, there, "a value", MISSING)
            return nothing
        raw = keys[name]
        if item.wire in keys and item.older and item.older in keys:
            extra[item.wire] = raw
        if not item.required and (raw is None or (item.many and raw in ([], ()))):
            extra[name] = raw
            return nothing
        try:
            if item.many:
                return self._list(item, raw, there, outermost=outermost)
            if is_schema(item.treated):
                return self._object(raw, item.kind, there, outermost=outermost)
            return _scalar(item, raw, extra)
        except WireMismatch as mismatch:
            kind = JSON_TYPE_NAMES.get(mismatch.found, mismatch.found)
            self._note(item, cls, there, mismatch.wanted, kind)
            extra[name] = not_too_deep(raw)
            return nothing

    def _list(self, item: Field, raw: Any, there: _ReadPlace, *, outermost: bool) -> tuple[Any, ...]:
        if is_schema(item.treated):
            return tuple(self._records(raw, item.kind, there, outermost=outermost))
        if isinstance(raw, list | tuple):
            return tuple(map(item.read, typing.cast("Sequence[Any]", raw)))
        raise WireMismatch("an array", raw)

    def _records(self, found: Any, cls: type[Schema], place: _ReadPlace, *, outermost: bool) -> Sequence[Any]:
        """Read each record of a list by itself, so that none hides another."""
        if not isinstance(found, list | tuple):
            raise WireMismatch("an array", found)
        read: list[Any] = []
        for index, each in enumerate(typing.cast("Sequence[Any]", found)):
            there, before = place.index(index), len(self._drift)
            try:
                read.append(self._object(each, cls, there, outermost=False))
            except WireMismatch as mismatch:
                if isinstance(each, Mapping):  # nested too deeply: no part of it can be kept
                    raise
                kind = JSON_TYPE_NAMES.get(mismatch.found, mismatch.found)
                read.append(self._set_aside(each, cls, Drift(there.pattern, mismatch.wanted, kind)))
            except _Firm as firm:
                if not outermost:
                    raise
                del self._drift[before:]
                self._problems += firm.problems
        return read

    def _set_aside(self, raw: Any, cls: type[Schema], drift: Drift) -> Any:
        """Return a record that is no object.

        All of its attributes are None, and it goes back out as it came.
        """
        self._drift.append(drift)
        made = object.__new__(cls)
        for item in self.codecs.fields_of(cls):
            getattr(cls, item.attribute).__set__(made, item.nothing)
        extra = Kept({WHOLE_RECORD: not_too_deep(raw)})
        extra.drift = (evolve(drift, path="$"),)
        set_extra(made, extra)
        return made

    def _note(self, item: Field, cls: type[Schema], place: _ReadPlace, wanted: str, found: str) -> None:
        """Note that a value is of the wrong kind.

        Raises:
            _Firm: it must not be read as None.
        """
        if is_firm(cls, item):
            message = "is required and missing" if found == MISSING else f"must be {wanted}"
            raise _Firm([Problem(place.exact, RULE, message, None if found == MISSING else found)])
        self._drift.append(Drift(place.pattern, wanted, found))


def is_firm(cls: type[Schema], item: Field) -> bool:
    """Say whether a value of the wrong kind is an error however tolerantly it is read."""
    metadata = attrs.fields_dict(cls)[item.attribute].metadata
    named = item.kind in _MONEY_AND_NAMES or metadata.get(IDENTIFIES, False)
    return bool(named) and metadata[EVIDENCE] is Evidence.DOCUMENTED


def _scalar(item: Field, raw: Any, extra: dict[str, Any]) -> Any:
    """Return a value that is no object and no list."""
    value = item.read(raw)
    if item.treated in BLANK and not value:
        extra[item.wire] = raw
        return None
    if item.treated in SPELLING_KEPT and item.write(value) != raw:
        extra[item.wire] = raw
    return value
