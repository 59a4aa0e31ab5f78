"""Processes of workers that are forked off one that has all modules: they begin within milliseconds."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from attrs import define
from killing import hasty_worker
from network.hosts import Host


@define(eq=False)
class WorkerProcess:
    """A worker in a process of its own.

    Attributes:
        host: Where it is; None where all are on one host.
    """

    _process: ForkServerProcess
    host: Host | None = None

    @property
    def pid(self) -> int:
        """Its number."""
        if self._process.pid is None:
            raise TypeError("a process that was started has a number")
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """How it ended: its exit code, or the signal that ended it, below zero; None while it runs."""
        return self._process.exitcode

    async def wait(self) -> None:
        """Wait for its end."""
        await asyncio.to_thread(self._process.join)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to stop."""
        self.send_signal(signal.SIGTERM)

    def send_signal(self, number: int) -> None:
        """Send it a signal.

        Raises:
            ProcessLookupError: it has ended.
        """
        os.kill(self.pid, number)


def forking() -> ForkServerContext:
    """Return what forks processes of workers; from then on the process that it forks has their modules."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[1])
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([hasty_worker.__name__])
    return context


async def start(
    context: ForkServerContext,
    url: str,
    key: str,
    database: str,
    host: Host | None = None,
    starts: Path | None = None,
) -> WorkerProcess:
    """Begin a worker.

    Args:
        context: What forks it.
        url: Where the service is.
        key: The key of its calls.
        database: The URL of the journal.
        host: Where it is; None where all are on one host.
        starts: The file that it writes down in when it sends; None for none.
    """
    process = context.Process(target=hasty_worker.run, args=(url, key, database, host, starts))
    await asyncio.to_thread(process.start)
    return WorkerProcess(process, host)
