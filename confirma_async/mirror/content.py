"""Makes digests of records: two JSON texts of the same content have the same digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from decimal import Context, Decimal
from typing import Any, TypeAlias, cast

import msgspec

RawRecord: TypeAlias = Mapping[str, Any]
"""A record as the service returned it: JSON, with exact decimals."""

_DIGITS = 100
_WIDE = Context(prec=400)
"""A precision in digits that no number which the converter reads exceeds."""

_PLAIN = frozenset({str, int, bool, type(None)})
"""The types whose values JSON can hold in one way only; most values are of these, and need no work."""

_encode = msgspec.json.Encoder(order="sorted", decimal_format="number").encode


def digest(content: object) -> str:
    """Return a digest of content that does not depend on how its JSON is written."""
    return hashlib.blake2b(_encode(_canonical(content)), digest_size=16).hexdigest()


def without(raw: RawRecord, name: str, *rest: str) -> RawRecord:
    """Return a record without the value at a path, such as the fetch time, which changes at every reading."""
    if name not in raw:
        return raw
    if not rest:
        return {key: value for key, value in raw.items() if key != name}
    below = raw[name]
    return {**raw, name: without(cast("RawRecord", below), *rest)} if isinstance(below, Mapping) else raw


def _canonical(value: object) -> object:
    match value:
        case dict():
            return {
                name: each if type(each) in _PLAIN else _canonical(each)
                for name, each in cast("RawRecord", value).items()
            }
        case list():
            return [
                each if type(each) in _PLAIN else _canonical(each) for each in cast("Sequence[object]", value)
            ]
        case Decimal():
            plain = value.normalize(_WIDE)
            return int(plain) if plain == plain.to_integral_value() and plain.adjusted() < _DIGITS else plain
        case _:
            return value
