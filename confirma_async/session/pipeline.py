"""The way of every call, top to bottom: build, admit, authorise, attempt, classify, decode."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar, cast, get_origin

from attrs import evolve, field, frozen

from confirma_async import bounds
from confirma_async.contract import RENEW_TOKEN, Operation, Overrides, Repeat
from confirma_async.contract.places import moved, usual_place
from confirma_async.converters import Converter
from confirma_async.credentials import TokenStore
from confirma_async.errors import (
    APIError,
    Attempt,
    AuthenticationError,
    CallError,
    ConfigurationError,
    CredentialsError,
    OutcomeUnknownError,
    Phase,
    RateLimitedError,
    ResponseDecodeError,
    ServerError,
    TransportError,
)
from confirma_async.redaction import Mask
from confirma_async.schemas.drift import Drift
from confirma_async.schemas.wire import Evidence, Schema
from confirma_async.secret import Secret
from confirma_async.session import retry
from confirma_async.session.call_options import CallOptions
from confirma_async.session.drifts import Drifts
from confirma_async.session.headers import check_added, headers_of
from confirma_async.session.history import History, log
from confirma_async.session.hooks import Hooks
from confirma_async.session.keys import Key, Keys
from confirma_async.session.open_calls import OpenCalls
from confirma_async.session.query import query_string
from confirma_async.session.rate.ratelimit import Limiter
from confirma_async.session.refusals import refusal, request_id_of, text_of, without_keys
from confirma_async.session.renewal import exchanged
from confirma_async.session.transport import Request, Response, Transport
from confirma_async.session.waiting.halt import NEVER, Halt

T = TypeVar("T")

DEFAULT_TIMEOUT = 30.0
"""Seconds for one call, everything included, unless said otherwise."""

NO_CONTENT, NOT_FOUND = 204, 404

_MARK = b"\xef\xbb\xbf"
"""What some programs write before a text in UTF-8; a reader of JSON may pass over it (RFC 8259)."""

_CANCELLED = "cancelled"
_TOO_LONG = (
    "the answer is longer than this client reads, and was left unread; "
    "ask for less at a time (a shorter period), or give the client a higher answer_limit"
)

MOST_VALUES = 500_000
"""Values of one answer: more would hold up the event loop for seconds, and take hundreds of MiB."""
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


@frozen(kw_only=True)
class Pipeline:
    """Everything a call needs; ``call`` is the one way through it.

    Attributes:
        base_url: Scheme, host and port.
        keys: Which key a call carries; never sent anywhere but to ``base_url``.
        transport: Sends one request.
        converter: Reads and writes bodies.
        overrides: The user's corrections of paths.
        limiter: Admits calls.
        policy: How often a call is tried again.
        quota: The client's budget of retries.
        hooks: Who is told of every call.
        open_calls: The calls that are under way.
        drifts: What answers were not as the contract says.
        seen: Told of each successful answer, before it is read.
        timeout: Seconds for a call that names no timeout of its own.
        halt: Calls off the calls that wait, once it is called.
        corrected: Whether the overrides correct more than names.
    """

    base_url: str
    keys: Keys
    transport: Transport
    converter: Converter
    overrides: Overrides
    limiter: Limiter
    policy: retry.RetryPolicy
    quota: retry.RetryQuota
    timeout: float = DEFAULT_TIMEOUT
    hooks: Hooks = field(factory=Hooks)
    open_calls: OpenCalls = field(factory=OpenCalls)
    drifts: Drifts = field(factory=Drifts)
    seen: Callable[[History, Response], object] | None = None
    halt: Halt = NEVER
    corrected: bool = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "corrected", self.overrides.corrects_calls)

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
            answer: The schema to read the answer as; ``tuple[Payment, ...]`` for a bare array of them;
                ``Reply`` for the answer as it came.
            payload: The body: a schema, or JSON that is encoded already.
            query: The query parameters.
            options: What this call does differently.

        Raises:
            RequestInvalidError: the payload holds a value of the wrong kind; nothing was sent.
            TransportError: no answer came; see its phase. A CalledOffError where the halt ended its wait.
            OutcomeUnknownError: the operation changes something and may have taken effect.
            APIError: the service answered with an error; one class per status.
            ResponseDecodeError: the answer is not what the contract describes.
        """
        loop = asyncio.get_running_loop()
        if self.corrected:
            operation = self.overrides.applied(operation)
        target = self.base_url + operation.path
        history = History(
            operation=operation,
            url=target,
            subject=options.subject,
            find_out=options.find_out,
            started=loop.time(),
        )
        deadline = history.started + self._seconds(options.timeout)
        key = self.keys.of(operation)
        body = self.converter.dumps(payload) if isinstance(payload, Schema) else payload
        url = target
        added = _checked(options.headers)
        if query is not None or options.query or self.corrected:
            url, added = self._asked(operation, url, query, options.query, added)
        policy = self.policy if options.retries is None else _with_retries(self.policy, options.retries)
        result: Response | TransportError | None = None
        failure: CallError | None = None
        self.open_calls.begin(history)
        try:
            while True:
                token = key.current or await self._token(key, deadline)
                result = await self._attempt(history, token, url, added, body, deadline, options.before_send)
                if isinstance(result, Response) and (
                    result.status in retry.SUCCESSES or self._says_none(operation, result, options.strict)
                ):
                    self.quota.refill()
                    return self._decode(history, answer, result, options.strict)
                failure = self._refusal(result, token) if isinstance(result, Response) else result
                if await self._exchanged(history, key, token, failure, deadline):
                    continue
                pause = self._pause(history, policy, failure, deadline)
                if pause is None:
                    raise _final(history, failure)  # noqa: TRY301 (here, its traceback has this frame alone)
                with self.halt.wait():
                    await asyncio.sleep(pause)
        except BaseException as error:
            history.error = self._told(history, error)
            if history.error is error:
                raise
            raise history.error from None
        finally:
            history.ended = loop.time()
            try:
                log(history)
                if self.hooks:
                    await self._tell_hooks(history, deadline)
            finally:
                self.open_calls.end(history)
                # The history has the error, and the traceback of the error has the frames: one that kept
                # either would keep all of it until the garbage collector comes by.
                del history, result, failure

    def noting(self, operation: Operation) -> Callable[[Drift], None]:
        """What notes how the answers to an operation, taken together, are not as the contract says."""
        return lambda drift: self.drifts.note(operation.name, (drift,))

    async def renew(
        self, key: Key, store: TokenStore, options: CallOptions, refused: Secret | None = None
    ) -> Secret:
        """Renews a client's token; see ``Key.renew``.

        Raises:
            OutcomeUnknownError: the answer was lost; the message says what to do.
            TokenNotKeptError: the token was renewed, but the new one is in memory only.
            CallError: the service did not renew it.
        """
        from confirma_async.schemas import TokenRenewal

        async def ask(old: Secret) -> TokenRenewal:
            with_old = evolve(self, keys=Keys(client=Key(old)), seen=None)
            return await with_old.call(RENEW_TOKEN, TokenRenewal, options=options)

        return await key.renew(partial(exchanged, ask, self.converter), store, refused)

    async def _attempt(
        self,
        history: History,
        token: Secret,
        url: str,
        added: Mapping[str, str],
        body: bytes | None,
        deadline: float,
        before_send: Callable[[], Awaitable[None]] | None,
    ) -> Response | TransportError:
        """One request, from its turn at the limiter to its answer or its failure; the history has it then.

        Raises:
            TransportError: its turn did not come in time, or it was called off; there was no request.
        """
        loop = asyncio.get_running_loop()
        began = loop.time()
        result: Response | BaseException | None = None
        try:
            try:
                with self.halt.wait():
                    await self.limiter.acquire(deadline)
            except TimeoutError as error:
                raise _no_turn(error, history.attempts) from error
            started = sent = loop.time()
            try:
                if self.hooks:
                    with self.halt.wait():
                        added = await self.hooks.before_attempt(history, added, deadline)
                if before_send is not None:
                    await before_send()
                if self.hooks or before_send is not None:
                    sent = loop.time()
                if sent >= deadline:
                    raise TransportError("the deadline passed before sending", phase=Phase.NOT_SENT)
                headers = headers_of(token, body, added)
                request = Request(history.operation.method, url, headers, body, deadline - sent)
                try:
                    result = await self.transport.send(request)
                except BaseException as error:  # noqa: BLE001 (a cancellation too; put on record, then raised)
                    result = error
                seconds = loop.time() - sent
                result = self._noted(history, result, token, waited=started - began, seconds=seconds)
                if isinstance(result, Response):
                    self._answered(started, result)
            finally:
                self.limiter.release()
            if self.hooks:
                await self.hooks.after_attempt(history, deadline)
            if isinstance(result, (Response, TransportError)):  # a union would be made anew for every request
                return result
            raise result
        finally:
            del history, result  # see ``call``

    def _noted(
        self,
        history: History,
        result: Response | BaseException,
        used: Secret,
        *,
        waited: float,
        seconds: float,
    ) -> Response | BaseException:
        """Puts on record what came of a request; returns it without keys."""
        mask = self.keys.mask(used)
        if isinstance(result, Response) and not _is_new_token(history.operation, result):
            result = without_keys(result, mask)
        history.attempts.append(_record(result, mask, waited=waited, seconds=seconds))
        return result

    def _refusal(self, response: Response, used: Secret) -> APIError:
        return refusal(response, self.keys.mask(used), self.converter)

    def _answered(self, started: float, response: Response) -> None:
        """Tells the limiter how the service bears the load; failures on the way say nothing of that."""
        if response.status in retry.BUSY:
            quiet = retry.retry_after(response.headers.get("Retry-After"))
            self.limiter.answered(started, refused=True, quiet=quiet)
        elif not retry.leaves_open(response.status):
            self.limiter.answered(started)

    async def _token(self, key: Key, deadline: float) -> Secret:
        """A key that is not at hand: asked for, read from its store, or awaited while it is being renewed."""
        try:
            with self.halt.wait():
                async with asyncio.timeout_at(deadline):
                    return await key.get()
        except TimeoutError as error:
            raise CredentialsError("the deadline passed while waiting for the API key") from error

    def _seconds(self, timeout: float | None) -> float:
        """The time for one call; no call waits for ever."""
        if timeout is None:
            return self.timeout
        bounds.TIMEOUT.check("timeout", timeout)
        return timeout

    async def _tell_hooks(self, history: History, deadline: float) -> None:
        """Tells the hooks of a call that ended."""
        try:
            await self.hooks.after_call(history, deadline)
        except asyncio.CancelledError as error:  # the answer does not get as far as the caller any more
            history.error = self._told(history, error)
            raise history.error from history.error.__cause__

    def _told(self, history: History, error: BaseException) -> BaseException:
        """What the caller gets for an error: each says what was called and how often it was tried.

        A cancellation has an ``OutcomeUnknownError`` as its cause where the request may have arrived.
        """
        if isinstance(error, asyncio.CancelledError):
            if self.open_calls.closed_under(history):
                error = _final(history, _cut_off(history, "the client was closed before the call ended"))
            else:
                cut_off = _final(history, _cut_off(history, "the call was cancelled"))
                if isinstance(cut_off, OutcomeUnknownError):
                    error.__cause__ = cut_off.of(history.operation.name, history.attempts)
        if isinstance(error, CallError):
            error.of(history.operation.name, history.attempts)
        return error

    async def _exchanged(
        self, history: History, key: Key, refused: Secret, failure: CallError, deadline: float
    ) -> bool:
        """Whether a key that the service refused is replaced by another; at most once per call."""
        if not isinstance(failure, AuthenticationError) or history.refusals > 1:
            return False
        try:
            async with asyncio.timeout_at(deadline):
                if await key.replaced(refused):
                    return True
                if self.keys.renew_on_401 and key.store is not None and key.may_renew(refused):
                    await self.renew(key, key.store, CallOptions(), refused)
                    return True
        except (CallError, TimeoutError) as error:
            failure.__cause__ = error  # the caller is told of the refusal: that is what the call came to
        finally:
            del history, failure  # see ``call``
        return False

    def _asked(
        self,
        operation: Operation,
        url: str,
        query: Schema | None,
        more: Mapping[str, str | int | bool] | None,
        added: Mapping[str, str],
    ) -> tuple[str, Mapping[str, str]]:
        """The URL with its query, and the headers to add, with what the overrides fix for the operation."""
        if self.corrected:
            more = {**self.overrides.query.get(operation.name, {}), **(more or {})}
            added = {**_checked(self.overrides.headers.get(operation.name)), **added}
        return url + query_string(self.converter, operation, query, more), added

    def _says_none(self, operation: Operation, response: Response, strict: bool | None) -> bool:
        """Whether an answer means that a list is empty (contract §1): the vendor documents no answer for it.

        A page that is not found says 404 as well: it is HTML, or its path is a reading of ours.
        """
        if response.status != NOT_FOUND or not operation.lists or self.converter.is_strict(strict):
            return False
        documented = operation.evidence is Evidence.DOCUMENTED and operation.name not in self.overrides.paths
        return documented and not response.body.lstrip().startswith(b"<")

    def _pause(
        self, history: History, policy: retry.RetryPolicy, failure: CallError, deadline: float
    ) -> float | None:
        """Seconds until the next attempt; None where there must be none."""
        status = failure.status if isinstance(failure, APIError) else None
        lasting = isinstance(failure, TransportError) and failure.lasting
        asked = _asked(failure)
        repeat = history.operation.repeat
        if not retry.may_repeat(failure.phase, repeat, status, asked=asked, lasting=lasting):
            return None
        left = deadline - asyncio.get_running_loop().time()
        return retry.next_pause(
            policy,
            self.quota,
            len(history.attempts),
            asked=asked,
            left=left,
            held_back=status in retry.BUSY,
        )

    def _decode(self, history: History, answer: type[T], response: Response, strict: bool | None) -> T:
        operation = history.operation
        if response.cut_off:
            raise ResponseDecodeError(_TOO_LONG, status=response.status)
        if _values_at_most(response.body) > MOST_VALUES:
            raise ResponseDecodeError(_TOO_MANY, status=response.status)
        empty = response.status == NOT_FOUND or (
            not response.body.strip() and self._may_be_empty(operation, response.status, strict)
        )
        try:
            if self.seen is not None:
                self.seen(history, response)
            if answer is Reply:
                found = None if empty else self.converter.parse(response.body.removeprefix(_MARK))
                date = response.headers.get("Date")
                return cast("T", Reply(status=response.status, found=found, empty=empty, date=date))
            if empty:
                none: object = [] if get_origin(answer) is tuple else {}
                return self.converter.structure(none, answer)
            body = response.body.removeprefix(_MARK)
            if self.corrected and (place := self.overrides.lists.get(operation.name)):
                found = moved(self.converter.parse(body), place, usual_place(operation, self.converter))
                body = self.converter.encode(found)
            return self.converter.loads(body, answer, strict=strict, note=history.note_drift)
        except ResponseDecodeError as error:
            error.status, error.body = response.status, text_of(response)
            # Without the frames below: they hold the answer, and error trackers show what frames hold.
            raise error.with_traceback(None) from None
        finally:
            if history.drift:
                self.drifts.note(operation.name, history.drift)
            del history  # see ``call``

    def _may_be_empty(self, operation: Operation, status: int, strict: bool | None) -> bool:
        if not operation.answer_shown or (status == NO_CONTENT and operation.no_content):
            return True
        # What cannot be asked for twice may be lost where a 200 has lost its body.
        may_say_none = status == NO_CONTENT or operation.repeat is Repeat.SAFE
        return operation.lists and may_say_none and not self.converter.is_strict(strict)


