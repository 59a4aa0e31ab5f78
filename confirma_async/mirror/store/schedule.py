"""Decides which windows a run reads, by earlier readings of them and by the invoices in them.

Every run reads the latest half months; older ones are read less often.
"""

from __future__ import annotations

import datetime

from attrs import field, frozen

from confirma_async.mirror.reading.windows import HISTORY, OVERLAP, halves, spans, today_of
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.streams import DISTRIBUTED, PAID, Stream
from confirma_async.pagination import Window

SETTLED_STATES = ("CREDITED", "INTERMEDIATED", "ERROR", "DUPLICATE")
"""Statuses that are final. INVOICED is final, too, if the invoice has no open case."""

DEEP = 7
"""Days between two readings of a window that is older than the overlap."""

UNSETTLED = 120
"""Days after a payment for which every run reads its window, until a settlement covers it."""

_PAUSES = ((1, 60), (2, 120), (4, 240), (8, 10**9))
"""Weeks between two readings of distributions, each with the highest age in days that it is for."""

_DAY = datetime.timedelta(days=1)


@frozen
class Planned:
    """A window that a run reads.

    Attributes:
        window: The days to read.
        pieces: Into how many pieces to cut the window at first, as the last reading had to.
        keep: Whether the schedule of later runs takes the reading into account.
    """

    window: Window
    pieces: int = 1
    keep: bool = True


def planned(session: WriteSession, stream: Stream, since: datetime.date) -> list[Planned]:
    """Return the windows of a list that are due, in order; those that were not proved last time come last.

    Windows that the service does not answer then do not keep a run from the others.
    """
    today = today_of(session.now)
    first = max(since, today - HISTORY * _DAY)
    past = _past(session, stream)
    unsettled = _unsettled(session, today) if stream is PAID else []
    due: list[Planned] = []
    for window in halves(first, today + _DAY):
        known = past.get(window.first)
        if (
            known is None
            or _is_due(window, known, session.now, decaying=stream is DISTRIBUTED)
            or any(window.first <= day <= window.last for day in unsettled)
        ):
            due.append(Planned(window, known.pieces if known else 1))
    if stream is DISTRIBUTED:
        read = [plan.window for plan in due]
        days = [day for day in _open_days(session, first) if not any(w.first <= day <= w.last for w in read)]
        due = [*(Planned(window, keep=False) for window in spans(days)), *due]
    return sorted(due, key=lambda plan: plan.window.first in past and past[plan.window.first].open)


@frozen
class _Past:
    """The earlier readings of a window.

    Attributes:
        proved_at: When the window was last proved, in ISO 8601; None if it never was.
        proved_last: The last day that was proved then, in ISO 8601; None if it never was.
        pieces: Into how many pieces the last reading was cut.
        open: Whether the last reading is not proved.
    """

    proved_at: str | None
    proved_last: str | None
    pieces: int
    open: bool = field(converter=bool)


def _past(session: WriteSession, stream: Stream) -> dict[datetime.date, _Past]:
    rows = session.database.rows(
        "SELECT first, proved_at, proved_last, pieces, reason IS NOT NULL FROM reading "
        "WHERE account = ? AND stream = ?",
        (session.account, stream.name),
    )
    return {datetime.date.fromisoformat(first): _Past(*past) for first, *past in rows}


def _is_due(window: Window, past: _Past, now: datetime.datetime, *, decaying: bool) -> bool:
    """Say whether to read a window again: after a week, or less often with its age (``decaying``)."""
    age = (today_of(now) - window.last).days
    if past.open or past.proved_at is None or past.proved_last is None or age <= OVERLAP:
        return True
    if past.proved_last < window.last.isoformat():
        return True
    pause = DEEP * next(weeks for weeks, until in _PAUSES if age <= until) if decaying else DEEP
    return now - datetime.datetime.fromisoformat(past.proved_at) >= datetime.timedelta(days=pause) - _DAY / 2


def _unsettled(session: WriteSession, today: datetime.date) -> list[datetime.date]:
    """Return the days of payments that no settlement covers yet."""
    rows = session.database.rows(
        "SELECT DISTINCT r.last_day FROM payment_data p JOIN record r ON r.id = p.record "
        "WHERE p.account = ? AND r.stream = 'payments' AND r.last_day >= ? AND r.gone_since IS NULL "
        "AND NOT EXISTS (SELECT 1 FROM allocation_data a WHERE a.account = p.account "
        "AND a.case_id = p.case_id AND a.amount_cents = p.amount_cents)",
        (session.account, (today - UNSETTLED * _DAY).isoformat()),
    )
    return [datetime.date.fromisoformat(day) for (day,) in rows if day]


def _open_days(session: WriteSession, first: datetime.date) -> list[datetime.date]:
    """Return the dates of older invoices whose status may still change."""
    states = ", ".join(f"'{state}'" for state in SETTLED_STATES)
    until = (today_of(session.now) - OVERLAP * _DAY).isoformat()
    rows = session.database.rows(
        "SELECT DISTINCT d.date FROM distribution_data d JOIN record r ON r.id = d.record "
        "LEFT JOIN case_data c ON c.account = d.account AND c.case_id = d.case_id "
        "WHERE d.account = ? AND d.date >= ? AND d.date <= ? AND r.gone_since IS NULL "
        f"AND coalesce(d.status, '') NOT IN ({states}) "
        "AND NOT (d.status = 'INVOICED' AND (d.case_id IS NULL OR c.closed_at IS NOT NULL)) "
        "UNION SELECT DISTINCT s.date FROM sent s WHERE s.account = ? AND s.date >= ? AND s.date <= ? "
        "AND s.state IN ('accepted', 'unknown', 'sending') AND s.sent_at >= ? AND NOT EXISTS ("
        "SELECT 1 FROM distribution_data d WHERE d.account = s.account AND d.number = s.number "
        "AND d.date = s.date)",
        (
            session.account, first.isoformat(), until,
            session.account, first.isoformat(), until, (session.now - UNSETTLED * _DAY).isoformat(),
        ),
    )  # fmt: skip
    return sorted(datetime.date.fromisoformat(day) for (day,) in rows if day)
