"""A thread that ends the process of a worker whose event loop or database gives no sign of life.

It runs outside the event loop, so that a loop that hangs, or a connection without an answer, cannot stop it.
Before that no call begins: right before each call, the rest of the lease is compared with the longest call.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable

from attrs import define, field

from confirma_async.errors import JournalError

BEAT = 1.0
"""Seconds between two beats of the loop."""

LONGEST_SILENCE = 60.0
"""Seconds without a beat, or without a lease, after which the process is ended."""

EXIT_CODE = 5
"""The exit code of a worker that has lost its journal, as of a command that has."""


@define
class Watchdog:
    """Watches a worker.

    Attributes:
        check_hold: Gets the seconds of a call; raises ``JournalError`` where the call must not begin.
        patience_seconds: Seconds without a sign of life after which the process ends.
        end: Ends the process.
    """

    check_hold: Callable[[float], None]
    patience_seconds: float = LONGEST_SILENCE
    end: Callable[[int], object] = os._exit
    _beat_at: float = field(init=False, factory=time.monotonic)
    _held_at: float = field(init=False, factory=time.monotonic)
    _over: threading.Event = field(init=False, factory=threading.Event)
    _timer: asyncio.TimerHandle | None = field(init=False, default=None)
    _thread: threading.Thread | None = field(init=False, default=None)

    def begin(self) -> None:
        """Start to watch. Call it in the event loop."""
        self._beat(asyncio.get_running_loop())
        self._thread = threading.Thread(target=self._watch, name="confirma-watchdog", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Stop watching. Call it in the event loop."""
        self._over.set()
        if self._timer is not None:
            self._timer.cancel()
        if self._thread is not None:
            self._thread.join()

    @property
    def trouble(self) -> str | None:
        """What is wrong with the worker now; None where nothing is. Any thread may ask."""
        if time.monotonic() > self._beat_at + 10 * BEAT:
            return "its loop hangs"
        try:
            self.check_hold(0.0)
        except JournalError:
            return "its lease is over: the database cannot be reached"
        return None

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat_at = time.monotonic()
        self._timer = loop.call_later(BEAT, self._beat, loop)

    def _watch(self) -> None:
        while not self._over.wait(BEAT):
            trouble = self.trouble
            if trouble is None:
                self._held_at = time.monotonic()
            elif time.monotonic() > self._held_at + self.patience_seconds:
                sys.stderr.write(f"confirma: the worker is ended, since {trouble}\n")
                sys.stderr.flush()
                self.end(EXIT_CODE)
                return
