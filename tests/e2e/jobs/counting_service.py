"""A sandbox in a process of its own, for ``people.py``: it counts what has arrived.

Writes its URL and key to the file that is named, then answers each line of standard input with all invoices.
"""

import asyncio
import json
import sys
from pathlib import Path

from confirma_async.contract import CREATE_INVOICE
from confirma_async.sandbox import Fault, Sandbox

PLENTY = 10**9


async def main(file: Path) -> None:
    async with Sandbox() as sandbox:
        # Slow enough that a kill finds calls on both sides of the commit.
        for fault, seconds, part in ((Fault.LATENCY, 0.02, 0.5), (Fault.SLOW_DRIP, 0.05, 0.2)):
            sandbox.faults.add(
                fault, operation=CREATE_INVOICE.name, times=PLENTY, probability=part, seconds=seconds
            )
        file.with_suffix(".draft").write_text(json.dumps([sandbox.url, sandbox.api_key]))
        file.with_suffix(".draft").rename(file)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps([invoice.number for invoice in sandbox.invoices()]), flush=True)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
