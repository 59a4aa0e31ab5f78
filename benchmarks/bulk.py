"""What does exactly-once cost a bulk job, and does it stay the same however large the job is?

Submits invoices 64 at a time to a server in another process that does next to nothing, in turns:

* ``journaled``: ``confirma.bulk.submit`` with a new journal on disk;
* ``unjournaled``: the same client, a plain set of workers calling ``invoices.create``;
* ``bare``: aiohttp posting bytes that are ready.

Read ``throughput``: ``journaled`` over each of the others, the median over the rounds (1 is as fast; the
targets are 0.9 and 0.6). ``cpu`` is the same in CPU per invoice, where less is better: it moves little with
what else the machine is doing. Invoices are made one at a time while the job runs; ``making_us`` is what
that costs, and stands in both of the SDK's figures.

``sizes`` has one job of each size, each in a process of its own: what it took, the most memory it ever held,
and, of a second run over the finished journal, ``resume_seconds`` from its start to the outcome of one new
invoice (the target for a million is 2) and ``skipped_rate``, how many finished invoices a second it reads
past. ``--sizes 10000,100000,1000000 --plot FILE`` measures and draws the growth.

The journal goes to the directory for temporary files: set TMPDIR for another disk.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

from parts.drive import Cost, bare_post, client, cost_of, peak_memory_mib, through_workers
from parts.figures import median, ratio, report, rounds_of, surroundings
from parts.sample import FIRST_NUMBER, numbered, numbered_invoices, sample_invoice
from services.raw_server import running_server

from confirma_async import Confirma

CONCURRENCY = 64
TARGET_OVER_UNJOURNALED = 0.9
TARGET_OVER_BARE = 0.6
TARGET_GROWTH_MIB = 30
TARGET_RESUME_SECONDS = 2
SKIPPED = 10_000
"""Finished invoices that a second run reads past at most, to measure how fast it does."""


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="journaled bulk over the same client without a journal")
    parser.add_argument("--invoices", type=int, default=5000, help="invoices per variant and round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--sizes", default="5000,25000", help="sizes of the jobs whose growth is measured")
    parser.add_argument("--plot", type=Path, help="draw the growth into this PNG")
    parser.add_argument("--one-job", type=int, metavar="N", help="only submit N, and print what it took")
    options = parser.parse_args()
    rounds, count = (2, 100) if options.quick else (options.rounds, options.invoices)
    sizes = [50, 100] if options.quick else [int(size) for size in options.sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder, running_server() as url:
        if options.one_job is not None:
            json.dump(asyncio.run(_one_job(url, options.one_job, Path(folder))), sys.stdout)
            return
        costs = asyncio.run(_measure(url, rounds, count, Path(folder)))
    grown = [_in_a_process_of_its_own(size) for size in sizes]
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
            "sizes": grown,
            "growth_mib": round(grown[-1]["mib"] - grown[0]["mib"], 1),
            "target": {
                "unjournaled": TARGET_OVER_UNJOURNALED,
                "bare": TARGET_OVER_BARE,
                "growth_mib": TARGET_GROWTH_MIB,
                "resume_seconds": TARGET_RESUME_SECONDS,
            },
            "met": {
                "unjournaled": over["unjournaled"]["median"] >= TARGET_OVER_UNJOURNALED,
                "bare": over["bare"]["median"] >= TARGET_OVER_BARE,
                "growth_mib": grown[-1]["mib"] - grown[0]["mib"] <= TARGET_GROWTH_MIB,
                "resume_seconds": grown[-1]["resume_seconds"] <= TARGET_RESUME_SECONDS,
            },
        }
    )
    if options.plot:
        draw(grown, options.plot)


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


async def _submit(confirma: Confirma, count: int, journal: Path, start: int = FIRST_NUMBER) -> None:
    base = sample_invoice()
    invoices = (numbered(base, number) for number in range(start, start + count))
    outcome = await confirma.bulk.submit(invoices, journal=journal)
    if outcome.accepted != count:
        raise AssertionError(f"of {count} invoices {outcome.accepted} were accepted")


async def _one_job(url: str, count: int, folder: Path) -> dict[str, float]:
    journal = folder / "journal"
    async with client(url, CONCURRENCY) as confirma:
        first = await cost_of(_submit(confirma, count, journal), count)
        held = peak_memory_mib()
        size = journal.stat().st_size / 2**20
        skipped = min(count, SKIPPED)
        resumed = await cost_of(_submit(confirma, 1, journal, start=FIRST_NUMBER + count), 1)
        again = await cost_of(_submit(confirma, skipped, journal), skipped)
    return {
        "invoices": count,
        "seconds": round(first.wall_seconds, 1),
        "rate": round(first.rate),
        "cpu_us": round(first.cpu_us, 1),
        "mib": round(held, 1),
        "journal_mib": round(size, 1),
        "resume_seconds": round(resumed.wall_seconds, 2),
        "skipped_rate": round(skipped / max(again.wall_seconds - resumed.wall_seconds, 1e-3)),
    }


def _in_a_process_of_its_own(count: int) -> dict[str, Any]:
    command = [sys.executable, __file__, "--one-job", str(count)]
    done: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return done


def draw(grown: Sequence[dict[str, Any]], file: Path) -> None:
    """Draw how time, CPU and memory grow with the job."""
    from matplotlib.figure import Figure

    sizes = [one["invoices"] for one in grown]
    panels = {
        "seconds": "Seconds for the job",
        "cpu_us": "CPU per invoice, microseconds",
        "mib": "Memory held at most, MiB",
    }
    figure = Figure(figsize=(11, 3.2), layout="constrained")
    for axis, (name, title) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        axis.plot(sizes, [one[name] for one in grown], marker="o", color="#1f6f8b")
        axis.set(title=title, xscale="log", xlabel="invoices")
        axis.grid(visible=True, alpha=0.3)
        if name == "seconds":
            axis.set_yscale("log")
        else:
            axis.set_ylim(0, 1.2 * max(one[name] for one in grown))
    figure.savefig(file, dpi=120, metadata={"Software": None})


def _making(rounds: int, count: int) -> float:
    base = sample_invoice()
    taken = rounds_of({"making": lambda: numbered(base, FIRST_NUMBER)}, rounds=rounds, calls=count)
    return median(taken["making"])


if __name__ == "__main__":
    main()
