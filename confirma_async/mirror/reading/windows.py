"""Which windows a run reads: half months, the latest ones at every run, older ones less often."""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterable, Iterator

from attrs import frozen

from confirma_async.pagination import Window

OVERLAP = 35
"""Days that every run reads again: two ends of months, and the holidays between."""

HISTORY = 400
"""Days that are followed: older windows are read by a backfill only."""

DEEP = 7
"""Days after which what is older than the overlap is read again."""

UNSETTLED = 120
"""Days for which payments that no settlement covers are read at every run."""

MIDDLE = 15
"""The last day of the first half of a month."""

_AHEAD = datetime.timedelta(hours=3)
"""Finnish summer time over UTC: today is what it is where invoices are dated; an hour more costs nothing."""

_DAY = datetime.timedelta(days=1)


@frozen(kw_only=True)
class Past:
    """The earlier readings of a window.

    Attributes:
        proved_at: When the window was last proved; None where it never was.
        proved_last: The last day that was proved then.
        pieces: Into how many pieces it had to be cut.
        open: Whether the last reading proved nothing.
    """

    proved_at: datetime.datetime | None = None
    proved_last: datetime.date | None = None
    pieces: int = 1
    open: bool = True


def today_of(now: datetime.datetime) -> datetime.date:
    """Return today's date in Finnish summer time (UTC+3), since invoices are dated in Finland."""
    return (now + _AHEAD).date()


def halves(first: datetime.date, last: datetime.date) -> Iterator[Window]:
    """Return the half months that a period touches; the last one ends at the end of the period."""
    start = first.replace(day=1 if first.day <= MIDDLE else MIDDLE + 1)
    while start <= last:
        end = end_of_half(start)
        yield Window(start, min(end, last))
        start = end + _DAY


def end_of_half(day: datetime.date) -> datetime.date:
    """Return the last day of the half month that a day lies in."""
    last = MIDDLE if day.day <= MIDDLE else calendar.monthrange(day.year, day.month)[1]
    return day.replace(day=last)


def is_due(
    window: Window, past: Past | None, now: datetime.datetime, *, decaying: bool, unsettled: bool = False
) -> bool:
    """Say whether a run reads a window.

    Args:
        window: The days.
        past: Its earlier readings; None where it was never read.
        now: The moment of the run.
        decaying: Whether the pauses between readings grow with its age, from one week to eight; otherwise
            each is one week.
        unsettled: Whether the window holds a payment that no settlement covers.
    """
    age = (today_of(now) - window.last).days
    if past is None or past.open or past.proved_at is None or past.proved_last is None or age <= OVERLAP:
        return True
    if past.proved_last < window.last:
        return True
    if unsettled and age <= UNSETTLED:
        return True
    pause = DEEP * next(weeks for weeks, until in _PAUSES if age <= until) if decaying else DEEP
    return now - past.proved_at >= datetime.timedelta(days=pause) - _DAY / 2


_PAUSES = ((1, 60), (2, 120), (4, 240), (8, 10**9))
"""Weeks between two readings, by the age in days up to which they hold."""


def spans(days: Iterable[datetime.date], gap: int = 7, most: int = 16) -> Iterator[Window]:
    """Yield windows that cover some days; two that lie near each other are read as one.

    Args:
        days: The days.
        gap: How many days may lie between two neighbouring days of a window.
        most: How many days a window may have.
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
    """Return the window to ask for: one day more at each end, since time zones shift days."""
    return Window(window.first - _DAY, window.last + _DAY)
