"""Hands the writes of a job to the thread of its journal. Many writes share one commit.

A hand-over to the thread costs more than a write. So the intents and outcomes of many invoices share one:
while a hand-over is under way, further writes are gathered for the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.journal_thread import (
    DecidedItem,
    HandOver,
    JournalThread,
    Order,
    SendIntent,
    deliver,
)
from confirma_async.bulk.placement import OpenJournal
from confirma_async.errors import JournalError

T = TypeVar("T")

GATHER_SECONDS = 0.003
"""Seconds that a write waits for others to share its hand-over, while invoices are being sent."""

SHARE = 4
"""Writes are handed over at once as soon as one in ``SHARE`` of the invoices under way waits for them."""


class JournalWriter:
    """Hands the writes of a job to the journal's thread.

    Args:
        open_journal: Opens the journal, in the thread.
        loop: The event loop of the callers.
        longest_call_seconds: Seconds within which a call whose intent is written surely ends.
        awaited: Whether somebody waits for each outcome and order, as the callers of an outbox do; of a job's
            invoices, only those wait that are about to be sent.

    If a commit fails, every write that shared it fails, and none of them is written.

    Attributes:
        broken: A future that fails once an outcome could not be written. Nobody waits for a single outcome,
            so the job must wait for this.
        deciding: The number of outcomes that are handed over and not durable yet.
    """

    def __init__(
        self,
        open_journal: OpenJournal,
        loop: asyncio.AbstractEventLoop,
        longest_call_seconds: float,
        *,
        awaited: bool = False,
    ) -> None:
        self.broken: asyncio.Future[None] = loop.create_future()
        self.deciding: int = 0
        self._longest_call_seconds = longest_call_seconds
        self._awaited = awaited
        self._loop = loop
        self._closing = False
        self._decisions: list[DecidedItem] = []
        self._sends: list[SendIntent] = []
        self._orders: list[Order] = []
        self._out: set[int] = set()  # items whose intent was handed over, and whose outcome was not reported
        self._under_way = False
        self._timer: asyncio.Handle | None = None
        self._due = math.inf  # when the timer ends
        self._thread = JournalThread(
            open_journal, loop, longest_call_seconds, written=self._written, failed=self._failed
        )

    @classmethod
    async def open(
        cls, open_journal: OpenJournal, longest_call_seconds: float, *, awaited: bool = False
    ) -> JournalWriter:
        """Open the journal in its thread; raise the error where that fails."""
        writer = cls(open_journal, asyncio.get_running_loop(), longest_call_seconds, awaited=awaited)
        try:
            await writer._thread.opened
        except BaseException:  # cancelled while it opens: whoever opens it closes it
            writer._closing = True
            writer._thread.stop()
            raise
        return writer

    @property
    def name(self) -> str:
        """The name of the journal in messages."""
        return self._thread.opened.result()

    async def run(self, work: Callable[[Journal], T]) -> T:
        """Run a function on the journal in its thread, after all earlier writes.

        Returns when its effect is durable.

        Raises:
            JournalError: the journal could not be written; nothing was written.
        """
        self._refuse_when_closed()
        done: asyncio.Future[T] = self._loop.create_future()
        self._orders.append((work, done))
        self._gather()
        return await done

    async def sending(self, position: int) -> None:
        """Write down the intent to send an item; return when it is durable.

        Raises:
            JournalError: the intent could not be written, or another run may take the item over before the
                call ends; nothing must be sent.
        """
        self._refuse_when_closed()
        done: asyncio.Future[None] = self._loop.create_future()
        send = position, done
        self._sends.append(send)
        self._gather()
        try:
            await done
        except asyncio.CancelledError:  # its outcome would go over before it, and find no intent
            with contextlib.suppress(ValueError):
                self._sends.remove(send)
            raise
        self.check_hold()  # it may have slept since

    def check_hold(self) -> None:
        """Check that a call may begin: it ends before others may take over what this run has in its hands.

        Raises:
            JournalError: it may not.
        """
        if self._thread.journal is not None:
            self._thread.journal.check_hold(self._longest_call_seconds)

    def decide(self, decision: Decision, then: Callable[[], None]) -> None:
        """Write the outcome of an item, and call ``then`` in the loop when it is durable."""
        self._refuse_when_closed()
        self.deciding += 1
        self._out.discard(decision.position)
        self._decisions.append((decision, then))
        self._gather()

    async def close(self) -> None:
        """Write everything that was gathered, then close the journal. Closing twice is fine."""
        self._hand_over()
        self._closing = True
        self._thread.stop()
        await self._thread.join()
        if not self.broken.cancel() and not self.broken.cancelled():
            self.broken.exception()  # raised already for whoever runs the job

    def check_whole(self) -> None:
        """Check that no outcome has failed to be written.

        Raises:
            JournalError: an outcome could not be written; nothing more must be sent.
        """
        if self.broken.done() and not self.broken.cancelled() and (error := self.broken.exception()):
            raise JournalError(
                f"an outcome could not be written ({error}); nothing more is sent. Once that is mended, open "
                "the journal again: what may have arrived is looked up then"
            ) from error

    def _refuse_when_closed(self) -> None:
        if self._closing:
            raise JournalError(f"the journal {self.name} is closed")

    def _gather(self) -> None:
        """Set the time of the next hand-over: now, or after ``GATHER_SECONDS``, so that other writes join.

        It does nothing while a hand-over is under way.
        """
        due = 0.0 if self._enough else self._loop.time() + GATHER_SECONDS
        if self._under_way or due >= self._due:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due = due
        self._timer = self._loop.call_at(due, self._hand_over)

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due = math.inf
        if not self._gathered:
            return
        self._under_way = True
        self._out.update(position for position, _ in self._sends)
        self._thread.hand_over(HandOver(self._decisions, self._sends, self._orders))
        self._decisions, self._sends, self._orders = [], [], []

    @property
    def _enough(self) -> bool:
        """Whether to hand over at once: enough writes wait, or no call is under way that could add one."""
        waiting = len(self._sends)
        if self._awaited:
            waiting += len(self._decisions) + len(self._orders)
        return not self._out or waiting * SHARE >= waiting + len(self._out)

    @property
    def _gathered(self) -> bool:
        return bool(self._decisions or self._sends or self._orders)

    def _written(self, handed: HandOver, results: Sequence[Any]) -> None:
        """Answer the waiting callers: their writes are durable."""
        self._came_back(handed)
        for _, done in handed.sends:
            deliver(done, None)
        for (_, done), result in zip(handed.orders, results, strict=True):
            deliver(done, result)
        for _, then in handed.decisions:
            then()

    def _failed(self, handed: HandOver, error: Exception) -> None:
        """Answer the waiting callers with the error: none of their writes was written."""
        self._came_back(handed)
        self._out.difference_update(position for position, _ in handed.sends)
        for _, done in (*handed.sends, *handed.orders):
            deliver(done, error)
        if handed.decisions and not self.broken.done():
            deliver(self.broken, error)

    def _came_back(self, handed: HandOver) -> None:
        self._under_way = False
        self.deciding -= len(handed.decisions)
        if self._gathered:
            self._gather()
