"""Kinds of values: how each is read from JSON and written to it. This table holds every wire convention.

Money is exact, types are exact, enums are open; no entry coerces, and no mismatch carries a value.
"""

from __future__ import annotations

import datetime
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

from confirma_async.errors import Problem
from confirma_async.privacy import Secret
from confirma_async.schemas.values import (
    CENT,
    Amount,
    BlankText,
    Identifier,
    InvoiceNumber,
    InvoiceNumberText,
    JsonObject,
    Moment,
    NumericFlag,
    OpenEnum,
)
from confirma_async.schemas.wire import Schema

Reader = Callable[[Any], Any]
Writer = Callable[[Any], Any]

RULE = "type"
"""The id of the rule that a value of the wrong kind breaks."""

AMOUNT_DECIMALS = 2
TENTH, WHOLE = Decimal("0.1"), Decimal(1)
MOST_DIGITS = 60
"""Digits of a number before its point, and after it; a billion of them fit into ``1e999999999``."""
MOST_DEPTH = 100
"""Objects and arrays in one another, from a key on that the contract does not know."""
NOT_SO_DEEP = f"a value with at most {MOST_DEPTH} objects and arrays in one another"
_LIMIT = 10**MOST_DIGITS
_TOO_LONG = f"a number of at most {MOST_DIGITS} digits before and after the point; it has too many digits"


JSON_TYPE_NAMES: Mapping[str, str] = {
    "null": "nothing",
    "str": "text",
    "bool": "true/false",
    "int": "whole number",
    "Decimal": "decimal number",
    "list": "list",
    "dict": "object",
}
"""What was found, in words for those who wrote the JSON; who writes Python is told the class."""


