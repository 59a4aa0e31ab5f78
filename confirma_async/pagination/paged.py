"""A list page by page, whatever the service makes of the parameters that name the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from confirma_async.errors import ConfigurationError
from confirma_async.pagination.cursors import Cursor
from confirma_async.pagination.pager import Page, Pager, as_far_as_readable
from confirma_async.schemas.drift import Drift

Answer = TypeVar("Answer")
Record = TypeVar("Record")

OUTSIDE = Drift("the period", "records of the period asked for alone", "records of any day")

_THE_SAME_PAGE = (
    "page {number} holds the same records as the one before: the service does not seem to know the parameter "
    "that names the page. That name is provisional; correct DistributionPageQuery.page with Overrides"
)


@frozen(kw_only=True)
class Period(Generic[Answer, Record]):
    """How it is found out whether a service applies the period of a list by pages.

    Attributes:
        is_outside: Whether a record lies outside of it.
        asked_for_nothing: Asks for a period that holds nothing.
        note: Told that the service does not apply it.
    """

    is_outside: Callable[[Record], bool]
    asked_for_nothing: Callable[[], Awaitable[Answer]]
    note: Callable[[Drift], None] = lambda _: None


@frozen(kw_only=True)
class PagedList(Generic[Answer, Record]):
    """A list page by page. A record that two pages hold, one after the other, is told once.

    Attributes:
        fetch: Asks for one page.
        records: The records of an answer.
        is_last: Whether no page follows an answer; given how many records there were, up to and with it.
        listing: What a cursor belongs to.
        period: Finds out whether the service applies the period; records outside of it are left out if not.
    """

    fetch: Callable[[int], Awaitable[Answer]]
    records: Callable[[Answer], Sequence[Record]]
    is_last: Callable[[Answer, int], bool]
    listing: str
    period: Period[Answer, Record] | None = None

    def beginning(self, page: int, cursor: str | None) -> Pager[Answer, Record]:
        """Return its pages.

        Args:
            page: The first page to ask for.
            cursor: Where to go on.

        Raises:
            RequestInvalidError: the cursor is not of this list.
            ConfigurationError: two pages are the same, so that there would be no end (when iterated).
        """
        first = (None if cursor is None else Cursor.parse(cursor, self.listing).page) or page
        return Pager(lambda: self.fetch(first), lambda: self._pages(first))

    async def _pages(self, first: int) -> AsyncGenerator[Page[Record]]:
        period = self.period
        number, count, ended, applies = first, 0, False, period is None
        before: Counter[str] = Counter()
        while not ended:
            answer, error = await as_far_as_readable(self.fetch(number))
            found = self.records(answer)
            names = [repr(record) for record in found]
            if found and Counter(names) == before:
                raise ConfigurationError(_THE_SAME_PAGE.format(number=number))
            count += len(found)
            fresh = [record for name, record in zip(names, found, strict=True) if name not in before]
            if period is not None and not applies and any(map(period.is_outside, fresh)):
                if self.records(await period.asked_for_nothing()):
                    period.note(OUTSIDE)
                    fresh = [record for record in fresh if not period.is_outside(record)]
                else:
                    applies = True
            ended, before = self.is_last(answer, count if first == 1 else 0), Counter(names)
            number += 1
            yield Page(fresh, None if ended else str(Cursor(listing=self.listing, page=number)))
            if error is not None:
                raise error
