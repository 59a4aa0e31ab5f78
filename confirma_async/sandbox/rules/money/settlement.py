"""Settlement runs: when what was paid is paid out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta

from confirma_async.sandbox.rules.assumption import Assumption
from confirma_async.schemas.wire import Evidence

RUN_AT = time(12, 0, tzinfo=UTC)
"""The time of day of a settlement run. Assumed."""

FIRST_SETTLEMENT = 100_000_000_000
"""Settlements are numbered above this: the vendor's numbers have 12 digits (contract §6)."""

AGENCY = "CashIn"
"""Who settles; seen in an example (contract §6)."""

ASSUMPTIONS: Sequence[Assumption] = (
    Assumption(
        what="Every payment is paid out in the next settlement run, once a week",
        basis="§9: in the next settlement run (at agreed intervals); typically once a business week",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="A breakdown adds up to its allocation, the allocations to their settlement; one settlement has "
        "one currency",
        basis="§6: Sums hold; the currency is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
    Assumption(
        what="unfetchedOnly=true marks what it returns as fetched; other readings mark nothing",
        basis="§6: the GET marks records as fetched; that others mark nothing is assumed",
        evidence=Evidence.DOCUMENTED,
    ),
)


def next_run(after: datetime, weekday: int) -> datetime:
    """Return the first settlement run after a moment."""
    run = datetime.combine(after.date() + timedelta(days=(weekday - after.weekday()) % 7), RUN_AT)
    return run if run > after else run + timedelta(days=7)
