"""A command that runs in several processes at once: they are begun together, asked to end together.

Each process goes on as if the command had been given for it alone; the one that was begun by the user waits
for them, and begins none again: what looks after the command does that. Where that one is gone, however it
ended, each of the others is asked to end, too: nobody else knows of it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

import click
from attrs import define, field

from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.output.printer import say
from confirma_async.cli.running.stopping import signals


def in_processes(count: int, work: Callable[[int], Exit]) -> Exit:
    """Have processes do some work, each with its place among them, from 0; wait until all have ended.

    Returns:
        In each process the exit code of its own work; in the one that waits the highest of them.

    Raises:
        UsageError: this system cannot do that.
    """
    if count == 1:
        return work(0)
    if not hasattr(os, "fork"):
        raise click.UsageError("--processes is not to be had on this system; begin several workers instead")
    family = _Family()
    with signals.answered(family.ask, family.ask):
        place = family.begin(count)
        if place is None:
            return family.wait()
    return Exit.ACCEPTED if family.asked else work(place)


@define
class _Family:
    """Processes that were begun together.

    Attributes:
        asked: How many times they were asked to end.
    """

    asked: int = field(init=False, default=0)
    _alive: tuple[int, int] = field(init=False, factory=os.pipe)
    """A pipe that says nothing: at its reading end it ends with the one process that holds the other end."""
    _signals_sent: dict[int, int] = field(init=False, factory=dict[int, int])  # how many times, by their ids

    def begin(self, count: int) -> int | None:
        """Begin the processes; return in each its place, and None where they are waited for."""
        for place in range(count):
            if self.asked:
                break
            sys.stdout.flush()
            sys.stderr.flush()
            child = os.fork()
            if child == 0:
                self._signals_sent.clear()
                os.setpgid(0, 0)  # Ctrl-C is for the one that waits, which asks each once
                os.close(self._alive[1])
                threading.Thread(target=self._end_with_parent, name="confirma-parent", daemon=True).start()
                return place
            self._signals_sent[child] = 0
            self._signal_all()
        return None

    def _end_with_parent(self) -> None:
        """Wait until the one that began this process is gone; then have this one asked to end."""
        os.read(self._alive[0], 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def ask(self) -> None:
        """Ask all of them to end; within the signal handler."""
        self.asked += 1
        self._signal_all()

    def _signal_all(self) -> None:
        for child, times in [*self._signals_sent.items()]:
            for _signal in range(times, self.asked):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGTERM)
            self._signals_sent[child] = self.asked

    def wait(self) -> Exit:
        """Wait until all have ended; return the highest of their exit codes."""
        highest = Exit.ACCEPTED
        while self._signals_sent:
            child, status = os.wait()
            if self._signals_sent.pop(child, None) is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            if code and self._signals_sent and not self.asked:
                if code > 0:
                    how = _("A worker has ended with exit code {code}; {left} go on, and none is begun again")
                else:
                    how = _("A worker was ended by signal {code}; {left} go on, and none is begun again")
                say(how.format(code=abs(code), left=len(self._signals_sent)), err=True)
            # One that was killed goes on where it is begun again.
            highest = max(highest, Exit(code) if code in {*map(int, Exit)} else Exit.PAUSED)
        return highest