def _with_retries(policy: retry.RetryPolicy, retries: int) -> retry.RetryPolicy:
    bounds.RETRIES.check("retries", retries)
    return evolve(policy, attempts=retries + 1)


def _checked(added: Mapping[str, str] | None) -> Mapping[str, str]:
    if not added:
        return {}
    check_added(added)
    return added


def _values_at_most(body: bytes) -> int:
    """How many values a JSON text may hold: each follows a comma, or opens or begins an object or array."""
    if len(body) < MOST_VALUES:
        return 0
    return body.count(b",") + 2 * (body.count(b"{") + body.count(b"["))


def _no_turn(error: TimeoutError, attempts: Sequence[Attempt]) -> TransportError:
    """What the caller gets where its turn at the limiter did not come in time."""
    reason = str(error) or "the deadline passed while waiting for its turn"
    before = f"; the last request: {attempts[-1].reason}" if attempts else ""
    return TransportError(f"{reason}{before}", phase=Phase.NOT_SENT)


def _is_new_token(operation: Operation, response: Response) -> bool:
    """Whether the answer is there for the token in it, be it the old one; nobody else is shown it."""
    return operation.name == RENEW_TOKEN.name and response.status < 300


def _final(history: History, failure: CallError) -> CallError:
    """The error that the caller gets: an outcome that is open is never shown as a plain failure."""
    operation = history.operation
    status = failure.status if isinstance(failure, APIError) else None
    if not retry.outcome_unknown(failure.phase, operation.repeat, status, asked=_asked(failure)):
        return failure
    told = failure.detail if isinstance(failure, APIError) else None
    reason = f"HTTP {status}" if status is not None else str(failure.args[0])
    reason = f"{reason}: {told}" if told else reason
    look = history.find_out() if history.find_out is not None else None
    unknown = OutcomeUnknownError(
        reason, subject=history.subject, status=status, remedy=operation.remedy, find_out=look
    )
    unknown.__cause__ = failure
    return unknown


