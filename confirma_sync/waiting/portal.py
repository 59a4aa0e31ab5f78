"""Runs the coroutines of asynchronous objects for blocking threads, and starts and ends their event loops."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

from confirma_async.errors import ConfigurationError
from confirma_sync.waiting.loop import CLOSED, LoopThread, new_loop

G = TypeVar("G")
R = TypeVar("R")
T = TypeVar("T")

EXIT_SECONDS = 1.0
"""Seconds that the interpreter waits at its end for the loops that nobody has closed."""

_INSIDE_A_LOOP = (
    "confirma_sync would block the event loop that runs in this thread; use the asynchronous client there: "
    "`from confirma_async import Confirma`, then `await` (in a notebook, too: cells can await)"
)
_IN_ITS_OWN_LOOP = (
    "this call comes from the client's own event loop (from a hook, say), which it would block for ever; "
    "make it after the call under way, or in another thread"
)
_LEFT_WITH_THE_PARENT = (
    "this was started before a fork, and stays with the process that started it; make another one here"
)


class Portal(Generic[G]):
    """Runs coroutines of an asynchronous object, the target, for threads that wait for them.

    The loop starts with the first call. It ends with ``close``, when nothing refers to the portal any more,
    or with the interpreter. A child process made by fork has none of its parent's threads: it does not touch
    loop and target, since their sockets are the parent's, and makes others at its first call.

    Args:
        make: Makes the target; called at once, and again in a child process.
        close_target: Closes what the target opened; awaited on the loop at its end.
        forks: Whether a target can be made again in a child process; otherwise calls there are refused.
    """

    def __init__(
        self, make: Callable[[], G], close_target: Callable[[G], Awaitable[object]], *, forks: bool = True
    ) -> None:
        self._make = make
        self._close_target = close_target
        self._forks = forks
        self._lock = threading.Lock()
        self._target = make()
        self._stale = False
        self._thread: LoopThread | None = None
        self._finalizer: weakref.finalize[[], Portal[G]] | None = None
        self._closed = False
        _portals.add(self)

    @property
    def target(self) -> G:
        """The asynchronous object, made again in a child process."""
        if self._stale and self._forks:
            with self._lock:
                self._refresh()
        return self._target

    def run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Run a coroutine on the loop, and wait for its result.

        Raises:
            ConfigurationError: an event loop runs in this thread, or the portal is closed.
        """
        thread = self._thread
        if thread is None or _in_a_loop():
            thread = self._start()
        return thread.run(work)

    def iterate(self, generator: AsyncGenerator[T]) -> Iterator[T]:
        """Yield what an asynchronous generator yields; close it when the iteration ends, even early."""

        async def following() -> list[T]:
            async for thing in generator:
                return [thing]
            return []

        try:
            while one := self.run(following):
                yield one[0]
        finally:
            if self.is_usable():
                self.run(generator.aclose)

    def post(self, function: Callable[[], object]) -> None:
        """Call a function on the loop, if there is one, without waiting for it. Any thread may do this."""
        if self._thread is not None:
            self._thread.post(function)

    def is_usable(self) -> bool:
        """Say whether this thread can make a call now on a loop that runs already."""
        return self.running is not None and not _in_a_loop() and not sys.is_finalizing()

    @property
    def running(self) -> LoopThread | None:
        """The thread of the loop; None while no loop takes calls."""
        return None if self._thread is None or self._thread.ended else self._thread

    def close(self) -> None:
        """Close the target, end the loop, and refuse calls from now on. Closing twice is fine."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.stop()
            if not thread.is_current():
                thread.join()

    def _start(self) -> LoopThread:
        if _in_a_loop():
            own = self._thread is not None and self._thread.is_current()
            raise ConfigurationError(_IN_ITS_OWN_LOOP if own else _INSIDE_A_LOOP)
        with self._lock:
            if self._closed:
                raise ConfigurationError(CLOSED)
            self._refresh()
            if self._thread is None:
                # The thread does not refer to the portal, so that it does not keep it alive.
                thread = LoopThread(
                    partial(new_loop, forks=self._forks), partial(self._close_target, self._target)
                )
                self._finalizer = weakref.finalize(self, thread.stop)
                self._finalizer.atexit = False  # see _at_exit, which waits
                self._thread = thread  # last: a fork in another thread may come at any moment
            return self._thread

    def _refresh(self) -> None:
        if self._stale:
            if not self._forks:
                raise ConfigurationError(_LEFT_WITH_THE_PARENT)
            self._target, self._stale = self._make(), False

    def reset_after_fork(self) -> None:
        """Forget the parent's thread and target in a child process.

        Neither is freed, which would close sockets that the parent uses: the frames of the parent's thread,
        which does not exist in the child, refer to them for ever.
        """
        self._lock = threading.Lock()  # another thread of the parent may have held it
        if self._thread is not None and self._finalizer is not None:
            self._finalizer.detach()
            self._thread, self._stale = None, True


class PerFork(Generic[T]):
    """Makes an object from the portal's target: at once, and again when a child process has another one."""

    def __init__(self, portal: Portal[Any], make: Callable[[], T]) -> None:
        self._portal = portal
        self._make = make
        self._target = portal.target
        self._made = make()

    def __call__(self) -> T:
        """Return the object for the present target."""
        target = self._portal.target
        if target is not self._target:
            self._target, self._made = target, self._make()
        return self._made


_portals: weakref.WeakSet[Portal[Any]] = weakref.WeakSet()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _after_fork() -> None:
    for portal in _portals:
        portal.reset_after_fork()


def _at_exit() -> None:
    threads = [thread for portal in _portals if (thread := portal.running) is not None]
    for thread in threads:
        thread.stop()
    deadline = time.monotonic() + EXIT_SECONDS
    for thread in threads:
        # An interpreter that ends starts no thread, and asyncio wants one to wait for those of its executor.
        with contextlib.suppress(RuntimeError):
            thread.join(max(0.0, deadline - time.monotonic()))


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(after_in_child=_after_fork)
