"""The one thread that owns the journal, and groups what many workers write into one commit.

A hand-over to the thread costs more than what it writes. So the intents and outcomes of many invoices go over
together: one hand-over is under way at a time, and in between gathers what the next one will carry.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from attrs import frozen

from confirma_async.bulk.journal import Decision, Journal
from confirma_async.errors import JournalError

T = TypeVar("T")

GROUP = 512
"""How much work may share one commit."""

PACE = 0.002
"""Seconds between two hand-overs at least, so that each carries several invoices when they come fast."""

OpenJournal = Callable[[], Journal]
"""Opens a journal; runs in the thread that will use it."""


@frozen
class _Order:
    """Work for the thread, and what waits for its result in the loop."""

    work: Callable[[Journal], Any]
    done: asyncio.Future[Any]


class JournalWriter:
    """Brings what a job writes into the journal's thread.

    If a commit fails, all that shared it fails, and nothing of it is written.

    Attributes:
        broken: Failed once an outcome could not be written; nobody waits for an outcome, so the job must
            wait for this.
        deciding: Outcomes that are on their way and not durable yet.
    """

    def __init__(self, open_journal: OpenJournal, loop: asyncio.AbstractEventLoop) -> None:
        self.broken: asyncio.Future[None] = loop.create_future()
        self.deciding: int = 0
        self._open_journal = open_journal
        self._loop = loop
        self._closing = False
        self._sends: list[tuple[int, asyncio.Future[None]]] = []
        self._decisions: list[tuple[Decision, Callable[[], None]]] = []
        self._under_way = False
        self._timer: asyncio.Handle | None = None
        self._next_at = 0.0
        self._opened: asyncio.Future[str] = loop.create_future()
        self._work: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="confirma-journal", daemon=True)
        self._thread.start()

    @classmethod
    async def open(cls, open_journal: OpenJournal) -> JournalWriter:
        """Opens the journal in its thread; raises what opening it raises."""
        writer = cls(open_journal, asyncio.get_running_loop())
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
        """Runs a function in the journal's thread, after all that was handed over before.

        Returns when its effect is durable.

        Raises:
            JournalError: it could not be written; nothing of it was.
        """
        self._refuse_when_closed()
        self._hand_over()
        done: asyncio.Future[T] = self._loop.create_future()
        self._work.put(_Order(work, done))
        return await done

    async def sending(self, position: int) -> None:
        """Writes down the intent to send an item; returns when it is durable.

        Raises:
            JournalError: it could not be written; nothing must be sent.
        """
        self._refuse_when_closed()
        done: asyncio.Future[None] = self._loop.create_future()
        self._sends.append((position, done))
        self._gather()
        await done

    def decide(self, decision: Decision, then: Callable[[], None]) -> None:
        """Writes down what became of an item, and calls ``then`` in the loop when that is durable."""
        self._refuse_when_closed()
        self.deciding += 1
        self._decisions.append((decision, then))
        self._gather()

    async def close(self) -> None:
        """Finishes what was handed over, then closes the journal. Closing twice is fine."""
        self._hand_over()
        self._closing = True
        self._work.put(None)
        await asyncio.to_thread(self._thread.join)
        if not self.broken.cancel() and not self.broken.cancelled():
            self.broken.exception()  # told already, to whoever runs the job

    def _refuse_when_closed(self) -> None:
        if self._closing:
            raise JournalError(f"the journal {self.name} is closed")

    # --- in the loop ------------------------------------------------------------------------------

    def _gather(self) -> None:
        """Has what was gathered handed over, at the next pace; not while a hand-over is under way."""
        if self._under_way or self._timer is not None:
            return
        self._timer = (
            self._loop.call_soon(self._hand_over)
            if self._next_at <= self._loop.time()
            else self._loop.call_at(self._next_at, self._hand_over)
        )

    def _hand_over(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._sends and not self._decisions:
            return
        sends, self._sends = self._sends, []
        decisions, self._decisions = self._decisions, []
        positions = [position for position, _ in sends]
        decided = [decision for decision, _ in decisions]

        def write(journal: Journal) -> None:
            if decided:
                journal.decide(decided)
            if positions:
                journal.sending(positions, time.time())

        done: asyncio.Future[None] = self._loop.create_future()
        done.add_done_callback(lambda written: self._written(written, sends, decisions))
        self._under_way = True
        self._next_at = self._loop.time() + PACE
        self._work.put(_Order(write, done))

    def _written(
        self,
        written: asyncio.Future[None],
        sends: Sequence[tuple[int, asyncio.Future[None]]],
        decisions: Sequence[tuple[Decision, Callable[[], None]]],
    ) -> None:
        self._under_way = False
        self.deciding -= len(decisions)
        error = written.exception()
        for _, done in sends:
            if not done.done():
                done.set_result(None) if error is None else done.set_exception(error)
        if error is not None:
            if decisions and not self.broken.done():
                self.broken.set_exception(error)
            return
        for _, then in decisions:
            then()
        if self._sends or self._decisions:
            self._gather()

    # --- in the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            journal = self._open_journal()
        except BaseException as error:  # noqa: BLE001 (whoever opens must hear of it)
            self._tell([self._opened], [error])
            return
        try:
            self._tell([self._opened], [journal.name])
            while group := self._next_group():
                self._tell([order.done for order in group], self._commit(journal, group))
        finally:
            journal.close()

    def _tell(self, waiting: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(_deliver, waiting, results)

    def _next_group(self) -> list[_Order]:
        """What there is to do, all of it; nothing when it is time to end."""
        first = self._work.get()
        if first is None:
            return []
        group = [first]
        while len(group) < GROUP:
            try:
                more = self._work.get_nowait()
            except queue.Empty:
                break
            if more is None:
                self._work.put(None)  # the end comes after this group
                break
            group.append(more)
        return group

    @staticmethod
    def _commit(journal: Journal, group: Sequence[_Order]) -> list[Any]:
        results: list[Any] = []
        try:
            with journal.transaction():
                for order in group:
                    try:
                        results.append(order.work(journal))
                    except JournalError as refusal:  # its own business; the others of the group go on
                        results.append(refusal)
        except Exception as error:  # noqa: BLE001 (whoever awaits must hear of it, or waits for ever)
            return [error] * len(group)
        return results


def _deliver(waiting: Sequence[asyncio.Future[Any]], results: Sequence[Any]) -> None:
    for done, result in zip(waiting, results, strict=True):
        if done.done():
            continue
        if isinstance(result, BaseException):
            done.set_exception(result)
        else:
            done.set_result(result)
