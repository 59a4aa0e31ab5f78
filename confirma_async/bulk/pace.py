"""How fast a job is, and how long it will take: read from its journal, also while it runs."""

from __future__ import annotations

from attrs import frozen

from confirma_async.bulk.items import FINAL, State
from confirma_async.bulk.journal import Journal

RECENT = 60.0
"""Seconds whose invoices say how fast the job is now."""


@frozen(kw_only=True)
class Pace:
    """How a job gets on.

    Attributes:
        rate: Invoices decided per second in the last minute.
        decided: Records decided so far, those among them that were refused.
        expected: How many the whole input has, where it was counted.
        oldest_unknown: Seconds since the oldest unknown invoice was sent; None where none is unknown.
    """

    rate: float
    decided: int
    expected: int | None
    oldest_unknown: float | None

    @property
    def left(self) -> int | None:
        """Records still to decide; None where it is not known how many there are."""
        return None if self.expected is None else max(0, self.expected - self.decided)

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None where that cannot be told."""
        return self.left / self.rate if self.left is not None and self.rate else None


def pace_of(journal: Journal, now: float) -> Pace:
    """Reads how a job gets on.

    Args:
        journal: The journal.
        now: Seconds since 1970.
    """
    began = journal.run_began()
    since = max(now - RECENT, began or 0.0)
    counts = journal.counts()
    sent = [row.attempted_at for row in journal.rows(State.UNKNOWN, State.SENDING) if row.attempted_at]
    return Pace(
        rate=journal.decided_since(since) / max(now - since, 1.0),
        decided=sum(counts[state] for state in FINAL) + journal.refused(),
        expected=journal.expected(),
        oldest_unknown=max(0.0, now - min(sent)) if sent else None,
    )
