"""Handles the signals that ask a command to end: gently after the first, and at once after the second.

Ctrl-C, SIGTERM and SIGHUP (of a terminal that was closed) mean the same. Running code says what a signal does
(``answered``, ``run``); otherwise the first signal, and no other, raises KeyboardInterrupt. After the second
one the process has ``PATIENCE`` seconds before it is ended; no journal is damaged by that.

This module imports hardly anything, because signals are handled before anything else is loaded.
"""

from __future__ import annotations

import _thread
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Generator, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio

T = TypeVar("T")

PATIENCE = 0.7
"""Seconds after the second signal until the process is ended, whatever it does."""

INTERRUPTED = 130
"""The exit code of a process that was interrupted."""

OPEN = 4
"""The exit code of a process that was interrupted in a call that may have taken effect."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals that are handled; Windows has no SIGHUP."""

_SERVING = frozenset({"worker"})
"""Commands that run until they are asked to end; exit code 0 if that is before they have begun."""

_AT_ONCE = {
    INTERRUPTED: "confirma: stopped at once; the same command goes on\n",
    OPEN: "confirma: stopped at once; it may have taken effect: find out before you give the command again\n",
}


class Signals:
    """Handles the signals that ask this process to end.

    Attributes:
        received: The number of signals that were received.
        code: The exit code if the process is ended at once.
    """

    def __init__(self) -> None:
        self.received: int = 0
        self.code: int = INTERRUPTED
        self._answers: Iterator[Callable[[], object]] | None = None
        self._raised = False
        self._installed = False

    def before_beginning(self, arguments: Sequence[str]) -> bool:
        """Say whether one signal has interrupted a command such as ``worker`` before it had begun.

        Once the command has begun, one signal does not interrupt it (``gently``).
        """
        return self.received == 1 and serves(arguments)

    def install(self) -> None:
        """Handle the signals from now on. Only the main thread can call this.

        SIGHUP is still ignored if it was, as under ``nohup``.
        """
        for number in SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._received)
        sys.unraisablehook = self._unraisable
        self._installed = True

    def over(self) -> None:
        """Ignore signals from now on, since nothing is left that could be interrupted.

        Python removes signal handlers at its end, but signals that are ignored stay ignored.
        """
        self._raised = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @contextlib.contextmanager
    def answered(self, *answers: Callable[[], object]) -> Generator[None]:
        """Call functions for signals while the block runs: the first one for the first signal, and so on.

        They are called in the signal handler. Signals after the last function do nothing here.
        """
        before, self._answers = self._answers, iter(answers)
        try:
            yield
        finally:
            self._answers = before

    @contextlib.contextmanager
    def interrupting(self) -> Generator[None]:
        """Let a signal raise KeyboardInterrupt in the block, for long work that never waits."""
        before, self._answers = self._answers, None
        try:
            yield
        finally:
            self._answers = before

    @contextlib.contextmanager
    def changing(self) -> Generator[None]:
        """Let no signal interrupt the block, in which a request changes something and the change is noted.

        If the process is ended in the block all the same, its exit code says that the request may have taken
        effect.
        """
        self.code = OPEN
        try:
            with self.answered():
                yield
        finally:
            self.code = INTERRUPTED

    @contextlib.contextmanager
    def gently(self, stop: asyncio.Event) -> Generator[None]:
        """Let the first signal set an event, and the second one cancel the task that runs the block."""
        import asyncio

        from confirma_async.cli.language.choice import gettext as _

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        stopping = _("stopping after what is under way; once more stops at once")

        def ask() -> None:
            loop.call_soon_threadsafe(stop.set)
            _say(f"confirma: {stopping}\n")

        def cancel() -> None:
            if task is not None:
                loop.call_soon_threadsafe(task.cancel)

        with self.answered(ask, cancel):
            yield

    def run(self, function: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        """Run an asynchronous function as ``asyncio.run`` does; each of two signals cancels it.

        Raises:
            asyncio.CancelledError: it was cancelled; the cause of the error says what may have been done.
        """
        import asyncio

        begun: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[Any]]] = []
        asked = False

        def cancel() -> None:
            nonlocal asked
            asked = True
            for loop, task in begun:
                with contextlib.suppress(RuntimeError):  # the loop is closed
                    loop.call_soon_threadsafe(task.cancel)

        async def whole() -> T:
            task = asyncio.current_task()
            if task is not None:
                begun.append((asyncio.get_running_loop(), task))
            if asked:  # before there was a task to cancel
                raise asyncio.CancelledError
            try:
                return await function(*args)
            except KeyboardInterrupt:  # asyncio reports a task that ends so, too
                raise asyncio.CancelledError from None

        if not self._installed:  # within another program, whose signals are its own
            return asyncio.run(function(*args))
        with self.answered(cancel, cancel):
            return asyncio.run(whole())

    def _received(self, _number: int, _frame: FrameType | None) -> None:
        self.received += 1
        if self.received == 2:
            # Not threading's: the lock it takes may be held by what was interrupted.
            _thread.start_new_thread(self._end_soon, ())
        if self._answers is not None:
            for answer in self._answers:
                answer()
                return
        elif not self._raised:
            self._raised = True
            raise KeyboardInterrupt

    def _end_soon(self) -> None:
        time.sleep(PATIENCE)
        _say(_AT_ONCE[self.code])
        os._exit(self.code)

    def _unraisable(self, unraisable: sys.UnraisableHookArgs) -> None:
        """End the process if KeyboardInterrupt was raised where Python drops it, such as in a finalizer."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            _thread.start_new_thread(self._end_soon, ())
        else:
            sys.__unraisablehook__(unraisable)


def serves(arguments: Sequence[str]) -> bool:
    """Say whether a command line begins a command that runs until it is asked to end."""
    words = iter(arguments)
    for word in words:
        if word == "--language":
            next(words, None)
        elif not word.startswith("-"):
            return word in _SERVING
    return False


signals: Signals = Signals()
"""The signals of this process."""


def _say(text: str) -> None:
    """Print a text from a signal handler, without a stream: one may be in the middle of a write."""
    with contextlib.suppress(OSError):  # the terminal may be closed
        os.write(2, text.encode())
