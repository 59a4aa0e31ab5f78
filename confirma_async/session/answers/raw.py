"""An answer as it came: status, headers and bytes, with the object that was read from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from attrs import define, field, frozen

from confirma_async.session.call_record import CallRecord
from confirma_async.session.transport import Response

R = TypeVar("R")


@define
class SeenAnswers:
    """The answers to a call, as they come.

    Attributes:
        answers: Each with the call that it is to.
    """

    answers: list[tuple[CallRecord, Response]] = field(factory=list[tuple[CallRecord, Response]])

    def note(self, history: CallRecord, response: Response) -> None:
        """Keep an answer with its call."""
        self.answers.append((history, response))


@frozen(kw_only=True)
class RawResponse(Generic[R]):
    """A successful answer.

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
        """Return what the verb returns; for a request of your own the JSON, or None for an empty body.

        Raises:
            ResponseDecodeError: the contract does not describe the answer, or it is no JSON.
        """
        if isinstance(self._made, Exception):
            raise self._made
        return self._made


def raw_response(history: CallRecord, response: Response, made: R | Exception) -> RawResponse[R]:
    """Return the answer to a call, and what was made of it or why nothing could be."""
    return RawResponse(
        status=response.status,
        headers=response.headers,
        content=response.body,
        request_id=history.request_id,
        made=made,
    )
