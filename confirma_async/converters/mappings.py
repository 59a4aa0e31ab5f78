"""Mappings as programs have them: what databases, data frames and other models hold in place of JSON.

Entered where a mapping could not be read as it is. What stands for exactly one value is taken for it; what
may stand for two is left, and told of by whoever reads it next.
"""

from __future__ import annotations

import datetime
import enum
import operator
import typing
import uuid
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from confirma_async.converters.codecs import Field
from confirma_async.converters.value_types import AMOUNT_DECIMALS, is_open_enum, is_schema
from confirma_async.schemas.values import (
    CENT,
    Amount,
    BlankText,
    Identifier,
    InvoiceNumber,
    InvoiceNumberText,
)
from confirma_async.schemas.wire import Schema

FieldsOf = Callable[[type[Schema]], Sequence[Field]]

_TEXTS = frozenset({str, BlankText, Identifier, InvoiceNumberText})
_WHOLE = frozenset({int, InvoiceNumber})


def as_json_has_it(value: Any, cls: type[Schema], fields_of: FieldsOf) -> Any:
    """Return a copy of a mapping in which each value of a known key is what JSON would have.

    Args:
        value: The mapping; anything else stays as it is.
        cls: The schema that it is to be read as.
        fields_of: Gives the fields of a schema.
    """
    if not isinstance(value, Mapping):
        return value
    known = {item.wire: item for item in fields_of(cls)}
    return {
        key: _of_kind(each, known[key].treated, fields_of, many=known[key].many) if key in known else each
        for key, each in typing.cast("Mapping[str, Any]", value).items()
    }


def _of_kind(value: Any, kind: Any, fields_of: FieldsOf, *, many: bool) -> Any:
    if many and isinstance(value, list | tuple):
        values = typing.cast("Sequence[Any]", value)
        return [_of_kind(each, kind, fields_of, many=False) for each in values]
    if is_schema(kind):
        return as_json_has_it(value, kind, fields_of)
    value = value.value if isinstance(value, enum.Enum) else value
    if kind is datetime.date:
        return _date(value)
    if kind is Amount or kind is Decimal:
        return _number(value, is_amount=kind is Amount)
    if kind in _WHOLE and not isinstance(value, bool):
        return _whole(value)
    if (kind in _TEXTS or is_open_enum(kind)) and _is_text(value):
        return str(value)
    if kind is bool and type(value).__module__ == "numpy":
        return bool(value)
    return value


def _date(value: Any) -> Any:
    """Return the day of a date-time.

    Of one with an offset only at midnight, since elsewhere it may be another.
    """
    if not isinstance(value, datetime.datetime) or value != value:
        return value
    if value.tzinfo is None or value.time() == datetime.time():
        return datetime.date(value.year, value.month, value.day)
    return value


def _number(value: Any, *, is_amount: bool) -> Any:
    """Return an exact number; a float is what its shortest text says, if that has two decimals at most."""
    if isinstance(value, float):
        exact = Decimal(repr(float(value))) if isfinite(value) else None
        if exact is None or _places(exact) > AMOUNT_DECIMALS:
            return float(value)
        return exact if _places(exact) else int(exact)
    if not isinstance(value, Decimal) and hasattr(value, "__index__") and not isinstance(value, bool):
        return operator.index(value)
    if is_amount and isinstance(value, Decimal) and value.is_finite() and _places(value) <= AMOUNT_DECIMALS:
        exponent = value.as_tuple().exponent
        return value.quantize(CENT) if isinstance(exponent, int) and exponent < -AMOUNT_DECIMALS else value
    return value


def _places(value: Decimal) -> int:
    """Return decimals of a number without the zeros at its end."""
    exponent = value.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _whole(value: Any) -> Any:
    if isinstance(value, float):
        return int(value) if isfinite(value) and value.is_integer() and abs(value) < 2**53 else value
    return operator.index(value) if hasattr(value, "__index__") else value


def _is_text(value: Any) -> bool:
    """Say whether a value is text in a class of its own: a lazy or a safe string, a URL, a UUID."""
    return isinstance(value, str | uuid.UUID) or type(value).__module__.partition(".")[0] in {
        "django",
        "pydantic",
        "pydantic_core",
        "yarl",
    }
