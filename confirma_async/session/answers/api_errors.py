"""Makes the error for an answer other than success: its class, and the message in its body, without keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import cast

from attrs import evolve

from confirma_async.converters import Converter
from confirma_async.errors import (
    APIError,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    error_class,
)
from confirma_async.privacy import Mask, quoted, visible
from confirma_async.session.retry import parse_retry_after
from confirma_async.session.transport import Response

_KEPT_BODY = 64 * 1024
_KEPT_DETAIL = 500
_LONGEST_REQUEST_ID = 200
_POINTS_ELSEWHERE = "it points elsewhere, and the API key is taken nowhere else: check the base URL"
_NO_WHOLE_ANSWER = "it is no whole answer to what was asked; a proxy on the way may have given it"
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id")


def without_keys(response: Response, mask: Mask) -> Response:
    """Return an answer; if its body echoes a key, without that key."""
    body = mask.body(response.body)
    return response if body is response.body else evolve(response, body=body)


def error_from_response(response: Response, mask: Mask, converter: Converter) -> APIError:
    """Make the error for an answer other than success.

    Args:
        response: The answer, without keys.
        mask: Replaces keys in a text, in case the id of the request echoes one.
        converter: What reads the body.
    """
    body = text_of(response)
    if response.status >= 400:
        detail = _detail(body, converter)
    else:
        detail = _POINTS_ELSEWHERE if response.status >= 300 else _NO_WHOLE_ANSWER
    error = error_class(response.status)(
        response.status, detail=detail, body=body, request_id=request_id_of(response, mask)
    )
    if isinstance(error, RateLimitedError | ServerError):
        error.retry_after = parse_retry_after(response.headers.get("Retry-After"))
    return error


def text_of(response: Response) -> str:
    """Return the beginning of a body as text, as much of it as an error keeps."""
    return response.body[:_KEPT_BODY].decode("utf-8", "replace")


def request_id_of(response: Response, mask: Mask) -> str | None:
    """Return the id that the service gave the request, fit for messages; None where it gave none."""
    for name in _REQUEST_ID_HEADERS:
        if (found := response.headers.get(name)) is not None:
            return visible(mask(found))[:_LONGEST_REQUEST_ID]
    return None


def _detail(body: str, converter: Converter) -> str | None:
    """Return the message in the body of an error."""
    try:
        found = converter.parse(body.removeprefix("\ufeff"))
    except ResponseDecodeError:
        page_or_noise = body.lstrip().startswith("<") or "\ufffd" in body
        return None if page_or_noise else in_words(body)
    return in_words(found)


_SAYS = frozenset(
    {"message", "messages", "title", "detail", "details", "description", "reason", "error", "errors", "fault"}
    | {"errormessage", "errordescription", "errorcode", "code", "text", "msg"}
)
"""Keys whose values are messages, in small letters. The vendor documents no form of errors."""

_NAMES = frozenset({"field", "path", "property", "name", "code", "errorcode"})
"""Keys whose values name what a message beside them is about."""

_DEEPEST = 8
_MOST_PARTS = 20


@lru_cache(maxsize=1024)
def plain(key: str) -> str:
    """Return a key in one spelling: ``error_code`` and ``errorCode`` are the same."""
    return key.replace("_", "").replace("-", "").lower()


def in_words(found: object) -> str | None:
    """Return the messages in the JSON of an answer, whatever its form, fit to be shown; None without any.

    ``title`` and ``detail``, ``message``, ``error``, errors by field, a list of any of these, or mere text.
    """
    parts: list[str] = []
    for part in _parts(found, _DEEPEST):
        words = " ".join(part.split())
        if words and words not in parts:
            parts.append(words)
        if len(parts) == _MOST_PARTS:
            break
    return quoted("; ".join(parts), _KEPT_DETAIL) or None


def _parts(found: object, deepest: int) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif deepest and isinstance(found, list):
        for entry in cast("Sequence[object]", found):
            yield from _parts(entry, deepest - 1)
    elif deepest and isinstance(found, dict):
        yield from _parts_of_object(cast("Mapping[str, object]", found), deepest - 1)


def _parts_of_object(found: Mapping[str, object], deepest: int) -> Iterator[str]:
    """Yield the messages of an object; one beside a name gets it in front: ``iban: wrong``."""
    about = next((f"{value}: " for key, value in found.items() if plain(key) in _NAMES and _names(value)), "")
    said = {key: value for key, value in found.items() if plain(key) in _SAYS - _NAMES}
    for key, value in said.items():
        if plain(key) == "errors" and isinstance(value, dict):
            yield from _by_field(cast("Mapping[str, object]", value), deepest)
        else:
            yield from (f"{about}{part}" for part in _parts(value, deepest))
    if not said and about:
        yield about.removesuffix(": ")


def _names(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _by_field(errors: Mapping[str, object], deepest: int) -> Iterator[str]:
    for name, value in errors.items():
        said = list(_parts(value, deepest))
        yield from (part if plain(name) in _SAYS else f"{name}: {part}" for part in said)
