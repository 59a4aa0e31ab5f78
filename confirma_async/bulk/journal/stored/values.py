"""Converts values to and from the form that the tables of a journal hold."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

SLICE = 64
"""Rows that one statement of SQLite takes at most: each number of rows is a statement to be prepared."""

PERIOD = 10
"""Seconds that a period has: decisions are counted by period."""

_LARGEST = 2**63 - 1
_NO_DAY = 0


def day(date: str) -> int:
    """Return the ordinal number of a date in ISO 8601; 0 for an empty text."""
    return datetime.date.fromisoformat(date).toordinal() if date else _NO_DAY


def date_of(number: int) -> str:
    """Return the date of an ordinal number, in ISO 8601; an empty text for 0."""
    return "" if number == _NO_DAY else datetime.date.fromordinal(number).isoformat()


def in_cents(amount: Decimal | None) -> int | None:
    """Return an amount in hundredths, as a whole number; None where it is no whole number of them."""
    if amount is None or not amount.is_finite():
        return None
    cents = int(amount.scaleb(2))
    return cents if abs(cents) <= _LARGEST and Decimal(cents).scaleb(-2) == amount else None


def slices(items: Sequence[Any], size: int = SLICE) -> Iterator[Sequence[Any]]:
    """Yield rows in slices, one for each statement."""
    return (items[start : start + size] for start in range(0, len(items), size))


def places(items: Sequence[Any], width: int = 0) -> str:
    """Return ``?, ?`` with a place for each item, or ``(?, ?), (?, ?)`` where ``width`` is 2."""
    one = f"({', '.join('?' * width)})" if width else "?"
    return ", ".join([one] * len(items))


def period(milliseconds: int | None) -> int:
    """Return the number of the period that a moment is in."""
    return (milliseconds or 0) // (PERIOD * 1000)


def milliseconds(moment: float) -> int:
    """Return seconds as whole milliseconds."""
    return round(moment * 1000)


def seconds(milliseconds: int | None) -> float | None:
    """Return milliseconds as seconds; None stays None."""
    return None if milliseconds is None else milliseconds / 1000
