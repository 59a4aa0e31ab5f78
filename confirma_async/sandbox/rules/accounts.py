"""Clients of the service and their tokens: numbers, lifetimes, assumptions."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import cycle

FIRST_CLIENT = 5_000
"""Client identifiers start above this. Assumed."""

FIRST_CUSTOMER_CODE = 90_000
"""Customer codes start above this. Assumed."""

FIRST_PREFIX = 1_000
"""Payment reference prefixes start above this. Assumed."""

_WEIGHTS = (7, 3, 1)


def expiry_of(made_at: datetime, lifetime: timedelta | None) -> datetime | None:
    """Return when a token expires; None is never."""
    return None if lifetime is None else made_at + lifetime


def reference_number(prefix: int, number: str) -> str:
    """Return a Finnish reference number: prefix, invoice number and check digit, of 20 digits at most."""
    digits = f"{prefix}{number}"[:19]
    total = sum(int(digit) * weight for digit, weight in zip(reversed(digits), cycle(_WEIGHTS), strict=False))
    return f"{digits}{-total % 10}"
