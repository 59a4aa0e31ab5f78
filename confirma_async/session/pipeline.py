"""The way of every call, top to bottom: build, admit, authorise, attempt, classify, decode."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

from attrs import field, frozen

from confirma_async._version import __version__
from confirma_async.contract import Operation, Overrides
from confirma_async.converters import Converter
from confirma_async.errors import (
    APIError,
    CallError,
    ConfigurationError,
    OutcomeUnknownError,
    Phase,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    TransportError,
    error_class,
)
from confirma_async.redaction import masked
from confirma_async.schemas.wire import Schema
from confirma_async.session import retry
from confirma_async.session.ratelimit import Limiter
from confirma_async.session.transport import Request, Response, Transport

T = TypeVar("T")

logger: logging.Logger = logging.getLogger("confirma_async")

DEFAULT_TIMEOUT = 30.0
"""Seconds for one call, everything included, unless said otherwise."""

NO_CONTENT = 204

_REQUEST_ID_HEADERS = ("x-request-id", "request-id", "x-correlation-id")
_KEPT_BODY = 64 * 1024
_KEPT_DETAIL = 500
_REDACTED = "[redacted]"
_RESERVED_HEADERS = frozenset({"x-api-key", "content-length", "transfer-encoding", "host"})


@frozen(kw_only=True)
class CallOptions:
    """What one call does differently from the others.

    Attributes:
        timeout: Seconds for the whole call: waiting for the limiter, all attempts and the pauses between.
        headers: Headers to add.
        subject: What the call is about, for messages: ``invoice 1042``.
        before_send: Awaited after admission, right before each attempt sends its first byte; whatever it
            raises stops the call with nothing sent by that attempt.
    """

    timeout: float | None = None
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    subject: str | None = None
    before_send: Callable[[], Awaitable[None]] | None = None


@frozen(kw_only=True)
class Pipeline:
    """Everything a call needs; ``call`` is the one way through it.

    Attributes:
        base_url: Scheme, host and port.
        api_key: Sent as ``X-Api-Key``.
        transport: Sends one request.
        converter: Reads and writes bodies.
        overrides: The user's corrections of paths.
        limiter: Admits calls.
        policy: How often a call is tried again.
        quota: The client's budget of retries.
        timeout: Seconds for a call that names no timeout of its own.
    """

    base_url: str
    api_key: str = field(repr=False)
    transport: Transport
    converter: Converter
    overrides: Overrides
    limiter: Limiter
    policy: retry.RetryPolicy
    quota: retry.RetryQuota
    timeout: float = DEFAULT_TIMEOUT
    _own_headers: Mapping[str, str] = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        headers = {
            "X-Api-Key": self.api_key,
            "Accept": "application/json",
            "User-Agent": f"confirma-sdk/{__version__}",
        }
        object.__setattr__(self, "_own_headers", headers)

    async def call(
        self,
        operation: Operation,
        answer: type[T],
        payload: Schema | bytes | None = None,
        *,
        query: Schema | None = None,
        options: CallOptions = CallOptions(),
    ) -> T:
        """Calls an operation and returns its answer.

        Args:
            operation: What to call.
            answer: The schema to read the answer as; ``tuple[Payment, ...]`` for a bare array of them.
            payload: The body: a schema, or JSON that is encoded already.
            query: The query parameters.
            options: What this call does differently.

        Raises:
            RequestInvalidError: the payload holds a value of the wrong kind; nothing was sent.
            TransportError: no answer came; see its phase.
            OutcomeUnknownError: the operation changes something and may have taken effect.
            APIError: the service answered with an error; one class per status.
            ResponseDecodeError: the answer is not what the contract describes.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        deadline = started + (self.timeout if options.timeout is None else options.timeout)
        body = self.converter.dumps(payload) if isinstance(payload, Schema) else payload
        url = self.base_url + self.overrides.path_of(operation) + self._query(query)
        headers = self._headers(body, options.headers)
        attempt = 0
        while True:
            attempt += 1
            result = await self._attempt(operation, url, headers, body, deadline, options)
            if isinstance(result, Response) and result.status < 300:
                self.quota.refill()
                _log(operation, result, attempt, loop.time() - started)
                return self._decode(operation, answer, result, attempt)
            failure = self._failure(result)
            delay = self._delay(operation, failure, attempt)
            if delay is None or loop.time() + delay >= deadline or not self.quota.take():
                _log(operation, result, attempt, loop.time() - started)
                raise _final(operation, failure, options.subject).of(operation.name, attempt)
            await asyncio.sleep(delay)

    async def _attempt(
        self,
        operation: Operation,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        options: CallOptions,
    ) -> Response | TransportError:
        """One request, from its turn at the limiter to its answer or its failure."""
        loop = asyncio.get_running_loop()
        try:
            await self.limiter.acquire(deadline)
        except TimeoutError as error:
            failure = TransportError("the deadline passed while waiting for its turn", phase=Phase.NOT_SENT)
            failure.__cause__ = error
            return failure
        try:
            if options.before_send is not None:
                await options.before_send()
            left = deadline - loop.time()
            if left <= 0:
                return TransportError("the deadline passed before sending", phase=Phase.NOT_SENT)
            response = await self.transport.send(Request(operation.method, url, headers, body, left))
        except TransportError as error:
            return error
        except asyncio.CancelledError:
            if retry.outcome_unknown(Phase.NO_REPLY, operation.repeat, None):
                logger.warning("%s cancelled: the outcome is unknown", operation.name)
            raise
        finally:
            self.limiter.release()
        if response.status in retry.NOT_TAKEN:
            quiet = retry.retry_after(response.headers.get("Retry-After"))
            if quiet is not None:
                self.limiter.pause_until(loop.time() + quiet)
        return response

    def _headers(self, body: bytes | None, added: Mapping[str, str] | None) -> Mapping[str, str]:
        own = self._own_headers if body is None else {**self._own_headers, "Content-Type": "application/json"}
        if not added:
            return own
        for name in added:
            if name.lower() in _RESERVED_HEADERS:
                raise ConfigurationError(f"the header {name} is the SDK's own and cannot be set per call")
        return {**own, **added}

    def _query(self, query: Schema | None) -> str:
        if query is None:
            return ""
        written = self.converter.unstructure(query)
        words = {name: _in_a_query(value) for name, value in written.items()}
        return f"?{urlencode(words)}" if words else ""

    def _delay(self, operation: Operation, failure: CallError, attempt: int) -> float | None:
        """Seconds until the next attempt; None when there must be none."""
        status = failure.status if isinstance(failure, APIError) else None
        if attempt >= self.policy.attempts or not retry.may_repeat(failure.phase, operation.repeat, status):
            return None
        asked = failure.retry_after if isinstance(failure, RateLimitedError | ServerError) else None
        return max(asked or 0.0, self.policy.backoff(attempt))

    def _failure(self, result: Response | TransportError) -> CallError:
        if isinstance(result, TransportError):
            return result
        text = result.body[:_KEPT_BODY].decode("utf-8", "replace").replace(self.api_key, _REDACTED)
        error = error_class(result.status)(
            result.status, detail=self._detail(text), body=text, request_id=_request_id(result)
        )
        if isinstance(error, RateLimitedError | ServerError):
            error.retry_after = retry.retry_after(result.headers.get("Retry-After"))
        return error

    def _detail(self, body: str) -> str | None:
        """What an error body says in words: no shape is documented, so only what is plainly there is read."""
        try:
            found = self.converter.parse(body)
        except ResponseDecodeError:
            return None
        if not isinstance(found, dict):
            return None
        told = cast("dict[str, Any]", found)
        parts = [told["message"]] if isinstance(told.get("message"), str) else []
        for entry in _listed(told.get("errors")):
            if isinstance(entry, str):
                parts.append(entry)
            elif isinstance(entry, dict):
                words = cast("dict[str, Any]", entry)
                named = [words[key] for key in ("field", "message") if isinstance(words.get(key), str)]
                parts.append(": ".join(named))
        return masked("; ".join(part for part in parts if part))[:_KEPT_DETAIL] or None

    def _decode(self, operation: Operation, answer: type[T], response: Response, attempts: int) -> T:
        empty_is_told = response.status == NO_CONTENT and operation.no_content
        if not response.body.strip() and (empty_is_told or not operation.answer_shown):
            return self.converter.structure({}, answer)
        try:
            return self.converter.loads(response.body, answer)
        except ResponseDecodeError as error:
            error.status = response.status
            raise error.of(operation.name, attempts) from None


