"""Runs a client's event loop in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal
from attrs import frozen

from confirma_async.errors import ConfigurationError
from confirma_sync.waiting.blocking import BlockingCall

R = TypeVar("R")

_NOT_HERE = "a client's event loop goes on, whatever asks it to exit"

CLOSED = "this client is closed; make a new one, or close it later"


@frozen
class _RunningLoop:
    """The loop, and the anyio portal that keeps it going until it is asked to stop."""

    loop: asyncio.AbstractEventLoop
    portal: BlockingPortal


class LoopThread:
    """An event loop in a daemon thread.

    Args:
        make_loop: Makes the loop; called in the new thread.
        close_target: Awaited on the loop at its end, to close what was opened on it.

    Attributes:
        ended: Whether the loop takes no calls any more.
    """

    def __init__(
        self,
        make_loop: Callable[[], asyncio.AbstractEventLoop],
        close_target: Callable[[], Awaitable[object]],
    ) -> None:
        self._make_loop = make_loop
        self._close_target = close_target
        self._calls: set[BlockingCall[Any]] = set()
        self._error: BaseException | None = None
        self.ended: bool = False
        started: Future[_RunningLoop] = Future()
        self._thread = threading.Thread(
            target=self._run, args=(started,), name="confirma-portal", daemon=True
        )
        self._thread.start()
        self._running = started.result()

    def run(self, work: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Run a coroutine on the loop, and wait for its result.

        Raises:
            ConfigurationError: the loop has ended, or ends while the call is under way.
        """
        call = BlockingCall(work, self.post)
        try:
            self._calls.add(call)  # before the question: whoever ends the loop sets `ended`, then looks here
            if self.ended:
                raise ConfigurationError(CLOSED)
            return call.outcome()
        finally:
            self._calls.discard(call)

    def is_current(self) -> bool:
        """Say whether the calling thread is this one."""
        return threading.current_thread() is self._thread

    def post(self, function: Callable[[], object]) -> None:
        """Call a function on the loop, without waiting for it; from any thread, even the loop's own."""
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._running.loop.call_soon_threadsafe(function)

    def stop(self) -> None:
        """Ask the loop to end, without waiting for its end."""
        self.post(lambda: asyncio.ensure_future(self._running.portal.stop()))

    def join(self, seconds: float | None = None) -> None:
        """Wait for the end of the thread, for a number of seconds at most.

        Raises:
            BaseException: the error by which the loop ended.
        """
        self._thread.join(seconds)
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _run(self, started: Future[_RunningLoop]) -> None:
        try:
            with asyncio.Runner(loop_factory=self._make_loop) as runner:
                loop = runner.get_loop()
                serving = loop.create_task(self._serve(started))
                while not serving.done():
                    try:
                        loop.run_until_complete(serving)
                    except (SystemExit, KeyboardInterrupt) as error:
                        # Raised by a callback or a task of its own, it would take every other call with it.
                        loop.call_exception_handler({"message": _NOT_HERE, "exception": error})
        except BaseException as error:  # noqa: BLE001 (raised for the thread that waits for the start or the end)
            self._error = error
            if not started.done():
                started.set_exception(error)
        finally:
            self.ended = True
            while self._calls:
                self._calls.pop().fail(asyncio.CancelledError())

    async def _serve(self, started: Future[_RunningLoop]) -> None:
        async with BlockingPortal() as portal:
            started.set_result(_RunningLoop(asyncio.get_running_loop(), portal))
            await portal.sleep_until_stopped()
            self.ended = True
            await asyncio.sleep(0)  # a coroutine cancelled before its first step would not finish its call
            await self._close_target()
            rest = asyncio.all_tasks() - {asyncio.current_task()}
            for task in rest:
                task.cancel()
            await asyncio.gather(*rest, return_exceptions=True)


def new_loop(*, forks: bool) -> asyncio.AbstractEventLoop:
    """Make a loop for a portal.

    libuv's threads do not support a fork: a child process crashes at its end if its parent used them and it
    did not (libuv issue 4443). uvloop looks up the addresses of hosts in these threads. The loop made here
    looks them up in Python's threads instead. A loop on which a server is opened is not uvloop's.

    Args:
        forks: Whether the loop only serves calls, so that a child process can make another one.
    """
    if not forks:
        return asyncio.SelectorEventLoop()
    try:
        import uvloop
    except ImportError:
        return asyncio.SelectorEventLoop()

    class ForkableLoop(uvloop.Loop):
        async def getaddrinfo(self, host: Any, port: Any, **kinds: Any) -> Any:
            return await self.run_in_executor(None, lambda: socket.getaddrinfo(host, port, **kinds))

    return ForkableLoop()
