"""Is an invoice lost or doubled when several processes share one journal, and are killed again and again?

Several processes submit the same invoices into one journal at the same time, each in an order of its own, to
a sandbox over a real socket while everything goes wrong there now and then (``killing/fault_mix.py``).
Meanwhile a random one of them is killed (SIGKILL), or stopped for a while (SIGSTOP) and continued, and
another takes its place. In the end one job brings the invoices to their end, and every one is compared: at
the service exactly once, and accepted by the journal. SQLite then checks every page of the file.

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
from pathlib import Path
from typing import Any

from attrs import define, field
from killing.fault_mix import TOO_LATE, troubled_sandbox
from parts.figures import report, surroundings
from parts.sample import FIRST_NUMBER, numbered, sample_invoice

from confirma_async import Confirma, RateLimit, RetryPolicy
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.keeping import verify
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalError
from confirma_async.sandbox import Sandbox

MOST_RUNS = 200
"""Jobs in a row of which one must come to an end."""


def main() -> None:
    """Prove, and print one JSON document."""
    parser = argparse.ArgumentParser(description="kills processes that share a journal")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--invoices", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--job", nargs=4, metavar=("URL", "KEY", "JOURNAL", "FROM"), help="be one of them")
    options = parser.parse_args()
    if options.job:
        url, key, journal, start = options.job
        asyncio.run(_submit(url, key, Path(journal), options.invoices, int(start)))
        return
    if options.quick:
        options.processes, options.invoices, options.kills = 3, 400, 4
    with tempfile.TemporaryDirectory() as folder:
        proof = Proof(options.processes, options.invoices, random.Random(options.seed), Path(folder))
        found = asyncio.run(proof.prove(options.kills))
    report({**surroundings(), "rounds": 1, "seed": options.seed, **found})
    sys.exit(any(found["wrong"].values()))


async def _submit(url: str, key: str, journal: Path, count: int, start: int) -> None:
    """Submit the invoices, from one of them on and around."""
    base = sample_invoice()
    order = ((start + step) % count for step in range(count))
    retry = RetryPolicy(base_seconds=0.01)
    async with Confirma(
        key, base_url=url, timeout=TOO_LATE, retry=retry, rate_limit=RateLimit(concurrency=16)
    ) as confirma:
        await confirma.bulk.submit(
            (numbered(base, FIRST_NUMBER + index) for index in order),
            journal=journal,
            settle_seconds=1.0,
            on_unknown="resend",
            max_consecutive_rejections=None,
        )


@define
class Proof:
    """Has processes share a journal, and kills some.

    Attributes:
        processes: How many at once.
        invoices: How many invoices.
        dice: Decides whom it hits, and when.
        folder: Where the journal lies.
    """

    processes: int
    invoices: int
    dice: random.Random
    folder: Path
    _running: list[asyncio.subprocess.Process] = field(factory=list[asyncio.subprocess.Process])
    _happened: Counter[str] = field(factory=Counter[str])

    @property
    def _journal(self) -> Path:
        return self.folder / "shared.journal"

    async def prove(self, kills: int) -> dict[str, Any]:
        """Kill so often; return what came of it."""
        began, hits = time.monotonic(), Counter[str]()
        async with troubled_sandbox(self.dice, hits) as (sandbox, fault_mix):
            while self._happened["killed"] < kills:
                await self._keep_running(sandbox)
                await asyncio.sleep(self.dice.uniform(0.2, 1.0))
                if not await self._hit():
                    break  # all of them have come to an end
            await asyncio.gather(*(process.wait() for process in self._running))
            fault_mix.calm_down()
            for _ in range(MOST_RUNS):
                if await self._is_finished(sandbox):
                    break
            wrong = self._compare(sandbox)
        return {
            "processes": self.processes,
            "invoices": self.invoices,
            "seconds": round(time.monotonic() - began, 1),
            "happened": dict(self._happened),
            "faults": hits.total(),
            "wrong": wrong,
        }

    async def _keep_running(self, sandbox: Sandbox) -> None:
        for process in [one for one in self._running if one.returncode is not None]:
            self._running.remove(process)
            self._happened[f"ended with {process.returncode}"] += process.returncode != -signal.SIGKILL
        while len(self._running) < self.processes and not self._is_done():
            self._running.append(await self._start(sandbox))

    async def _start(self, sandbox: Sandbox) -> asyncio.subprocess.Process:
        start = str(self.dice.randrange(self.invoices))
        job = ["--job", sandbox.url, sandbox.api_key, str(self._journal), start]
        return await asyncio.create_subprocess_exec(
            sys.executable,
            __file__,
            "--invoices",
            str(self.invoices),
            *job,
            stderr=asyncio.subprocess.DEVNULL,
        )

    def _is_done(self) -> bool:
        """Say whether every invoice is decided, so that killing would meet nothing any more."""
        with contextlib.suppress(JournalError), reading(self._journal) as journal:
            return journal.figures.counts()[State.ACCEPTED] == self.invoices
        return False

    async def _hit(self) -> bool:
        """Kill one of the processes, or stop it for a while; say whether there was one."""
        if not self._running:
            return False
        victim = self.dice.choice(self._running)
        with contextlib.suppress(ProcessLookupError):
            if self.dice.random() < 0.2:
                victim.send_signal(signal.SIGSTOP)
                self._happened["stopped"] += 1
                await asyncio.sleep(self.dice.uniform(0.5, 2.0))
                victim.send_signal(signal.SIGCONT)
            else:
                victim.kill()
                self._happened["killed"] += 1
                await victim.wait()
        return True

    async def _is_finished(self, sandbox: Sandbox) -> bool:
        process = await self._start(sandbox)
        await process.wait()
        return self._is_done()

    def _compare(self, sandbox: Sandbox) -> dict[str, int]:
        arrived = Counter(invoice.number for invoice in sandbox.invoices())
        with reading(self._journal) as journal:
            states = {row.key.number: row.state for row in journal.rows()}
        numbers = range(FIRST_NUMBER, FIRST_NUMBER + self.invoices)
        found = Counter(
            lost=sum(not arrived[number] for number in numbers),
            doubled=sum(arrived[number] > 1 for number in numbers),
            disagreeing=sum(states.get(number) is not State.ACCEPTED for number in numbers),
            damaged=0,
        )
        try:
            verify(self._journal)
        except JournalError as error:
            found["damaged"] += 1
            json.dump({"damaged": str(error)}, sys.stderr)
        left = [file.name for file in self.folder.iterdir() if ".held-" in file.name]
        found["holds left"] = len(left)
        return dict(found)


if __name__ == "__main__":
    main()
