"""The clock that the sandbox lives by, so that a month of invoicing passes in a test at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from attrs import frozen

from confirma_async.errors import ConfigurationError


@frozen
class ClockReading:
    """What a virtual clock and the real one said at the same moment; enough to go on after a restart."""

    virtual: datetime
    real: datetime


_LAST = datetime(9000, 1, 1, tzinfo=UTC)


class VirtualClock:
    """A clock that goes forward when it is told to. Safe to use from any thread.

    Args:
        start: What it says at first, with an offset; now, unless said otherwise. A sandbox that continues
            an earlier database goes on from that database's time unless a start is given.
        ticking: Whether real elapsed time is added by itself; otherwise the clock stands still.

    Raises:
        ConfigurationError: the start has no offset, so it names no moment.
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
        """Move the clock forward and return what it says then.

        Raises:
            ConfigurationError: the time to add is negative, since what happened cannot be taken back; or it
                leads beyond the year 9000, since what is due later must still be a date.
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
        """Return what this clock and the real one say now."""
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
