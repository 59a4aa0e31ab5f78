"""A run: reads what is due of every list, and the cases that have changed."""

from __future__ import annotations

import asyncio
import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import define, field, frozen

from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.errors import CallError, MirrorError, NotFoundError
from confirma_async.mirror import journals
from confirma_async.mirror.projections import moment
from confirma_async.mirror.reading import windows
from confirma_async.mirror.reading.proof import WindowReader, failure_of
from confirma_async.mirror.store import schedule, watching
from confirma_async.mirror.store.accounts import MirroredAccount
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.store.writing import merge, merge_cases
from confirma_async.mirror.streams import (
    CASE_OPERATION,
    CASES,
    STREAMS,
    SeenRecord,
    Stream,
    case_of,
)
from confirma_async.mirror.threads import in_thread
from confirma_async.pagination import Window
from confirma_async.schemas import CaseQuery
from confirma_async.session.pipeline import Pipeline

CASES_AT_ONCE = 32
"""Number of cases that are read at the same time, and written in one transaction."""

CASES_OF_A_RUN = 5000
"""The greatest number of cases that a run reads by default: each takes a call."""

UNKNOWN_CASE = "the service knows no such case"
"""No failure, but an answer: a record names a case that does not exist (any more)."""

_BACKWARDS = datetime.timedelta(minutes=5)
"""How far the clock may be behind the last run before a run refuses to begin."""

_GIVEN_UP = 3
"""Number of failed windows in a row after which the rest of a list is left to the next run."""


@frozen(kw_only=True)
class StreamReport:
    """The result of a run for one list.

    Attributes:
        read: How many windows, or cases, were read.
        open: The windows that were not proved, or the cases that were not read, each with the reason.
        records: How many records the answers held.
        new: How many records were not known before.
        changed: How many known records have other contents now.
        gone: How many known records are no longer listed.
        back: How many records were gone, and are listed again.
        left: How many cases are left for a later run.
    """

    read: int = 0
    open: Sequence[tuple[str, str]] = ()
    records: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    back: int = 0
    left: int = 0


@frozen(kw_only=True)
class SyncReport:
    """The result of a run.

    Attributes:
        account: The account's name.
        mirror: The mirror: a path, or a URL without user and password.
        run: The number of the run.
        began_at: When the run began.
        calls: How many calls the run made.
        streams: The results of each list, and of the cases.
        journal: How many invoices the mirror has from the journals; None if there is no journal.
        stopped: Why the run stopped before its end, in words; None if it did not.
        error: The error by which it stopped; None if there is none.
    """

    account: str
    mirror: str
    run: int
    began_at: datetime.datetime
    calls: int = 0
    streams: dict[str, StreamReport] = field(factory=dict[str, StreamReport])
    journal: int | None = None
    stopped: str | None = None
    error: CallError | None = None

    @property
    def complete(self) -> bool:
        """Whether everything that was due was read, and is proved."""
        return self.stopped is None and not any(stream.open for stream in self.streams.values())


@frozen
class SyncProgress:
    """The progress of a run.

    Attributes:
        stream: The name of the list that is being read.
        done: How many windows or cases were read.
        total: How many are to be read, as far as that is known.
    """

    stream: str
    done: int
    total: int


@frozen(kw_only=True)
class SyncOptions:
    """The options of a run.

    Attributes:
        first: The first day of a backfill; None to read what is due.
        last: The last day of a backfill; None for tomorrow.
        journals: The journals whose invoices are copied into the mirror.
        most_cases: The greatest number of cases to read.
        progress: Called with the progress of the run.
    """

    first: datetime.date | None = None
    last: datetime.date | None = None
    journals: Sequence[JournalPlace] = ()
    most_cases: int = CASES_OF_A_RUN
    progress: Callable[[SyncProgress], object] | None = None


async def run(
    pipeline: Pipeline,
    database: MirrorDatabase,
    account: MirroredAccount,
    now: datetime.datetime,
    options: SyncOptions,
) -> SyncReport:
    """Read what is due, write it to the mirror, and return the report of the run.

    Args:
        pipeline: Makes the calls.
        database: The mirror, which nobody else writes to.
        account: The account whose records are read.
        now: The moment of the run, with a time zone.
        options: What to read, and whom to inform.

    Raises:
        MirrorError: the mirror cannot be written, or the clock has gone backwards.
    """
    session = await in_thread(_begun, pipeline, database, account, now)
    running = _SyncRun(pipeline, session, options)
    journal = await in_thread(_read_journals, database, account, options)
    failure: CallError | None = None
    try:
        await running.read_lists(account)
        await running.read_cases()
    except CallError as error:
        failure = error
    report = SyncReport(
        account=account.name,
        mirror=database.name,
        run=session.run,
        began_at=now,
        calls=running.calls,
        streams=running.reports,
        journal=journal,
        stopped=None if failure is None else str(failure),
        error=failure,
    )
    await in_thread(_end, session, report)
    return report


def _begun(
    pipeline: Pipeline, database: MirrorDatabase, account: MirroredAccount, now: datetime.datetime
) -> WriteSession:
    at = moment(now) or ""
    ((last, latest),) = database.rows("SELECT coalesce(max(id), 0), max(began_at) FROM run")
    if latest is not None and datetime.datetime.fromisoformat(latest) - now > _BACKWARDS:
        raise MirrorError(
            f"the clock says {at}, and the last run began at {latest}: it has gone backwards. Put it right; "
            "what is missing cannot be told from what is not yet there by a clock that is wrong"
        )
    with database.transaction():
        database.run("INSERT INTO run (id, account, began_at) VALUES (?, ?, ?)", (last + 1, account.id, at))
    return WriteSession(
        database=database, account=account.id, run=last + 1, now=now, converter=pipeline.converter
    )


