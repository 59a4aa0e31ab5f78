"""What does it cost to plan a job in a database, and to have workers send it? How does it grow with workers?

Six figures, in one run:

* how many invoices a second one process plans that are read, checked and encoded already;
* the CPU of the journal and the queue alone, over that of a journal in a file: the same entries, planned and
  sent by a worker or submitted by a job, 64 at once, through a transport that answers at once. What the calls
  take is measured as well, and taken off both;
* how many invoices a second several workers send to a service that takes 100 ms for an answer;
* how well they keep one rate together, over any ten seconds that begin a second after all of them have begun,
  how evenly they share it, and what a permit of it costs at that rate, and at one that never makes a call
  wait;
* the memory of a worker, after a quarter of its invoices and in the end.

The CPU is that of the SDK's own processes; the server's is told beside it. ``idle`` says which share of the
machine nobody used meanwhile: where that is below a quarter, growth and rate are those of the machine.

Prints one JSON document, with a sentence on each target.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import psycopg
from attrs import frozen
from parts.database import DatabaseServer, database_server
from parts.drive import API_KEY, cost_of, through_workers
from parts.figures import median, ratio, report, surroundings
from parts.fleet import Measured, measured, slow_service, worker
from parts.sample import FIRST_NUMBER, numbered, sample_invoice
from services.raw_server import RECEIPT, running_server
from services.slow_server import LATENCY

from confirma_async import Confirma, RateLimit
from confirma_async.bounds import PER_SECOND
from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.machines.queue import QueueConnector
from confirma_async.bulk.machines.shared_limiter import SharedLimiter
from confirma_async.bulk.models import CHUNK_SIZE, Entry, State
from confirma_async.cli import YOUNG
from confirma_async.contract import CREATE_INVOICE
from confirma_async.converters import Converter
from confirma_async.session.call_options import CallOptions
from confirma_async.session.rate.ratelimit import Limiter, LocalLimiter
from confirma_async.session.transport import Request, Response
from confirma_async.validation import Checks

_SENT = "SELECT sum(count) FROM confirma_journal.decided"

TARGETS = {
    "planned_a_second": 20_000,
    "journal_over_file": 1.5,
    "share_of_linear": 0.9,
    "rate_error": 0.02,
    "memory_mib": 10.0,  # by which a worker may grow after the first quarter of its invoices
}

CONCURRENCY = 64
WIDTH = 4
"""Calls under way at once in each worker of the growth: so few that the machine is no limit."""

ENOUGH_IDLE = 0.25
"""The share of the machine that nobody uses, for growth and rate to tell anything."""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="measures workers on a database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--invoices", type=int, default=5000)
    parser.add_argument("--memory", type=int, default=20_000, help="invoices of the worker that is watched")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--seconds", type=float, default=20.0, help="of the growth, and of the rate")
    parser.add_argument("--rate", type=float, default=100.0)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.invoices, options.workers, options.seconds = 1, 300, [1, 2], 2.0
        options.memory = 500
    gc.set_threshold(YOUNG)  # as the commands do
    with tempfile.TemporaryDirectory() as state, database_server() as server:
        os.environ["XDG_STATE_HOME"] = os.environ["CONFIRMA_JOURNAL_DIR"] = state
        rounds = asyncio.run(_rounds(server, options.rounds, options.invoices, Path(state)))
        with running_server() as url:
            memory = _memory(server, url, options.memory)
        permits = asyncio.run(_permits(server, options.rate, options.seconds / 2, 4 * options.invoices))
        grown = {count: _sent(server, count, options.seconds, None) for count in options.workers}
        kept = {count: _sent(server, count, options.seconds, options.rate) for count in options.workers}
    over_file = ratio([each.shared for each in rounds], [each.file for each in rounds])
    least = min(grown)
    linear = {count: round(one.rate / count * least / grown[least].rate, 3) for count, one in grown.items()}
    errors = {count: one.errors(options.rate) for count, one in kept.items()}
    found = {
        "planned_a_second": median([each.planned for each in rounds]),
        "journal_over_file": over_file["median"],
        "share_of_linear": min(linear.values()),
        "rate_error": max(abs(error) for pair in errors.values() for error in pair),
        "memory_mib": round(memory["end"] - memory["after a quarter"], 1),
    }
    busy = [
        f"{name}: the machine was the limit, so that this says nothing"
        for name, runs in (("share_of_linear", grown), ("rate_error", kept))
        if min(run.idle for run in runs.values()) < ENOUGH_IDLE
    ]
    report(
        {
            **surroundings(),
            "rounds": options.rounds,
            "planned_a_second": [round(each.planned) for each in rounds],
            "checked_and_planned_a_second": median([each.checked for each in rounds]),
            "cpu_us": {name: median([each.cpu_us[name] for each in rounds]) for name in rounds[0].cpu_us},
            "server_cpu_us": {
                name: median([each.server_us[name] for each in rounds]) for name in rounds[0].server_us
            },
            "journal_over_file": over_file,
            "sent_a_second": {count: round(one.rate, 1) for count, one in grown.items()},
            "share_of_linear": linear,
            "memory_mib": memory,
            "rate": options.rate,
            "rate_error": errors,
            "shares_of_the_rate": {count: sorted(one.shares) for count, one in kept.items()},
            "permit_cpu_us": permits,
            "idle": {
                "growth": {count: one.idle for count, one in grown.items()},
                "rate": {count: one.idle for count, one in kept.items()},
            },
            "target": TARGETS,
            "met": {name: _is_met(name, figure) for name, figure in found.items()},
            "verdict": [_verdict(name, figure) for name, figure in found.items()] + busy,
        }
    )


def _is_met(name: str, figure: float) -> bool:
    """Say whether a target is met; of two of them more is better."""
    more = name in {"planned_a_second", "share_of_linear"}
    return figure >= TARGETS[name] if more else figure <= TARGETS[name]


def _verdict(name: str, figure: float) -> str:
    return f"{name}: {figure:g}, target {TARGETS[name]:g}, {'met' if _is_met(name, figure) else 'missed'}"


# --- the journal and the queue alone ----------------------------------------------------------------


class _AtOnce:
    """A transport without a network, so that little but the journal is measured."""

    async def send(self, _: Request) -> Response:
        """Accept an invoice."""
        await asyncio.sleep(0)
        return Response(200, {"Content-Type": "application/json"}, RECEIPT)

    async def close(self) -> None:
        """There is nothing to close."""


@frozen
class _Round:
    """What a round took.

    Attributes:
        planned: Entries a second that were planned.
        checked: The same of invoices, which are checked and encoded as well.
        cpu_us: CPU microseconds per invoice of each way.
        server_us: The same, of the database server.
    """

    planned: float
    checked: float
    cpu_us: dict[str, float]
    server_us: dict[str, float]

    @property
    def file(self) -> float:
        """CPU microseconds of the journal in a file, for an invoice."""
        return self.cpu_us["submit to a file"] - self.cpu_us["calls alone"]

    @property
    def shared(self) -> float:
        """The same of the journal and the queue in a database."""
        return self.cpu_us["plan"] + self.cpu_us["work"] - self.cpu_us["calls alone"]


async def _rounds(server: DatabaseServer, rounds: int, count: int, folder: Path) -> list[_Round]:
    limit = RateLimit(concurrency=CONCURRENCY)
    async with Confirma(
        API_KEY, base_url="http://127.0.0.1:9", transport=_AtOnce(), rate_limit=limit
    ) as confirma:
        found = [
            await _round(confirma, server, FIRST_NUMBER + 2 * turn * count, count, folder / f"{turn}.journal")
            for turn in range(rounds + 1)
        ]
    return found[1:]  # connections are opened and functions made in the first one


async def _round(confirma: Confirma, server: DatabaseServer, first: int, count: int, journal: Path) -> _Round:
    """Have the same entries go each way, one after the other."""
    entries, base = _entries(count, first), sample_invoice()

    async def submit() -> None:
        ended = await confirma.bulk.submit(entries, journal=journal)
        if ended.accepted != count:
            raise AssertionError(f"of {count} invoices {ended.accepted} were accepted")

    async def work() -> None:
        ended = await confirma.bulk.work(journal=server.url, until_empty=True)
        if ended.counts[State.ACCEPTED] != count:
            raise AssertionError(f"of {count} invoices {ended.counts} were sent")

    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "calls alone": lambda: through_workers(entries, CONCURRENCY, _call_of(confirma)),
        "submit to a file": submit,
        "plan": lambda: confirma.bulk.plan(entries, journal=server.url),
        "work": work,
    }
    gc.freeze()  # what is to be sent is the benchmark's own
    cpu_us, server_us, rates = dict[str, float](), dict[str, float](), dict[str, float]()
    for name, way in ways.items():
        before = _cpu_of(server)
        cost = await cost_of(way(), count)
        cpu_us[name], rates[name] = cost.cpu_us, cost.rate
        server_us[name] = (_cpu_of(server) - before) / count * 1e6
    gc.unfreeze()
    invoices = (numbered(base, first + count + index) for index in range(count))
    checked = await cost_of(confirma.bulk.plan(invoices, journal=server.url), count)
    await work()
    return _Round(rates["plan"], checked.rate, cpu_us, {name: server_us[name] for name in ("plan", "work")})


def _call_of(confirma: Confirma) -> Callable[[Entry], Awaitable[object]]:
    """Return the call that a job makes for an entry."""
    pipeline = confirma.bulk._pipeline  # noqa: SLF001 (no verb sends ready bytes)

    async def call(entry: Entry) -> None:
        await pipeline.reply(CREATE_INVOICE, entry.body, options=CallOptions(subject=str(entry.key)))

    return call


def _entries(count: int, first: int) -> list[Entry]:
    converter, base = Converter(), sample_invoice()
    prepared = (
        prepare(numbered(base, first + index), index + 1, converter, Checks()) for index in range(count)
    )
    return [entry for entry in prepared if isinstance(entry, Entry)]


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


async def _permits(
    server: DatabaseServer, rate: float, seconds: float, count: int
) -> dict[str, dict[str, float]]:
    """Return the CPU microseconds of a permit, here and of the server, at a rate and at the highest one."""
    found = dict[str, dict[str, float]]()
    for per_second, calls in ((rate, int(rate * seconds)), (PER_SECOND.most, count)):
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("UPDATE confirma_journal.rate SET per_second = %s", (per_second,))
        alone = LocalLimiter(RateLimit(concurrency=CONCURRENCY))
        shared = SharedLimiter(
            LocalLimiter(RateLimit(concurrency=CONCURRENCY)), QueueConnector(server.url), per_second
        )
        await _admit(shared, CONCURRENCY)  # the connection is made
        before = _cpu_of(server)
        cost = await cost_of(_admit(shared, calls), calls)
        server_us = (_cpu_of(server) - before) / calls * 1e6
        of_calls = await cost_of(_admit(alone, calls), calls)
        await shared.close()
        found[f"{per_second:g} a second"] = {
            "worker": round(cost.cpu_us - of_calls.cpu_us, 1),
            "server": round(server_us, 1),
        }
    return found


async def _admit(limiter: Limiter, calls: int) -> None:
    """Have so many calls admitted, that take no time themselves."""

    async def call(_: int) -> None:
        await limiter.acquire(asyncio.get_running_loop().time() + 60.0)
        limiter.release()

    await through_workers(range(calls), CONCURRENCY, call)


# --- workers ----------------------------------------------------------------------------------------


def _memory(server: DatabaseServer, url: str, count: int) -> dict[str, float]:
    """Return the resident memory of a worker in MiB, after a quarter of its invoices and in the end."""
    asyncio.run(_plan(server, url, count))
    found = list[tuple[int, float]]()
    with (
        worker(server, url, "--until-empty", "--concurrency", str(CONCURRENCY)) as running,
        psycopg.connect(server.url, autocommit=True) as connection,
    ):
        process = psutil.Process(running.pid)
        while running.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess, psycopg.errors.UndefinedTable):
                (sent,) = connection.execute(_SENT).fetchone() or (0,)
                found.append((int(sent or 0), process.memory_info().rss / 2**20))
            time.sleep(0.1)
    if running.returncode:
        raise AssertionError(f"the worker ended with {running.returncode}")
    found = [pair for pair in found if pair[1] > 0]
    quarter = next((memory for sent, memory in found if sent >= count / 4), found[-1][1])
    return {"after a quarter": round(quarter, 1), "end": round(found[-1][1], 1)}


def _sent(server: DatabaseServer, workers: int, seconds: float, rate: float | None) -> Measured:
    """Measure so many workers that send to a service that takes its time."""
    a_second = workers * WIDTH / LATENCY if rate is None else rate
    plenty = int(a_second * (seconds + 4 + 2 * workers))
    words = ["--concurrency", str(WIDTH if rate is None else CONCURRENCY)]
    words += [] if rate is None else ["--rate", str(rate)]
    with slow_service() as service:
        asyncio.run(_plan(server, service.url, plenty, chunk_size=max(1, plenty // (8 * workers))))
        return measured(server, service, workers, seconds, words)


async def _plan(server: DatabaseServer, url: str, count: int, chunk_size: int = CHUNK_SIZE) -> None:
    """Plan invoices in a journal of their own: each is of one service."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS confirma_journal, confirma_queue CASCADE")
    async with Confirma(API_KEY, base_url=url) as confirma:
        base = sample_invoice()
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + count)
        await confirma.bulk.plan(
            (numbered(base, number) for number in numbers), journal=server.url, chunk_size=chunk_size
        )


if __name__ == "__main__":
    main()
