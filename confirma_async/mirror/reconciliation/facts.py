"""Reads from the mirror all data that a reconciliation compares."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from attrs import field, frozen

from confirma_async.mirror.reading.windows import today_of
from confirma_async.mirror.store.accounts import MirroredAccount
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.streams import STREAMS


@frozen
class SentInvoice:
    """An invoice of a journal."""

    number: str
    type: str
    seller: str
    repeat: str
    date: str
    cents: int | None
    currency: str
    state: str
    sent_at: str | None
    journal: str


@frozen
class Listed:
    """A record of the distribution information."""

    record: int
    number: str | None
    date: str | None
    status: str | None
    case: int | None
    error: str | None


@frozen
class Paid:
    """A payment."""

    record: int
    case: int | None
    number: str | None
    reference: str | None
    paid_reference: str | None
    booked_at: str | None
    cents: int | None
    currency: str | None

    @property
    def day(self) -> str:
        """The day on which it was booked; empty where that is not known."""
        return (self.booked_at or "")[:10]


@frozen
class PaidOut:
    """A settlement."""

    record: int
    revision: int
    id: int | None
    date: str | None
    cents: int | None
    currency: str | None


@frozen
class Allocated:
    """An allocation of a settlement."""

    settlement: int
    position: int
    id: str | None
    date: str | None
    case: int | None
    number: str | None
    paid_reference: str | None
    cents: int | None
    capital: int | None
    parts: int | None
    currency: str | None


@frozen
class Owed:
    """A case."""

    record: int
    id: int
    status: str | None
    stage: str | None
    closed_at: str | None
    capital: int | None
    total: int | None
    currency: str | None


@frozen
class Proved:
    """The days of a list that were proved to be read completely, and when they were read."""

    firsts: Sequence[str]
    lasts: Sequence[str]
    at: Sequence[str | None]

    def since(self, day: str) -> str | None:
        """Return when the window of a day was last read and proved; None if it is not proved."""
        place = bisect_right(self.firsts, day) - 1
        return self.at[place] if place >= 0 and day <= self.lasts[place] else None

    def all_since(self, first: str, last: str) -> str | None:
        """Return the earliest time among the proofs of a period's windows; None if one is not proved."""
        day, earliest = first, None
        while True:
            found = self.since(day)
            if found is None:
                return None
            earliest = found if earliest is None else min(earliest, found)
            end = self.lasts[bisect_right(self.firsts, day) - 1]
            if end >= last:
                return earliest
            day = _days_after(end, 1)

    def unproved(self, first: str, last: str) -> Iterator[tuple[str, str]]:
        """Yield the parts of a period that are not proved, each by its first and its last day."""
        day = first
        while day <= last:
            place = bisect_right(self.firsts, day) - 1
            within = place >= 0 and day <= self.lasts[place]
            following = self.firsts[place + 1] if place + 1 < len(self.firsts) else _days_after(last, 1)
            end = min(last, self.lasts[place] if within else _days_after(following, -1))
            if not within or self.at[place] is None:
                yield day, end
            day = _days_after(end, 1)


def _days_after(day: str, days: int) -> str:
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=days)).isoformat()


@frozen(kw_only=True)
class Facts:
    """The data to compare.

    Attributes:
        now: The moment of the reconciliation.
        since: The first day that the mirror follows, in ISO 8601.
        proved: The proved days of each list, by the name of its stream.
        moved: The numbers of the cases on which something was paid.
        begun: The date of the journals' first invoice; None where no journal was read.
    """

    now: datetime.datetime
    since: str
    sent: Sequence[SentInvoice] = field(repr=False)
    listed: Sequence[Listed] = field(repr=False)
    paid: Sequence[Paid] = field(repr=False)
    paid_out: Sequence[PaidOut] = field(repr=False)
    allocated: Sequence[Allocated] = field(repr=False)
    owed: Sequence[Owed] = field(repr=False)
    proved: Mapping[str, Proved]
    moved: frozenset[int] = frozenset()
    begun: str | None = None

    @property
    def unproved(self) -> Sequence[str]:
        """Of the days that the mirror follows and has read, the periods of each list that are not proved."""
        today = self.today.isoformat()
        read_to = max((day for proved in self.proved.values() for day in proved.lasts), default=today)
        return [
            f"{name} {first} to {last}"
            for name, proved in self.proved.items()
            for first, last in proved.unproved(self.since, min(read_to, today))
        ]

    @property
    def today(self) -> datetime.date:
        """Today's date, in the time zone of invoice dates."""
        return today_of(self.now)


