"""Clients of the service and their tokens: numbers, lifetimes, assumptions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import cycle

from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.schemas.wire import Evidence

FIRST_CLIENT = 5_000
"""Client identifiers start above this. Assumed."""

FIRST_CUSTOMER_CODE = 90_000
"""Customer codes start above this. Assumed."""

FIRST_PREFIX = 1_000
"""Payment reference prefixes start above this. Assumed."""

_WEIGHTS = (7, 3, 1)

ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        what="The provisioning token onboards clients; each gets a token and a payment reference prefix",
        basis="§1, §3: Create a new client",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="A business code is onboarded once; again gets 409",
        basis="assumed: the vendor says nothing of it",
    ),
    Assumption(
        what="A missing, unknown or expired token gets 401",
        basis="§1: Missing or invalid token: 401; tokens may expire",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="A token of the other kind gets 403",
        basis="§1: 403 is documented; that it is for this is our reading",
    ),
    Assumption(
        what="An expired token can still be renewed",
        basis="§3: Renew",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="The old token dies the moment the new one is made",
        basis="§3: not said; treat it as dead",
    ),
    Assumption(
        what="An invoice without a payment reference gets one of the client's prefix, its number and a "
        "check digit",
        basis="§3: paymentReferencePrefix; what it is used for is assumed",
    ),
)


def expiry_of(made_at: datetime, lifetime: timedelta | None) -> datetime | None:
    """Return when a token expires; None is never."""
    return None if lifetime is None else made_at + lifetime


def reference_number(prefix: int, number: str) -> str:
    """Return a Finnish reference number: prefix, invoice number and check digit, of 20 digits at most."""
    digits = f"{prefix}{number}"[:19]
    total = sum(int(digit) * weight for digit, weight in zip(reversed(digits), cycle(_WEIGHTS), strict=False))
    return f"{digits}{-total % 10}"