def _in_a_query(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _final(operation: Operation, failure: CallError, subject: str | None) -> CallError:
    """The error that the caller gets: an outcome that is open is never shown as a plain failure."""
    status = failure.status if isinstance(failure, APIError) else None
    if not retry.outcome_unknown(failure.phase, operation.repeat, status):
        return failure
    reason = f"HTTP {status}" if status is not None else str(failure.args[0])
    unknown = OutcomeUnknownError(reason, subject=subject, status=status, remedy=operation.remedy)
    unknown.__cause__ = failure
    return unknown


def _listed(value: object) -> Sequence[object]:
    return tuple(cast("Sequence[object]", value)) if type(value) is list else ()


def _request_id(response: Response) -> str | None:
    return next((response.headers[name] for name in _REQUEST_ID_HEADERS if name in response.headers), None)


def _log(operation: Operation, result: Response | TransportError, attempts: int, seconds: float) -> None:
    failed = not isinstance(result, Response) or result.status >= 400
    level = logging.WARNING if failed else logging.INFO
    if not logger.isEnabledFor(level):
        return
    outcome = result.status if isinstance(result, Response) else result.phase.value
    request_id = _request_id(result) if isinstance(result, Response) else None
    logger.log(
        level,
        "%s %s %s: %s in %.0f ms, attempts: %d, request id: %s",
        operation.name,
        operation.method,
        operation.path,
        outcome,
        seconds * 1000,
        attempts,
        request_id or "-",
    )
