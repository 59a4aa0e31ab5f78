"""Lists: awaited for the answer to one call, iterated over windows of dates or over pages."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Hashable, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from attrs import field, frozen

from confirma_async import bounds
from confirma_async.cursors import Cursor, digest, refused
from confirma_async.errors import ConfigurationError, Problem, RequestInvalidError

Answer = TypeVar("Answer")
Record = TypeVar("Record")

WINDOW_DAYS = 30
"""Days asked for at once when iterating. The vendor's default window; no greatest one is documented."""

_THE_SAME_PAGE = (
    "page {number} holds the same records as the one before: the service does not seem to know the parameter "
    "that names the page. That name is provisional; correct DistributionPageQuery.page with Overrides"
)

_AHEAD = datetime.timedelta(hours=3)
"""Finnish summer time over UTC: today is what it is where invoices are dated, wherever this runs."""

SEAM = datetime.timedelta(days=1)
"""How near to the end of a window a record must lie to be told once more by the next one."""


@frozen
class Window:
    """A period of days, first and last included."""

    first: datetime.date
    last: datetime.date


@frozen
class Page(Generic[Record]):
    """The records of one call.

    Attributes:
        records: The records, in the order of the answer.
        cursor: Goes on after this page: give it to the same verb; None after the last page.
    """

    records: Sequence[Record]
    cursor: str | None = field(repr=False)

    def __iter__(self) -> Iterator[Record]:
        return iter(self.records)

    def __len__(self) -> int:
        return len(self.records)


def windows(first: datetime.date, last: datetime.date, days: int = WINDOW_DAYS) -> Iterator[Window]:
    """Splits a period into windows of at most so many days, in order, without gap or overlap.

    Raises:
        ConfigurationError: the days are not from 1 to 3,650.
    """
    bounds.WINDOW.check("days", days)
    start = first
    while start <= last:
        end = min(last, start + datetime.timedelta(days=days - 1))
        yield Window(start, end)
        start = end + datetime.timedelta(days=1)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def period(
    first: datetime.date | None,
    last: datetime.date | None,
    now: Callable[[], datetime.datetime] = _now,
) -> Window | None:
    """The period that a caller means, to today where it has no end; None when no date is given.

    Raises:
        RequestInvalidError: the dates are upside down, or only the last one is given.
    """
    if first is None:
        if last is None:
            return None
        raise _invalid("a last date needs a first one; give both, or neither for the last 30 days")
    until = last or max(first, (now() + _AHEAD).date())
    if until < first:
        raise _invalid("the first date is after the last; swap them")
    return Window(first, until)


def _invalid(message: str) -> RequestInvalidError:
    return RequestInvalidError("the query", [Problem("from_date", "period", message)])


class Listing(Generic[Answer, Record]):
    """A list that is not fetched yet.

    Await it for one call's whole answer; iterate over it for record after record, or over ``pages()`` for
    the records of one call at a time. Iterating fetches page after page, only as far as the iteration goes.
    """

    def __init__(
        self,
        answer: Callable[[], Awaitable[Answer]],
        pages: Callable[[], AsyncGenerator[Page[Record]]],
    ) -> None:
        self._answer = answer
        self._pages = pages

    def __await__(self) -> Generator[Any, Any, Answer]:
        return self._answer().__await__()

    async def __aiter__(self) -> AsyncGenerator[Record]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for record in page:
                    yield record

    def pages(self) -> AsyncGenerator[Page[Record]]:
        """The records of one call after those of another; a call that finds none gives an empty page."""
        return self._pages()


@frozen(kw_only=True)
class Reading(Generic[Answer, Record]):
    """How the records of an answer are found and told apart.

    Attributes:
        records: The records of an answer.
        identity: What tells one record from another; None for a record that nothing tells apart.
        day: The latest day that a record bears, to know whether it lies at a seam; None where it bears none.
    """

    records: Callable[[Answer], Sequence[Record]]
    identity: Callable[[Record], Hashable | None]
    day: Callable[[Record], datetime.date | None]

    def digest(self, record: Record) -> str | None:
        """A short name for the record."""
        identity = self.identity(record)
        return None if identity is None else digest(identity)

    def at_seam(self, records: Sequence[Record], last: datetime.date) -> frozenset[str]:
        """The names of those records that the window after ``last`` may tell once more."""
        near = [record for record in records if (day := self.day(record)) is None or day >= last - SEAM]
        return frozenset(name for record in near if (name := self.digest(record)))


def by_windows(
    fetch: Callable[[Window | None], Awaitable[Answer]],
    reading: Reading[Answer, Record],
    *,
    listing: str,
    first: datetime.date | None,
    last: datetime.date | None,
    cursor: str | None,
) -> Listing[Answer, Record]:
    """A list over a period of any length, split in windows, in order, each record told once.

    Args:
        fetch: Asks for one window; None leaves it to the service.
        reading: How the records are found and told apart.
        listing: What a cursor belongs to.
        first: The first day.
        last: The last day.
        cursor: Where to go on; it holds the period, so it stands alone.

    Raises:
        RequestInvalidError: the dates are upside down, or the cursor is not of this list.
    """
    start = None if cursor is None else Cursor.parse(cursor, listing)
    if start is not None and (first or last):
        raise refused("a cursor holds its period; give the cursor alone, without dates")
    whole = period(start.first, start.last) if start else period(first, last)

    async def pages() -> AsyncGenerator[Page[Record]]:
        seen = start.seen if start else frozenset[str]()
        if whole is None:
            yield Page(reading.records(await fetch(None)), None)
            return
        for window in windows(whole.first, whole.last):
            records = reading.records(await fetch(window))
            fresh = [item for item in records if reading.digest(item) not in seen] if seen else records
            seen = reading.at_seam(records, window.last)
            after = window.last + datetime.timedelta(days=1)
            rest = Cursor(listing=listing, first=after, last=whole.last, seen=seen)
            yield Page(fresh, str(rest) if after <= whole.last else None)

    return Listing(lambda: fetch(whole), pages)


def by_pages(
    fetch: Callable[[int], Awaitable[Answer]],
    records: Callable[[Answer], Sequence[Record]],
    is_last: Callable[[Answer, int], bool],
    *,
    listing: str,
    page: int,
    cursor: str | None,
) -> Listing[Answer, Record]:
    """A list page by page.

    Args:
        fetch: Asks for one page.
        records: The records of an answer.
        is_last: Whether no page follows the answer of this page.
        listing: What a cursor belongs to.
        page: The first page to ask for.
        cursor: Where to go on.

    Raises:
        RequestInvalidError: the cursor is not of this list.
        ConfigurationError: two pages are the same, so that there would be no end (when iterated).
    """
    start = None if cursor is None else Cursor.parse(cursor, listing).page
    first = start or page

    async def pages() -> AsyncGenerator[Page[Record]]:
        number, ended = first, False
        before: Sequence[Record] = ()
        while not ended:
            answer = await fetch(number)
            found = records(answer)
            if found and found == before:
                raise ConfigurationError(_THE_SAME_PAGE.format(number=number))
            ended, before = is_last(answer, number), found
            number += 1
            yield Page(found, None if ended else str(Cursor(listing=listing, page=number)))

    return Listing(lambda: fetch(first), pages)
