"""What several tests of the converter use: strict and tolerant ones, amounts, a header, deep values."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from confirma_async.converters import Converter

CONVERTER = Converter(strict=True)

HEADER = {
    "number": 1,
    "type": "INVOICE",
    "date": "2026-01-01",
    "dueDate": "2026-01-15",
    "currencyCode": "EUR",
}

digits = st.integers(-(10**30), 10**30)

amounts = st.builds(
    lambda coefficient, scale: Decimal(coefficient).scaleb(-scale), digits, st.integers(-3, 2)
)


def deep(depth, innermost=1):
    value = innermost
    for number in range(depth):
        value = [value] if number % 2 else {"x": value}
    return value


TOLERANT = Converter()
