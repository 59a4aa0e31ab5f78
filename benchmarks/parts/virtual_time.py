"""An event loop whose time only passes when nothing else is left to do: a minute of waiting takes no time."""

from __future__ import annotations

import asyncio
import selectors


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the loop's clock to it."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop for what needs no input from outside."""

    def __init__(self) -> None:
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self) -> float:
        """Return seconds since the loop was made."""
        return self._virtual.now
