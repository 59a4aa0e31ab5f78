"""A list over a period of any length, in windows, whatever the service makes of its filters."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from attrs import define, field, frozen

from confirma_async.errors import ConfigurationError, ResponseDecodeError
from confirma_async.pagination.cursors import Cursor, bad_cursor
from confirma_async.pagination.pager import Page, Pager, as_far_as_readable
from confirma_async.pagination.period import WINDOW_DAYS, Window, period, today, windows
from confirma_async.pagination.record_spec import OVERLAP, RecordSpec, may_be_cut
from confirma_async.schemas.drift import Drift

Answer = TypeVar("Answer")
Record = TypeVar("Record")

NO_DAYS = Window(datetime.date(1970, 1, 1), datetime.date(1970, 1, 1))
"""A window that holds nothing: whatever a service answers to it, it answers to any."""

IGNORED = Drift("the period", "records of the period asked for alone", "records of any day")
OTHER_DAYS = Drift("the period", "records by the days that they bear", "records by other days")
REPEATED = Drift("the records", "each record once", "some of them again")

_TELL_NONE_TWICE = (
    "the service answers with records outside of the days that it is asked for, whatever those are, so that "
    "its filter does not work"
)
_CURE = (
    ". The names of the parameters may be wrong: correct {names} with Overrides (contract.check() looks for "
    "it), or ask for the last 30 days"
)


@frozen(kw_only=True)
class WindowedList(Generic[Answer, Record]):
    """A list over a period of any length, split in windows, in order, each record told once.

    A service that ignores the dates is found out: of one answer that holds everything, the records of the
    period are returned. Where an answer may be cut, its window is asked for in halves.

    Attributes:
        fetch: Asks for one window; None leaves it to the service.
        reading: How the records are found and told apart.
        listing: What a cursor belongs to.
        names: The attributes of the query that name its days, for a message.
        note: Told what is not as the contract says.
        strict: Whether an awaited answer stays as the service gave it, whatever it holds.
    """

    fetch: Callable[[Window | None], Awaitable[Answer]]
    reading: RecordSpec[Answer, Record]
    listing: str
    names: str = "the names of the query"
    note: Callable[[Drift], None] = lambda _: None
    strict: bool = False

    def over(
        self, first: datetime.date | None, last: datetime.date | None, cursor: str | None
    ) -> Pager[Answer, Record]:
        """Return what it holds of a period.

        Args:
            first: The first day.
            last: The last day.
            cursor: Where to go on; it holds the period, so it stands alone.

        Raises:
            RequestInvalidError: the dates are upside down, or the cursor is not of this list.
            ConfigurationError: the service ignores the dates, or cuts its answers, so that the list cannot be
                complete (when awaited or iterated).
        """
        start = None if cursor is None else Cursor.parse(cursor, self.listing)
        if start is not None and (first or last):
            raise bad_cursor("a cursor holds its period; give the cursor alone, without dates")
        whole = period(start.first, start.last) if start else period(first, last)

        def run() -> _WindowRun[Answer, Record]:
            return _WindowRun(source=self, whole=whole, seen=start.seen if start else frozenset[str]())

        async def answered() -> Answer:
            return await self.fetch(whole) if self.strict else await run().answered()

        return Pager(answered, lambda: run().pages())


@frozen
class _WindowPart(Generic[Answer, Record]):
    """One answer, and the window that it is for."""

    window: Window
    answer: Answer
    records: Sequence[Record]
    error: ResponseDecodeError | None = None


@define(kw_only=True)
class _WindowRun(Generic[Answer, Record]):
    """One way through a period.

    Attributes:
        source: The list.
        whole: The period; None where it is left to the service.
        seen: Digests of records that were returned, and may come again in the next overlap.
        trusted: Whether the service is known to apply its filter, to other days than those in its records.
        nameless: Those records of the windows before that nothing tells apart.
    """

    source: WindowedList[Answer, Record]
    whole: Window | None
    seen: frozenset[str] = frozenset()
    trusted: bool = False
    nameless: Counter[str] = field(factory=Counter[str])

    async def answered(self) -> Answer:
        """Return one answer, with the records of the period alone."""
        answer = await self.source.fetch(self.whole)
        kept = self.once(answer)
        if self.whole is not None:
            part = _WindowPart(self.whole, answer, kept)
            if self.is_doubtful(part) and await self.ignores_days():
                kept = self.of_everything(part, self.whole)
        changed = self.source.reading.with_records(answer, kept)
        return answer if changed == answer else changed

    async def pages(self) -> AsyncGenerator[Page[Record]]:
        """Yield the records of one answer after those of another."""
        if self.whole is None:
            answer, error = await as_far_as_readable(self.source.fetch(None))
            yield Page(self.once(answer), None)
            if error is not None:
                raise error
            return
        for window in windows(self.whole.first, self.whole.last):
            found = await self.part(window)
            if self.is_doubtful(found):
                if await self.ignores_days():
                    yield Page(self.of_everything(found, self.whole), None)
                    if found.error is not None:
                        raise found.error
                    return
                self.trusted = True
                self.source.note(OTHER_DAYS)
            for part in await self.split(found):
                yield self.page(part, self.whole)
                if part.error is not None:
                    raise part.error

    def page(self, part: _WindowPart[Answer, Record], whole: Window) -> Page[Record]:
        """Return the records of an answer that the windows before have not told."""
        fresh = part.records
        if self.seen:
            fresh = [record for record in fresh if self.source.reading.digest(record) not in self.seen]
        since = datetime.date.min + OVERLAP if self.trusted else part.window.last
        self.seen = self.source.reading.near_boundary(part.records, since)
        self.nameless = self.source.reading.nameless(part.records)
        if part.window.last >= whole.last:
            return Page(fresh, None)
        after = part.window.last + datetime.timedelta(days=1)
        rest = Cursor(listing=self.source.listing, first=after, last=whole.last, seen=self.seen)
        return Page(fresh, str(rest))

    def once(self, answer: Answer) -> Sequence[Record]:
        """Return the records of an answer, without those that it repeats."""
        records = self.source.reading.records(answer)
        once = self.source.reading.once(records)
        if len(once) < len(records):
            self.source.note(REPEATED)
        return once

    async def part(self, window: Window) -> _WindowPart[Answer, Record]:
        """Return the answer to one window."""
        answer, error = await as_far_as_readable(self.source.fetch(window))
        return _WindowPart(window, answer, self.once(answer), error)

    def is_cut(self, part: _WindowPart[Answer, Record]) -> bool:
        """Say whether an answer may hold only some of its records."""
        missing = self.source.reading.missing(part.answer) if self.source.reading.missing else None
        return may_be_cut(len(part.records)) if missing is None else missing > 0

    def is_doubtful(self, part: _WindowPart[Answer, Record]) -> bool:
        """Say whether an answer holds records that were not asked for, or that another one held before."""
        if self.trusted:
            return False
        again = self.source.reading.nameless(part.records)
        return any(self.source.reading.is_outside(record, part.window) for record in part.records) or (
            bool(again) and again == self.nameless
        )

    async def ignores_days(self) -> bool:
        """Say whether the service answers with records where none can be."""
        answer, _ = await as_far_as_readable(self.source.fetch(NO_DAYS))
        return bool(self.source.reading.records(answer))

    def of_everything(self, part: _WindowPart[Answer, Record], whole: Window) -> Sequence[Record]:
        """Return what is still to be told of a period, out of an answer to a filter that is ignored.

        Raises:
            ConfigurationError: nothing shows that the answer holds all records of the period.
        """
        days = [day for record in part.records if (day := self.source.reading.day(record)) is not None]
        left = Window(part.window.first, whole.last)
        default = today() - datetime.timedelta(days=WINDOW_DAYS)
        reaches_back = left.first >= default or (bool(days) and min(days) < default - OVERLAP)
        if not days or not reaches_back or self.is_cut(part):
            raise ConfigurationError(
                f"{_TELL_NONE_TWICE}, and nothing shows that one answer holds all records of the period"
                f"{_CURE.format(names=self.source.names)}"
            )
        self.source.note(IGNORED)
        return [
            record
            for record in part.records
            if self.source.reading.is_within(record, left)
            and self.source.reading.digest(record) not in self.seen
        ]

    async def split(self, part: _WindowPart[Answer, Record]) -> list[_WindowPart[Answer, Record]]:
        """Return the answers to the halves of a window, and to theirs, where the answer to it may be cut.

        Raises:
            ConfigurationError: the answer to one day is cut.
        """
        if part.window.is_one_day or not self.is_cut(part):
            return [part]
        halves = [await self.part(half) for half in part.window.halves()]
        if any(map(self.is_doubtful, halves)):
            return [part]
        count = len(part.records)
        if sum(len(half.records) for half in halves) <= count > max(len(half.records) for half in halves):
            return halves  # the same records: the answer was whole
        parts = [each for half in halves for each in await self.split(half)]
        if sum(len(each.records) for each in parts) > count:
            for each in parts:
                if len(each.records) >= count:
                    raise _cut(each.window, count)
        return parts


def _cut(window: Window, count: int) -> ConfigurationError:
    return ConfigurationError(
        f"the service cuts its answers at {count} records, and may have more for {window.first} alone, so "
        "that the list cannot be complete; ask the vendor how to get the rest"
    )
