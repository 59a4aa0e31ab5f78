"""Windows of days that a listing is limited to."""

from __future__ import annotations

from datetime import date, timedelta

from attrs import frozen

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import SandboxResponse, error_response

DEFAULT_WINDOW = timedelta(days=30)
"""Without dates the window is the last 30 days (documented for distribution information, contract §5, and for
settlements, §6; for payments it is assumed)."""


@frozen
class DateWindow:
    """A window of days, both ends included, and whether it is the default one."""

    first: date
    last: date
    is_default: bool


def window_of(first: date | None, last: date | None, today: date) -> DateWindow | SandboxResponse:
    """Return the window that a query asks for, or the 400 for one that ends before it begins (assumed).

    One date alone leaves the other end open (assumed).
    """
    if first is None and last is None:
        return DateWindow(today - DEFAULT_WINDOW, today, is_default=True)
    window = DateWindow(first or date.min, last or date.max, is_default=False)
    if window.last < window.first:
        upside_down = Problem("$", "window", "must not end before it begins; exchange the dates")
        return error_response(400, "the dates of the query are upside down", [upside_down])
    return window
