"""Lists: fetched for the answer to one call, iterated over windows of dates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

from confirma_async import pagination
from confirma_async.pagination import Page
from confirma_sync.portal import Portal

Answer = TypeVar("Answer")
Record = TypeVar("Record")


class Listing(Generic[Answer, Record]):
    """A list that is not fetched yet.

    ``fetch()`` gives one call's whole answer, as ``await`` does in ``confirma_async``. Iterate over it for
    record after record, or over ``pages()`` for the records of one call at a time. Iterating fetches page
    after page, only as far as the iteration goes.
    """

    def __init__(self, portal: Portal[Any], find: Callable[[], pagination.Listing[Answer, Record]]) -> None:
        self._portal = portal
        self._find = find

    def fetch(self) -> Answer:
        """The whole answer to one call.

        Raises:
            CallError: the call failed.
        """

        async def fetched() -> Answer:
            return await self._find()

        return self._portal.run(fetched)

    def __iter__(self) -> Iterator[Record]:
        for page in self.pages():
            yield from page

    def pages(self) -> Iterator[Page[Record]]:
        """The records of one call after those of another; a call that finds none gives an empty page."""
        return self._portal.iterate(self._find().pages())
