"""Two workers send what was planned in a database; one of them is killed in the middle, and nothing is lost.

Starts a PostgreSQL server from a wheel, a sandbox of the service, and two workers whose lease is short, so
that what takes minutes takes seconds. It shows each step, and in the end what the service has.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from killing.hasty_worker import LEASE, hasten
from parts.database import database_server
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async.bulk.journal_places import PostgresPlace, reading
from confirma_async.bulk.models import State
from confirma_async.contract import CREATE_INVOICE
from confirma_async.converters import Converter
from confirma_async.sandbox import Fault, Sandbox

INVOICES = 600
BENCHMARKS = Path(__file__).parent
PLENTY = 10**9
PATIENCE = 120.0
"""Seconds within which the worker that is left must be done."""


def main() -> None:
    """Show it; exit with 1 if it is not as it should be."""
    hasten()
    with tempfile.TemporaryDirectory() as folder, database_server() as server:
        for name in ("XDG_STATE_HOME", "CONFIRMA_JOURNAL_DIR"):
            os.environ[name] = folder
        sys.exit(asyncio.run(_show(server.url, Path(folder))))


async def _show(database: str, folder: Path) -> int:
    async with Sandbox() as sandbox:
        sandbox.faults.add(Fault.LATENCY, operation=CREATE_INVOICE.name, times=PLENTY, seconds=0.1)
        sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE_INVOICE.name, times=3)
        os.environ.update(
            CONFIRMA_BASE_URL=sandbox.url, CONFIRMA_API_KEY=sandbox.api_key, PYTHONPATH=str(BENCHMARKS)
        )
        _say(f"{INVOICES} invoices are planned in a database; three answers will be lost on purpose.")
        await _confirma("submit", str(_written(folder)), "--journal", database, "--detach")
        _say("Two workers begin.")
        first, second = [await _worker(sandbox, database) for _ in range(2)]
        while len(sandbox.invoices()) < INVOICES // 3:
            if first.returncode is not None and second.returncode is not None:
                _say("Both have ended by themselves, which they should not.")
                return 1
            await asyncio.sleep(0.05)
        first.kill()
        await first.wait()
        sent = len(sandbox.invoices())
        _say(
            f"One of them is killed, with {sent} invoices at the service. Its lease is over in {LEASE:.0f} s"
        )
        _say("(90 as it comes); then the other one takes over what it had.")
        done = await _all_accepted(database)
        second.terminate()
        await second.wait()
        await _confirma("status", database)
        arrived = Counter(invoice.number for invoice in sandbox.invoices())
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + INVOICES)
        lost = sum(not arrived[number] for number in numbers)
        doubled = sum(count > 1 for count in arrived.values())
        _say(f"The service has {len(arrived)} invoices: {lost} lost, {doubled} doubled.")
        return int(bool(lost or doubled or not done))


def _written(folder: Path) -> Path:
    """Write the invoices into a file, and return it."""
    converter, base = Converter(), sample_invoice()
    file = folder / "invoices.jsonl"
    lines = (converter.dumps(numbered(base, FIRST_NUMBER + index)).decode() for index in range(INVOICES))
    file.write_text("\n".join(lines), encoding="utf-8")
    return file


async def _worker(sandbox: Sandbox, database: str) -> asyncio.subprocess.Process:
    program = "import sys; from killing.hasty_worker import run; run(*sys.argv[1:])"
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, sandbox.url, sandbox.api_key, database
    )


async def _confirma(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "confirma_async.cli", *words)
    await process.wait()


async def _all_accepted(database: str) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        with reading(PostgresPlace.of(database)) as journal:
            if journal.figures.counts()[State.ACCEPTED] == INVOICES:
                return True
        await asyncio.sleep(0.5)
    return False


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    main()
