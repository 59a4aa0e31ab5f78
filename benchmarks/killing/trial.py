"""One job that is killed again and again, and compared in the end."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import define, field
from killing.fault_mix import CREATE, LISTING, LISTING_DELAY, TOO_LATE
from killing.input_files import Inputs
from killing.invoices import INVOICES, RIVALS, Batch
from killing.mishaps import MISHAPS, Mishaps
from killing.victim import CONCURRENCY, UNKNOWN, durable_parts, keep_durable
from killing.wrong_clock import VARIABLE as CLOCK_VARIABLE

from confirma_async.accounts.folders import JOURNAL_DIR_VARIABLE, JOURNAL_NAME, LOCALHOST
from confirma_async.accounts.registry import FIRST_ACCOUNT
from confirma_async.bulk import State
from confirma_async.bulk.sqlite.file.guard import log_of
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.sandbox import Sandbox

BENCHMARKS = str(Path(__file__).parents[1])

TIMEOUT = 0.6
"""Less than ``fault_mix.TOO_LATE``."""

SETTLE = 1.6
"""Beyond TOO_LATE and LISTING_DELAY together, by what a busy machine needs."""
SPARE = SETTLE - TOO_LATE - LISTING_DELAY
"""Seconds for which the service may stand still, and still lists an invoice before that is given up."""

RATE = 300.0
"""Invoices per second while there are kills to come: slow enough that a job outlives them."""

RUNS_AT_MOST = 40

DONE, REJECTED, PAUSED = 0, 1, 3
"""How a run ends by itself. Only the command says that something was rejected."""

CLOCKS = (*[0.0] * 7, 2 * 3600.0, -2 * 3600.0, -30 * 86_400.0)
"""Seconds by which the clock of a run that is killed may be ahead."""

CHANGES: Mapping[str, Callable[[Inputs], bool]] = {
    "file added": Inputs.add,
    "renamed": Inputs.rename,
    "reordered": Inputs.reorder,
    "linked": Inputs.link,
}
"""What becomes of the input files between two runs."""

SUBMIT, RETRY = "submit", "retry"


@define
class Tally:
    """What happened to all invoices of all jobs; kills by round and kind, or step."""

    jobs: int = 0
    invoices: int = 0
    runs: int = 0
    kills: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    steps: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])
    under_way: Counter[str] = field(factory=Counter[str])
    clocks: Counter[float] = field(factory=Counter[float])
    faults: Counter[str] = field(factory=Counter[str])
    paused: int = 0
    refused: int = 0
    corrected: int = 0
    lookups: int = 0
    changes: Counter[str] = field(factory=Counter[str])
    mishaps: Counter[str] = field(factory=Counter[str])
    wrongs: Counter[str] = field(factory=Counter[str])
    unfinished: int = 0

    @property
    def flawless(self) -> bool:
        """Whether the promise was kept."""
        return not (self.wrongs.total() or self.unfinished)


@define
class Trial:
    """One job, round by round."""

    folder: Path
    sandbox: Sandbox
    dice: random.Random
    tally: Tally
    batch: Batch
    round: str = SUBMIT
    mishaps: Mishaps = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.mishaps = Mishaps(
            journal=self.journal,
            command=self.command,
            words=self.batch.inputs.words,
            requests=lambda: self.sandbox.requests[CREATE],
            dice=self.dice,
            wrongs=self.tally.wrongs,
            happened=self.tally.mishaps,
            settle_seconds=SETTLE,
        )

    @property
    def journals(self) -> Path:
        """The folder of all journals."""
        return self.folder / "journals"

    @property
    def journal(self) -> Path:
        """The account's."""
        return self.journals / LOCALHOST / FIRST_ACCOUNT / JOURNAL_NAME

    @property
    def durable(self) -> Path:
        """Where a run keeps a copy of what is on the disk for sure."""
        return self.folder / "durable"

    async def start(self, *options: object, ahead: float = 0.0) -> asyncio.subprocess.Process:
        """Start one run that may be killed at a step, with a clock that is so many seconds ahead."""
        rejected = ["--rejected"] if self.round == RETRY else []
        words = self.batch.inputs.words()
        return await self._run(
            "-m", "killing.victim", self.sandbox.url, *words, *rejected, *options, ahead=ahead
        )

    async def start_command(self, *options: object) -> asyncio.subprocess.Process:
        """Start one run as a person does."""
        what = ["retry"] if self.round == RETRY else ["submit"]
        how = ["--concurrency", CONCURRENCY, "--on-unknown", UNKNOWN]
        return await self._run("-m", "confirma_async.cli", *what, *self.batch.inputs.words(), *how, *options)

    async def command(self, *words: object, key: str | None = None) -> tuple[int, str]:
        """Run any other command to its end: its exit code, and all that it printed."""
        process = await self._process("-m", "confirma_async.cli", *words, key=key)
        async with asyncio.timeout(60):
            output = b"".join(await process.communicate())
        if process.returncode is None:
            raise AssertionError("a process that has ended has an exit code")
        return process.returncode, output.decode(errors="replace")

    async def _run(self, *arguments: object, ahead: float = 0.0) -> asyncio.subprocess.Process:
        self.tally.runs += 1
        return await self._process(*arguments, "--settle", SETTLE, "--timeout", TIMEOUT, ahead=ahead)

    async def _process(
        self, *arguments: object, key: str | None = None, ahead: float = 0.0
    ) -> asyncio.subprocess.Process:
        settings = {
            "PYTHONPATH": os.pathsep.join(filter(None, (BENCHMARKS, os.environ.get("PYTHONPATH")))),
            CLOCK_VARIABLE: str(ahead),
            "CONFIRMA_API_KEY": key or self.sandbox.api_key,
            "CONFIRMA_BASE_URL": self.sandbox.url,
            JOURNAL_DIR_VARIABLE: str(self.journals),
        }
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, arguments),
            env={**os.environ, **settings},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def kill(self, kind: str, step: str) -> bool:
        """Kill one run; return False where it came to an end of its own before."""
        well, ahead = {DONE, REJECTED, PAUSED}, self.dice.choice(CLOCKS)
        self.tally.clocks[ahead] += kind != "random"
        match kind:
            case "step":
                after = 1 if step.startswith("run ") else self.dice.randint(1, 3)
                process = await self.start("--step", step, "--after", after, "--rate", RATE, ahead=ahead)
            case "power":
                self._begin_to_keep()
                process = await self.start("--durable", self.durable, "--rate", RATE, ahead=ahead)
                await self._a_random_moment(process)
            case _:
                process = await self.start_command("--rate", RATE)
                await self._a_random_moment(process)
        if kind != "step" and process.returncode is None:
            process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(60):
            _, errors = await process.communicate()
        if process.returncode != -signal.SIGKILL:
            self._must_be_well(process.returncode, errors, well)
            return False
        self.tally.kills[self.round, kind] += 1
        if kind == "step":
            self.tally.steps[self.round, step] += 1
        if kind == "power":
            self._cut_the_power()
        self.tally.under_way[self.round] += self._has_something_under_way()
        return True

    async def go_on(self) -> None:
        """Change the input and the journal between a kill and the next run."""

        def seldom(happened: Counter[str]) -> Callable[[str], tuple[int, float]]:
            return lambda name: (happened[name], self.dice.random())

        for name in sorted(CHANGES, key=seldom(self.tally.changes)):
            if CHANGES[name](self.batch.inputs):
                self.tally.changes[name] += 1
                break
        for name in sorted(MISHAPS, key=seldom(self.tally.mishaps)):
            if await self.mishaps.happen(name):
                break

    async def finish(self) -> bool:
        """Run the job until nothing is left to do; return False where that does not come."""
        self.batch.inputs.complete()
        for _ in range(RUNS_AT_MOST):
            process = await self.start()
            _, errors = await process.communicate()
            self._must_be_well(process.returncode, errors, {DONE, PAUSED})
            if process.returncode == DONE:
                return True
            batch = self.batch
            await asyncio.sleep(SETTLE + 1.0)  # whoever looks at once may look before it has arrived
            if self.mishaps.find_out(self.sandbox.invoices(), batch.in_order, batch.added):
                batch.add_more()
        self.tally.unfinished += 1
        return False

    def compare(self) -> None:
        """Compare journal and service, invoice by invoice."""
        with reading(self.journal) as journal:
            self.tally.wrongs += self.batch.wrongs(self.sandbox.invoices(), journal)
        self.tally.jobs += 1
        self.tally.invoices += INVOICES + RIVALS
        self.tally.refused += self.batch.refused
        self.tally.corrected += self.batch.corrected
        self.tally.lookups += self.sandbox.requests[LISTING]

    async def _a_random_moment(self, process: asyncio.subprocess.Process) -> None:
        """Wait, mostly until the middle of sending, now and then for any time at all."""
        if self.dice.random() < 0.2:
            await asyncio.sleep(self.dice.uniform(0.0, 1.0))
            return
        goal = self.sandbox.requests[CREATE] + self.dice.randint(1, 30)
        while self.sandbox.requests[CREATE] < goal and process.returncode is None:  # noqa: ASYNC110 (it only counts)
            await asyncio.sleep(0.001)
        await asyncio.sleep(self.dice.uniform(0.0, 0.01))

    def _begin_to_keep(self) -> None:
        """Begin with what the run before has left on the disk."""
        shutil.rmtree(self.durable, ignore_errors=True)
        keep_durable(self.journal, self.durable / f"{0:09}")

    def _cut_the_power(self) -> None:
        """Put the journal back to what was durable, with a random piece of what came after it.

        The files stay the same files: a disk that comes back has them under the same inodes.
        """
        log = log_of(self.journal)
        written = log.read_bytes() if log.exists() else b""
        log.with_name(f"{self.journal.name}-shm").unlink(missing_ok=True)
        *_, last = sorted(copy for copy in self.durable.iterdir() if copy.name != "draft")
        for name, file in durable_parts(self.journal).items():
            synced = last / f"synced-{name}"
            kept = synced if synced.exists() and self.dice.random() < 0.5 else last / name
            if kept.exists():
                file.write_bytes(kept.read_bytes())
            else:
                file.unlink(missing_ok=True)
        if log.exists():
            kept_log = log.read_bytes()
            rest = written[len(kept_log) :] if written.startswith(kept_log) else b""
            tail = rest[: self.dice.randint(0, len(rest))] or self.dice.randbytes(self.dice.randint(0, 5000))
            log.write_bytes(kept_log + tail)

    def _has_something_under_way(self) -> bool:
        if not self.journal.exists() or not self.journal.stat().st_size:
            return False
        with reading(self.journal) as journal:
            return bool(journal.figures.open_counts()[State.SENDING])

    def _must_be_well(self, code: int | None, errors: bytes, well: set[int]) -> None:
        self.tally.paused += code == PAUSED
        if code not in well:
            raise AssertionError(f"the job failed by itself ({code}): {errors.decode(errors='replace')}")
