"""Answers as they came: status, headers and bytes, with the object that was read from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from typing import Generic, TypeVar

from attrs import evolve, field, frozen

from confirma_async.errors import ResponseDecodeError
from confirma_async.session.call_record import CallRecord
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.transport import Response

R = TypeVar("R")


@frozen(kw_only=True)
class RawResponse(Generic[R]):
    """An answer of success as it came.

    Attributes:
        status: The HTTP status: 200 to 299.
        headers: All headers; names are looked up case-insensitively.
        content: The body, without keys.
        request_id: The id that the service gave the request, where it gave one.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    request_id: str | None = None
    _made: R | Exception = field(repr=False, alias="made")

    def parse(self) -> R:
        """Return the result of the verb; for a request of your own its JSON, None for an empty body.

        Raises:
            ResponseDecodeError: the contract does not describe the answer, or it is no JSON.
        """
        if isinstance(self._made, Exception):
            raise copy(self._made)  # a traceback on the one that is kept would keep this answer
        return self._made


async def as_it_came(pipeline: Pipeline, ask: Callable[[Pipeline], Awaitable[R]]) -> RawResponse[R]:
    """Ask something of the service, and return its first answer as it came.

    Args:
        pipeline: The pipeline of the caller.
        ask: Gets one that keeps the answers, and returns what was made of them.

    Raises:
        CallError: there was no answer of success.
    """
    answers: list[tuple[CallRecord, Response]] = []

    def keep(record: CallRecord, response: Response) -> None:
        answers.append((record, response))

    try:
        made: R | ResponseDecodeError = await ask(evolve(pipeline, seen=keep))
    except ResponseDecodeError as error:
        if not answers:
            raise
        made = error.with_traceback(None)  # which has this frame, and the frame the error
    record, response = answers[0]
    return RawResponse(
        status=response.status,
        headers=response.headers,
        content=response.body,
        request_id=record.request_id,
        made=made,
    )
