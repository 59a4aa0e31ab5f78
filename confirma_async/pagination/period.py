"""Periods of days, and the windows that they are asked for in."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator

from attrs import frozen

from confirma_async import bounds
from confirma_async.errors import Problem, RequestInvalidError

WINDOW_DAYS = 30
"""Days asked for at once when iterating. The vendor's default window; no greatest one is documented."""

_AHEAD = datetime.timedelta(hours=3)
"""Finnish summer time over UTC: today is what it is where invoices are dated, wherever this runs."""


@frozen
class Window:
    """A period of days, first and last included."""

    first: datetime.date
    last: datetime.date

    @property
    def is_one_day(self) -> bool:
        """Whether it cannot be split."""
        return self.first >= self.last

    def halves(self) -> tuple[Window, Window]:
        """Return the same days in two windows."""
        middle = self.first + (self.last - self.first) // 2
        return Window(self.first, middle), Window(middle + datetime.timedelta(days=1), self.last)


def windows(first: datetime.date, last: datetime.date, days: int = WINDOW_DAYS) -> Iterator[Window]:
    """Split a period into windows of at most so many days, in order, without gap or overlap.

    Raises:
        ConfigurationError: the days are not from 1 to 3,650.
    """
    bounds.WINDOW.check("days", days)
    start = first
    while start <= last:
        end = min(last, start + datetime.timedelta(days=days - 1))
        yield Window(start, end)
        start = end + datetime.timedelta(days=1)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def today(now: Callable[[], datetime.datetime] = _now) -> datetime.date:
    """Return today, where invoices are dated."""
    return (now() + _AHEAD).date()


def period(
    first: datetime.date | None,
    last: datetime.date | None,
    now: Callable[[], datetime.datetime] = _now,
) -> Window | None:
    """Return the period that a caller means, to today where it has no end; None when no date is given.

    Raises:
        RequestInvalidError: the dates are upside down, or only the last one is given.
    """
    if first is None:
        if last is None:
            return None
        raise _invalid("a last date needs a first one; give both, or neither for the last 30 days")
    until = last or max(first, today(now))
    if until < first:
        raise _invalid("the first date is after the last; swap them")
    return Window(first, until)


def _invalid(message: str) -> RequestInvalidError:
    return RequestInvalidError("the query", [Problem("from_date", "period", message)])
