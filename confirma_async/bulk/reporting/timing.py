"""Records when a job decided its invoices, and how long the service took to answer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from confirma_async.bulk.models import Row

BARS = 48
"""Bars that the throughput over time has, at most."""

LATENCY_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the classes of latency, in seconds; one more class has all that took longer."""


@frozen(kw_only=True)
class Bar:
    """The number of invoices that were decided in an interval.

    Attributes:
        start: The beginning of the interval; seconds since 1970.
        seconds: The length of the interval.
        count: How many invoices were decided in it.
    """

    start: float
    seconds: float
    count: int


@frozen(kw_only=True)
class Timing:
    """When invoices were decided, and how long the service took to answer.

    Attributes:
        decided: First and last moment of a decision, in seconds since 1970; None before the first.
        throughput: The invoices decided over time, in intervals of the same length.
        latency: The number of answers in each class of ``LATENCY_EDGES``, and in the one above the last.
        quantiles: Seconds within which 50, 95 and 99 hundredths of the answers came, by that share.
    """

    decided: tuple[float, float] | None = None
    throughput: Sequence[Bar] = ()
    latency: Sequence[int] = ()
    quantiles: Mapping[int, float] = field(factory=dict[int, float])


@define
class TimingRecorder:
    """Counts decisions by second, and answers by millisecond, in bounded memory."""

    _seconds: Counter[int] = field(init=False, factory=Counter[int])
    _milliseconds: Counter[int] = field(init=False, factory=Counter[int])

    def add(self, row: Row) -> None:
        """Count an invoice if it is decided."""
        if row.decided_at is None:
            return
        self._seconds[math.floor(row.decided_at)] += 1
        if row.seconds is not None:
            self._milliseconds[round(row.seconds * 1000)] += 1

    def timing(self) -> Timing:
        """Return the timing of all invoices that were counted."""
        seconds, milliseconds = self._seconds, self._milliseconds
        return Timing(
            decided=(min(seconds), max(seconds) + 1) if seconds else None,
            throughput=_bars(seconds),
            latency=_by_edge(milliseconds),
            quantiles={share: _quantile(milliseconds, share) for share in (50, 95, 99) if milliseconds},
        )


def _bars(seconds: Mapping[int, int]) -> list[Bar]:
    """Return at most ``BARS`` intervals of the same length, from the first to the last decision."""
    if not seconds:
        return []
    first, last = min(seconds), max(seconds) + 1
    length = math.ceil((last - first) / BARS)
    counts = Counter[int]()
    for moment, count in seconds.items():
        counts[(moment - first) // length] += count
    return [
        Bar(start=first + index * length, seconds=length, count=counts[index])
        for index in range(math.ceil((last - first) / length))
    ]


def _by_edge(milliseconds: Mapping[int, int]) -> list[int]:
    counts = [0] * (len(LATENCY_EDGES) + 1)
    for value, count in milliseconds.items():
        counts[sum(value / 1000 > edge for edge in LATENCY_EDGES)] += count
    return counts


def _quantile(milliseconds: Mapping[int, int], share: int) -> float:
    """Return the value, in seconds, that ``share`` hundredths of all answers do not exceed."""
    wanted = sum(milliseconds.values()) * share / 100
    reached = 0
    for value in sorted(milliseconds):
        reached += milliseconds[value]
        if reached >= wanted:
            return value / 1000
    return 0.0
