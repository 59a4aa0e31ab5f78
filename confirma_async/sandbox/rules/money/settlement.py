"""Settlement runs: when what was paid is paid out."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

RUN_AT = time(12, 0, tzinfo=UTC)
"""The time of day of a settlement run. Assumed."""

FIRST_SETTLEMENT = 100_000_000_000
"""Settlements are numbered above this: the vendor's numbers have 12 digits (contract §6)."""

AGENCY = "CashIn"
"""Who settles; seen in an example (contract §6)."""


def next_run(after: datetime, weekday: int) -> datetime:
    """Return the first settlement run after a moment."""
    run = datetime.combine(after.date() + timedelta(days=(weekday - after.weekday()) % 7), RUN_AT)
    return run if run > after else run + timedelta(days=7)
