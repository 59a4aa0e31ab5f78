"""Lists: awaited for the answer to one call, iterated over windows of dates."""

from __future__ import annotations

import datetime
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar

from attrs import frozen

from confirma_async.errors import Problem, RequestInvalidError

Answer = TypeVar("Answer")
Record = TypeVar("Record")

WINDOW_DAYS = 30
"""Days asked for at once when iterating. The vendor's default window; no greatest one is documented."""


@frozen
class Window:
    """A period of days, first and last included."""

    first: datetime.date
    last: datetime.date


def windows(first: datetime.date, last: datetime.date, days: int = WINDOW_DAYS) -> Iterator[Window]:
    """Splits a period into windows of at most so many days, in order, without gap or overlap."""
    start = first
    while start <= last:
        end = min(last, start + datetime.timedelta(days=days - 1))
        yield Window(start, end)
        start = end + datetime.timedelta(days=1)


def period(first: datetime.date | None, last: datetime.date | None) -> Window | None:
    """The period that a caller means; None when no date is given.

    Raises:
        RequestInvalidError: the dates are upside down, or only the last one is given.
    """
    if first is None:
        if last is None:
            return None
        raise _upside_down("a last date needs a first one; give both, or neither for the last 30 days")
    until = last or max(first, datetime.datetime.now(datetime.UTC).date())
    if until < first:
        raise _upside_down("the first date is after the last; swap them")
    return Window(first, until)


def _upside_down(message: str) -> RequestInvalidError:
    return RequestInvalidError("the query", [Problem("from_date", "period", message)])


class Listing(Generic[Answer, Record]):
    """A list that is not fetched yet.

    Await it for one call's whole answer; iterate over it for record after record, or over ``pages()`` for
    the records of one call at a time. Iterating over a period fetches window after window, only as far as
    the iteration goes.
    """

    def __init__(
        self,
        fetch: Callable[[Window | None], Awaitable[Answer]],
        records: Callable[[Answer], Sequence[Record]],
        period: Window | None,
    ) -> None:
        self._fetch = fetch
        self._records = records
        self._period = period

    def __await__(self) -> Generator[Any, Any, Answer]:
        return self._fetch(self._period).__await__()

    async def __aiter__(self) -> AsyncGenerator[Record]:
        async with aclosing(self.pages()) as pages:
            async for page in pages:
                for record in page:
                    yield record

    async def pages(self) -> AsyncGenerator[Sequence[Record]]:
        """The records of one call after those of another; a call that finds none gives an empty page."""
        parts = [None] if self._period is None else windows(self._period.first, self._period.last)
        for part in parts:
            yield self._records(await self._fetch(part))
