"""Measures how many calls a second a service took lately."""

from __future__ import annotations

_SPAN = 0.5  # seconds that a count covers at least, and ...
_CALLS = 16  # ... calls
_IDLE = 1.0  # seconds without any after which counting starts anew: idleness is no measure of the service


class Throughput:
    """Counts calls that the service took, over the last two spans of half a second or more."""

    __slots__ = ("_count", "_former_count", "_former_since", "_last", "_since")

    def __init__(self) -> None:
        self._last = 0.0
        self.restart(0.0)

    def restart(self, now: float) -> None:
        """Forget what was counted.

        Args:
            now: The present moment, from which to count.
        """
        self._since = self._former_since = self._last = now
        self._count = self._former_count = 0

    def taken(self, now: float) -> None:
        """Count a call that the service took."""
        if now - self._last > _IDLE:
            self.restart(now)
            return
        self._last = now
        self._count += 1
        if self._count >= _CALLS and now - self._since >= _SPAN:
            self._former_since, self._former_count = self._since, self._count
            self._since, self._count = now, 0

    def measured(self, now: float) -> float | None:
        """Return calls per second; None where too few were counted, or none lately."""
        calls, seconds = self._former_count + self._count, now - self._former_since
        known = calls >= _CALLS and seconds >= _SPAN and now - self._last <= _IDLE
        return calls / seconds if known else None

    def at_least(self, now: float) -> float:
        """Return a careful estimate of calls per second, however few were counted."""
        return (self._former_count + self._count) / max(now - self._former_since, 1.0)
