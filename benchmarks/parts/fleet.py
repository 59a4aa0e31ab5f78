"""Several workers on one journal against a service that takes its time: when their requests came to it."""

from __future__ import annotations

import bisect
import contextlib
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Sequence
from pathlib import Path

import psutil
import psycopg
from attrs import frozen
from parts.database import DatabaseServer
from parts.drive import API_KEY

WINDOW = 10.0
"""Seconds over which a rate is kept, wherever they begin."""

STARTING = 1.0
"""Seconds from when all workers have begun to when they are measured."""

_ALIVE = (
    "SELECT count(*) FROM confirma_journal.run WHERE worker IS NOT NULL AND lease_until > clock_timestamp()"
)


@frozen
class Measured:
    """What came to the service while all workers were at work.

    Attributes:
        moments: When each request came, in seconds of the monotonic clock.
        began: When the measured time began, likewise.
        ended: When it ended.
        idle: The share of the machine's time that nobody used meanwhile.
        shares: How many requests came from each worker meanwhile, over the mean of all.
    """

    moments: Sequence[float]
    began: float
    ended: float
    idle: float
    shares: Sequence[float]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self._between(self.began, self.ended) / (self.ended - self.began)

    def errors(self, rate: float) -> tuple[float, float]:
        """Return by what share the emptiest and the fullest stretch of ten seconds were off a rate."""
        span = min(WINDOW, (self.ended - self.began) / 2)
        steps = int((self.ended - self.began - span) * 100) + 1
        found = [
            self._between(self.began + step / 100, self.began + step / 100 + span) for step in range(steps)
        ]
        return round(min(found) / span / rate - 1.0, 4), round(max(found) / span / rate - 1.0, 4)

    def _between(self, first: float, last: float) -> int:
        return bisect.bisect_left(self.moments, last) - bisect.bisect_left(self.moments, first)


@contextlib.contextmanager
def slow_service() -> Generator[SlowService]:
    """Have a service run that takes its time, and notes when requests come."""
    with subprocess.Popen(
        [sys.executable, "-m", "services.slow_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:  # closes both pipes, which ends the process, and waits for it
        yield SlowService(process)


class SlowService:
    """The service.

    Args:
        process: Its process.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        if process.stdin is None or process.stdout is None:
            raise AssertionError("the service has pipes")
        self._ask, self._answers = process.stdin, process.stdout
        self.url: str = f"http://127.0.0.1:{self._answers.readline().strip()}"

    def arrivals(self) -> list[tuple[float, int]]:
        """Return when its requests came, in seconds of the monotonic clock, and from which port."""
        self._ask.write("\n")
        self._ask.flush()
        return [(moment, port) for moment, port in json.loads(self._answers.readline())]


def worker(server: DatabaseServer, url: str, *words: str) -> subprocess.Popen[bytes]:
    """Begin a worker.

    Args:
        server: The database of its journal.
        url: The service.
        words: Options of the command.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "confirma_async.cli", "worker", server.url, *words],
        env={**os.environ, "CONFIRMA_BASE_URL": url, "CONFIRMA_API_KEY": API_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def measured(
    server: DatabaseServer, service: SlowService, workers: int, seconds: float, words: Sequence[str]
) -> Measured:
    """Have so many workers send what is planned for so long, from when all of them have begun.

    Args:
        server: The database of their journal.
        service: The service.
        workers: How many.
        seconds: For how long.
        words: Options of each.
    """
    running = [worker(server, service.url, *words) for _ in range(workers)]
    try:
        with psycopg.connect(server.url, autocommit=True) as connection:
            while connection.execute(_ALIVE).fetchone() != (workers,):
                if any(process.poll() is not None for process in running):
                    raise AssertionError("a worker has ended")
                time.sleep(0.1)
        time.sleep(STARTING)
        began, before = time.monotonic(), psutil.cpu_times()
        time.sleep(seconds)
        ended, after = time.monotonic(), psutil.cpu_times()
        arrivals, ports = service.arrivals(), [_ports(process) for process in running]
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
    spent = sum(after) - sum(before)
    counted = Counter(port for moment, port in arrivals if began <= moment < ended)
    each = [sum(counted[port] for port in theirs) for theirs in ports]
    mean = sum(each) / len(each)
    return Measured(
        moments=[moment for moment, _ in arrivals],
        began=began,
        ended=ended,
        idle=round((after.idle - before.idle) / spent, 3),
        shares=[round(one / mean, 3) for one in each],
    )


def _ports(process: subprocess.Popen[bytes]) -> set[int]:
    """Return the ports of this machine that the connections of a process begin at."""
    return {at.laddr.port for at in psutil.Process(process.pid).net_connections("tcp")}
