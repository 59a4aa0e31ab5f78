"""Reads the cells of tables as values of each kind, such as numbers and dates that are text.

In a spreadsheet or a Parquet file cells have types; in CSV every cell is text.
"""

from __future__ import annotations

import datetime
import enum
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from attrs import field, frozen

from confirma_async.formats.tables.columns import Column, ValueKind
from confirma_async.formats.values.decimals import LONGEST_NUMERAL, cents, places
from confirma_async.formats.values.identifiers import is_cut, unwrapped, without_decimals
from confirma_async.schemas import DistributionMethod, EntityType, InvoiceType, OpenEnum


class DecimalSeparator(enum.Enum):
    """The decimal separator of numbers in text."""

    COMMA = "a decimal comma"
    POINT = "a decimal point"


class ValueProblem(Exception):  # noqa: N818 (never leaves the readers of tables)
    """A cell is not of the kind of its column. The error names the rule and what to do, never the value."""

    def __init__(self, rule: str, message: str) -> None:
        self.rule = rule
        self.message = message
        super().__init__(message)


@frozen
class Percent:
    """A number in per cent, as a spreadsheet shows it: 25.5 where the file has 0.255."""

    value: Decimal


@frozen
class CellError:
    """A cell that cannot be read: the rule that it breaks, and what to do."""

    rule: str
    message: str


Cell: TypeAlias = str | Decimal | datetime.date | bool | Percent | CellError
"""The value of a cell; an empty text if the cell is empty."""


@frozen(kw_only=True)
class TextConventions:
    """How the text cells of a table are written.

    Attributes:
        decimal_separator: The decimal separator; None where the file does not show it.
        dates: Forms of dates besides ``YYYY-MM-DD`` and ``D.M.YYYY``.
        words: The words of the file, in lower case, for those of the SDK, by column.
        currency_sign: The sign beside amounts that repeats the currency, such as ``€``.
    """

    decimal_separator: DecimalSeparator | None = None
    dates: tuple[DateForm, ...] = ()
    words: Mapping[str, Mapping[str, str]] = field(factory=dict[str, Mapping[str, str]])
    currency_sign: str | None = None


@frozen
class DateForm:
    """A form of dates, such as ``DD/MM/YYYY`` or ``YYYYMMDD``.

    Raises:
        ValueError: it does not have YYYY, MM or M, and DD or D exactly once each.
    """

    text: str
    _pattern: re.Pattern[str] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        parts = _DATE_PART.split(self.text)
        if sorted(part[0] for part in parts[1::2]) != ["D", "M", "Y"]:
            raise ValueError(
                f"{self.text!r} is no form of dates; write one such as DD.MM.YYYY, MM/DD/YYYY or YYYYMMDD"
            )
        pattern = "".join(
            _DATE_PARTS[part] if index % 2 else re.escape(part) for index, part in enumerate(parts)
        )
        object.__setattr__(self, "_pattern", re.compile(pattern, re.ASCII))

    def read(self, text: str) -> datetime.date | None:
        """Return the day of a text in this form; None for a text of another form.

        Raises:
            ValueError: there is no such day.
        """
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        return datetime.date(int(match["Y"]), int(match["M"]), int(match["D"]))


_DATE_PART = re.compile("(YYYY|MM?|DD?)")
_DATE_PARTS: Mapping[str, str] = {
    "YYYY": r"(?P<Y>\d{4})",
    "MM": r"(?P<M>\d\d)",
    "M": r"(?P<M>\d{1,2})",
    "DD": r"(?P<D>\d\d)",
    "D": r"(?P<D>\d{1,2})",
}
_USUAL_DATES = (DateForm("YYYY-MM-DD"), DateForm("D.M.YYYY"))

