"""A blocking call: a thread hands a coroutine to the loop, and waits for its result."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from confirma_async.errors import ConfigurationError

R = TypeVar("R")


class BlockingCall(Generic[R]):
    """A coroutine that runs on the loop while one thread waits for its result.

    ``outcome`` is called by the thread that waits; everything else runs in the loop's thread.

    The thread waits for a lock, which the coroutine itself releases: a ``concurrent.futures.Future`` with its
    condition, and a callback for the end of the task, would take several times as long.

    Args:
        work: Makes the coroutine; called on the loop.
        post: Calls a function on the loop. Whoever ends the loop calls ``fail`` of every call.
    """

    __slots__ = ("_arrival", "_error", "_finished", "_post", "_result", "_task", "_work")

    _result: R

    def __init__(
        self, work: Callable[[], Coroutine[Any, Any, R]], post: Callable[[Callable[[], object]], None]
    ) -> None:
        self._work = work
        self._post = post
        self._error: BaseException | None = None
        self._finished = False
        self._task: asyncio.Task[None] | None = None
        self._arrival = threading.Lock()
        self._arrival.acquire()

    def _start(self) -> None:
        """Start the coroutine, which sees the context variables of the calling thread."""
        if not self._finished:
            self._task = asyncio.Task(self._live())

    def _cancel(self) -> None:
        """Cancel the coroutine after its first step: before that, its ``finally`` would not run."""
        if self._task is not None:
            asyncio.get_running_loop().call_soon(self._task.cancel)
        else:
            self.fail(asyncio.CancelledError())

    def fail(self, error: BaseException) -> None:
        """End the call with an error, because the loop has not begun it, or cannot finish it any more."""
        if not self._finished:
            self._error = error
            self._finish()

    async def _live(self) -> None:
        try:
            self._result = await self._work()
        except BaseException as error:  # noqa: BLE001 (raised in the thread that waits; a SystemExit ends no loop)
            self._error = error
        finally:
            self._finish()

    def _finish(self) -> None:
        self._finished = True
        # Freed here, for in the main thread a Ctrl-C might be lost in what freeing it calls.
        self._task = None
        self._arrival.release()

    def outcome(self) -> R:
        """Hand the coroutine to the loop, wait for its end, and return its result or raise its error.

        An interruption of the wait (by Ctrl-C, as a rule) cancels the coroutine, and is raised only after the
        coroutine has ended, so that nothing is sent later. ``_explain`` adds to it what became of the call.
        """
        try:
            self._post(self._start)
            self._arrival.acquire()
        except BaseException as interruption:
            try:
                self._post(self._cancel)
                if not self._finished:
                    self._arrival.acquire()
            except BaseException as impatience:
                self._post(self._cancel)  # the first time may have come to nothing
                impatience.add_note("The call was still being cancelled: what became of it is unknown.")
                raise
            self._explain(interruption)
            raise
        error, self._error = self._error, None
        if error is None:
            return self._result
        try:
            if isinstance(error, asyncio.CancelledError):
                raise ConfigurationError("this client was closed while the call was under way") from error
            raise error
        finally:
            del error, self  # else the traceback would hold itself

    def _explain(self, interruption: BaseException) -> None:
        """Add to the interruption what became of the call, if anything did."""
        error = self._error.__cause__ if isinstance(self._error, asyncio.CancelledError) else self._error
        if error is not None:
            interruption.__cause__ = error
        elif self._error is None:
            interruption.add_note("The call that this interrupted had already succeeded.")
