"""What does exactly-once cost a bulk job?

Submits invoices 64 at a time to a server in another process that does next to nothing, in turns:

* ``journaled``: ``confirma.bulk.submit`` with a new journal on disk;
* ``unjournaled``: the same client, a plain set of workers calling ``invoices.create``;
* ``bare``: aiohttp posting bytes that are ready.

Read ``throughput``: ``journaled`` over each of the others, the median over the rounds (1 is as fast; the
targets are 0.9 and 0.6). ``cpu`` is the same in CPU per invoice, where less is better: it moves little with
what else the machine is doing. Invoices are made one at a time while the job runs; ``making_us`` is what
that costs, and stands in both of the SDK's figures. ``memory`` is the most that a process ever held for N
invoices and for 5N. The journal goes to the directory for temporary files: set TMPDIR for another disk.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable
from itertools import repeat
from pathlib import Path

from drive import Cost, bare_post, client, cost_of, peak_memory_mib, through_workers
from figures import median, ratio, report, rounds_of, surroundings
from raw_server import running_server
from sample import FIRST_NUMBER, numbered, numbered_invoices, sample_invoice

from confirma_async import Confirma

CONCURRENCY = 64
TARGET_OVER_UNJOURNALED = 0.9
TARGET_OVER_BARE = 0.6
GROWTH = 5


def main() -> None:
    """Measures, and prints one JSON document."""
    parser = argparse.ArgumentParser(description="journaled bulk over the same client without a journal")
    parser.add_argument("--invoices", type=int, default=5000, help="invoices per variant and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument(
        "--memory-of", type=int, metavar="N", help="only submit N, and print MiB held at most"
    )
    options = parser.parse_args()
    rounds, count = (2, 100) if options.quick else (options.rounds, options.invoices)
    with tempfile.TemporaryDirectory() as folder, running_server() as url:
        if options.memory_of is not None:
            asyncio.run(_submit_once(url, options.memory_of, Path(folder)))
            print(peak_memory_mib())
            return
        costs = asyncio.run(_measure(url, rounds, count, Path(folder)))
    cpu = {name: [cost.cpu_us for cost in taken] for name, taken in costs.items()}
    rate = {name: [cost.rate for cost in taken] for name, taken in costs.items()}
    over = {name: ratio(rate["journaled"], rate[name]) for name in ("unjournaled", "bare")}
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "invoices": count,
            "concurrency": CONCURRENCY,
            "cpu_us": {name: median(taken) for name, taken in cpu.items()},
            "rate": {name: round(median(taken)) for name, taken in rate.items()},
            "making_us": _making(rounds, count),
            "throughput": over,
            "cpu": {name: ratio(cpu["journaled"], cpu[name]) for name in ("unjournaled", "bare")},
            "memory": _memory(count),
            "target": {"unjournaled": TARGET_OVER_UNJOURNALED, "bare": TARGET_OVER_BARE},
            "met": {
                "unjournaled": over["unjournaled"]["median"] >= TARGET_OVER_UNJOURNALED,
                "bare": over["bare"]["median"] >= TARGET_OVER_BARE,
            },
        }
    )


async def _measure(url: str, rounds: int, count: int, folder: Path) -> dict[str, list[Cost]]:
    costs: dict[str, list[Cost]] = {"bare": [], "unjournaled": [], "journaled": []}
    async with bare_post(url) as post, client(url, CONCURRENCY) as confirma:
        body = confirma.converter.dumps(sample_invoice())

        async def take_turns(count: int, turn: int) -> None:
            turns: dict[str, Awaitable[object]] = {
                "bare": through_workers(repeat(body, count), CONCURRENCY, post),
                "unjournaled": through_workers(
                    numbered_invoices(count), CONCURRENCY, confirma.invoices.create
                ),
                "journaled": _submit(confirma, count, folder / f"{turn}.journal"),
            }
            for name, work in turns.items():
                costs[name].append(await cost_of(work, count))

        await take_turns(CONCURRENCY, 0)  # connections are opened and functions made here
        for taken in costs.values():
            taken.clear()
        for turn in range(1, rounds + 1):
            await take_turns(count, turn)
    return costs


async def _submit(confirma: Confirma, count: int, journal: Path) -> None:
    outcome = await confirma.bulk.submit(numbered_invoices(count), journal=journal)
    if outcome.accepted != count:
        raise AssertionError(f"of {count} invoices {outcome.accepted} were accepted")


async def _submit_once(url: str, count: int, folder: Path) -> None:
    async with client(url, CONCURRENCY) as confirma:
        await _submit(confirma, count, folder / "journal")


def _memory(count: int) -> dict[str, float]:
    small, large = _memory_of(count), _memory_of(count * GROWTH)
    return {
        "mib": round(small, 1),
        f"mib_of_{GROWTH}_times": round(large, 1),
        "growth_mib": round(large - small, 1),
    }


def _memory_of(count: int) -> float:
    command = [sys.executable, __file__, "--memory-of", str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _making(rounds: int, count: int) -> float:
    base = sample_invoice()
    taken = rounds_of({"making": lambda: numbered(base, FIRST_NUMBER)}, rounds=rounds, calls=count)
    return median(taken["making"])


if __name__ == "__main__":
    main()