def _end(session: WriteSession, report: SyncReport) -> None:
    records = sum(stream.records for stream in report.streams.values())
    session.database.run(
        "UPDATE run SET ended_at = ?, ending = ?, calls = ?, records = ? WHERE id = ?",
        (session.at, report.stopped or "done", report.calls, records, session.run),
    )


def _read_journals(database: MirrorDatabase, account: MirroredAccount, options: SyncOptions) -> int | None:
    there = [each for each in options.journals if not isinstance(each, Path) or each.exists()]
    if not there:
        return None
    if journals.last_read(database, account) != journals.stamp_of(there):
        journals.take_in(database, account, there)
    ((count,),) = database.rows("SELECT count(*) FROM sent WHERE account = ?", (account.id,))
    return int(count)


@define
class _SyncRun:
    """The state of a run that is under way."""

    pipeline: Pipeline
    session: WriteSession
    options: SyncOptions
    reports: dict[str, StreamReport] = field(factory=dict[str, StreamReport])
    calls: int = 0

    async def read_lists(self, account: MirroredAccount) -> None:
        for stream in STREAMS.values():
            planned = await in_thread(self._planned, stream, account)
            await self._read_list(stream, planned)

    def _planned(self, stream: Stream, account: MirroredAccount) -> list[schedule.Planned]:
        if self.options.first is not None:
            tomorrow = windows.today_of(self.session.now) + datetime.timedelta(days=1)
            last = self.options.last or tomorrow
            last = max(last, min(windows.end_of_half(last), tomorrow))  # a part of a window proves none
            whole = windows.halves(self.options.first, last)
            return [schedule.Planned(window, keep=True) for window in whole]
        return schedule.planned(self.session, stream, account.since)

    async def _read_list(self, stream: Stream, planned: Sequence[schedule.Planned]) -> None:
        reader = WindowReader(self.pipeline, stream)
        kinds: Counter[str] = Counter()
        failed: list[tuple[str, str]] = []
        in_a_row = read = records = 0
        try:
            for plan in planned:
                self._report_progress(stream.name, read, len(planned))
                if in_a_row == _GIVEN_UP:
                    failed.append(
                        (_days_of(plan.window), "not asked for: the windows before it could not be read")
                    )
                    continue
                reading = await reader.read(plan.window, plan.pieces)
                merged = await in_thread(merge, self.session, stream, reading, keep=plan.keep)
                if merged.lacking:
                    reading = await reader.confirm(reading, merged.lacking)
                    merged = await in_thread(
                        merge, self.session, stream, reading, keep=plan.keep, confirmed=True
                    )
                kinds.update(merged.kinds)
                records += merged.records
                read += 1
                in_a_row = 0 if reading.answered else in_a_row + 1
                if not reading.whole:
                    failed.append((_days_of(plan.window), reading.reason or ""))
            self._report_progress(stream.name, read, len(planned))
        finally:
            self.calls += reader.calls
            self.reports[stream.name] = StreamReport(read=read, open=failed, records=records, **kinds)

    async def read_cases(self) -> None:
        """Read the cases that are due, several at the same time."""
        numbers = await in_thread(watching.due, self.session, self.options.most_cases)
        kinds: Counter[str] = Counter()
        failed: list[tuple[str, str]] = []
        read = 0
        for start in range(0, len(numbers), CASES_AT_ONCE):
            portion = numbers[start : start + CASES_AT_ONCE]
            self._report_progress(CASES, read, len(numbers))
            results = await asyncio.gather(*map(self._case, portion), return_exceptions=True)
            answers = list(zip(portion, results, strict=True))
            found = [(number, *answer) for number, answer in answers if isinstance(answer, tuple)]
            merged = await in_thread(merge_cases, self.session, found)
            kinds.update(merged.kinds)
            read += len(found)
            for error in results:
                if isinstance(error, BaseException):  # what was read is kept; nothing more can be
                    raise error
            for number, answer in answers:
                if isinstance(answer, str):
                    if answer != UNKNOWN_CASE:
                        failed.append((f"case {number}", answer))
                    await in_thread(watching.unread, self.session, number, answer)
        self._report_progress(CASES, read, len(numbers))
        self.reports[CASES] = StreamReport(
            read=read,
            open=failed,
            records=read,
            left=await in_thread(watching.left, self.session),
            **kinds,
        )

    async def _case(self, number: int) -> tuple[SeenRecord, str] | str:
        self.calls += 1
        try:
            reply = await self.pipeline.reply(CASE_OPERATION, query=CaseQuery(case_id=number))
        except NotFoundError:
            return UNKNOWN_CASE
        except CallError as error:
            reason = failure_of(error)
            if reason is None:
                raise
            return reason.reason
        found = case_of(reply.found, number, self.pipeline.converter)
        return found or "the answer is not the case that was asked for"

    def _report_progress(self, stream: str, done: int, total: int) -> None:
        if self.options.progress is not None:
            self.options.progress(SyncProgress(stream, done, total))


def _days_of(window: Window) -> str:
    return f"{window.first} to {window.last}"
