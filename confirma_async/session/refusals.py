"""What an answer says that is none we asked for: its class, the words in its body, and no key of ours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from attrs import evolve

from confirma_async.converters import Converter
from confirma_async.errors import (
    APIError,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    error_class,
)
from confirma_async.redaction import Mask, told, visible
from confirma_async.session.retry import retry_after
from confirma_async.session.transport import Response

_KEPT_BODY = 64 * 1024
_KEPT_DETAIL = 500
_LONGEST_REQUEST_ID = 200
_POINTS_ELSEWHERE = "it points elsewhere, and the API key is taken nowhere else: check the base URL"
_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id")


def without_keys(response: Response, mask: Mask) -> Response:
    """The answer as it is, unless its body echoes a key: then without it."""
    body = mask.body(response.body)
    return response if body is response.body else evolve(response, body=body)


def refusal(response: Response, mask: Mask, converter: Converter) -> APIError:
    """The error that an answer other than success stands for.

    Args:
        response: The answer, without keys.
        mask: What blots keys out, should the id of the request echo one.
        converter: What reads the body.
    """
    body = text_of(response)
    detail = _POINTS_ELSEWHERE if response.status < 400 else _detail(body, converter)
    error = error_class(response.status)(
        response.status, detail=detail, body=body, request_id=request_id_of(response, mask)
    )
    if isinstance(error, RateLimitedError | ServerError):
        error.retry_after = retry_after(response.headers.get("Retry-After"))
    return error


def text_of(response: Response) -> str:
    """The beginning of a body as text, as far as an error keeps it."""
    return response.body[:_KEPT_BODY].decode("utf-8", "replace")


def request_id_of(response: Response, mask: Mask) -> str | None:
    """The id that the service gave the request, where it gave one; as a message may show it."""
    for name in _REQUEST_ID_HEADERS:
        if (found := response.headers.get(name)) is not None:
            return visible(mask(found))[:_LONGEST_REQUEST_ID]
    return None


def _detail(body: str, converter: Converter) -> str | None:
    """What an error body says in words: no shape is documented, so only what is plainly there is read."""
    try:
        found = converter.parse(body)
    except ResponseDecodeError:
        return None
    if not isinstance(found, dict):
        return None
    record = cast("dict[str, Any]", found)
    parts = [record["message"]] if isinstance(record.get("message"), str) else []
    for entry in _listed(record.get("errors")):
        if isinstance(entry, str):
            parts.append(entry)
        elif isinstance(entry, dict):
            words = cast("dict[str, Any]", entry)
            named = [words[key] for key in ("field", "message") if isinstance(words.get(key), str)]
            parts.append(": ".join(named))
    return told("; ".join(part for part in parts if part), _KEPT_DETAIL) or None


def _listed(value: object) -> Sequence[object]:
    return tuple(cast("Sequence[object]", value)) if type(value) is list else ()
