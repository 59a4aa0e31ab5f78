"""Converts values for the statements of a database, and from its rows."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

SLICE = 64
"""Rows that share one statement of SQLite, which is prepared once for each number of rows that occurs."""

PERIOD = 10
"""Seconds whose decisions are counted together."""

_LARGEST = 2**63 - 1
_NO_DAY = 0


def day(date: str) -> int:
    """Return the number of a day in ISO 8601; 0 for an empty text."""
    return datetime.date.fromisoformat(date).toordinal() if date else _NO_DAY


def date_of(number: int) -> str:
    """Return the day of a number."""
    return "" if number == _NO_DAY else datetime.date.fromordinal(number).isoformat()


def in_cents(amount: Decimal | None) -> int | None:
    """Return hundredths, which a database adds up exactly; None for what is none of that many."""
    if amount is None or not amount.is_finite():
        return None
    cents = int(amount.scaleb(2))
    return cents if abs(cents) <= _LARGEST and Decimal(cents).scaleb(-2) == amount else None


def slices(items: Sequence[Any], size: int = SLICE) -> Iterator[Sequence[Any]]:
    """Cut rows into those that share one statement."""
    return (items[start : start + size] for start in range(0, len(items), size))


def places(items: Sequence[Any], width: int = 0) -> str:
    """Return the places for values in a statement: one per item, or one row of so many per item."""
    one = f"({', '.join('?' * width)})" if width else "?"
    return ", ".join([one] * len(items))


def period(milliseconds: int | None) -> int:
    """Return the number of the period of a moment, for counting."""
    return (milliseconds or 0) // (PERIOD * 1000)


def milliseconds(moment: float) -> int:
    """Return whole milliseconds; ``moment`` is in seconds."""
    return round(moment * 1000)


def seconds(milliseconds: int | None) -> float | None:
    """Return seconds; None stays None."""
    return None if milliseconds is None else milliseconds / 1000
