"""Does a long-lived client grow?

Sends invoices 64 at a time through one client to a server in another process that does next to nothing, each
invoice a new one, and looks at the process on the way: after a hundredth of the calls, when all caches and
connections are there, after a tenth, and at the end. ``growth_mib`` is what the process holds at the end over
what it held after the first hundredth; ``blocks`` are the objects that Python has in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from parts.drive import client, through_workers
from parts.figures import report, surroundings
from parts.sample import FIRST_NUMBER, numbered, sample_invoice
from services.raw_server import running_server

from confirma_async.schemas import SalesInvoiceRequest

TARGET_MIB = 5.0
CONCURRENCY = 64
FRACTIONS = (100, 10, 1)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="memory of a client after many calls")
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    calls = 5000 if options.quick else options.calls
    with running_server() as url:
        seen = asyncio.run(_watch(url, calls))
    first, last = seen[0], seen[-1]
    growth = last["mib"] - first["mib"]
    report(
        {
            **surroundings(),
            "rounds": 1,
            "concurrency": CONCURRENCY,
            "seen": seen,
            "growth_mib": round(growth, 1),
            "growth_blocks": last["blocks"] - first["blocks"],
            "target_mib": TARGET_MIB,
            "met": growth <= TARGET_MIB,
        }
    )


async def _watch(url: str, calls: int) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    made = 0
    async with client(url, CONCURRENCY) as confirma:
        for fraction in FRACTIONS:
            until = calls // fraction
            await through_workers(_invoices(made, until), CONCURRENCY, confirma.invoices.create)
            made = until
            gc.collect()
            seen.append({"calls": made, "mib": round(_resident_mib(), 1), "blocks": sys.getallocatedblocks()})
    return seen


def _invoices(start: int, stop: int) -> Iterator[SalesInvoiceRequest]:
    base = sample_invoice()
    return (numbered(base, FIRST_NUMBER + index) for index in range(start, stop))


def _resident_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


if __name__ == "__main__":
    main()
