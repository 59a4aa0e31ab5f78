"""Do several processes of a service, with many tasks each, send every invoice once over one journal?

Each process opens an outbox on the same journal, and its tasks give it all of the invoices, in an order of
the process's own, so that most of them are wanted by all processes at about the same time. Meanwhile some
are killed (SIGKILL) at random moments, and begin again. In the end every invoice is compared: at the sandbox
exactly once, and told as accepted by every process that gave it. SQLite then checks every page of the file.

Prints one JSON document; exits with 1 if anything is wrong.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

from attrs import frozen
from parts.figures import report, surroundings
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async import Confirma, RateLimit, RetryPolicy, Verdict
from confirma_async.bulk.sqlite.keeping import verify
from confirma_async.errors import JournalError
from confirma_async.outbox import Outbox
from confirma_async.sandbox import Sandbox

TIMEOUT = 30.0
"""Seconds of a call: a busy machine is no fault."""

PATIENCE = 300.0
"""Seconds after which a process gives up what is still unknown."""


def main() -> None:
    """Prove, and print one JSON document."""
    parser = argparse.ArgumentParser(description="has the outboxes of several processes share a journal")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--tasks", type=int, default=64, help="tasks of each process")
    parser.add_argument("--invoices", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=40, help="kills of all processes together")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--worker", nargs=4, metavar=("URL", "KEY", "JOURNAL", "FROM"), help="be one of them")
    options = parser.parse_args()
    if options.quick:
        options.invoices, options.kills = 100, 2
    size = _Size(options.processes, options.tasks, options.invoices)
    if options.worker:
        url, key, journal, start = options.worker
        print(json.dumps(asyncio.run(_work(size, url, key, Path(journal), int(start)))))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_prove(size, Path(folder) / "shared.journal", options.kills, quick=options.quick))
    report({**surroundings(), "rounds": 1, **found})
    sys.exit(any(found["wrong"].values()))


@frozen
class _Size:
    processes: int
    tasks: int
    invoices: int


async def _work(size: _Size, url: str, key: str, journal: Path, start: int) -> dict[str, int]:
    """Give all invoices to an outbox, from one of them on and around; return how often each verdict came.

    What killed processes have left under way is unknown at first: it is given again once it was looked up. Of
    what never arrived, only an invoice that is sent later can be the witness.
    """
    verdicts: dict[int, str] = {}
    order = [(start + step) % size.invoices for step in range(size.invoices)]
    base, until = sample_invoice(), time.monotonic() + PATIENCE
    witnesses = count(FIRST_NUMBER + size.invoices * (2 + start))
    limit = RateLimit(concurrency=size.tasks)
    async with (
        Confirma(
            key, base_url=url, timeout=TIMEOUT, retry=RetryPolicy(base_seconds=0.01), rate_limit=limit
        ) as confirma,
        confirma.outbox(journal=journal, settle_seconds=1.0) as outbox,
    ):
        while order and time.monotonic() < until:
            left = iter(order)
            await asyncio.gather(*(_give(outbox, left, verdicts) for _ in range(size.tasks)))
            order = [index for index in order if verdicts[index] != Verdict.ACCEPTED.value]
            if order:
                await outbox.invoices.create(numbered(base, next(witnesses)))
                await outbox.look_up()
    return dict(Counter(verdicts.values()))


async def _give(outbox: Outbox, order: Iterator[int], verdicts: dict[int, str]) -> None:
    base = sample_invoice()
    for index in order:
        outcome = await outbox.invoices.create(numbered(base, FIRST_NUMBER + index))
        verdicts[index] = outcome.verdict.value


async def _prove(size: _Size, journal: Path, kills: int, *, quick: bool) -> dict[str, Any]:
    began = time.monotonic()
    async with Sandbox() as sandbox:
        shares = [kills // size.processes + (each < kills % size.processes) for each in range(size.processes)]
        workers = [
            _worker(size, sandbox, journal, each, share, quick=quick) for each, share in enumerate(shares)
        ]
        verdicts = await asyncio.gather(*workers)
        arrived = Counter(invoice.number for invoice in sandbox.invoices())
        requests = sandbox.requests["invoices.create"]
    witnesses = sum(number >= FIRST_NUMBER + size.invoices for number in arrived)
    numbers = range(FIRST_NUMBER, FIRST_NUMBER + size.invoices)
    wrong = {
        "lost": sum(not arrived[number] for number in numbers),
        "doubled": sum(arrived[number] > 1 for number in numbers),
        "sent again": requests - size.invoices - witnesses,
        "reported otherwise": sum(size.invoices - each.get("accepted", 0) for each, _ in verdicts),
        "damaged": _damage(journal),
    }
    return {
        "processes": size.processes,
        "tasks": size.tasks,
        "invoices": size.invoices,
        "seconds": round(time.monotonic() - began, 1),
        "kills": sum(killed for _, killed in verdicts),
        "verdicts": [each for each, _ in verdicts],
        "wrong": wrong,
    }


async def _worker(
    size: _Size, sandbox: Sandbox, journal: Path, each: int, kills: int, *, quick: bool
) -> tuple[dict[str, int], int]:
    """Run one process again and again, until it has come to its end after its kills; return those as well."""
    dice, killed = random.Random(each), 0
    while True:
        process = await _started(size, sandbox, journal, each, quick=quick)
        if killed < kills:
            await _sending(sandbox, process)
            await asyncio.sleep(dice.uniform(0.0, 0.1 if quick else 0.7))
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        answer, _ = await process.communicate()
        if process.returncode == 0:
            return json.loads(answer), killed
        if process.returncode != -signal.SIGKILL:
            return {}, killed
        killed += 1


async def _sending(sandbox: Sandbox, process: asyncio.subprocess.Process) -> None:
    """Wait until anything is sent, after which a process may be killed."""
    before, until = sandbox.requests["invoices.create"], time.monotonic() + 5
    while process.returncode is None and time.monotonic() < until:
        if sandbox.requests["invoices.create"] > before:
            return
        await asyncio.sleep(0.01)


async def _started(
    size: _Size, sandbox: Sandbox, journal: Path, each: int, *, quick: bool
) -> asyncio.subprocess.Process:
    start = str(each * size.invoices // size.processes)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        __file__,
        *("--processes", str(size.processes), "--tasks", str(size.tasks), "--invoices", str(size.invoices)),
        *(["--quick"] if quick else []),
        *("--worker", sandbox.url, sandbox.api_key, str(journal), start),
        stdout=asyncio.subprocess.PIPE,
    )


def _damage(journal: Path) -> int:
    try:
        verify(journal)
    except JournalError as error:
        print(f"damaged: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
