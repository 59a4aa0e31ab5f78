"""What it costs to record how ordinary answers compare with the contract: CPU of a call, with and without.

In turns, against a server in another process that does next to nothing, 64 wide: ``invoices.create`` by a
client that records (``record_contract=``) and by one that does not. The first twenty answers are looked at,
then one of a hundred. Read ``ratio``: the target is at most 1.03.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from parts.drive import API_KEY, cost_of, through_workers
from parts.figures import median, ratio, report, surroundings
from parts.sample import numbered_invoices
from services.raw_server import running_server

from confirma_async import Confirma, RateLimit

CONCURRENCY = 64
TARGET = 1.03


async def _cpu_us(url: str, count: int, record: Path | None) -> float:
    """Return CPU microseconds of a call."""
    limit = RateLimit(concurrency=CONCURRENCY)
    async with Confirma(API_KEY, base_url=url, rate_limit=limit, record_contract=record) as confirma:
        await through_workers(numbered_invoices(CONCURRENCY), CONCURRENCY, confirma.invoices.create)
        invoices = [*numbered_invoices(count)]
        cost = await cost_of(through_workers(invoices, CONCURRENCY, confirma.invoices.create), count)
    return cost.cpu_us


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="a call that is recorded over one that is not")
    parser.add_argument("--calls", type=int, default=4000, help="calls per variant and round")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    calls, rounds = (100, 2) if options.quick else (options.calls, options.rounds)
    with running_server() as url, tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "seen.json"
        taken: dict[str, list[float]] = {"plain": [], "recording": []}
        for _ in range(rounds):
            for name, each in taken.items():
                each.append(asyncio.run(_cpu_us(url, calls, file if name == "recording" else None)))
    found = ratio(taken["recording"], taken["plain"])
    report(
        {
            **surroundings(),
            "rounds": rounds,
            "calls": calls,
            "concurrency": CONCURRENCY,
            "cpu_us": {name: round(median(each), 1) for name, each in taken.items()},
            "ratio": found,
            "target": TARGET,
            "met": found["median"] <= TARGET,
        }
    )


if __name__ == "__main__":
    main()
