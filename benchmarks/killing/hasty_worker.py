"""A worker whose lease and pauses are short, for ``kill_workers.py``: what takes minutes takes seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import struct
import sys
import time
from pathlib import Path

from killing.fault_mix import TOO_LATE
from network.hosts import Host

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.bulk.machines import planned_journal, queue, worker
from confirma_async.bulk.postgres.connection import lease, line
from confirma_async.errors import JournalError, Phase, TransportError
from confirma_async.session.connection.http import AiohttpTransport
from confirma_async.session.transport import Request, Response

LEASE = 3.0
"""Seconds; a stop that is longer has others take over."""

CONCURRENCY = 16
SETTLE = 1.6

LOST_JOURNAL = 5


def hasten() -> None:
    """Shorten what a worker waits for."""
    lease.LEASE = LEASE
    line.STUCK_SECONDS = 3 * LEASE  # more than a machine with more to do takes for a commit
    queue.ANSWER_SECONDS = worker.RATE_SECONDS = LEASE
    planned_journal.LOOK_AGAIN = 1.0
    planned_journal.LONGEST_PAUSE = 4.0
    worker.POLL_SECONDS = 0.1
    worker.HEARTBEAT_SECONDS = 0.5
    worker.STALLED_SECONDS = 2.0
    worker.SWEEP_SECONDS = 0.5


MOMENT = struct.Struct("d")
"""How a moment is written down: seconds of ``time.monotonic``, the same for all processes. Below zero it is
taken back: nothing left then."""


class NotingTransport:
    """A transport that writes down when each invoice begins to leave, and takes back those that did not.

    Args:
        file: The descriptor of the file, which is only added to.
    """

    def __init__(self, file: int) -> None:
        self._inner = AiohttpTransport(connections=CONCURRENCY)
        self._file = file

    async def send(self, request: Request) -> Response:
        """Send one request."""
        moment = time.monotonic()
        if request.method == "POST":
            os.write(self._file, MOMENT.pack(moment))
        try:
            return await self._inner.send(request)
        except TransportError as error:  # it stood still before the first byte, say
            if request.method == "POST" and error.phase is Phase.NOT_SENT:
                os.write(self._file, MOMENT.pack(-moment))
            raise

    async def close(self) -> None:
        """Close what it opened."""
        await self._inner.close()


async def _work(url: str, key: str, database: str, transport: NotingTransport | None) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Confirma(
        key,
        base_url=url,
        timeout=TOO_LATE,
        retry=RetryPolicy(base_seconds=0.01),
        rate_limit=RateLimit(concurrency=CONCURRENCY),
        transport=transport,
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
    transport = None
    if starts is not None:
        transport = NotingTransport(os.open(starts, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    hasten()
    try:
        asyncio.run(_work(url, key, database, transport))
    except JournalError:
        sys.exit(LOST_JOURNAL)
