"""Decides when a case is read: at once after a change, else less often the longer none came."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from confirma_async.mirror.content import RawRecord
from confirma_async.mirror.projections import moment
from confirma_async.mirror.store.database import portions
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.streams import of_summary

_DAY = datetime.timedelta(days=1)
OPEN_PAUSES = (_DAY, 7 * _DAY)
"""The shortest and the longest pause between two readings of an open case."""
CLOSED_PAUSES = (28 * _DAY, 112 * _DAY)
"""The shortest and the longest pause between two readings of a closed case."""
FOLLOWED = 400 * _DAY
"""For how long after its last event a closed case is read."""


def notice(session: WriteSession, cases: Collection[int]) -> None:
    """Make cases due in this run, because something about them has changed."""
    session.database.many(
        "INSERT INTO watch (account, case_id, due_at) VALUES (?, ?, ?) "
        "ON CONFLICT (account, case_id) DO UPDATE SET due_at = excluded.due_at",
        [(session.account, case, session.at) for case in sorted(cases)],
    )


def due(session: WriteSession, most: int) -> list[int]:
    """Return the numbers of at most ``most`` cases to read now; those due longest come first."""
    rows = session.database.rows(
        "SELECT case_id FROM watch WHERE account = ? AND due_at <= ? ORDER BY due_at, case_id LIMIT ?",
        (session.account, session.at, most),
    )
    return [case for (case,) in rows]


def left(session: WriteSession) -> int:
    """Return how many cases are due now."""
    ((count,),) = session.database.rows(
        "SELECT count(*) FROM watch WHERE account = ? AND due_at <= ?", (session.account, session.at)
    )
    return int(count)


def unread(session: WriteSession, case: int, reason: str) -> None:
    """Record why a case could not be read, in words; it is due again in half a day."""
    later = moment(session.now + _DAY / 2)
    session.database.run(
        "UPDATE watch SET due_at = ?, reason = ? WHERE account = ? AND case_id = ?",
        (later, reason, session.account, case),
    )


def read(session: WriteSession, cases: Sequence[tuple[int, RawRecord, str]]) -> None:
    """Record that cases were read, and when to read each again.

    Args:
        session: The mirror and the run.
        cases: For each case its number, its record, and the digest of the parts that only events change.
    """
    known: dict[int, tuple[str | None, str | None]] = {}
    for places, part in portions([number for number, _, _ in cases]):
        known |= {
            number: (steady, moved)
            for number, steady, moved in session.database.rows(
                f"SELECT case_id, steady, moved_at FROM watch WHERE account = ? AND case_id IN ({places})",
                (session.account, *part),
            )
        }
    rows: list[tuple[Any, ...]] = []
    for number, raw, steady in cases:
        before, moved = known.get(number, (None, None))
        moved = session.at if before != steady or moved is None else moved
        closed = of_summary(raw, "closed_at", session.converter) is not None
        again = _again(session.now, datetime.datetime.fromisoformat(moved), closed=closed)
        rows.append((moment(again), session.at, moved, steady, session.account, number))
    session.database.many(
        "UPDATE watch SET due_at = ?, read_at = ?, moved_at = ?, steady = ?, reason = NULL "
        "WHERE account = ? AND case_id = ?",
        rows,
    )


def _again(now: datetime.datetime, moved: datetime.datetime, *, closed: bool) -> datetime.datetime | None:
    """Return when to read a case again; None if it is not expected to change any more."""
    idle = now - moved
    if closed and idle > FOLLOWED:
        return None
    least, greatest = CLOSED_PAUSES if closed else OPEN_PAUSES
    # a run that begins a little earlier reads it, too
    return now + min(max(idle, least), greatest) - _DAY / 8
