"""Runs a command in several processes, which begin together, and are asked together to end.

Each process works as if the user had begun it alone. The user's own process, the parent, waits for them; it
starts none again, which is left to a supervisor. If the parent has ended, for whatever reason, each process
ends as well, because nobody else knows about it.
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
    """Begin processes that call ``work``, each with its index from 0; wait until all have ended.

    Returns:
        In each process, the exit code of its own work; in the parent, the highest of these.

    Raises:
        UsageError: this system cannot fork processes.
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
    """The processes that the parent has begun.

    Attributes:
        asked: How many times they were asked to end.
    """

    asked: int = field(init=False, default=0)
    _alive: tuple[int, int] = field(init=False, factory=os.pipe)
    """A pipe to which nothing is written: a read from it ends when the parent, which can write, has ended."""
    _signals_sent: dict[int, int] = field(init=False, factory=dict[int, int])  # how many times, by their ids

    def begin(self, count: int) -> int | None:
        """Begin the processes; return the index in each of them, and None in the parent."""
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
        """Wait until the parent has ended, then ask this process to end."""
        os.read(self._alive[0], 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def ask(self) -> None:
        """Ask all processes to end; called in a signal handler."""
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
