"""The one thread that owns the journal, and groups the writes of many workers into one commit.

A hand-over to the thread costs more than a write. So the intents and outcomes of many invoices share one:
while a hand-over is under way, further writes are gathered for the next one.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import frozen

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.journal.rules import JournalTakenOverError, NotWrittenError
from confirma_async.bulk.placement import OpenJournal
from confirma_async.errors import JournalError

T = TypeVar("T")

PACE = 0.003
"""Seconds that a hand-over waits for others to join it, while invoices are being sent."""

SHARE = 4
"""It waits no longer once one in so many of those that are being sent waits for it."""

TRIES = 5
"""Times that a hand-over is written, where it is lost on the way and surely nothing of it was written."""

LEFT_AFTER = 1.0
"""Seconds after which a journal that nobody closed is closed at the latest, once its loop is."""

_Send = tuple[int, asyncio.Future[None]]
_Decided = tuple[Decision, Callable[[], None]]
_Order = tuple[Callable[[Journal], Any], asyncio.Future[Any]]


@frozen
class _HandOver:
    """The writes that share one commit, and the futures that wait for it in the loop.

    Outcomes are written first, then intents; functions are run last, and see both.
    """

    decisions: Sequence[_Decided]
    sends: Sequence[_Send]
    orders: Sequence[_Order]

    def written_to(self, journal: Journal, longest_call: float) -> list[Any]:
        """Write all of it; return the results of the orders."""
        with journal.transaction():
            if self.decisions:
                journal.decide([decision for decision, _ in self.decisions])
            if self.sends:
                now = time.time()
                journal.sending([position for position, _ in self.sends], now, now + longest_call)
            return [_result(work, journal) for work, _ in self.orders]


class JournalWriter:
    """Hands the writes of a job to the journal's thread.

    Args:
        open_journal: Opens the journal, in the thread.
        loop: The loop of those who write.
        longest_call: Seconds within which a call whose intent is written surely ends.
        awaited: Whether somebody waits for each outcome and order, as the callers of an outbox do; of a job's
            invoices, only those wait that are about to be sent.

    If a commit fails, all that shared it fails, and nothing of it is written.

    Attributes:
        broken: Failed once an outcome could not be written; nobody waits for an outcome, so the job must
            wait for this.
        deciding: Outcomes that are on their way and not durable yet.
    """

    def __init__(
        self,
        open_journal: OpenJournal,
        loop: asyncio.AbstractEventLoop,
        longest_call: float,
        *,
        awaited: bool = False,
    ) -> None:
        self.broken: asyncio.Future[None] = loop.create_future()
        self.deciding: int = 0
        self._open_journal = open_journal
        self._longest_call = longest_call
        self._awaited = awaited
        self._journal: Journal | None = None
        self._loop = loop
        self._closing = False
        self._decisions: list[_Decided] = []
        self._sends: list[_Send] = []
        self._orders: list[_Order] = []
        self._out: set[int] = set()  # items whose intent was handed over, and whose outcome was not told
        self._under_way = False
        self._timer: asyncio.Handle | None = None
        self._due = math.inf  # when the timer ends
        self._opened: asyncio.Future[str] = loop.create_future()
        self._work: queue.SimpleQueue[_HandOver | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="confirma-journal", daemon=True)
        self._thread.start()

    @classmethod
    async def open(
        cls, open_journal: OpenJournal, longest_call: float, *, awaited: bool = False
    ) -> JournalWriter:
        """Open the journal in its thread; raise what opening it raises."""
        writer = cls(open_journal, asyncio.get_running_loop(), longest_call, awaited=awaited)
        try:
            await writer._opened
        except BaseException:  # cancelled while it opens: whoever opens it closes it
            writer._closing = True
            writer._work.put(None)
            raise
        return writer

    @property
    def name(self) -> str:
        """What names the journal."""
        return self._opened.result()

    async def run(self, work: Callable[[Journal], T]) -> T:
        """Run a function in the journal's thread, after all that was handed over before.

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
        """Check that a call may begin: it ends before others may take over what this job has in its hands.

        Raises:
            JournalError: it may not.
        """
        if self._journal is not None:
            self._journal.check_hold(self._longest_call)

    def decide(self, decision: Decision, then: Callable[[], None]) -> None:
        """Write the outcome of an item, and call ``then`` in the loop when it is durable."""
        self._refuse_when_closed()
        self.deciding += 1
        self._out.discard(decision.position)
        self._decisions.append((decision, then))
        self._gather()

    async def close(self) -> None:
        """Write everything that was handed over, then close the journal. Closing twice is fine."""
        self._hand_over()
        self._closing = True
        self._work.put(None)
        await asyncio.to_thread(self._thread.join)
        if not self.broken.cancel() and not self.broken.cancelled():
            self.broken.exception()  # told already, to whoever runs the job

    def check_whole(self) -> None:
        """Check that every outcome so far was written.

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

    # --- in the loop ------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Set the time of the next hand-over: now, or after ``PACE`` seconds, so that other writes join.

        It does nothing while a hand-over is under way.
        """
        due = 0.0 if self._enough else self._loop.time() + PACE
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
        self._work.put(_HandOver(self._decisions, self._sends, self._orders))
        self._decisions, self._sends, self._orders = [], [], []

    @property
    def _enough(self) -> bool:
        """Whether to hand over at once: many writes wait, or no call is under way that could add one."""
        waiting = len(self._sends)
        if self._awaited:
            waiting += len(self._decisions) + len(self._orders)
        return not self._out or waiting * SHARE >= waiting + len(self._out)

    @property
    def _gathered(self) -> bool:
        return bool(self._decisions or self._sends or self._orders)

    def _written(self, handed: _HandOver, results: Sequence[Any]) -> None:
        """Tell the waiting callers that their writes are durable."""
        self._came_back(handed)
        for _, done in handed.sends:
            _deliver(done, None)
        for (_, done), result in zip(handed.orders, results, strict=True):
            _deliver(done, result)
        for _, then in handed.decisions:
            then()

    def _failed(self, handed: _HandOver, error: Exception) -> None:
        """Tell the waiting callers that none of their writes was written."""
        self._came_back(handed)
        self._out.difference_update(position for position, _ in handed.sends)
        for _, done in (*handed.sends, *handed.orders):
            _deliver(done, error)
        if handed.decisions and not self.broken.done():
            _deliver(self.broken, error)

    def _came_back(self, handed: _HandOver) -> None:
        self._under_way = False
        self.deciding -= len(handed.decisions)
        if self._gathered:
            self._gather()

    # --- in the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            journal = self._open_journal()
        except BaseException as error:  # noqa: BLE001 (whoever opens must hear of it)
            self._in_the_loop(_deliver, self._opened, error)
            return
        self._journal = journal
        try:
            self._in_the_loop(_deliver, self._opened, journal.name)
            while handed := self._next():
                try:
                    results = _written(handed, journal, self._longest_call)
                except Exception as error:  # noqa: BLE001 (whoever awaits must hear of it, or waits for ever)
                    self._in_the_loop(self._failed, handed, error)
                else:
                    self._in_the_loop(self._written, handed, results)
        finally:
            journal.close()

    def _next(self) -> _HandOver | None:
        """Return the next hand-over; None at the end, also where the loop was closed before the journal."""
        while not self._loop.is_closed():
            with contextlib.suppress(queue.Empty):
                return self._work.get(timeout=LEFT_AFTER)
        return None

    def _in_the_loop(self, tell: Callable[..., None], *told: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(tell, *told)


def _written(handed: _HandOver, journal: Journal, longest_call: float) -> list[Any]:
    """Write a hand-over; try again if it was lost on the way and surely not written."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(NotWrittenError):
            return handed.written_to(journal, longest_call)
    return handed.written_to(journal, longest_call)


def _result(work: Callable[[Journal], Any], journal: Journal) -> Any:
    try:
        return work(journal)
    except JournalTakenOverError:  # half of the work may be written by now
        raise
    except JournalError as refusal:  # its own business; the others of the commit go on
        return refusal


def _deliver(done: asyncio.Future[Any], result: Any) -> None:
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
        done.exception()  # whoever waited may have gone: then the loop must not complain
    else:
        done.set_result(result)
