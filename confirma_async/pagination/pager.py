"""A list that is not fetched yet, and the pages that it is iterated in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, Generic, TypeVar, cast

from attrs import field, frozen

from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas.showing import table

Answer = TypeVar("Answer")
Record = TypeVar("Record")


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

    def _repr_html_(self) -> str:
        return table(self.records)


class Pager(Generic[Answer, Record]):
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
        """Return the pages, each with the records of one call; a call that finds none gives an empty page.

        Raises:
            ResponseDecodeError: a record is wrong in what must not be guessed. Those of its page that could
                be read were returned before.
        """
        return self._pages()


async def as_far_as_readable(answer: Awaitable[Answer]) -> tuple[Answer, ResponseDecodeError | None]:
    """Make an answer, and the error of those of its records that were left out of it.

    Raises:
        ResponseDecodeError: nothing of it could be read.
    """
    try:
        return await answer, None
    except ResponseDecodeError as error:
        if error.answer is None:
            raise
        return cast("Answer", error.answer), error
