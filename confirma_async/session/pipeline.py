"""The way of every call, step by step: build, admit, authorise, attempt, classify, decode."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from typing import Any

from attrs import evolve, field, frozen

from confirma_async import bounds
from confirma_async.contract import RENEW_TOKEN, Operation, Overrides
from confirma_async.converters import Converter
from confirma_async.credentials import TokenStore
from confirma_async.errors import (
    APIError,
    AuthenticationError,
    CallError,
    CredentialsError,
    OutcomeUnknownError,
    Phase,
    TransportError,
)
from confirma_async.privacy import Secret
from confirma_async.schemas.drift import Drift
from confirma_async.schemas.wire import Schema
from confirma_async.session import retry
from confirma_async.session.answers.api_errors import error_from_response, without_keys
from confirma_async.session.answers.decoding import Reply, T, decoded, says_none
from confirma_async.session.answers.drifts import Drifts
from confirma_async.session.answers.outcomes import cut_off, final, no_turn, recorded, retry_after_of
from confirma_async.session.call_options import CallOptions
from confirma_async.session.call_record import CallFailure, CallRecord, log
from confirma_async.session.hooks import Hooks
from confirma_async.session.in_flight import InFlight
from confirma_async.session.rate.ratelimit import Limiter
from confirma_async.session.request.headers import check_added, headers_of
from confirma_async.session.request.query import query_string
from confirma_async.session.tokens.credential import Credential, CredentialSet
from confirma_async.session.tokens.renewal import renewed_token
from confirma_async.session.transport import Request, Response, Transport
from confirma_async.session.waiting.halt import NEVER, Halt

DEFAULT_TIMEOUT = 30.0
"""Seconds for one call, everything included, unless set otherwise."""

_NONE_ADDED: Mapping[str, str] = {}
_CLOSED = "the client was closed before the call ended"


@frozen(kw_only=True)
class Pipeline:
    """Everything that a call needs. Every call goes through ``call`` or ``reply``.

    Attributes:
        base_url: Scheme, host and port.
        keys: The keys of the client, which are sent to ``base_url`` only.
        transport: Sends one request.
        converter: Reads and writes bodies.
        overrides: The user's corrections of the contract.
        limiter: Admits calls.
        policy: How often a call is tried again.
        quota: The client's budget of retries.
        hooks: The hooks that are called for every call.
        open_calls: The calls that are under way.
        drifts: The differences of answers from the contract.
        seen: Called with each answer of success, before it is read.
        timeout: Seconds for a call that names no timeout of its own.
        halt: Ends the calls that wait, once it is called.
        corrections: The overrides, where they correct more than names.
    """

    base_url: str
    keys: CredentialSet
    transport: Transport
    converter: Converter
    overrides: Overrides
    limiter: Limiter
    policy: retry.RetryPolicy
    quota: retry.RetryQuota
    timeout: float = DEFAULT_TIMEOUT
    hooks: Hooks = field(factory=Hooks)
    open_calls: InFlight = field(factory=InFlight)
    drifts: Drifts = field(factory=Drifts)
    seen: Callable[[CallRecord, Response], object] | None = None
    halt: Halt = NEVER
    corrections: Overrides | None = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "corrections", self.overrides if self.overrides.corrects_calls else None)

    def call(
        self,
        operation: Operation[T],
        payload: Schema | bytes | None = None,
        *,
        query: Schema | None = None,
        options: CallOptions = CallOptions(),
    ) -> Coroutine[Any, Any, T]:
        """Call an operation and return its answer.

        Args:
            operation: The operation to call.
            payload: The body: a schema, or JSON that is encoded already; None for none.
            query: The query parameters, as their schema; None for none.
            options: The options of this call.

        Raises:
            RequestInvalidError: the payload holds a value of the wrong kind; nothing was sent.
            TransportError: no answer came; its phase says how far the call came. A CalledOffError where the
                halt ended its wait.
            OutcomeUnknownError: the operation changes something and may have taken effect.
            APIError: the service answered with an error; one class per status.
            ResponseDecodeError: the answer is not what the contract describes.
        """
        return self._called(operation, operation.answer, payload, query, options)

    def reply(
        self,
        operation: Operation[object],
        payload: Schema | bytes | None = None,
        *,
        query: Schema | None = None,
        options: CallOptions = CallOptions(),
    ) -> Coroutine[Any, Any, Reply]:
        """Call an operation and return its answer as it came; see ``call``."""
        return self._called(operation, Reply, payload, query, options)

    async def _called(  # noqa: C901 (one coroutine: each more costs every call about a microsecond)
        self,
        operation: Operation[object],
        answer: type[T],
        payload: Schema | bytes | None,
        query: Schema | None,
        options: CallOptions,
    ) -> T:
        loop = asyncio.get_running_loop()
        if self.corrections is not None:
            operation = self.corrections.applied(operation)
        record = CallRecord(
            operation=operation,
            url=self.base_url + operation.path,
            subject=options.subject,
            find_out=options.find_out,
            started=loop.time(),
        )
        deadline = record.started + self._timeout(options.timeout)
        key = self.keys.of(operation)
        body = self.converter.dumps(payload) if isinstance(payload, Schema) else payload
        url, added = self._asked(record, query, options)
        policy = _with_retries(self.policy, options.retries)
        before_send, hooks = options.before_send, self.hooks
        result: Response | BaseException | None = None
        failure: CallError | None = None
        self.open_calls.begin(record, loop)
        try:
            while True:
                token = key.current or await self._token(key, deadline)
                queued = loop.time()
                try:
                    if self.halt is NEVER:
                        await self.limiter.acquire(deadline)
                    else:
                        with self.halt.wait():
                            await self.limiter.acquire(deadline)
                except TimeoutError as error:
                    raise no_turn(error, record.attempts) from error
                admitted = loop.time()
                try:
                    headers = added
                    if hooks.given:
                        with self.halt.wait():
                            headers = await hooks.before_attempt(record, added, deadline)
                    if before_send is not None:
                        await before_send()
                    elif self.open_calls.are_many():
                        await asyncio.sleep(0)  # until all are encoded: see MANY
                    sent = loop.time()
                    if sent >= deadline:
                        raise TransportError(
                            "the deadline passed before sending; nothing was sent", phase=Phase.NOT_SENT
                        )
                    # All headers, the key among them, stand in no variable: tracebacks show these.
                    left = deadline - sent
                    try:
                        result = await self.transport.send(
                            Request(
                                operation.method,
                                url,
                                headers_of(token, body, headers),
                                body,
                                left,
                                not_after=deadline,
                            )
                        )
                    except BaseException as error:  # noqa: BLE001 (a cancellation too: recorded, then raised)
                        result = error
                    result = self._noted(
                        record, result, token, waited_seconds=admitted - queued, seconds=loop.time() - sent
                    )
                    if isinstance(result, Response):
                        self._answered(admitted, result)
                finally:
                    self.limiter.release()
                if hooks.given:
                    await hooks.after_attempt(record, deadline)
                if before_send is None and self.open_calls.are_many():
                    await asyncio.sleep(0)  # until all answers that have come are read
                if isinstance(result, Response):
                    if result.status in retry.SUCCESSES or says_none(result, operation, self, options.strict):
                        self.quota.refill()
                        return decoded(result, answer, record, self, options.strict)
                    failure = error_from_response(result, self.keys.mask(token), self.converter)
                elif isinstance(result, TransportError):
                    failure = result
                else:
                    raise result  # noqa: TRY301 (it came from the transport as it is)
                if isinstance(failure, AuthenticationError) and record.key_rejections == 1:
                    renewed = await self._renewed_after(token, key, deadline)
                    if renewed is True:
                        continue
                    # The caller gets the rejection: that is what the call came to.
                    failure.__cause__ = renewed or failure.__cause__
                pause = self._pause(record, policy, failure, deadline)
                if pause is None:
                    raise final(record, failure)  # noqa: TRY301 (here, its traceback has this frame alone)
                with self.halt.wait():
                    await asyncio.sleep(pause)
        except BaseException as error:
            if isinstance(error, asyncio.CancelledError) and self.open_calls.closed_under(record):
                raise _failed(record, final(record, cut_off(record, _CLOSED))) from None
            _failed(record, error)
            raise
        finally:
            record.ended = loop.time()
            try:
                if record.drift:
                    self.drifts.note(operation.name, record.drift)
                log(record)
                if hooks.given:
                    await self._tell_hooks(record, deadline)
            finally:
                self.open_calls.end(record)
                # The traceback of an error has this frame: one that kept the error would keep both until the
                # garbage collector comes by.
                del result, failure

    def noting(self, operation: Operation[object]) -> Callable[[Drift], None]:
        """Return a function that notes a drift that several answers to an operation show together."""
        return lambda drift: self.drifts.note(operation.name, (drift,))

    async def renew(
        self, key: Credential, store: TokenStore, options: CallOptions, rejected: Secret | None = None
    ) -> Secret:
        """Renew a client's token; see ``Credential.renew``.

        Raises:
            OutcomeUnknownError: the answer was lost; the message says what to do.
            TokenNotKeptError: the token was renewed, but the new one is in memory only.
            CallError: the service did not renew it.
        """
        from confirma_async.schemas import TokenRenewal

        async def ask(old: Secret) -> TokenRenewal:
            with_old = evolve(self, keys=CredentialSet(client=Credential(old)), seen=None)
            return await with_old.call(RENEW_TOKEN, options=options)

        return await key.renew(partial(renewed_token, ask, self.converter), store, rejected)

    def _noted(
        self,
        record: CallRecord,
        result: Response | BaseException,
        used: Secret,
        *,
        waited_seconds: float,
        seconds: float,
    ) -> Response | BaseException:
        """Add a request to the record of its call; return its response or its error without keys."""
        mask = self.keys.mask(used)
        if isinstance(result, Response) and not _is_new_token(record.operation, result):
            result = without_keys(result, mask)
        record.attempts.append(recorded(result, mask, waited_seconds=waited_seconds, seconds=seconds))
        return result

    def _answered(self, started: float, response: Response) -> None:
        """Tell the limiter whether the service throttled the call; other failures do not count."""
        if response.status in retry.BUSY:
            quiet_seconds = retry.parse_retry_after(response.headers.get("Retry-After"))
            self.limiter.answered(started, throttled=True, quiet_seconds=quiet_seconds)
        elif not retry.outcome_is_open(response.status):
            self.limiter.answered(started)

    async def _token(self, key: Credential, deadline: float) -> Secret:
        """Return the key; wait for the callback, the store or a renewal under way, until the deadline."""
        try:
            with self.halt.wait():
                async with asyncio.timeout_at(deadline):
                    return await key.get()
        except TimeoutError as error:
            raise CredentialsError("the deadline passed while waiting for the API key") from error

    def _timeout(self, timeout: float | None) -> float:
        """Return the timeout of a call, in seconds; every call has one."""
        if timeout is None:
            return self.timeout
        bounds.TIMEOUT.check("timeout", timeout)
        return timeout

    async def _tell_hooks(self, record: CallRecord, deadline: float) -> None:
        """Call the hooks after a call has ended."""
        try:
            await self.hooks.after_call(record, deadline)
        except asyncio.CancelledError as error:  # the answer does not get as far as the caller any more
            if self.open_calls.closed_under(record):
                raise _failed(record, final(record, cut_off(record, _CLOSED))) from None
            _failed(record, error)
            raise

    async def _renewed_after(
        self, rejected: Secret, key: Credential, deadline: float
    ) -> bool | CallError | TimeoutError:
        """Say whether a key that the service rejected is replaced by another; return what went wrong."""
        try:
            async with asyncio.timeout_at(deadline):
                if await key.replaced(rejected):
                    return True
                if self.keys.renew_on_401 and key.store is not None and key.may_renew(rejected):
                    await self.renew(key, key.store, CallOptions(), rejected)
                    return True
        except (CallError, TimeoutError) as error:
            return error
        return False

    def _asked(
        self, record: CallRecord, query: Schema | None, options: CallOptions
    ) -> tuple[str, Mapping[str, str]]:
        """Return the URL of a call with its query, and its added headers, those of the overrides included."""
        added, more = options.headers or _NONE_ADDED, options.query
        if added:
            check_added(added)
        if self.corrections is not None:
            more = {**self.corrections.query.get(record.operation.name, {}), **(more or {})}
            fixed = self.corrections.headers.get(record.operation.name, {})
            check_added(fixed)
            added = {**fixed, **added}
        return record.url + query_string(self.converter, record.operation, query, more), added

    def _pause(
        self, record: CallRecord, policy: retry.RetryPolicy, failure: CallError, deadline: float
    ) -> float | None:
        """Return seconds until the next attempt; None where there must be none."""
        status = failure.status if isinstance(failure, APIError) else None
        lasting = isinstance(failure, TransportError) and failure.lasting
        retry_after = retry_after_of(failure)
        repeatable = record.operation.repeatable
        if not retry.may_repeat(failure.phase, repeatable, status, retry_after=retry_after, lasting=lasting):
            return None
        left = deadline - asyncio.get_running_loop().time()
        return retry.next_pause(
            policy,
            self.quota,
            len(record.attempts),
            retry_after=retry_after,
            left=left,
            held_back=status in retry.BUSY,
        )


def _failed(record: CallRecord, error: BaseException) -> BaseException:
    """Complete the error that the caller gets: it says what was called, and how often it was tried.

    A cancellation has an ``OutcomeUnknownError`` as its cause where the request may have arrived.
    """
    if isinstance(error, asyncio.CancelledError):
        unknown = final(record, cut_off(record, "the call was cancelled"))
        if isinstance(unknown, OutcomeUnknownError):
            error.__cause__ = unknown.of(record.operation.name, record.attempts)
    if isinstance(error, CallError):
        error.of(record.operation.name, record.attempts)
    record.failure = CallFailure.of(error)
    return error


def _is_new_token(operation: Operation[object], response: Response) -> bool:
    """Say whether an answer holds a new token, which hooks and logs must not get."""
    return operation.name == RENEW_TOKEN.name and response.status < 300


def _with_retries(policy: retry.RetryPolicy, retries: int | None) -> retry.RetryPolicy:
    """Return the policy of one call, which may say how often it is tried again."""
    if retries is None:
        return policy
    bounds.RETRIES.check("retries", retries)
    return evolve(policy, attempts=retries + 1)
