"""An answer of success, read as what the caller wants it to be."""

from __future__ import annotations

from typing import TypeVar, cast

from attrs import field, frozen

from confirma_async.contract import Operation
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.session.refusals import text_of
from confirma_async.session.transport import Response

T = TypeVar("T")

NO_CONTENT = 204

MOST_VALUES = 500_000
"""Values of one answer: more would hold up the event loop for seconds, and take hundreds of MiB."""

_MARK = b"\xef\xbb\xbf"
"""What some programs write before a text in UTF-8; a reader of JSON may pass over it (RFC 8259)."""

_TOO_LONG = (
    "the answer is longer than this client reads, and was left unread; "
    "ask for less at a time (a shorter period), or give the client a higher answer_limit"
)
_TOO_MANY = (
    f"the answer holds more than {MOST_VALUES} values, and was not looked into; "
    "ask for less at a time (a shorter period)"
)


@frozen(kw_only=True)
class Reply:
    """A successful answer as it came, for a caller who wants to know more of it than a schema says.

    Attributes:
        status: The HTTP status.
        found: The JSON of its body; None where it has none.
        empty: Whether it has no body.
        date: Its ``Date`` header; None where it has none.
    """

    status: int
    found: object = field(repr=False)
    empty: bool = False
    date: str | None = None


def decoded(response: Response, answer: type[T], operation: Operation, converter: Converter) -> T:
    """Reads an answer of success.

    Args:
        response: The answer, without keys.
        answer: The schema to read it as; ``Reply`` for the answer as it came.
        operation: What was called: some operations may answer nothing.
        converter: What reads the body.

    Raises:
        ResponseDecodeError: the answer is not what the contract describes, or more than may be read.
    """
    if response.cut_off:
        raise ResponseDecodeError(_TOO_LONG, status=response.status)
    if _values_at_most(response.body) > MOST_VALUES:
        raise ResponseDecodeError(_TOO_MANY, status=response.status)
    empty_is_told = response.status == NO_CONTENT and operation.no_content
    empty = (empty_is_told or not operation.answer_shown) and not response.body.strip()
    try:
        if answer is Reply:
            found = None if empty else converter.parse(response.body.removeprefix(_MARK))
            date = response.headers.get("Date")
            return cast("T", Reply(status=response.status, found=found, empty=empty, date=date))
        if empty:
            return converter.structure({}, answer)
        return converter.loads(response.body.removeprefix(_MARK), answer)
    except ResponseDecodeError as error:
        error.status, error.body = response.status, text_of(response)
        # Without the frames below: they hold the answer, and error trackers show what frames hold.
        raise error.with_traceback(None) from None


def _values_at_most(body: bytes) -> int:
    """How many values a JSON text may hold: each follows a comma, or opens or begins an object or array."""
    if len(body) < MOST_VALUES:
        return 0
    return body.count(b",") + 2 * (body.count(b"{") + body.count(b"["))
