"""A worker whose lease and pauses are short, for ``kill_workers.py``: what takes minutes takes seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
import time
from pathlib import Path

from attrs import define
from killing.fault_mix import CREATE, TOO_LATE
from killing.hosts import Host

from confirma_async import Confirma, Hook, RateLimit, RetryPolicy
from confirma_async.bulk.machines import planned, queue, worker
from confirma_async.bulk.postgres.connection import session
from confirma_async.errors import JournalError
from confirma_async.session.hooks import OutgoingRequest

LEASE = 3.0
"""Seconds; a stop that is longer has others take over."""

CONCURRENCY = 16
SETTLE = 1.6

LOST_JOURNAL = 5


def hasten() -> None:
    """Shorten what a worker waits for."""
    session.LEASE = LEASE
    session.STUCK_SECONDS = 3 * LEASE  # more than a machine with more to do takes for a commit
    queue.ANSWER_SECONDS = worker.RATE_SECONDS = LEASE
    planned.LOOK_AGAIN = 1.0
    planned.LONGEST_PAUSE = 4.0
    worker.POLL_SECONDS = 0.1
    worker.HEARTBEAT_SECONDS = 0.5
    worker.STALLED_SECONDS = 2.0
    worker.SWEEP_SECONDS = 0.5


MOMENT = struct.Struct("d")
"""How a moment is written down: seconds of ``time.monotonic``, the same for all processes."""


@define
class _Starts(Hook):
    """Writes down when each invoice begins to leave.

    Attributes:
        file: The descriptor of the file, which is only added to.
    """

    file: int

    def before_attempt(self, outgoing: OutgoingRequest) -> None:
        if outgoing.record.operation.name == CREATE:
            os.write(self.file, MOMENT.pack(time.monotonic()))


async def _work(url: str, key: str, database: str, hooks: list[Hook]) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Confirma(
        key,
        base_url=url,
        timeout=TOO_LATE,
        retry=RetryPolicy(base=0.01),
        rate_limit=RateLimit(concurrency=CONCURRENCY),
        hooks=hooks,
    ) as confirma:
        await confirma.bulk.work(
            journal=database,
            stop=stop,
            settle_seconds=SETTLE,
            on_unknown="resend",
            max_consecutive_rejections=None,
        )


def run(url: str, key: str, database: str, host: Host | None = None, starts: Path | None = None) -> None:
    """Be a worker, which says nothing to anybody.

    Args:
        url: Where the service is.
        key: The key of its calls.
        database: The URL of the journal.
        host: Where to be; None for where the process is.
        starts: The file to write down in when each invoice begins to leave; None for none.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    if host is not None:
        host.enter()
    hooks: list[Hook] = []
    if starts is not None:
        hooks.append(_Starts(os.open(starts, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)))
    hasten()
    try:
        asyncio.run(_work(url, key, database, hooks))
    except JournalError:
        sys.exit(LOST_JOURNAL)
