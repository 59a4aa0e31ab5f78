"""A loop whose time only passes when nothing else is left to do."""

import asyncio
import selectors

import pytest


class _NoWaiting(selectors.SelectSelector):
    """Instead of waiting for the next timer, moves the loop's clock to it."""

    def __init__(self):
        super().__init__()
        self.now = 1000.0

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self):
        self._virtual = _NoWaiting()
        super().__init__(self._virtual)

    def time(self):
        return self._virtual.now

    def hold_up(self, seconds):
        """Have nothing be done for a while, as where a process gets no processor."""
        self._virtual.now += seconds


@pytest.fixture
def in_virtual_time():
    """Runs a coroutine function on a loop with virtual time."""

    def run(function):
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(function())

    return run
