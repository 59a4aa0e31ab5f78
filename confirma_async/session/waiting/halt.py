"""Ends the waits of calls whose request has surely not left; other calls go on."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from types import TracebackType

from confirma_async.errors import Phase, TransportError
from confirma_async.session.waiting.interruption import Interruption


class CalledOffError(TransportError):
    """The wait of a call was ended by a halt: no request of the call has arrived."""

    def __init__(self) -> None:
        super().__init__("the call was called off before it was sent", phase=Phase.NOT_SENT)


class Halt:
    """Ends the waits of all calls that share it, once it is called, and lets none begin.

    A call uses ``with halt.wait():`` around each wait before a request: the wait for the limiter, and the
    pause after a request that did not arrive. Its other work is not interrupted.

    Attributes:
        called: Whether ``call`` was called.
    """

    def __init__(self) -> None:
        self.called: bool = False
        self._waits: set[_Wait] = set()

    def call(self) -> None:
        """End the wait of every call that waits now or later."""
        self.called = True
        waits, self._waits = self._waits, set()
        for wait in waits:
            wait.end()

    def wait(self) -> AbstractContextManager[None]:
        """Return a context manager for a wait of the running task that the halt can end.

        Raises:
            CalledOffError: on entering, if the halt was called before; on leaving, if it ended the wait.
        """
        return _Wait(self, self._waits)


class _Never(Halt):
    """A halt that is never called."""

    _undisturbed = nullcontext()

    def wait(self) -> AbstractContextManager[None]:
        return self._undisturbed


NEVER: Halt = _Never()
"""The halt of calls whose waits nothing ends early."""


class _Wait(Interruption):
    """One wait that the halt can end."""

    __slots__ = ("_halt", "_waits")

    def __init__(self, halt: Halt, waits: set[_Wait]) -> None:
        super().__init__()
        self._halt = halt
        self._waits = waits

    def __enter__(self) -> None:
        if self._halt.called:
            raise CalledOffError
        self._waits.add(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._waits.discard(self)
        if self.over(kind):
            raise CalledOffError from None