class _WholeRecord(str):
    """A key that no JSON has: it is equal to itself alone, and stays itself where it is copied or pickled."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> str:
        return "WHOLE_RECORD"


WHOLE_RECORD = _WholeRecord("\ue000record")
"""The key in ``extra`` of a record of a list that is no object: the record itself, which is written back."""


class WireMismatch(Exception):  # noqa: N818 (never leaves this package unexplained)
    """A value is not of the kind that its place wants. Carries no value, only its class."""

    def __init__(self, wanted: str, found: object) -> None:
        self.wanted = wanted
        self.found: str = "null" if found is None else type(found).__name__
        super().__init__(wanted)

    def problem(self, path: str, names: Mapping[str, str] | None = None) -> Problem:
        """Return the problem that it is.

        Args:
            path: Where the value stands.
            names: Words for the classes of values.
        """
        return Problem(path, RULE, f"must be {self.wanted}", (names or {}).get(self.found, self.found))


# --- kinds of values --------------------------------------------------------------------------------


def _exactly(kind: type, wanted: str) -> Reader:
    def check(value: Any) -> Any:
        if type(value) is kind:
            return value
        raise WireMismatch(wanted, value)

    return check


def has_too_many_digits(value: Decimal) -> bool:
    """Say whether a finite number, written out, has more digits than any quantity or amount."""
    exponent = int(value.as_tuple().exponent)
    return exponent < -MOST_DIGITS or value.adjusted() >= MOST_DIGITS


def _sane(value: Decimal) -> Decimal:
    if has_too_many_digits(value):
        raise WireMismatch(_TOO_LONG, value)
    return value


def _sane_whole(value: int) -> Decimal:
    if not -_LIMIT < value < _LIMIT:
        raise WireMismatch(_TOO_LONG, value)
    return Decimal(value)


_NO_EXACT_FLOAT = (
    "an exact number; a float is taken by its shortest text, if that has at most two decimals, and this one "
    'has more: give a Decimal of its text, such as Decimal("0.30"), or round it first'
)


def _read_decimal(value: Any) -> Decimal:
    if type(value) is Decimal:
        if value.is_finite():
            return _sane(value)
    elif type(value) is int:
        return _sane_whole(value)
    elif type(value) is float:
        raise WireMismatch(_NO_EXACT_FLOAT, value)
    raise WireMismatch("a finite JSON number", value)


def _has_cents_at_most(value: Decimal) -> bool:
    """Say whether there are two decimals at most; zeros at the end are none."""
    if value.same_quantum(CENT):  # the usual form, and four times quicker to ask
        return True
    if not value.is_finite():
        return False
    _, digits, exponent = value.as_tuple()
    surplus = -AMOUNT_DECIMALS - int(exponent)
    return surplus <= 0 or not any(digits[-surplus:])


def _read_amount(value: Any) -> Decimal:
    if type(value) is int:
        return _sane_whole(value)
    if type(value) is Decimal and _has_cents_at_most(value):
        return _sane(value)
    if type(value) is float:
        raise WireMismatch(_NO_EXACT_FLOAT, value)
    raise WireMismatch("an amount: a JSON number with at most two decimals", value)


def _write_decimal(value: Any) -> Decimal:
    if type(value) is Decimal and value.is_finite():
        return _sane(value)
    raise WireMismatch("a finite Decimal", value)


def _write_amount(value: Any) -> Decimal:
    if type(value) is Decimal and _has_cents_at_most(value):
        return _sane(value)
    raise WireMismatch("an amount: a Decimal with at most two decimals", value)


def _looks_like_a_date(value: str) -> bool:
    return len(value) == 10 and value[4] == "-" == value[7]


def _read_date(value: Any) -> datetime.date:
    if type(value) is datetime.date:
        return value
    if type(value) is str and _looks_like_a_date(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise WireMismatch("a date as YYYY-MM-DD", value)


def _write_date(value: Any) -> str:
    if type(value) is datetime.date:
        return value.isoformat()
    raise WireMismatch("a datetime.date", value)


def _read_moment(value: Any) -> Moment:
    if type(value) is str:
        if _looks_like_a_date(value):
            return _read_date(value)
        try:
            moment = datetime.datetime.fromisoformat(value)
        except ValueError:
            pass
        else:
            if moment.tzinfo is not None:
                if moment.year in {datetime.MINYEAR, datetime.MAXYEAR}:
                    _in_utc(moment)
                return moment
    raise WireMismatch("an ISO 8601 date, or date-time with its offset", value)


def _in_utc(moment: datetime.datetime) -> datetime.datetime:
    try:
        return moment.astimezone(datetime.UTC).replace(tzinfo=None)
    except OverflowError:
        raise WireMismatch("a date-time in the years 1 to 9999 of UTC", moment) from None


def _write_moment(value: Any) -> str:
    if type(value) is datetime.datetime and value.tzinfo is not None:
        utc = _in_utc(value)
        return utc.isoformat(timespec="milliseconds" if utc.microsecond % 1000 == 0 else "microseconds") + "Z"
    if type(value) is datetime.date:
        return value.isoformat()
    raise WireMismatch("a datetime.date, or a datetime with its offset", value)


_WHOLE = re.compile(r"0|[1-9]\d{0,18}", re.ASCII)


def _read_number(value: Any) -> int:
    if type(value) is int:
        return value
    if type(value) is str and _WHOLE.fullmatch(value):
        return int(value)
    raise WireMismatch("a whole number", value)


def _read_number_text(value: Any) -> str:
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    raise WireMismatch("text, or a whole number", value)


def _read_numeric_flag(value: Any) -> bool:
    if type(value) is int and value in {0, 1}:
        return bool(value)
    raise WireMismatch("0 or 1", value)


def _read_object(value: Any) -> Mapping[str, Any]:
    if type(value) is dict:
        return typing.cast("Mapping[str, Any]", not_too_deep(typing.cast("object", value)))
    raise WireMismatch("an object", value)


def _read_secret(value: Any) -> Secret:
    if type(value) is str:
        return Secret(value)
    raise WireMismatch("text", value)


def _write_secret(value: Any) -> str:
    if type(value) is Secret:
        return value.reveal()
    raise WireMismatch("a Secret", value)


def _write_object(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return typing.cast("dict[str, Any]", checked_json(dict(typing.cast("Mapping[str, Any]", value))))
    raise WireMismatch("a mapping", value)


def write_enum(value: Any) -> str:
    """Return the text of a word of an open enum."""
    if isinstance(value, str):
        return str(value)
    raise WireMismatch("text", value)


_text = _exactly(str, "text")
_flag = _exactly(bool, "true or false")
_whole = _exactly(int, "a whole number")

CODECS: Mapping[Any, tuple[Reader, Writer]] = {
    str: (_text, _text),
    bool: (_flag, _flag),
    int: (_whole, _whole),
    Decimal: (_read_decimal, _write_decimal),
    Amount: (_read_amount, _write_amount),
    datetime.date: (_read_date, _write_date),
    Moment: (_read_moment, _write_moment),
    InvoiceNumber: (_read_number, _whole),
    InvoiceNumberText: (_read_number_text, _text),
    Identifier: (_read_number_text, _text),
    BlankText: (_text, _text),
    Secret: (_read_secret, _write_secret),
    NumericFlag: (_read_numeric_flag, lambda value: int(_flag(value))),
    JsonObject: (_read_object, _write_object),
}
"""The reader and the writer of each kind."""

SPELLING_KEPT: frozenset[Any] = frozenset({Moment, InvoiceNumberText, Identifier})
"""Kinds that are written back as they were spelled when read.

