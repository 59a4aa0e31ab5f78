"""Signals that ask a command to end: the first ends it gently, the second at once.

Ctrl-C, SIGTERM, and SIGHUP of a terminal that is closed, mean the same. What runs says how it wants to be
asked (``answered``, ``run``); where nothing does, the first signal, and only that, raises KeyboardInterrupt.
From the second on the process has ``PATIENCE`` seconds; then it ends as it is, which a journal bears.

It imports next to nothing: signals are looked after before anything else is loaded.
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
"""Seconds from the second signal to the end, whatever holds the process up."""

INTERRUPTED = 130
"""The exit code of a process that was interrupted."""

OPEN = 4
"""The same where what was asked for may have taken effect."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Windows has no SIGHUP."""

_SERVING = frozenset({"worker"})
"""The commands that go on until they are asked to end: asked before they have begun, they did well."""

_AT_ONCE = {
    INTERRUPTED: "confirma: stopped at once; the same command goes on\n",
    OPEN: "confirma: stopped at once; it may have taken effect: find out before you give the command again\n",
}


class Signals:
    """How this process is asked to end.

    Attributes:
        received: How many signals came.
        code: The exit code of an end without more ado.
    """

    def __init__(self) -> None:
        self.received: int = 0
        self.code: int = INTERRUPTED
        self._answers: Iterator[Callable[[], object]] | None = None
        self._raised = False
        self._installed = False

    def before_beginning(self, arguments: Sequence[str]) -> bool:
        """Say whether what was interrupted is a command that serves, which was asked once to end.

        From when it has begun on, that does not interrupt it (``gently``).
        """
        return self.received == 1 and serves(arguments)

    def install(self) -> None:
        """Look after the signals from now on. Only the main thread may.

        ``nohup`` has SIGHUP ignored, and it stays so.
        """
        for number in SIGNALS:
            if number == signal.SIGINT or signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._received)
        sys.unraisablehook = self._unraisable
        self._installed = True

    def over(self) -> None:
        """Ignore signals from now on: nothing is left that could be interrupted.

        Python, as it ends, gives handlers up, but leaves alone what is ignored.
        """
        self._raised = True
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)

    @contextlib.contextmanager
    def answered(self, *answers: Callable[[], object]) -> Generator[None]:
        """Have signals answered by functions while the block runs: the first by the first, and so on.

        They run within the signal handler. Signals beyond the last of them are left without an answer.
        """
        before, self._answers = self._answers, iter(answers)
        try:
            yield
        finally:
            self._answers = before

    @contextlib.contextmanager
    def interrupting(self) -> Generator[None]:
        """Have a signal raise KeyboardInterrupt within the block: for long work that never waits."""
        before, self._answers = self._answers, None
        try:
            yield
        finally:
            self._answers = before

    @contextlib.contextmanager
    def changing(self) -> Generator[None]:
        """Let no signal come between a request that changes something and the note of it.

        Ended in the middle, it may have been done.
        """
        self.code = OPEN
        try:
            with self.answered():
                yield
        finally:
            self.code = INTERRUPTED

    @contextlib.contextmanager
    def gently(self, stop: asyncio.Event) -> Generator[None]:
        """Have the first signal set an event, and the second one cancel the task that runs the block."""
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
            asyncio.CancelledError: it was cancelled; what hangs on it says what may have been done.
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
        """Keep an interruption where nothing can be raised, such as in a finalizer."""
        if isinstance(unraisable.exc_value, KeyboardInterrupt):
            _thread.start_new_thread(self._end_soon, ())
        else:
            sys.__unraisablehook__(unraisable)


def serves(arguments: Sequence[str]) -> bool:
    """Say whether a command line is of a command that goes on until it is asked to end."""
    words = iter(arguments)
    for word in words:
        if word == "--language":
            next(words, None)
        elif not word.startswith("-"):
            return word in _SERVING
    return False


signals: Signals = Signals()
"""Those of this process."""


def _say(text: str) -> None:
    """Say something in a signal handler, where a stream may be in the middle of a write."""
    with contextlib.suppress(OSError):  # the terminal may be closed
        os.write(2, text.encode())
