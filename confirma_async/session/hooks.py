"""Hooks: code of the user's that is told of every call, and may add headers. It cannot break one."""

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
"""Seconds that an asynchronous hook gets at least to hear of what has ended."""


@frozen(kw_only=True)
class OutgoingRequest:
    """A request that is about to be sent, as hooks see it: neither its key nor its body.

    Attributes:
        record: The call so far.
        number: Which attempt of the call it is, from 1.
        headers: The headers to add to the SDK's own: the caller's, and those of the hooks before.
    """

    record: CallRecord
    number: int
    headers: Mapping[str, str]

    def with_headers(self, headers: Mapping[str, str]) -> OutgoingRequest:
        """Return the same with more headers: ``outgoing.with_headers({"X-Correlation-Id": "..."})``.

        Raises:
            ConfigurationError: one is the SDK's own, or cannot be carried by HTTP.
        """
        check_added(headers)
        return evolve(self, headers={**self.headers, **headers})


@frozen(kw_only=True)
class OutboxState:
    """What an outbox has open.

    Attributes:
        under_way: Writes on their way to their first outcome.
        unknown: Writes of unknown outcome that it looks for.
        since: When the oldest of all was given, or taken up; seconds since 1970. None where nothing is open.
    """

    under_way: int
    unknown: int
    since: float | None


class Hook:
    """Watches calls. Override what you want to be told of, as a function or a coroutine function.

    Hooks run in the order they were given in, in the task of the call. One that raises is logged, and the
    call goes on as if it were not there; an asynchronous one gets what is left of the call's time (and, to
    hear of what has ended, a second at least). Hooks never see a key or a body. The record they are given is
    the call's own: look, and change nothing.
    """

    def before_attempt(
        self, outgoing: OutgoingRequest
    ) -> OutgoingRequest | Awaitable[OutgoingRequest | None] | None:
        """Return a request is about to be sent: its turn has come, and nothing of it has left.

        Returns:
            The request with headers added (``outgoing.with_headers``), which the next hook is given; None
            to leave it as it is.
        """

    def after_attempt(self, record: CallRecord) -> Awaitable[None] | None:
        """Return a request has ended, well or not; ``record.attempts[-1]`` tells how."""

    def after_call(self, record: CallRecord) -> Awaitable[None] | None:
        """Take note that a call has ended, maybe without an attempt; its caller does not know yet."""

    def outbox_opened(self, look: Callable[[], OutboxState]) -> None:
        """Hear that an outbox was opened; ``look`` tells what it has open, and any thread may call it."""

    def outbox_closed(self, look: Callable[[], OutboxState]) -> None:
        """Hear that an outbox is closed; ``look`` is what it was opened with."""


class Hooks:
    """The hooks of a client, in order.

    Args:
        hooks: The hooks.

    Attributes:
        given: Whether there are any: where there are none, a call asks no more than this.

    Raises:
        ConfigurationError: one is no ``Hook``.
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
        """Announce a request, and return the headers to add to it."""
        outgoing = OutgoingRequest(record=record, number=len(record.attempts) + 1, headers=added)
        for hook in self._hooks:
            changed = await _call_hook(hook, hook.before_attempt, outgoing, deadline)
            if changed is not None:
                outgoing = _with_changes(hook, outgoing, changed)
        return outgoing.headers

    async def after_attempt(self, record: CallRecord, deadline: float) -> None:
        """Tell how a request ended."""
        for hook in self._hooks:
            await _call_hook(hook, hook.after_attempt, record, _with_grace(deadline))

    async def after_call(self, record: CallRecord, deadline: float) -> None:
        """Tell how a call ended."""
        for hook in self._hooks:
            await _call_hook(hook, hook.after_call, record, _with_grace(deadline))

    def outbox_opened(self, look: Callable[[], OutboxState]) -> None:
        """Tell that an outbox was opened."""
        for hook in self._hooks:
            _told_of_outbox(hook, hook.outbox_opened, look)

    def outbox_closed(self, look: Callable[[], OutboxState]) -> None:
        """Tell that an outbox is closed."""
        for hook in self._hooks:
            _told_of_outbox(hook, hook.outbox_closed, look)


def _told_of_outbox(
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
    """Tell a hook something. A failure of it is logged, and goes no further."""
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
    """Return what a hook made of a request; whatever else it changed than the headers is not looked at."""
    try:
        check_added(changed.headers)
        return evolve(outgoing, headers=dict(changed.headers))
    except Exception:
        logger.exception(_FAILED, type(hook).__name__)
    return outgoing


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
