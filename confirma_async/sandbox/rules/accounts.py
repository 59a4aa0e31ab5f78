"""Clients of the service: what their numbers and references begin with."""

from __future__ import annotations

from itertools import cycle

FIRST_CLIENT = 5_000
"""Client identifiers start above this. Assumed."""

FIRST_CUSTOMER_CODE = 90_000
"""Customer codes start above this. Assumed."""

FIRST_PREFIX = 1_000
"""Payment reference prefixes start above this. Assumed."""

_WEIGHTS = (7, 3, 1)


def reference_number(prefix: int, number: str) -> str:
    """Return a Finnish reference number: prefix, invoice number and check digit, of 20 digits at most."""
    digits = f"{prefix}{number}"[:19]
    total = sum(int(digit) * weight for digit, weight in zip(reversed(digits), cycle(_WEIGHTS), strict=False))
    return f"{digits}{-total % 10}"
