"""The rate that a service seems to bear: cut when it refuses, recovered evenly with time.

Pure arithmetic over moments that the caller gives: no clock, no waiting.
"""

from __future__ import annotations

import math
from collections import deque

CUT = 0.5
"""What a refusal leaves of the rate."""
RECOVERY = 30.0
"""Seconds in which a rate recovers from nothing to what it was before the first refusal."""
SLOWEST = 0.5
"""Calls per second that no refusal goes below."""
PRESUMED = 50.0
"""Calls per second that a first cut starts from at least: a lone refusal of a quiet client says little."""

_REMEMBERED = 64


class Pace:
    """How fast calls may follow each other: the ceiling, or less for a while after a refusal.

    Args:
        ceiling: Calls per second that are never exceeded; infinity for no ceiling.
    """

    def __init__(self, ceiling: float = math.inf) -> None:
        self.ceiling = ceiling
        self._admitted: deque[float] = deque(maxlen=_REMEMBERED)
        self._full = ceiling  # the rate to recover to
        self._base = ceiling  # the rate at the moment of the last cut
        self._cut_at = -math.inf
        self._recovers_from = -math.inf

    def admitted(self, now: float) -> None:
        """Takes note of a call that starts."""
        self._admitted.append(now)

    def is_cut(self, now: float) -> bool:
        """Whether the rate is below its ceiling."""
        return self.rate(now) < self.ceiling

    def rate(self, now: float) -> float:
        """Calls per second at a moment."""
        if self._base == self.ceiling:
            return self.ceiling
        rate = self._base + self._full / RECOVERY * max(0.0, now - self._recovers_from)
        if rate >= self._full:
            self._base = self._full = self.ceiling
            return self.ceiling
        return rate

    def cut(self, started: float, now: float, until: float) -> None:
        """Slows down after a refusal.

        Args:
            started: When the refused call started; what was under way at the last cut is no news.
            now: The moment.
            until: When the service takes calls again; recovery starts there.
        """
        self._recovers_from = max(self._recovers_from, until)
        if started <= self._cut_at:
            return
        whole = self.rate(now) == self.ceiling
        reference = min(self.rate(now), max(self._measured(now), PRESUMED))
        if whole:
            self._full = reference if math.isinf(self.ceiling) else self.ceiling
        self._base = min(max(reference * CUT, SLOWEST), self.ceiling)
        self._cut_at = now
        self._recovers_from = max(now, until)

    def _measured(self, now: float) -> float:
        """Calls per second that went out lately."""
        if not self._admitted:
            return 0.0
        span = now - self._admitted[0]
        if len(self._admitted) < _REMEMBERED:
            span = max(span, 1.0)
        return len(self._admitted) / span if span > 0 else math.inf
