"""The brake of a run: it stops the sending, and keeps the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from typing import Any, TypeVar

from attrs import define, field

from confirma_async.errors import CallError
from confirma_async.session.waiting.halt import Halt

T = TypeVar("T")


@define
class Brake:
    """Stops the sending of a run. Calls of which a byte may have left are finished.

    Attributes:
        let_go: Called when the run stops sending, to drop the items that wait for a lookup; set by
            ``Decisions``, which has them.
        calls: Cancels the calls that wait for their turn at the limiter or for a connection.
        halted: Set once nothing new is sent.
        reason: Why the run paused; None while it has not paused.
        cause: The error that it paused for, where there is one.
    """

    let_go: Callable[[], None] = field(init=False, default=lambda: None)
    calls: Halt = field(init=False, factory=Halt)
    halted: asyncio.Event = field(init=False, factory=asyncio.Event)
    reason: str | None = field(init=False, default=None)
    cause: CallError | None = field(init=False, default=None)

    def pause(self, reason: str | None, cause: CallError | None = None) -> None:
        """Pause the run; only the first reason is kept.

        Args:
            reason: Why, in words; None does nothing.
            cause: The error of the call, where one is the reason.
        """
        if reason is not None and self.reason is None:
            self.reason, self.cause = reason, cause
            self.stop_sending()

    def stop_sending(self) -> None:
        """Send nothing new: cancel the calls that wait for their turn, and drop the items that wait."""
        self.halted.set()
        self.calls.call()
        self.let_go()

    async def unless_halted(self, work: Coroutine[Any, Any, T]) -> T | None:
        """Await the work before a call; return its result, or None where the run halts first."""
        working, halted = asyncio.create_task(work), asyncio.create_task(self.halted.wait())
        try:
            await asyncio.wait([working, halted], return_when=asyncio.FIRST_COMPLETED)
            return working.result() if working.done() else None
        finally:
            await end([working, halted])
            del working  # it has its error, whose traceback has this frame, and those that hold documents


async def end(tasks: Collection[asyncio.Future[Any]]) -> None:
    """Cancel tasks, and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
