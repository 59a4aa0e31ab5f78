"""Reads an answer of success as the schema that the caller wants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar, cast, get_origin

from attrs import field, frozen

from confirma_async.contract import Operation, Overrides
from confirma_async.contract.places import as_usual
from confirma_async.converters import Converter
from confirma_async.errors import ResponseDecodeError
from confirma_async.schemas.wire import Evidence
from confirma_async.session.answers.api_errors import text_of
from confirma_async.session.call_record import CallRecord
from confirma_async.session.transport import Response

T = TypeVar("T")

NO_CONTENT, NOT_FOUND = 204, 404

MOST_VALUES = 500_000
"""Values that an answer may have. More would block the event loop for seconds, and take hundreds of MiB."""

_MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8, which some programs write. A reader of JSON may skip it (RFC 8259)."""

_TOO_LONG = (
    "the answer is longer than this client reads, and was left unread; "
    "ask for less at a time (a shorter period), or give the client a higher answer_limit_bytes"
)
_TOO_MANY = (
    f"the answer holds more than {MOST_VALUES} values, and was not looked into; "
    "ask for less at a time (a shorter period)"
)


@frozen(kw_only=True)
class Reply:
    """An answer of success as it came, for callers that need more than its schema.

    Attributes:
        status: The HTTP status: 200 to 299.
        found: The JSON of its body; None where it has none.
        empty: Whether it has no body.
        date: Its ``Date`` header; None where it has none.
    """

    status: int
    found: object = field(repr=False)
    empty: bool = False
    date: str | None = None


class _Reader(Protocol):
    """The part of a ``Pipeline`` that the reading of an answer needs."""

    @property
    def converter(self) -> Converter: ...
    @property
    def corrections(self) -> Overrides | None: ...
    @property
    def seen(self) -> Callable[[CallRecord, Response], object] | None: ...


def decoded(
    response: Response, answer: type[T], record: CallRecord, reader: _Reader, strict: bool | None
) -> T:
    """Read an answer of success, as a schema or as a ``Reply``.

    Args:
        response: The answer, without keys.
        answer: The schema to read it as; ``Reply`` for the answer as it came.
        record: The record of the call, which notes how the answer differs from the contract.
        reader: Reads the answer.
        strict: Whether a tolerable difference from the contract is an error; None for the converter's choice.

    Raises:
        ResponseDecodeError: the contract does not describe the answer, or it is longer than may be read.
    """
    if response.cut_off:
        raise ResponseDecodeError(_TOO_LONG, status=response.status)
    if _values_at_most(response.body) > MOST_VALUES:
        raise ResponseDecodeError(_TOO_MANY, status=response.status)
    operation, converter = record.operation, reader.converter
    empty = response.status == NOT_FOUND or (
        not response.body.strip() and _may_be_empty(operation, response.status, converter, strict)
    )
    try:
        if reader.seen is not None:
            reader.seen(record, response)
        if answer is Reply:
            found = None if empty else converter.parse(response.body.removeprefix(_MARK))
            date = response.headers.get("Date")
            return cast("T", Reply(status=response.status, found=found, empty=empty, date=date))
        if empty:
            none: object = [] if get_origin(answer) is tuple else {}
            return converter.structure(none, answer)
        # No variable holds the body: tracebacks show these.
        return converter.loads(
            _body(response, operation, reader), answer, strict=strict, note=record.note_drift
        )
    except ResponseDecodeError as error:
        error.status, error.body = response.status, text_of(response)
        # Without the frames below: they hold the answer, and error trackers show what frames hold.
        raise error.with_traceback(None) from None


def _body(response: Response, operation: Operation[object], reader: _Reader) -> bytes:
    """Return the JSON of an answer, with its list where the schema has it, if overrides move it."""
    body, corrections = response.body.removeprefix(_MARK), reader.corrections
    if corrections is None or operation.name not in corrections.lists:
        return body
    converter = reader.converter
    return converter.encode(as_usual(converter.parse(body), operation, corrections.lists, converter))


def says_none(response: Response, operation: Operation[object], reader: _Reader, strict: bool | None) -> bool:
    """Say whether an error means that a list is empty (contract §1): the vendor documents no answer for it.

    A wrong path gives 404 as well. It is one where the answer is HTML, or where the path is provisional.

    Args:
        response: The answer, without keys.
        operation: The operation that was called.
        reader: Reads answers; it knows the corrections of paths.
        strict: Whether every difference from the contract is an error; None for the converter's choice.
    """
    if response.status != NOT_FOUND or not operation.lists or reader.converter.is_strict(strict):
        return False
    corrected = reader.corrections is not None and operation.name in reader.corrections.paths
    documented = operation.evidence is Evidence.DOCUMENTED and not corrected
    return documented and not response.body.lstrip().startswith(b"<")


def _may_be_empty(
    operation: Operation[object], status: int, converter: Converter, strict: bool | None
) -> bool:
    if not operation.answer_shown or (status == NO_CONTENT and operation.no_content):
        return True
    # What cannot be asked for twice may be lost where a 200 has lost its body.
    may_say_none = status == NO_CONTENT or operation.repeatable
    return operation.lists and may_say_none and not converter.is_strict(strict)


def _values_at_most(body: bytes) -> int:
    """Return an upper bound of the number of values in a JSON text, by its commas and brackets."""
    if len(body) < MOST_VALUES:
        return 0
    return body.count(b",") + 2 * (body.count(b"{") + body.count(b"["))
