"""Windows of days: half months, pieces of them, and spans of a few days."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator

from confirma_async.pagination import Window

OVERLAP = 35
"""Days that every run reads again: enough for two ends of months, and the holidays between them."""

HISTORY = 400
"""Number of days that runs read; only a backfill reads older ones."""

MIDDLE = 15
"""The last day of the first half of a month."""

_AHEAD = datetime.timedelta(hours=3)
"""Finnish summer time less UTC: invoices are dated in Finland; in winter the extra hour does no harm."""

_DAY = datetime.timedelta(days=1)


def today_of(now: datetime.datetime) -> datetime.date:
    """Return today's date in Finnish summer time (UTC+3), since invoices are dated in Finland."""
    return (now + _AHEAD).date()


def halves(first: datetime.date, last: datetime.date) -> Iterator[Window]:
    """Yield the half months that a period touches; the last one ends with the period."""
    start = first.replace(day=1 if first.day <= MIDDLE else MIDDLE + 1)
    while start <= last:
        end = end_of_half(start)
        yield Window(start, min(end, last))
        start = end + _DAY


def end_of_half(day: datetime.date) -> datetime.date:
    """Return the last day of the half month that a day lies in."""
    last = MIDDLE if day.day <= MIDDLE else calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=last)


def spans(days: Iterable[datetime.date], gap: int = 7, most: int = 16) -> Iterator[Window]:
    """Yield windows that cover the given days; days that are near each other share a window.

    Args:
        days: The days to cover, in any order.
        gap: The greatest distance in days between two neighbouring days of a window.
        most: The greatest length of a window in days.
    """
    first = last = None
    for day in sorted(set(days)):
        if first is not None and last is not None and ((day - last).days > gap or (day - first).days >= most):
            yield Window(first, last)
            first = None
        first, last = first or day, day
    if first is not None and last is not None:
        yield Window(first, last)


def cut(window: Window, pieces: int) -> list[Window]:
    """Cut a window into the given number of pieces, at most one for each day."""
    days = (window.last - window.first).days + 1
    pieces = min(max(pieces, 1), days)
    bounds = [window.first + datetime.timedelta(days=days * index // pieces) for index in range(pieces)]
    ends = [*(bound - _DAY for bound in bounds[1:]), window.last]
    return [Window(first, last) for first, last in zip(bounds, ends, strict=True)]


def asked(window: Window) -> Window:
    """Return the window to ask for: a day longer at each end, since time zones shift days."""
    return Window(window.first - _DAY, window.last + _DAY)
