"""The thread that owns a journal: it opens the journal, writes what is handed over, and closes it."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field, frozen

from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.journal.rules import JournalTakenOverError, NotWrittenError
from confirma_async.bulk.placement import OpenJournal
from confirma_async.errors import JournalError

TRIES = 5
"""How often a hand-over is tried that was lost on the way to the database and surely not written."""

LEFT_AFTER = 1.0
"""Seconds without a hand-over after which a journal writes what it has put off.

A journal that nobody closed is closed within as many, once its loop has ended.
"""

SendIntent = tuple[int, asyncio.Future[None]]
"""The position of an item to send, and the future that is set once its intent is durable."""

DecidedItem = tuple[Decision, Callable[[], None]]
"""An outcome, and the function that is called once it is durable."""

Order = tuple[Callable[[Journal], Any], asyncio.Future[Any]]
"""A function to run on the journal, and the future that gets its result."""


@frozen
class HandOver:
    """The writes that share one commit, with the futures of those in the loop who wait for it.

    Outcomes are written first, then intents; functions are run last, and see both.
    """

    decisions: Sequence[DecidedItem]
    sends: Sequence[SendIntent]
    orders: Sequence[Order]

    def written_to(self, journal: Journal, longest_call_seconds: float) -> list[Any]:
        """Write all of it to a journal; return the results of the orders."""
        with journal.transaction():
            if self.decisions:
                journal.decide([decision for decision, _ in self.decisions])
            if self.sends:
                now = time.time()
                journal.sending([position for position, _ in self.sends], now, now + longest_call_seconds)
            return [_result(work, journal) for work, _ in self.orders]


@define(eq=False, repr=False)  # what opens the journal may hold the password of a database
class JournalThread:
    """Writes what the loop hands over, one hand-over after the other.

    Args:
        open_journal: Opens the journal, in the thread.
        loop: The event loop that hands writes over.
        longest_call_seconds: Seconds within which a call whose intent is written surely ends.
        written: Called in the loop with each hand-over that is durable, and the results of its orders.
        failed: Called in the loop with each hand-over of which nothing was written, and its error.

    Attributes:
        opened: A future of the journal's name, set once it is open; it fails with the error of opening it.
        journal: The journal; None until it is open.
    """

    _open_journal: OpenJournal
    _loop: asyncio.AbstractEventLoop
    _longest_call_seconds: float
    _written: Callable[[HandOver, Sequence[Any]], None] = field(kw_only=True, alias="written")
    _failed: Callable[[HandOver, Exception], None] = field(kw_only=True, alias="failed")
    opened: asyncio.Future[str] = field(init=False)
    journal: Journal | None = field(init=False, default=None)
    _work: queue.SimpleQueue[HandOver | None] = field(init=False, factory=queue.SimpleQueue[HandOver | None])
    _thread: threading.Thread = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.opened = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, name="confirma-journal", daemon=True)
        self._thread.start()

    def hand_over(self, handed: HandOver) -> None:
        """Queue a hand-over, to be written after all that were handed over before."""
        self._work.put(handed)

    def stop(self) -> None:
        """Queue the closing of the journal, after all that was handed over."""
        self._work.put(None)

    async def join(self) -> None:
        """Wait for the end of the thread."""
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        try:
            journal = self._open_journal()
        except BaseException as error:  # noqa: BLE001 (whoever opens must hear of it)
            self._in_the_loop(deliver, self.opened, error)
            return
        self.journal = journal
        try:
            self._in_the_loop(deliver, self.opened, journal.name)
            while handed := self._next(journal):
                try:
                    results = _written(handed, journal, self._longest_call_seconds)
                except Exception as error:  # noqa: BLE001 (whoever awaits must hear of it, or waits for ever)
                    self._in_the_loop(self._failed, handed, error)
                else:
                    self._in_the_loop(self._written, handed, results)
        finally:
            journal.close()

    def _next(self, journal: Journal) -> HandOver | None:
        """Wait for the next hand-over; return None at the end, or if the loop was closed without ``stop``."""
        while not self._loop.is_closed():
            try:
                return self._work.get(timeout=LEFT_AFTER)
            except queue.Empty:
                with contextlib.suppress(JournalError):  # raised for whoever writes next
                    journal.write_put_off()
        return None

    def _in_the_loop(self, callback: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(callback, *arguments)


def _written(handed: HandOver, journal: Journal, longest_call_seconds: float) -> list[Any]:
    """Write a hand-over; try again, up to ``TRIES`` times, if it was surely not written."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(NotWrittenError):
            return handed.written_to(journal, longest_call_seconds)
    return handed.written_to(journal, longest_call_seconds)


def _result(work: Callable[[Journal], Any], journal: Journal) -> Any:
    try:
        return work(journal)
    except JournalTakenOverError:  # half of the work may be written by now
        raise
    except JournalError as refusal:  # its own business; the others of the commit go on
        return refusal


def deliver(done: asyncio.Future[Any], result: Any) -> None:
    """Set the result or the error of a future, unless whoever waited for it was cancelled."""
    if done.done():
        return
    if isinstance(result, BaseException):
        done.set_exception(result)
        done.exception()  # whoever waited may have gone: then the loop must not complain
    else:
        done.set_result(result)