def _asked(failure: CallError) -> float | None:
    """The seconds that a refusal's ``Retry-After`` names; None where it names none."""
    return failure.retry_after if isinstance(failure, RateLimitedError | ServerError) else None


def _record(result: Response | BaseException, mask: Mask, *, waited: float, seconds: float) -> Attempt:
    """The record of one request."""
    phase, status, reason, request_id, asked = Phase.NO_REPLY, None, None, None, None
    match result:
        case Response():
            phase, status, request_id = Phase.REPLIED, result.status, request_id_of(result, mask)
            if status not in retry.SUCCESSES:
                reason, asked = f"HTTP {status}", retry.retry_after(result.headers.get("Retry-After"))
        case TransportError():
            phase, reason = result.phase, str(result.args[0])
        case asyncio.CancelledError():
            reason = _CANCELLED
        case ConfigurationError():
            phase, reason = Phase.NOT_SENT, type(result).__name__
        case _:
            reason = type(result).__name__
    return Attempt(
        phase=phase, status=status, reason=reason, request_id=request_id, retry_after=asked, waited=waited,
        seconds=seconds,
    )  # fmt: skip


def _cut_off(history: History, message: str) -> TransportError:
    """The end of a call that was stopped; its last request may have taken effect unless it surely did not.

    An answer that did not get as far as the caller is as good as none.
    """
    last = history.attempts[-1] if history.attempts else None
    nothing_done = (
        last is None or last.phase is Phase.NOT_SENT or retry.refused(last.status, last.retry_after)
    )
    return TransportError(message, phase=Phase.NOT_SENT if nothing_done else Phase.NO_REPLY)