F = TypeVar("F")

_SELECTS: Mapping[type, str] = {
    Listed: "d.record, d.number, d.date, d.status, d.case_id, d.error FROM distribution_data d",
    Paid: (
        "d.record, d.case_id, d.number, d.reference, d.paid_reference, d.booked_at, d.amount_cents, "
        "d.currency FROM payment_data d"
    ),
    PaidOut: (
        "d.record, r.revision, d.settlement_id, d.date, d.amount_cents, d.currency FROM settlement_data d"
    ),
    Allocated: (
        "d.record, d.position, d.allocation_id, d.date, d.case_id, d.number, d.paid_reference, "
        "d.amount_cents, d.capital_cents, CASE WHEN coalesce(d.capital_cents, d.interest_cents, "
        "d.fees_cents, d.other_cents) IS NULL THEN NULL ELSE coalesce(d.capital_cents, 0) + "
        "coalesce(d.interest_cents, 0) + coalesce(d.fees_cents, 0) + coalesce(d.other_cents, 0) END, "
        "d.currency FROM allocation_data d"
    ),
    Owed: (
        "d.record, d.case_id, d.status, d.stage, d.closed_at, d.capital_cents, d.total_cents, d.currency "
        "FROM case_data d"
    ),
}
"""The columns and the table from which each class of records is read, in the order of its attributes."""


def facts_of(database: MirrorDatabase, account: MirroredAccount, now: datetime.datetime) -> Facts:
    """Read all data of an account that a reconciliation compares."""
    sent = database.rows(  # what was rejected is not at the service: if that lists it, nobody sent it
        "SELECT number, type, seller, repeat, date, amount_cents, currency, state, sent_at, journal "
        "FROM sent WHERE account = ? AND state <> 'rejected' ORDER BY number, type, seller, repeat",
        (account.id,),
    )
    ((begun,),) = database.rows("SELECT min(date) FROM sent WHERE account = ?", (account.id,))
    moved = database.rows(
        "SELECT case_id FROM payment_data WHERE account = ? AND case_id IS NOT NULL "
        "UNION SELECT case_id FROM allocation_data WHERE account = ? AND case_id IS NOT NULL",
        (account.id, account.id),
    )
    return Facts(
        now=now,
        since=account.since.isoformat(),
        sent=[SentInvoice(*row) for row in sent],
        listed=_live(database, account, Listed),
        paid=_live(database, account, Paid),
        paid_out=_live(database, account, PaidOut),
        allocated=_live(database, account, Allocated),
        owed=_live(database, account, Owed),
        proved={name: _proved(database, account, name) for name in STREAMS},
        moved=frozenset(case for (case,) in moved),
        begun=begun,
    )


def _live(database: MirrorDatabase, account: MirroredAccount, kind: type[F]) -> list[F]:
    """Read the records of a kind, without those that are gone."""
    rows = database.rows(
        f"SELECT {_SELECTS[kind]} JOIN record r ON r.id = d.record AND r.gone_since IS NULL "
        f"WHERE d.account = ? ORDER BY d.record{', d.position' if kind is Allocated else ''}",
        (account.id,),
    )
    return [kind(*row) for row in rows]


def _proved(database: MirrorDatabase, account: MirroredAccount, stream: str) -> Proved:
    rows = database.rows(
        "SELECT first, coalesce(proved_last, last), CASE WHEN reason IS NULL THEN proved_at END FROM reading "
        "WHERE account = ? AND stream = ? ORDER BY first",
        (account.id, stream),
    )
    firsts, lasts, at = (list(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
    return Proved(firsts, lasts, at)