An ``InvoiceNumber`` is read from text as well, but always written as a number: in requests, the only place
where the vendor takes one, no other form will do.
"""

BLANK: frozenset[Any] = frozenset({BlankText})
"""Kinds whose empty text reads as None; it is kept, and written back as it was."""

FAST_NAMES: Mapping[str, Any] = {
    "Decimal": Decimal,
    "CENT": CENT,
    "TENTH": TENTH,
    "WHOLE": WHOLE,
    "SIZES": frozenset(range(-29, 30)),
}
"""What the checks below refer to."""

FAST_CHECKS: Mapping[Any, str] = {
    Decimal: "type({0}) is not Decimal or not {0}.is_finite() or {0}.adjusted() not in SIZES",
    Amount: "type({0}) is not Decimal or {0}.adjusted() > 30 or not ({0}.same_quantum(quantum) or "
    "{0}.same_quantum(quantum := WHOLE) or {0}.same_quantum(quantum := TENTH) or "
    "{0}.same_quantum(quantum := CENT))",
    InvoiceNumber: "type({0}) is not int",
}
"""Kinds whose usual form is asked for where it stands; only a doubtful value goes through its reader.

A tail of more than ``MOST_DIGITS`` decimals on a number of usual size is let through: it is exact, and short
enough for anybody who could write it. ``quantum`` is that of the amount before: nearly always the next one's.
"""


def is_too_deep(value: object) -> bool:
    """Say whether objects and arrays are nested more than ``MOST_DEPTH`` deep in a value."""
    level = [value]
    for _ in range(MOST_DEPTH + 1):
        level = [inner for each in level for inner in _inside(each)]
        if not level:
            return False
    return True


def not_too_deep(value: Any) -> Any:
    """Return a value that is not nested too deeply."""
    if is_too_deep(value):
        raise WireMismatch(NOT_SO_DEEP, value)
    return value


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return typing.cast("dict[str, object]", value).values()
    return typing.cast("Sequence[object]", value) if isinstance(value, list | tuple) else ()


def checked_json(value: Any, depth: int = 0) -> Any:
    """Return a value kept in ``extra``, safe to encode.

    Refused if JSON has no form for it, or it is too deep.

    Args:
        value: What is to be encoded.
        depth: How many objects and arrays it is in.
    """
    if type(value) is Decimal and not value.is_finite():
        raise WireMismatch("a finite Decimal", value)
    if type(value) is float and not isfinite(value):  # the encoder would write null in its place
        raise WireMismatch("a finite number", value)
    if depth > MOST_DEPTH:
        raise WireMismatch(NOT_SO_DEEP, value)
    if isinstance(value, dict):
        return {
            key: checked_json(item, depth + 1) for key, item in typing.cast("dict[str, Any]", value).items()
        }
    if isinstance(value, list | tuple):
        return [checked_json(item, depth + 1) for item in typing.cast("Sequence[Any]", value)]
    return value


def enum_reader(cls: Any) -> Reader:
    """Return the reader of an open enum; a word that it does not know is kept as it is."""
    known = cls._value2member_map_.get  # what the class itself asks first, without its machinery

    def read(value: Any) -> Any:
        if type(value) is str:
            return known(value) or cls(value)
        raise WireMismatch("text", value)

    return read


def is_schema(kind: Any) -> bool:
    """Say whether a kind is an object of the contract."""
    return isinstance(kind, type) and issubclass(kind, Schema)


def record_of(kind: Any) -> type[Schema] | None:
    """Return the schema of an answer that is a bare array (``tuple[Payment, ...]``); else None."""
    record, *more = typing.get_args(kind) or (None,)
    return record if typing.get_origin(kind) is tuple and more == [...] and is_schema(record) else None


def is_open_enum(kind: Any) -> bool:
    """Say whether a kind is a set of words that may grow."""
    return isinstance(kind, type) and issubclass(kind, OpenEnum)