_MINUS = {"-": "-", "\u2212": "-", "+": ""}
_GAP = r"[ \u00a0\u202f'\u2019]"
_DIGITS = rf"(?:\d+|\d{{1,3}}(?:{_GAP}\d{{3}})+)"
_AS: Mapping[DecimalSeparator, re.Pattern[str]] = {
    DecimalSeparator.COMMA: re.compile(rf"(?:{_DIGITS}|[1-9]\d{{0,2}}(?:\.\d{{3}})+)(?:,\d+)?", re.ASCII),
    DecimalSeparator.POINT: re.compile(rf"(?:{_DIGITS}|[1-9]\d{{0,2}}(?:,\d{{3}})+)(?:\.\d+)?", re.ASCII),
}
_GROUPING: Mapping[DecimalSeparator, re.Pattern[str]] = {
    DecimalSeparator.COMMA: re.compile(rf"{_GAP}|\."),
    DecimalSeparator.POINT: re.compile(rf"{_GAP}|,"),
}
_PLAIN = re.compile(r"[+-]?\d{1,30}(\.\d\d?)?", re.ASCII)
_PLAIN_COMMA = re.compile(r"[+-]?\d{1,30}(,\d\d?)?", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_SIGNS = re.compile(r"[\u20ac$\u00a3]|\b(?:EUR|SEK|NOK|DKK|USD|GBP)\b|\bkr\b", re.IGNORECASE)
_CENTS = 2
_MIDNIGHT = re.compile(r"[T ]00:00:00(?:\.0+)?(?:Z|[+-]\d\d:?\d\d)?\Z", re.ASCII)
_WORD_GAP = re.compile(r"[\s-]+")


def readings(text: str) -> dict[DecimalSeparator, Decimal]:
    """Return the numbers that a numeral can mean, by decimal separator; none if it is no number."""
    if len(text) > LONGEST_NUMERAL:
        return {}
    sign = _MINUS.get(text[:1])
    body = text if sign is None else text[1:]
    return {
        separator: Decimal((sign or "") + _GROUPING[separator].sub("", body).replace(",", "."))
        for separator, pattern in _AS.items()
        if pattern.fullmatch(body)
    }


def is_numeral(text: str) -> bool:
    """Say whether a text is a number, possibly with a sign of a currency or of per cent."""
    return bool(readings(text) or readings(bare(text)))


def bare(text: str) -> str:
    """Return a text without the sign of a currency or of per cent."""
    return _SIGNS.sub("", text).strip().removesuffix("%").rstrip()


def detect_separator(text: str) -> DecimalSeparator | None:
    """Return the decimal separator that a numeral shows; None if it may be either."""
    found = readings(text)
    return next(iter(found)) if len(found) == 1 else None


def number(text: str, separator: DecimalSeparator | None) -> Decimal:
    """Read a numeral.

    Args:
        text: The numeral, without space around it.
        separator: The decimal separator of the file; None where the file does not show it.

    Raises:
        ValueProblem: it is no number, not one in this file's way of writing, or can be read as two numbers.
    """
    if separator is DecimalSeparator.POINT and _PLAIN.fullmatch(text):  # the usual forms, read straight
        return Decimal(text)
    if separator is DecimalSeparator.COMMA and _PLAIN_COMMA.fullmatch(text):
        return Decimal(text.replace(",", "."))
    found = readings(text)
    if len(text) > LONGEST_NUMERAL:
        raise ValueProblem("table.number", "has too many digits for a number; correct it")
    if not found and _SIGNS.search(text) and readings(_SIGNS.sub("", text).strip()):
        raise ValueProblem(
            "table.number", "holds a currency beside the number; remove it, as the currency has a column"
        )
    if not found:
        raise ValueProblem("table.number", "is no number; write digits with at most one decimal separator")
    if separator is not None:
        if separator in found:
            return found[separator]
        raise ValueProblem(
            "table.number",
            f"is not written with {separator.value}, as numbers of this file are; write it like the others",
        )
    if len(set(found.values())) > 1:
        raise ValueProblem(
            "table.number",
            "can be read as two numbers (decimals, or thousands), and the file does not tell which; "
            "say so (decimal_comma=), or write two decimals",
        )
    return next(iter(found.values()))


def reader_of(column: Column, conventions: TextConventions) -> Callable[[Cell], Any]:
    """Return a function that reads a cell of a column for its place in the request.

    It returns a text, a number, a truth value, or a date in ISO 8601. It raises ``ValueProblem`` for a cell
    of another kind.
    """
    read, words = _reader(column.kind, conventions), conventions.words.get(column.name)
    if words is None:
        return read

    def translated(cell: Cell) -> Any:
        if isinstance(cell, str):
            return read(words.get(cell.lower(), cell))
        return read(words.get(f"{cell:f}", cell) if isinstance(cell, Decimal) else cell)

    return translated


def _reader(kind: ValueKind, conventions: TextConventions) -> Callable[[Cell], Any]:
    """Return a function that reads cells of one kind, with a short cut for the usual ones."""
    if kind in _READERS:
        return _READERS[kind]
    read, is_comma = _CONVENTIONAL[kind], conventions.decimal_separator is DecimalSeparator.COMMA
    sign = conventions.currency_sign
    if sign is not None and kind in {ValueKind.AMOUNT, ValueKind.DECIMAL}:
        return lambda cell: read(_without(sign, cell), conventions)
    if not kind.is_numeric or conventions.decimal_separator is None:
        return lambda cell: read(cell, conventions)
    is_plain = (_PLAIN_COMMA if is_comma else _PLAIN).fullmatch

    def number_of(cell: Cell) -> Any:
        if type(cell) is str and is_plain(cell):
            return Decimal(cell.replace(",", ".") if is_comma else cell)
        return read(cell, conventions)

    return number_of


def _without(sign: str, cell: Cell) -> Cell:
    return cell.removeprefix(sign).removesuffix(sign).strip() if isinstance(cell, str) else cell


def text_of(cell: Cell) -> str:
    """Return a cell as text; a whole number without decimals.

    Raises:
        ValueProblem: it is not certain which text it is.
    """
    if isinstance(cell, str):
        return unwrapped(cell) if cell[:2] == '="' else cell
    if isinstance(cell, Decimal):
        return f"{cell.to_integral_value() if cell == cell.to_integral_value() else cell:f}"
    if isinstance(cell, bool):
        raise ValueProblem("table.text", "holds a truth value where a text is wanted; write the text")
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    if isinstance(cell, Percent):
        return f"{cell.value:f} %"
    raise ValueProblem(cell.rule, cell.message)


def _identifier(cell: Cell) -> str:
    text = without_decimals(unwrapped(text_of(cell)))
    if is_cut(text):
        raise ValueProblem(
            "table.digits",
            "is a number that a spreadsheet has cut (such as 1,23457E+19); give the cell the format Text and "
            "write the number again",
        )
    return text


def _decimal(cell: Cell, conventions: TextConventions) -> Decimal:
    if isinstance(cell, str):
        return number(unwrapped(cell), conventions.decimal_separator)
    if isinstance(cell, Decimal):
        return cell
    if isinstance(cell, CellError):
        raise ValueProblem(cell.rule, cell.message)
    raise ValueProblem("table.number", f"holds {_shown(cell)} where a number is wanted; write the number")


def _percentage(cell: Cell, conventions: TextConventions) -> Decimal:
    if isinstance(cell, Percent):
        return cell.value
    if isinstance(cell, str):
        return number(cell.removesuffix("%").rstrip(), conventions.decimal_separator)
    return _decimal(cell, conventions)


def _amount(cell: Cell, conventions: TextConventions) -> Decimal:
    value = _decimal(cell, conventions)
    exact = value if isinstance(cell, str) else cents(value)  # a type's scale is not what was written
    if exact is None or places(exact) > _CENTS:
        raise ValueProblem(
            "table.amount",
            "has more than two decimals; amounts are never rounded here, so give it to the cent (in a "
            "spreadsheet, round the formula itself; the format of the cell only hides decimals)",
        )
    return exact


def _whole(cell: Cell) -> int:
    text = text_of(cell)
    if not _WHOLE.fullmatch(text):
        raise ValueProblem("table.whole", "is no whole number; write digits alone")
    return int(text)


def _date(cell: Cell, conventions: TextConventions) -> str:
    if isinstance(cell, datetime.datetime):
        return cell.date().isoformat()
    if isinstance(cell, datetime.date):
        return cell.isoformat()
    forms = (*conventions.dates, *_USUAL_DATES) if conventions.dates else _USUAL_DATES
    return _day(_MIDNIGHT.sub("", text_of(cell)), forms)


@lru_cache(maxsize=4096)
def _day(text: str, forms: tuple[DateForm, ...]) -> str:
    """Return a day in ISO 8601. Results are cached: a file has few days and many lines."""
    for form in forms:
        try:
            day = form.read(text)
        except ValueError:
            raise ValueProblem("table.date", "is no day of the calendar; correct it") from None
        if day is not None:
            return day.isoformat()
    known = " or ".join(form.text for form in forms)
    raise ValueProblem(
        "table.date", f"is no date as {known}; write it so, or give the cell of a spreadsheet a date format"
    )


def _flag(cell: Cell) -> bool:
    if isinstance(cell, bool):
        return cell
    flag = _FLAGS.get(text_of(cell).lower())
    if flag is None:
        raise ValueProblem("table.word", f"says neither yes nor no; write one of {', '.join(_FLAGS)}")
    return flag


def _one_of(words: type[OpenEnum]) -> Callable[[Cell], str]:
    known = ", ".join(words.__members__)

    def read(cell: Cell) -> str:
        word = _WORD_GAP.sub("_", text_of(cell).upper())
        if word not in words.__members__:
            raise ValueProblem("table.word", f"is none of the words for this column: {known}")
        return word

    return read


def _shown(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "a truth value"
    return "a percentage" if isinstance(cell, Percent) else "a date"


_FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "1", "yes", "x", "kyllä", "ja"), True),
    **dict.fromkeys(("false", "0", "no", "ei", "nej"), False),
}

_CONVENTIONAL: Mapping[ValueKind, Callable[[Cell, TextConventions], Any]] = {
    ValueKind.DECIMAL: _decimal,
    ValueKind.PERCENTAGE: _percentage,
    ValueKind.AMOUNT: _amount,
    ValueKind.DATE: _date,
}
"""Functions for the kinds of cells that depend on the conventions of the table."""

_READERS: Mapping[ValueKind, Callable[[Cell], Any]] = {
    ValueKind.TEXT: text_of,
    ValueKind.IDENTIFIER: _identifier,
    ValueKind.SECRET: text_of,
    ValueKind.NUMBER: _identifier,
    ValueKind.ATTACHMENT: text_of,
    ValueKind.LINK: text_of,
    ValueKind.WHOLE: _whole,
    ValueKind.FLAG: _flag,
    ValueKind.INVOICE_TYPE: _one_of(InvoiceType),
    ValueKind.METHOD: _one_of(DistributionMethod),
    ValueKind.ENTITY: _one_of(EntityType),
}
