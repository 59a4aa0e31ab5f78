"""What does it cost to plan a job in a database, and to have workers send it? How does it grow with workers?

Five figures, in one run. How many invoices a second are planned that are read, checked and encoded already,
and how many with all of that, by one process. The CPU of a journal per invoice, as what a job costs beyond
the same calls without one: planning and a worker over PostgreSQL, against a job over a file. How many
invoices a second several workers send to a service that takes 100 ms for an answer. How well they keep one
rate together, over any ten seconds. And the memory of a worker, after a quarter of its invoices and in the
end.

The CPU is that of the SDK's own processes; the server's is told beside it.

Prints one JSON document with its ratios.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import psycopg
from attrs import frozen
from parts.database import DatabaseServer, database_server
from parts.drive import API_KEY, client, cost_of, through_workers
from parts.figures import median, ratio, report, surroundings
from parts.raw_server import running_server
from parts.sample import FIRST_NUMBER, numbered, numbered_invoices, sample_invoice
from parts.slow_server import LATENCY

from confirma_async import Confirma
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.planned import open_planned
from confirma_async.bulk.models import Entry, State
from confirma_async.converters import Converter
from confirma_async.validation import Checks

_SENT = "SELECT sum(count) FROM confirma_journal.decided"

TARGET_PLANNED = 20_000
TARGET_CPU = 1.5
TARGET_LINEAR = 0.9
TARGET_RATE = 0.02
TARGET_MEMORY = 10.0
"""MiB by which a worker may grow after the first quarter of its invoices."""

CONCURRENCY = 64
WIDTH = 4
"""Calls under way at once in each worker of the growth: so few that the machine is no limit."""

CHUNK = 500

WINDOW = 10.0
"""Seconds over which a rate is kept, wherever they begin."""
STARTING = 3.0
"""Seconds from the first request to when all workers have begun."""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="measures workers on a database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--invoices", type=int, default=5000)
    parser.add_argument("--memory", type=int, default=20_000, help="invoices of the worker that is watched")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=30.0, help="of the growth, and of the rate")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invoices, options.workers, options.seconds = 1, 300, [1, 2], 2.0
        options.memory = 500
    with tempfile.TemporaryDirectory() as state, database_server() as server:
        os.environ["XDG_STATE_HOME"] = os.environ["CONFIRMA_JOURNAL_DIR"] = state
        planned = [_planned(server, options.invoices, turn) for turn in range(options.rounds)]
        _forget(server)
        with running_server() as url:
            costs, whole = asyncio.run(_costs(server, url, options.rounds, options.invoices, Path(state)))
            _forget(server)
            memory = _memory(server, url, options.memory)
        grown = {count: _sent(server, count, options.seconds, None) for count in options.workers}
        kept = {count: _sent(server, count, options.seconds, options.rate) for count in options.workers}
    file = [job - bare for job, bare in zip(costs["file"], costs["no journal"], strict=True)]
    shared = [
        plan + work - bare
        for plan, work, bare in zip(costs["plan"], costs["work"], costs["no journal"], strict=True)
    ]
    rates = {count: _rate(moments) for count, moments in grown.items()}
    errors = {count: _error(moments, options.rate) for count, moments in kept.items()}
    least = min(rates)
    linear = {count: round(rate / count * least / rates[least], 3) for count, rate in rates.items()}
    over_file = ratio(shared, file)
    report(
        {
            **surroundings(),
            "rounds": options.rounds,
            "planned_a_second": median([each.rate for each in planned]),
            "planned_cpu_us": {
                "process": median([each.cpu_us for each in planned]),
                "server": median([each.server_us for each in planned]),
            },
            "checked_and_planned_a_second": median(whole),
            "cpu_us": {name: median(taken) for name, taken in costs.items()},
            "journal_over_file": over_file,
            "sent_a_second": {count: round(rate, 1) for count, rate in rates.items()},
            "share_of_linear": linear,
            "memory_mib": memory,
            "rate": options.rate,
            "rate_error": errors,
            "target": {
                "planned_a_second": TARGET_PLANNED,
                "journal_over_file": TARGET_CPU,
                "share_of_linear": TARGET_LINEAR,
                "rate_error": TARGET_RATE,
                "memory_mib": TARGET_MEMORY,
            },
            "met": {
                "planned_a_second": median([each.rate for each in planned]) >= TARGET_PLANNED,
                "journal_over_file": over_file["median"] <= TARGET_CPU,
                "share_of_linear": min(linear.values()) >= TARGET_LINEAR,
                "rate_error": max(abs(error) for pair in errors.values() for error in pair) <= TARGET_RATE,
                "memory_mib": memory["end"] - memory["after a quarter"] <= TARGET_MEMORY,
            },
        }
    )


def _entries(count: int, first: int) -> list[Entry]:
    converter, base = Converter(), sample_invoice()
    prepared = (
        prepare(numbered(base, first + index), index + 1, converter, Checks()) for index in range(count)
    )
    return [entry for entry in prepared if isinstance(entry, Entry)]


@frozen
class _Planned:
    """How fast invoices were planned.

    Attributes:
        rate: Invoices a second.
        cpu_us: CPU microseconds of each, of this process.
        server_us: The same, of the server.
    """

    rate: float
    cpu_us: float
    server_us: float


def _planned(server: DatabaseServer, count: int, turn: int) -> _Planned:
    """Plan invoices that are ready, a chunk in each transaction."""
    entries = _entries(count, FIRST_NUMBER + turn * count)
    journal = open_planned(server.url)
    try:
        with journal.transaction():
            run = journal.begin(JobName("planned only"), now=time.time())
        began, cpu, of_server = time.perf_counter(), time.process_time(), _cpu_of(server)
        for start in range(0, count, CHUNK):
            with journal.transaction():
                journal.plan(Bundle.of(entries[start : start + CHUNK]), run)
        found = _Planned(
            rate=count / (time.perf_counter() - began),
            cpu_us=(time.process_time() - cpu) / count * 1e6,
            server_us=(_cpu_of(server) - of_server) / count * 1e6,
        )
        with journal.transaction():
            journal.hand_over(run, now=time.time())
    finally:
        journal.close()
    return found


async def _costs(
    server: DatabaseServer, url: str, rounds: int, count: int, folder: Path
) -> tuple[dict[str, list[float]], list[float]]:
    """Return CPU microseconds per invoice of each way, round by round, and how many were planned a second.

    The ways take turns.
    """
    rates = list[float]()
    costs: dict[str, list[float]] = {"no journal": [], "file": [], "plan": [], "work": [], "server": []}

    async def submit(confirma: Confirma, first: int, journal: Path) -> None:
        base = sample_invoice()
        invoices = (numbered(base, first + index) for index in range(count))
        report = await confirma.bulk.submit(invoices, journal=journal)
        if report.accepted != count:
            raise AssertionError(f"of {count} invoices {report.accepted} were accepted")

    async def plan(confirma: Confirma, first: int) -> None:
        base = sample_invoice()
        await confirma.bulk.plan((numbered(base, first + i) for i in range(count)), journal=server.url)

    async def work(confirma: Confirma) -> None:
        ended = await confirma.bulk.work(journal=server.url, until_empty=True)
        if ended.counts[State.ACCEPTED] != count:
            raise AssertionError(f"of {count} invoices {ended.counts} were sent")

    async with client(url, CONCURRENCY) as confirma:
        for turn in range(rounds + 1):
            first, before = FIRST_NUMBER + turn * count, _cpu_of(server)
            taken = {
                "no journal": await cost_of(
                    through_workers(numbered_invoices(count), CONCURRENCY, confirma.invoices.create), count
                ),
                "file": await cost_of(submit(confirma, first, folder / f"{turn}.journal"), count),
                "plan": await cost_of(plan(confirma, first), count),
                "work": await cost_of(work(confirma), count),
            }
            if turn:  # connections are opened and functions made in the first one
                for name, cost in taken.items():
                    costs[name].append(cost.cpu_us)
                rates.append(taken["plan"].rate)
                costs["server"].append((_cpu_of(server) - before) / count * 1e6)
    return costs, rates


def _memory(server: DatabaseServer, url: str, count: int) -> dict[str, float]:
    """Return the resident memory of a worker in MiB, after a quarter of its invoices and in the end."""
    asyncio.run(_plan(server, url, count))
    found = list[tuple[int, float]]()
    with (
        _worker(server, url, "--until-empty", "--max-in-flight", str(CONCURRENCY)) as worker,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        process = psutil.Process(worker.pid)
        while worker.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess, psycopg.errors.UndefinedTable):
                (sent,) = connection.execute(_SENT).fetchone() or (0,)
                found.append((int(sent or 0), process.memory_info().rss / 2**20))
            time.sleep(0.1)
    if worker.returncode:
        raise AssertionError(f"the worker ended with {worker.returncode}")
    found = [pair for pair in found if pair[1] > 0]
    quarter = next((memory for sent, memory in found if sent >= count / 4), found[-1][1])
    return {"after a quarter": round(quarter, 1), "end": round(found[-1][1], 1)}


def _worker(server: DatabaseServer, url: str, *words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "confirma_async.cli", "worker", server.url, *words],
        env={**os.environ, "CONFIRMA_BASE_URL": url, "CONFIRMA_API_KEY": API_KEY},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _cpu_of(server: DatabaseServer) -> float:
    """Return the CPU seconds of the database server so far, those of connections that have ended included."""
    seconds = 0.0
    main = psutil.Process(server.server.get_pid())
    for process in (main, *main.children()):
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            seconds += times.user + times.system
    ended = main.cpu_times()
    return float(seconds + ended.children_user + ended.children_system)


def _sent(server: DatabaseServer, workers: int, seconds: float, rate: float | None) -> list[float]:
    """Return when the requests of so many workers came to a service that takes its time."""
    command = [sys.executable, "-m", "parts.slow_server"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent
    ) as service:
        if service.stdin is None or service.stdout is None:
            raise AssertionError("the service has pipes")
        url = f"http://127.0.0.1:{service.stdout.readline().strip()}"
        asyncio.run(_plan_plenty(server, url, workers, seconds, rate))
        words = ["--max-in-flight", str(WIDTH if rate is None else CONCURRENCY)]
        words += [] if rate is None else ["--rate", str(rate)]
        running = [_worker(server, url, *words) for _ in range(workers)]
        moments = list[float]()
        until = time.monotonic() + 60.0 + seconds
        while time.monotonic() < until:
            service.stdin.write("\n")
            service.stdin.flush()
            moments = json.loads(service.stdout.readline())
            if moments and moments[-1] - moments[0] >= seconds:
                break
            time.sleep(0.2)
        for process in running:
            process.terminate()
        for process in running:
            process.wait()
        service.stdin.close()
    _forget(server)
    return moments


async def _plan_plenty(
    server: DatabaseServer, url: str, workers: int, seconds: float, rate: float | None
) -> None:
    """Plan as many invoices as can be sent in the time, and half as many again."""
    a_second = workers * WIDTH / LATENCY if rate is None else rate
    _forget(server)
    await _plan(server, url, int(a_second * (seconds + 5) * 1.5))


async def _plan(server: DatabaseServer, url: str, count: int) -> None:
    async with Confirma(API_KEY, base_url=url) as confirma:
        base = sample_invoice()
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + count)
        await confirma.bulk.plan((numbered(base, number) for number in numbers), journal=server.url)


def _forget(server: DatabaseServer) -> None:
    """Begin anew: each of these journals is of a service of its own."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS confirma_journal, confirma_queue CASCADE")


def _rate(moments: Sequence[float]) -> float:
    """Return how many requests came a second, without the time in which workers begin and end."""
    half = moments[len(moments) // 2 :]
    return (len(half) - 1) / (half[-1] - half[0])


def _error(moments: Sequence[float], rate: float) -> tuple[float, float]:
    """Return by what share the emptiest and the fullest stretch of ten seconds were off the rate."""
    began, end = moments[0], moments[-1]
    span = min(WINDOW, (end - began) / 2)
    at = min(began + STARTING, end - span)
    errors = list[float]()
    for step in range(int((end - span - at) * 100) + 1):
        first = at + step / 100
        found = bisect.bisect_left(moments, first + span) - bisect.bisect_left(moments, first)
        errors.append(found / span / rate - 1.0)
    return round(min(errors), 4), round(max(errors), 4)


if __name__ == "__main__":
    main()
