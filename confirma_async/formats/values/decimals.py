"""Exact decimals: every sum and every quotient is exact, or there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import lru_cache

from confirma_async.schemas.values import CENT, ZERO

_CENTS = 2
LONGEST_NUMERAL = 40
"""Characters that a number may have. A longer one is no quantity or amount, and its sums would not be
exact."""
REMEMBERED = 1024
"""Numbers that are cached: rates, quantities and prices are few, and rows many."""

_TRAPS = [Inexact, InvalidOperation, DivisionByZero, Overflow]
_SUMS = Context(prec=2 * LONGEST_NUMERAL, traps=_TRAPS)
_QUOTIENTS = Context(prec=28, traps=_TRAPS)
_NUMERAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)
_PLAIN_AMOUNT = re.compile(r"-?\d{1,30}(\.\d\d?)?", re.ASCII)


def total(values: Iterable[Decimal]) -> Decimal:
    """Return the exact sum.

    Raises:
        decimal.Inexact: the sum has more digits than any sum of readable amounts can have.
    """
    result = ZERO
    for value in values:
        result = _SUMS.add(result, value)
    return result


def cents(value: Decimal) -> Decimal | None:
    """Return a value with at most two decimals; None if that would change it."""
    if places(value) <= _CENTS:
        return value
    try:
        return value.quantize(CENT, context=_SUMS)
    except (Inexact, InvalidOperation):
        return None


def places(value: Decimal) -> int:
    """Return how many decimals a number is written with."""
    text = str(value)  # much quicker than a tuple of all its digits
    if "E" in text:
        return max(0, -int(value.as_tuple().exponent))
    point = text.find(".")
    return 0 if point < 0 else len(text) - point - 1


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    """Return the exact quotient; None if it is no decimal of at most 28 digits."""
    try:
        result = _QUOTIENTS.divide(dividend, divisor)
    except (Inexact, InvalidOperation, DivisionByZero):
        return None
    return result if int(result.as_tuple().exponent) <= 0 else result.quantize(Decimal(1), context=_SUMS)


def decimal(text: str) -> Decimal | None:
    """Read a number as XML writes it: with a point, without grouping and exponent; else return None."""
    return None if len(text) > LONGEST_NUMERAL else _decimal(text)


@lru_cache(REMEMBERED)
def _decimal(text: str) -> Decimal | None:
    return Decimal(text) if _NUMERAL.fullmatch(text) else None


def plain_amount(text: str) -> Decimal | None:
    """Read an amount in the usual form of XML, with at most two decimals; None for another form."""
    return None if len(text) > LONGEST_NUMERAL else _plain_amount(text)


@lru_cache(REMEMBERED)
def _plain_amount(text: str) -> Decimal | None:
    return Decimal(text) if _PLAIN_AMOUNT.fullmatch(text) else None
