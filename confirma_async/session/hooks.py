"""Calls hooks, the user's own code, before and after each request. An error of a hook breaks no call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TypeVar, cast

from attrs import evolve, frozen

from confirma_async.errors import ConfigurationError
from confirma_async.session.call_record import CallRecord
from confirma_async.session.request.headers import check_added

A = TypeVar("A")
T = TypeVar("T")

logger: logging.Logger = logging.getLogger("confirma_async")

_FAILED = "the hook %s failed; the call goes on"

GRACE = 1.0
"""Seconds that an asynchronous hook gets, at least, after an attempt or a call has ended."""


@frozen(kw_only=True)
class OutgoingRequest:
    """A request that is about to be sent, as hooks see it: neither its key nor its body.

    Attributes:
        record: The call so far.
        number: The number of the attempt, from 1.
        headers: The headers to add to the SDK's own: the caller's, and those of the hooks before.
    """

    record: CallRecord
    number: int
    headers: Mapping[str, str]

    def with_headers(self, headers: Mapping[str, str]) -> OutgoingRequest:
        """Return the request with more headers: ``outgoing.with_headers({"X-Correlation-Id": "..."})``.

        Raises:
            ConfigurationError: the SDK sets one of them itself, or HTTP cannot carry it.
        """
        check_added(headers)
        return evolve(self, headers={**self.headers, **headers})


@frozen(kw_only=True)
class OutboxState:
    """The writes that an outbox has open.

    Attributes:
        under_way: Writes on their way to their first outcome.
        unknown: Writes of unknown outcome, which the outbox looks up.
        since: When the oldest open write was given to this outbox, or taken up from an earlier run; seconds
            since 1970. None where no write is open.
    """

    under_way: int
    unknown: int
    since: float | None


class Hook:
    """Watches calls. Override the methods that you need, as functions or as coroutine functions.

    Hooks run in the order in which they were given, in the task of the call. An error of a hook is logged,
    and the call goes on without the hook. An asynchronous hook gets the time that is left of the call; after
    an attempt or a call has ended, it gets one second at least. Hooks never see a key or a body. A hook must
    not change the record, which is the call's own.
    """

    def before_attempt(
        self, outgoing: OutgoingRequest
    ) -> OutgoingRequest | Awaitable[OutgoingRequest | None] | None:
        """Act on a request that is about to be sent. The limiter has admitted it; no byte has left yet.

        Args:
            outgoing: The request, without its key and its body.

        Returns:
            The request with headers added (``outgoing.with_headers``), which the next hook gets; None to
            leave the request as it is.
        """

    def after_attempt(self, record: CallRecord) -> Awaitable[None] | None:
        """Act on a request that has ended, with or without an answer.

        Args:
            record: The call; ``record.attempts[-1]`` is the request.
        """

    def after_call(self, record: CallRecord) -> Awaitable[None] | None:
        """Act on a call that has ended, maybe without an attempt. Its caller has no result yet.

        Args:
            record: The call, with all its attempts.
        """

    def outbox_opened(self, look: Callable[[], OutboxState]) -> None:
        """Act on an outbox that was opened.

        Args:
            look: Returns which writes the outbox has open; any thread may call it.
        """

    def outbox_closed(self, look: Callable[[], OutboxState]) -> None:
        """Act on an outbox that was closed.

        Args:
            look: The function that ``outbox_opened`` was called with.
        """


class Hooks:
    """The hooks of a client, in order.

    Args:
        hooks: The hooks, in the order in which they are called.

    Attributes:
        given: Whether there are any; a call without hooks looks at nothing else here.

    Raises:
        ConfigurationError: one of them is no ``Hook``.
    """

    def __init__(self, hooks: Iterable[Hook] = ()) -> None:
        self._hooks = tuple(hooks)
        for hook in self._hooks:
            if not isinstance(hook, Hook):  # pyright: ignore[reportUnnecessaryIsInstance] (untyped callers)
                raise ConfigurationError(f"a hook must be a confirma_async.Hook; {hook!r} is none")
        self.given: bool = bool(self._hooks)

    async def before_attempt(
        self, record: CallRecord, added: Mapping[str, str], deadline: float
    ) -> Mapping[str, str]:
        """Call ``before_attempt`` of each hook, and return the headers to add to the request.

        Args:
            record: The record of the call.
            added: The headers that the caller of the call has added.
            deadline: The loop time by which hooks must have ended.
        """
        outgoing = OutgoingRequest(record=record, number=len(record.attempts) + 1, headers=added)
        for hook in self._hooks:
            changed = await _call_hook(hook, hook.before_attempt, outgoing, deadline)
            if changed is not None:
                outgoing = _with_changes(hook, outgoing, changed)
        return outgoing.headers

    async def after_attempt(self, record: CallRecord, deadline: float) -> None:
        """Call ``after_attempt`` of each hook, until the deadline, a loop time."""
        for hook in self._hooks:
            await _call_hook(hook, hook.after_attempt, record, _with_grace(deadline))

    async def after_call(self, record: CallRecord, deadline: float) -> None:
        """Call ``after_call`` of each hook, until the deadline, a loop time."""
        for hook in self._hooks:
            await _call_hook(hook, hook.after_call, record, _with_grace(deadline))

    def outbox_opened(self, look: Callable[[], OutboxState]) -> None:
        """Call ``outbox_opened`` of each hook."""
        for hook in self._hooks:
            _call_outbox_hook(hook, hook.outbox_opened, look)

    def outbox_closed(self, look: Callable[[], OutboxState]) -> None:
        """Call ``outbox_closed`` of each hook."""
        for hook in self._hooks:
            _call_outbox_hook(hook, hook.outbox_closed, look)


def _call_outbox_hook(
    hook: Hook, function: Callable[[Callable[[], OutboxState]], None], look: Callable[[], OutboxState]
) -> None:
    try:
        function(look)
    except Exception:
        logger.exception(_FAILED, type(hook).__name__)


def _with_grace(deadline: float) -> float:
    return max(deadline, asyncio.get_running_loop().time() + GRACE)


async def _call_hook(
    hook: Hook, function: Callable[[A], Awaitable[T | None] | T | None], about: A, until: float
) -> T | None:
    """Call a method of a hook; an error of the hook is logged, and is not raised."""
    cancelled_before = _cancellations()
    try:
        result = function(about)
        if isinstance(result, Awaitable):
            async with asyncio.timeout_at(until):
                return await cast("Awaitable[T | None]", result)
    except asyncio.CancelledError:
        if _cancellations() > cancelled_before:
            raise  # the call is cancelled, not something within the hook
        logger.exception(_FAILED, type(hook).__name__)
    except (Exception, SystemExit):  # it has no say in whether the program ends, either
        logger.exception(_FAILED, type(hook).__name__)
    else:
        return result
    return None


def _with_changes(hook: Hook, outgoing: OutgoingRequest, changed: OutgoingRequest) -> OutgoingRequest:
    """Return the request with the headers of a hook; other changes of the hook are ignored."""
    try:
        check_added(changed.headers)
        return evolve(outgoing, headers=dict(changed.headers))
    except Exception:
        logger.exception(_FAILED, type(hook).__name__)
    return outgoing


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
