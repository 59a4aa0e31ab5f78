"""Adding amounts exactly: neither the caller's precision nor its rounding counts."""

from __future__ import annotations

import decimal
from collections.abc import Iterable
from decimal import Decimal

from confirma_async.schemas.values import ZERO

EXACT: decimal.Context = decimal.Context(prec=200, traps=[decimal.Inexact, decimal.InvalidOperation])
"""Adds without rounding, or raises. Every rule is checked in it, see ``check``."""


def sum_of(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """Return the sum of amounts that are all given.

    None where one is missing, so that nothing can be said of it.

    Raises:
        Inexact: the amounts are too far apart to be added exactly.
    """
    found = ZERO
    for amount in amounts:
        if amount is None:
            return None
        found += amount
    return found
