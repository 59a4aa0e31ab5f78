"""The virtual clock of the sandbox: a test can move it forward by a month at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from attrs import frozen

from confirma_async.errors import ConfigurationError


@frozen
class ClockReading:
    """The times of a virtual clock and of the real clock at one moment; a restart goes on from them."""

    virtual: datetime
    real: datetime


_LAST = datetime(9000, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A clock that moves only when the program advances it. Safe to use from any thread.

    Args:
        start: The first time of the clock, with a UTC offset; now unless given. A sandbox that continues
            an earlier database goes on from that database's time unless a start is given.
        ticking: Whether the clock also moves with the real time; by default it does not.

    Raises:
        ConfigurationError: the start has no UTC offset.
    """

    def __init__(self, start: datetime | None = None, *, ticking: bool = False) -> None:
        if start is not None and start.tzinfo is None:
            raise ConfigurationError("the start of a virtual clock needs an offset, e.g. tzinfo=UTC")
        self.ticking = ticking
        self.has_given_start: bool = start is not None
        self._base = (start or datetime.now(UTC)).astimezone(UTC)
        self._anchor = time.monotonic()
        self._watchers: list[Callable[[], None]] = []
        self._lock = threading.RLock()

    def now(self) -> datetime:
        """Return the virtual time, in UTC."""
        with self._lock:
            if not self.ticking:
                return self._base
            return self._base + timedelta(seconds=time.monotonic() - self._anchor)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> datetime:
        """Move the clock forward and return the new time.

        Args:
            days: Days to add; the arguments add up, and may have fractions.
            hours: Hours to add.
            minutes: Minutes to add.
            seconds: Seconds to add.

        Raises:
            ConfigurationError: the time to add is negative, or leads beyond the year 9000.
        """
        if any(value != value for value in (days, hours, minutes, seconds)):
            raise ConfigurationError("a virtual clock goes forward by a number, and nan is none")
        try:
            step = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        except OverflowError:
            step = timedelta.max
        if step < timedelta():
            raise ConfigurationError("a virtual clock goes forward only; give a time that is not negative")
        with self._lock:
            if step > _LAST - self.now():
                raise ConfigurationError("a virtual clock goes up to the year 9000; give less time")
            self._base += step
            for watcher in tuple(self._watchers):
                watcher()
            return self.now()

    def reading(self) -> ClockReading:
        """Return the times of this clock and of the real clock now."""
        return ClockReading(self.now(), datetime.now(UTC))

    def resume(self, reading: ClockReading) -> None:
        """Go on from an earlier reading; a ticking clock adds the real time that has passed since."""
        with self._lock:
            away = max(datetime.now(UTC) - reading.real, timedelta()) if self.ticking else timedelta()
            self._base = reading.virtual + away
            self._anchor = time.monotonic()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` after every advance, in the thread that advanced."""
        with self._lock:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling ``watcher``."""
        with self._lock:
            self._watchers.remove(watcher)
