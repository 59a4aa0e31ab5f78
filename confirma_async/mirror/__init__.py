"""The mirror: a copy of what the service lists about the invoices, with its complete history."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import TypeAlias

from confirma_async.accounts.owner import AccountName
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace, place_of
from confirma_async.contract import SETTLEMENTS
from confirma_async.errors import ConfigurationError, MirrorBusyError
from confirma_async.mirror import sync as syncing
from confirma_async.mirror.events.consumers import Consumer, Event, named
from confirma_async.mirror.events.signature import SignatureError, verify
from confirma_async.mirror.query import MOST, QueryResult, ask
from confirma_async.mirror.reading.windows import HISTORY, today_of
from confirma_async.mirror.rebuilding import rebuild
from confirma_async.mirror.reconciliation.keeping import explain, reconcile
from confirma_async.mirror.reconciliation.kinds import Difference, DifferenceKind, Horizons
from confirma_async.mirror.reconciliation.report import Reconciliation
from confirma_async.mirror.store.accounts import (
    Claimant,
    MirroredAccount,
    admitted,
    claimant,
    forget_if_empty,
)
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.opening import Where, open_mirror
from confirma_async.mirror.sync import CASES_OF_A_RUN, StreamReport, SyncOptions, SyncProgress, SyncReport
from confirma_async.mirror.threads import in_thread
from confirma_async.session.pipeline import Pipeline

__all__ = [
    "Difference",
    "DifferenceKind",
    "Event",
    "Horizons",
    "Mirror",
    "QueryResult",
    "Reconciliation",
    "SignatureError",
    "StreamReport",
    "SyncProgress",
    "SyncReport",
    "Where",
    "ask",
    "open_mirror",
    "verify",
]


NamedJournals: TypeAlias = str | Path | PostgresPlace | Sequence[str | Path | PostgresPlace] | None
"""The journals that a caller names: one or several files, or URLs of databases."""

_DAY = datetime.timedelta(days=1)
# asyncio closes a generator that was left by ``break`` a moment later: the next of the consumer waits so long
_LEFT = 5.0
_ASK_AGAIN = 0.02


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _moment(now: datetime.datetime | None) -> datetime.datetime:
    if now is not None and now.tzinfo is None:
        raise ConfigurationError("the moment of a run needs a time zone (now=): datetime.now(UTC)")
    return _now() if now is None else now.astimezone(datetime.UTC)  # where no hour is missing, or comes twice


class Mirror:
    """``confirma.mirror``: a database with a copy of what the service lists, and with its history."""

    def __init__(self, pipeline: Pipeline, account: AccountName) -> None:
        self._pipeline = pipeline
        self._account = account

    async def sync(
        self,
        db: Where = None,
        *,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        journal: NamedJournals = None,
        most_cases: int = CASES_OF_A_RUN,
        now: datetime.datetime | None = None,
        progress: Callable[[SyncProgress], object] | None = None,
    ) -> SyncReport:
        """Copy into the mirror what has changed at the service since the last run.

        Call it once a day. The next run reads again every window that was not proved to be complete.

        Args:
            db: The mirror: a file, or ``postgresql://...``. By default CONFIRMA_MIRROR, else a file beside
                the journals. It is made if it does not exist.
            from_date: The first day of a backfill, which reads a period instead of what is due.
            to_date: The last day of a backfill; tomorrow unless given.
            journal: The journals of the account, one or several: files, or URLs of databases; the account's
                own unless given.
            most_cases: The greatest number of cases to read, 0 or more; each takes a call. The others wait
                for a later run.
            now: The moment of the run, with a time zone; the present moment unless given. Give it if the
                service has a clock of its own, such as a sandbox.
            progress: Called with a ``SyncProgress`` after each window and case.

        Returns:
            The result of each list. ``report.complete`` says whether everything due was read and proved.

        Raises:
            MirrorBusyError: another run is at work on the same mirror.
            MirrorError: the mirror cannot be used.
            UnknownKeyError: the key belongs to no account that is known here, while others are.
            ConfigurationError: the last day is before the first, the moment has no time zone, or there is no
                place for the mirror.
        """
        if to_date is not None and (from_date is None or to_date < from_date):
            raise ConfigurationError("a backfill needs a first day (from_date=) no later than to_date=")
        moment = _moment(now)
        who = await self._claimant()
        options = SyncOptions(
            first=from_date,
            last=to_date,
            journals=_journals(journal, who),
            most_cases=most_cases,
            progress=progress,
        )
        async with _alone(db, who, from_date or today_of(moment) - HISTORY * _DAY) as (database, account):
            return await syncing.run(self._pipeline, database, account, moment, options)

    async def events(
        self, db: Where = None, *, consumer: str = "default", new_only: bool = False
    ) -> AsyncGenerator[Event]:
        """Yield the events that a consumer has not had: ``async for event in confirma.mirror.events(...)``.

        Events come in order, each at least once. An event counts as taken when the loop asks for the next
        one. So an event whose block ended by an error or ``break`` comes again, under the same id. The
        iteration ends when no event is left.

        Args:
            db: The mirror, as for ``sync``.
            consumer: The name of the consumer. Each consumer gets every event, and is remembered by its name.
            new_only: Whether a new consumer gets only the events from now on, and no earlier ones.

        Raises:
            MirrorBusyError: the same consumer has been served elsewhere for five seconds.
            MirrorError: the mirror cannot be used, or holds nothing of this account yet.
            ConfigurationError: the name of the consumer cannot be one.
        """
        of = f"events-{named(consumer)}"
        who = await self._claimant()
        async with _alone(db, who, of=of, patience_seconds=_LEFT) as (database, account):
            served = Consumer(database, account, consumer)
            await in_thread(served.begin, new_only=new_only)
            while found := await in_thread(served.waiting):
                for event in found:
                    yield event
                    await in_thread(served.take, event)

    async def rebuild(self, db: Where = None) -> int:
        """Fill the typed columns again from the raw records, after an override has corrected a name.

        Args:
            db: The mirror, as for ``sync``.

        Returns:
            How many records the mirror holds.

        Raises:
            MirrorBusyError: a run is at work on the mirror.
            MirrorError: the mirror cannot be used.
        """

        def rebuilt() -> int:
            with closing(open_mirror(db)) as database, database.alone():
                return rebuild(database, self._pipeline.converter, _now())

        return await in_thread(rebuilt)

    async def query(self, question: str, db: Where = None, *, most: int = MOST) -> QueryResult:
        """Query the mirror by SQL, which cannot change it; ``ask`` does the same without a client.

        Args:
            question: One SELECT statement.
            db: The mirror, as for ``sync``.
            most: The greatest number of rows to return; 1 or more.

        Raises:
            MirrorError: there is no mirror, or the question cannot be answered.
        """
        return await in_thread(ask, question, db, most=most)

    async def reconcile(
        self,
        db: Where = None,
        *,
        journal: NamedJournals = None,
        horizons: Horizons = Horizons(),
        now: datetime.datetime | None = None,
    ) -> Reconciliation:
        """Compare the journals with the mirror, to the cent; no call is made.

        Args:
            db: The mirror, as for ``sync``.
            journal: The journals of the account, one or several: files, or URLs of databases; the account's
                own unless given.
            horizons: How long the service may take to list an invoice, and to pay out a payment.
            now: The moment of the comparison, with a time zone; the present moment unless given.

        Returns:
            Totals, and every difference with both sides. ``settled`` says whether all differences are
                explained and everything could be checked.

        Raises:
            MirrorBusyError: a run is at work on the mirror.
            MirrorError: the mirror cannot be used, or a journal is of another target or account.
            JournalError: a journal cannot be read.
            ConfigurationError: the moment names no time zone.
        """
        moment = _moment(now)
        who = await self._claimant()
        journals = _journals(journal, who)
        async with _alone(db, who, today_of(moment) - HISTORY * _DAY) as (database, account):
            return await in_thread(reconcile, database, account, journals, horizons, moment)

    async def explain(self, name: str, note: str, db: Where = None) -> None:
        """Store a person's explanation of a difference.

        Args:
            name: The name of the difference (``Difference.id``).
            note: Why the difference is right, in words.
            db: The mirror, as for ``sync``.

        Raises:
            MirrorError: there is no difference with that name.
        """
        who = await self._claimant()
        async with _alone(db, who) as (database, account):
            await in_thread(explain, database, account, name, note, _now())

    async def _claimant(self) -> Claimant:
        key = await self._pipeline.keys.of(SETTLEMENTS).get()
        return await in_thread(claimant, self._pipeline.base_url, key, self._account)


@asynccontextmanager
async def _alone(
    db: Where,
    who: Claimant,
    since: datetime.date | None = None,
    *,
    of: str = "run",
    patience_seconds: float = 0.0,
) -> AsyncGenerator[tuple[MirrorDatabase, MirroredAccount]]:
    """Open the mirror for one run, and find the account; wait ``patience_seconds`` for another run to end.

    Given the first day to follow (``since``), it makes the mirror and the account if they do not exist.
    """
    database = await in_thread(open_mirror, db, make=since is not None)
    try:
        async with AsyncExitStack() as stack:
            await _enter(stack, database, of, patience_seconds)
            account = await in_thread(admitted, database, who, since)
            try:
                yield database, account
            finally:
                if since is not None:
                    await in_thread(forget_if_empty, database, account)
    finally:
        await in_thread(database.close)


async def _enter(stack: AsyncExitStack, database: MirrorDatabase, of: str, patience_seconds: float) -> None:
    """Lock out every other run until the stack is left; wait ``patience_seconds`` for one that is at work."""
    clock = asyncio.get_running_loop().time
    until = clock() + patience_seconds
    while True:
        try:
            stack.enter_context(database.alone(of))
        except MirrorBusyError:
            if clock() >= until:
                raise
            await asyncio.sleep(_ASK_AGAIN)
        else:
            return


def _journals(named: NamedJournals, who: Claimant) -> Sequence[JournalPlace]:
    """Return the journals that the caller names, or else the account's own one, if it exists."""
    several = [named] if isinstance(named, str | Path | PostgresPlace) else named
    return list(map(place_of, several or ([who.journal] if who.journal else [])))
