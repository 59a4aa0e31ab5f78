"""A worker whose lease and pauses are short, for ``kill_workers.py``: what takes minutes takes seconds."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from killing.fault_mix import TOO_LATE

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.bulk.machines import planned, queue, worker
from confirma_async.bulk.postgres.connection import session
from confirma_async.errors import JournalError

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


async def _work(url: str, key: str, database: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with Confirma(
        key,
        base_url=url,
        timeout=TOO_LATE,
        retry=RetryPolicy(base=0.01),
        rate_limit=RateLimit(concurrency=CONCURRENCY),
    ) as confirma:
        await confirma.bulk.work(
            journal=database,
            stop=stop,
            settle_seconds=SETTLE,
            on_unknown="resend",
            max_consecutive_rejections=None,
        )


def run(url: str, key: str, database: str) -> None:
    """Be a worker, which says nothing to anybody.

    Args:
        url: Where the service is.
        key: The key of its calls.
        database: The URL of the journal.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    hasten()
    try:
        asyncio.run(_work(url, key, database))
    except JournalError:
        sys.exit(LOST_JOURNAL)
