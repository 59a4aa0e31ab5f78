"""Values of CSV fields: how numbers are written in a file, and each kind of value read."""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from confirma_async.formats.csv_columns import Column, Kind
from confirma_async.formats.exact import LONGEST_NUMERAL
from confirma_async.schemas import DistributionMethod, EntityType, InvoiceType, OpenEnum


class Mark(enum.Enum):
    """What separates the decimals."""

    COMMA = "a decimal comma"
    POINT = "a decimal point"


class ValueProblem(Exception):  # noqa: N818 (never leaves the CSV reader)
    """A value is not what its column wants. Says the rule and what to do, never the value."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message
        super().__init__(message)


_MINUS = {"-": "-", "\u2212": "-", "+": ""}
_GAP = r"[ \u00a0\u202f'\u2019]"
_DIGITS = rf"(?:\d+|\d{{1,3}}(?:{_GAP}\d{{3}})+)"
_AS: Mapping[Mark, re.Pattern[str]] = {
    Mark.COMMA: re.compile(rf"(?:{_DIGITS}|[1-9]\d{{0,2}}(?:\.\d{{3}})+)(?:,\d+)?", re.ASCII),
    Mark.POINT: re.compile(rf"(?:{_DIGITS}|[1-9]\d{{0,2}}(?:,\d{{3}})+)(?:\.\d+)?", re.ASCII),
}
_GROUPING: Mapping[Mark, re.Pattern[str]] = {
    Mark.COMMA: re.compile(rf"{_GAP}|\."),
    Mark.POINT: re.compile(rf"{_GAP}|,"),
}
_PLAIN = re.compile(r"[+-]?\d{1,30}(\.\d\d?)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WORD_GAP = re.compile(r"[\s-]+")


def readings(text: str) -> dict[Mark, Decimal]:
    """What a numeral can mean, by what separates its decimals; empty when it is no number at all."""
    if len(text) > LONGEST_NUMERAL:
        return {}
    sign = _MINUS.get(text[:1])
    body = text if sign is None else text[1:]
    return {
        mark: Decimal((sign or "") + _GROUPING[mark].sub("", body).replace(",", "."))
        for mark, pattern in _AS.items()
        if pattern.fullmatch(body)
    }


def evidence(text: str) -> Mark | None:
    """How a file writes decimals, by one of its numerals; None where that does not tell."""
    found = readings(text)
    return next(iter(found)) if len(found) == 1 else None


def number(text: str, mark: Mark | None) -> Decimal:
    """Reads a numeral.

    Args:
        text: The numeral, without space around it.
        mark: What separates decimals in the file; None where the file does not tell.

    Raises:
        ValueProblem: it is no number, not one in this file's way of writing, or can be read as two numbers.
    """
    if mark is Mark.POINT and _PLAIN.fullmatch(text):  # the usual form, read straight
        return Decimal(text)
    found = readings(text)
    if len(text) > LONGEST_NUMERAL:
        raise ValueProblem("csv.number", "has too many digits for a number; correct it")
    if not found:
        raise ValueProblem("csv.number", "is no number; write digits with at most one decimal separator")
    if mark is not None:
        if mark in found:
            return found[mark]
        raise ValueProblem(
            "csv.number",
            f"is not written with {mark.value}, as numbers of this file are; write it like the others",
        )
    if len(set(found.values())) > 1:
        raise ValueProblem(
            "csv.number",
            "can be read as two numbers (decimals, or thousands), and the file does not tell which; "
            "set decimal_comma (--decimal-comma or --no-decimal-comma), or write two decimals",
        )
    return next(iter(found.values()))


def read_value(column: Column, text: str, mark: Mark | None) -> Any:
    """Reads a value as its place in the request wants it: text, a number, or a date as ISO text.

    Raises:
        ValueProblem: it is not what the column wants.
    """
    return _READERS[column.kind](text, mark)


def _text(text: str, _mark: Mark | None) -> str:
    return text


def _decimal(text: str, mark: Mark | None) -> Decimal:
    return number(text, mark)


def _amount(text: str, mark: Mark | None) -> Decimal:
    value = number(text, mark)
    if int(value.as_tuple().exponent) < -2:
        raise ValueProblem(
            "csv.amount",
            "has more than two decimals; amounts are never rounded here, so give it to the cent",
        )
    return value


def _whole(text: str, _mark: Mark | None) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueProblem("csv.whole", "is no whole number; write digits alone")
    return int(text)


def _date(text: str, _mark: Mark | None) -> str:
    try:
        if _ISO.fullmatch(text):
            return datetime.date.fromisoformat(text).isoformat()
        if match := _DAY_FIRST.fullmatch(text):
            day, month, year = map(int, match.groups())
            return datetime.date(year, month, day).isoformat()
    except ValueError:
        raise ValueProblem("csv.date", "is no day of the calendar; correct it") from None
    raise ValueProblem("csv.date", "is no date as YYYY-MM-DD or D.M.YYYY; write it in one of these forms")


def _one_of(words: type[OpenEnum]) -> Callable[[str, Mark | None], str]:
    known = ", ".join(words.__members__)

    def read(text: str, _mark: Mark | None) -> str:
        word = _WORD_GAP.sub("_", text.upper())
        if word not in words.__members__:
            raise ValueProblem("csv.word", f"is none of the words for this column: {known}")
        return word

    return read


_READERS: Mapping[Kind, Callable[[str, Mark | None], Any]] = {
    Kind.TEXT: _text,
    Kind.SECRET: _text,
    Kind.NUMBER: _text,
    Kind.WHOLE: _whole,
    Kind.DECIMAL: _decimal,
    Kind.AMOUNT: _amount,
    Kind.DATE: _date,
    Kind.INVOICE_TYPE: _one_of(InvoiceType),
    Kind.METHOD: _one_of(DistributionMethod),
    Kind.ENTITY: _one_of(EntityType),
}
