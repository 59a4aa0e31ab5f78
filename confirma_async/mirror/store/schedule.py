"""Which windows a run reads, by what the mirror knows of them and of the invoices in them.

The latest half months are read at every run, older ones less often.
"""

from __future__ import annotations

import datetime

from attrs import field, frozen

from confirma_async.mirror.reading.windows import HISTORY, OVERLAP, halves, spans, today_of
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.streams import DISTRIBUTED, PAID, Stream
from confirma_async.pagination import Window

SETTLED_STATES = ("CREDITED", "INTERMEDIATED", "ERROR", "DUPLICATE")
"""Statuses of which nothing more is expected; of INVOICED, nothing where no case is open."""

DEEP = 7
"""Days after which what is older than the overlap is read again."""

UNSETTLED = 120
"""Days for which payments that no settlement covers are read at every run."""

_PAUSES = ((1, 60), (2, 120), (4, 240), (8, 10**9))
"""Weeks between two readings of distributions, by the age in days up to which they hold."""

_DAY = datetime.timedelta(days=1)


@frozen
class Planned:
    """A window that a run reads.

    Attributes:
        window: The days.
        pieces: In how many pieces to begin, since the last reading had to be cut.
        keep: Whether the reading is noted in the schedule.
    """

    window: Window
    pieces: int = 1
    keep: bool = True


def planned(session: WriteSession, stream: Stream, since: datetime.date) -> list[Planned]:
    """Return the windows of a list that are due, in order; those that were not proved last time come last.

    So windows that the service does not answer do not keep a run from the others.
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
        proved_at: When the window was last proved, in ISO 8601; None where it never was.
        proved_last: The last day that was proved then, likewise.
        pieces: Into how many pieces it had to be cut.
        open: Whether the last reading proved nothing.
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
    """Say whether a window is read again; the pauses are one week, or grow with its age (``decaying``)."""
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
    """Return the days of older invoices of which a change is still expected."""
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
