"""What does an outbox cost over a bulk job, and how long does a single write wait for the journal?

Gives invoices to a server in another process that does next to nothing, in turns:

* ``bulk``: ``confirma.bulk.submit`` with a new journal on disk, 64 invoices at a time;
* ``outbox``: 64 tasks, each giving one invoice after the other to ``outbox.invoices.create``;
* ``plain``: the same tasks, calling ``confirma.invoices.create``.

Read ``cpu``: CPU per invoice of the outbox over that of the job, the median over the rounds (the target is
1.3). ``added_ms`` is what the journal adds to a call: the latency of the outbox less that of the plain verb,
at the median and the 99th percentile, where one invoice after the other is given and where ``--busy`` tasks
do so at once (the target is 10 ms at the 99th percentile).

The journal goes to the directory for temporary files: set TMPDIR for another disk.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from bulk import CONCURRENCY
from parts.drive import Cost, client, cost_of, through_workers
from parts.figures import median, ratio, report, surroundings
from parts.sample import FIRST_NUMBER, numbered, numbered_invoices, sample_invoice
from services.raw_server import running_server

from confirma_async import Confirma
from confirma_async.schemas import SalesInvoiceRequest

TARGET_CPU = 1.3
TARGET_ADDED_MS = 10.0

Verb = Callable[[SalesInvoiceRequest], Awaitable[object]]


async def _submit(confirma: Confirma, count: int, journal: Path) -> None:
    report = await confirma.bulk.submit(numbered_invoices(count), journal=journal)
    if report.accepted != count:
        raise AssertionError(f"of {count} invoices {report.accepted} were accepted")


async def _give(confirma: Confirma, count: int, journal: Path) -> None:
    async with confirma.outbox(journal=journal) as outbox:
        await through_workers(numbered_invoices(count), CONCURRENCY, outbox.invoices.create)


async def _costs(url: str, rounds: int, count: int, folder: Path) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {"bulk": [], "outbox": [], "plain": []}
    async with client(url, CONCURRENCY) as confirma:
        for turn in range(rounds + 1):
            number = count if turn else CONCURRENCY  # connections are opened and functions made at first
            turns: dict[str, Awaitable[object]] = {
                "bulk": _submit(confirma, number, folder / f"{turn}.bulk"),
                "outbox": _give(confirma, number, folder / f"{turn}.outbox"),
                "plain": through_workers(numbered_invoices(number), CONCURRENCY, confirma.invoices.create),
            }
            for name, work in turns.items():
                cost = await cost_of(work, number)
                if turn:
                    costs[name].append(cost)
    return costs


async def _latencies(url: str, tasks: int, count: int, folder: Path) -> dict[str, list[float]]:
    """Return the milliseconds of each call, plain and through an outbox, given by so many tasks at once."""
    base = sample_invoice()
    taken: dict[str, list[float]] = {"plain": [], "outbox": []}

    async def giving(verb: Verb, name: str, numbers: Iterable[int]) -> None:
        for number in numbers:
            invoice, started = numbered(base, number), time.perf_counter()
            await verb(invoice)
            taken[name].append(1000 * (time.perf_counter() - started))

    confirma = client(url, CONCURRENCY)
    async with confirma, confirma.outbox(journal=folder / f"{tasks}.latency") as outbox:
        verbs: dict[str, Verb] = {"plain": confirma.invoices.create, "outbox": outbox.invoices.create}
        for name, verb in verbs.items():
            first = FIRST_NUMBER
            parts = [range(first + at, first + count, tasks) for at in range(tasks)]
            await asyncio.gather(*(giving(verb, name, part) for part in parts))
    return taken


def _added(taken: dict[str, list[float]]) -> dict[str, float]:
    def at(name: str, hundredth: int) -> float:
        return statistics.quantiles(taken[name], n=100)[hundredth - 1]

    return {f"p{share}": round(at("outbox", share) - at("plain", share), 2) for share in (50, 99)}


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="an outbox over a bulk job")
    parser.add_argument("--invoices", type=int, default=4000, help="invoices per variant and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--busy", type=int, default=16, help="tasks at once, for the latency")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    rounds, count = (2, 100) if options.quick else (options.rounds, options.invoices)
    with tempfile.TemporaryDirectory() as folder, running_server() as url:
        costs = asyncio.run(_costs(url, rounds, count, Path(folder)))
        added = {
            name: _added(asyncio.run(_latencies(url, tasks, count // 2, Path(folder))))
            for name, tasks in (("alone", 1), ("busy", options.busy))
        }
    cpu = {name: [cost.cpu_us for cost in taken] for name, taken in costs.items()}
    over = ratio(cpu["outbox"], cpu["bulk"])
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "invoices": count,
            "concurrency": CONCURRENCY,
            "cpu_us": {name: median(taken) for name, taken in cpu.items()},
            "rate": {name: round(median([cost.rate for cost in taken])) for name, taken in costs.items()},
            "cpu": over,
            "added_ms": added,
            "target": {"cpu": TARGET_CPU, "added_ms": TARGET_ADDED_MS},
            "met": {
                "cpu": over["median"] <= TARGET_CPU,
                "added_ms": max(one["p99"] for one in added.values()) <= TARGET_ADDED_MS,
            },
        }
    )


if __name__ == "__main__":
    main()
