"""Is an invoice ever lost or doubled when the process is killed, or the power is cut, again and again?

Jobs are submitted to a sandbox over a real socket while it loses answers before and after the commit, answers
so late that the client has given up (also a lookup, also with the commit still to come), answers 500 and 502,
cuts answers short, goes through storms of 429, 500, 502 and 503, and lists what it took only later. Meanwhile
the submitting process is killed (SIGKILL):

* at ``random`` moments, mostly in the middle of sending;
* at each ``step`` between two durable writes in turn (``dying_job.STEPS``);
* with the ``power`` cut as well: the journal's files are put back to what the last commit had left on the
  disk, plus a random piece of what was written after it, or of garbage.

Every few kills the job is run to its end, and every invoice compared: the service must have it once, and the
journal must say the same. Prints one JSON document; exits with 1 if an invoice was lost or doubled, or the
journal says otherwise.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from itertools import count, cycle
from pathlib import Path

from attrs import asdict, define, evolve, field
from dying_job import STEPS
from figures import report, surroundings
from sample import FIRST_NUMBER

from confirma_async.bulk import State
from confirma_async.bulk.sqlite_journal import reading
from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS
from confirma_async.sandbox import Fault, FaultRule, Faults, Sandbox

INVOICES = 360
KILLS_PER_JOB = 18
TIMEOUT = 0.6
TOO_LATE = 0.7
"""Seconds after which the service goes on with what the client has given up."""
LISTING_DELAY = 0.2
SETTLE = 1.6
"""Beyond TOO_LATE and LISTING_DELAY together, by what a busy machine needs."""
RATE = 300.0
"""Invoices per second while there are kills to come: slow enough that a job outlives them."""
RUNS_AT_MOST = 60
KINDS = ("random", "step", "power", "step")

CREATE = CREATE_INVOICE.name
LISTING = DISTRIBUTIONS.name
PLENTY = 10**9
STORMS = {
    "429 in storms": FaultRule(kind=Fault.TOO_MANY_REQUESTS, retry_after=0.05),
    "503 in storms": FaultRule(kind=Fault.UNAVAILABLE, retry_after=0.05),
    "502 in storms": FaultRule(kind=Fault.SERVER_ERROR, status=502),
    "500 after the commit in storms": FaultRule(
        kind=Fault.SERVER_ERROR, operation=CREATE, status=500, after_commit=True
    ),
}
"""What hits dozens of requests in a row, one storm at a time."""
TROUBLES = {
    "slow answer": FaultRule(kind=Fault.LATENCY, operation=CREATE, probability=0.5, seconds=0.01),
    "listed late": FaultRule(
        kind=Fault.LATE_LISTING, operation=CREATE, probability=0.5, seconds=LISTING_DELAY
    ),
    "timeout before the commit": FaultRule(
        kind=Fault.LATENCY, operation=CREATE, probability=0.01, seconds=TOO_LATE
    ),
    "timeout after the commit": FaultRule(
        kind=Fault.SLOW_DRIP, operation=CREATE, probability=0.01, seconds=TOO_LATE
    ),
    "slow lookup": FaultRule(kind=Fault.LATENCY, operation=LISTING, probability=0.1, seconds=0.1),
    "timeout of a lookup": FaultRule(
        kind=Fault.LATENCY, operation=LISTING, probability=0.02, seconds=TOO_LATE
    ),
    "reset before the commit": FaultRule(kind=Fault.RESET_BEFORE_COMMIT, operation=CREATE, probability=0.02),
    "reset after the commit": FaultRule(kind=Fault.RESET_AFTER_COMMIT, operation=CREATE, probability=0.02),
    "answer cut short": FaultRule(kind=Fault.TRUNCATED_BODY, operation=CREATE, probability=0.02),
    "500 after the commit": FaultRule(
        kind=Fault.SERVER_ERROR, operation=CREATE, probability=0.01, status=500, after_commit=True
    ),
    "502 before the commit": FaultRule(
        kind=Fault.SERVER_ERROR, operation=CREATE, probability=0.01, status=502
    ),
}
"""What hits single requests all the time."""


@define
class Tally:
    """What happened to all invoices of all jobs."""

    jobs: int = 0
    invoices: int = 0
    runs: int = 0
    kills: Counter[str] = field(factory=Counter[str])
    steps: Counter[str] = field(factory=Counter[str])
    faults: Counter[str] = field(factory=Counter[str])
    under_way: int = 0
    lookups: int = 0
    lost: int = 0
    doubled: int = 0
    disagreeing: int = 0
    unfinished: int = 0

    @property
    def flawless(self) -> bool:
        """Whether the promise was kept."""
        return not (self.lost or self.doubled or self.disagreeing or self.unfinished)


@define
class Trial:
    """One job, killed a number of times and then brought to its end."""

    folder: Path
    sandbox: Sandbox
    dice: random.Random
    tally: Tally

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.folder / "job.journal"

    @property
    def durable(self) -> Path:
        """Where a run keeps a copy of what is on the disk for sure."""
        return self.folder / "durable"

    async def start(self, *options: object) -> asyncio.subprocess.Process:
        """Starts one run."""
        self.tally.runs += 1
        script = Path(__file__).with_name("dying_job.py")
        fixed = ["--invoices", INVOICES, "--settle", SETTLE, "--timeout", TIMEOUT, *options]
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, [script, self.sandbox.url, self.journal, *fixed]),
            env={**os.environ, "CONFIRMA_API_KEY": self.sandbox.api_key},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def kill(self, kind: str, step: str) -> None:
        """One run, and its end by force, unless it came to an end of its own before."""
        match kind:
            case "step":
                after = 1 if step.startswith("run ") else self.dice.randint(1, 3)
                process = await self.start("--step", step, "--after", after, "--rate", RATE)
            case "power":
                self._begin_to_keep()
                process = await self.start("--durable", self.durable, "--rate", RATE)
                await self._a_random_moment(process)
            case _:
                process = await self.start("--rate", RATE)
                await self._a_random_moment(process)
        if kind != "step" and process.returncode is None:
            process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(60):
            _, errors = await process.communicate()
        if process.returncode != -signal.SIGKILL:
            self._must_be_well(process.returncode, errors)
            return
        self.tally.kills[kind] += 1
        if kind == "step":
            self.tally.steps[step] += 1
        if kind == "power":
            self._cut_the_power()
        self.tally.under_way += self._has_something_under_way()

    async def finish(self) -> None:
        """Runs the job until nothing is left to do, then compares journal and service, invoice by invoice."""
        for _ in range(RUNS_AT_MOST):
            process = await self.start()
            _, errors = await process.communicate()
            self._must_be_well(process.returncode, errors)
            if process.returncode == 0:
                break
        else:
            self.tally.unfinished += 1
        arrived = Counter(invoice.number for invoice in self.sandbox.invoices())
        with reading(self.journal) as journal:
            said = {row.key.number: row.state for row in journal.rows()}
        for number in range(FIRST_NUMBER, FIRST_NUMBER + INVOICES):
            self.tally.lost += not arrived[number]
            self.tally.doubled += arrived[number] > 1
            self.tally.disagreeing += (said.get(number) is State.ACCEPTED) != bool(arrived[number])
        self.tally.jobs += 1
        self.tally.invoices += INVOICES
        self.tally.lookups += self.sandbox.requests[LISTING]

    async def _a_random_moment(self, process: asyncio.subprocess.Process) -> None:
        """Mostly in the middle of sending, now and then at any time at all."""
        if self.dice.random() < 0.2:
            await asyncio.sleep(self.dice.uniform(0.0, 1.0))
            return
        goal = self.sandbox.requests[CREATE] + self.dice.randint(1, 30)
        while self.sandbox.requests[CREATE] < goal and process.returncode is None:  # noqa: ASYNC110 (it only counts)
            await asyncio.sleep(0.001)
        await asyncio.sleep(self.dice.uniform(0.0, 0.01))

    def _begin_to_keep(self) -> None:
        """The first thing that is surely on the disk is what the run before has left there."""
        shutil.rmtree(self.durable, ignore_errors=True)
        first = self.durable / f"{0:09}"
        first.mkdir(parents=True)
        for file in self.folder.glob(f"{self.journal.name}*"):
            if not file.match("*-shm"):
                shutil.copyfile(file, first / file.name)

    def _cut_the_power(self) -> None:
        """Puts the journal back to what was durable, with a random piece of what came after it."""
        log = self.journal.with_name(f"{self.journal.name}-wal")
        written = log.read_bytes() if log.exists() else b""
        for file in self.folder.glob(f"{self.journal.name}*"):
            file.unlink()
        *_, last = sorted(copy for copy in self.durable.iterdir() if copy.name != "draft")
        for file in last.iterdir():
            shutil.copyfile(file, self.folder / file.name)
        if log.exists():
            kept = log.read_bytes()
            rest = written[len(kept) :] if written.startswith(kept) else b""
            tail = rest[: self.dice.randint(0, len(rest))] or self.dice.randbytes(self.dice.randint(0, 5000))
            log.write_bytes(kept + tail)

    def _has_something_under_way(self) -> bool:
        if not self.journal.exists() or not self.journal.stat().st_size:
            return False
        with reading(self.journal) as journal:
            return bool(journal.open_counts()[State.SENDING])

    @staticmethod
    def _must_be_well(code: int | None, errors: bytes) -> None:
        if code not in {0, 3}:
            raise AssertionError(f"the job failed by itself ({code}): {errors.decode(errors='replace')}")


@define
class Weather:
    """The faults of one sandbox, and how often each has hit."""

    faults: Faults
    dice: random.Random
    _ordered: Counter[str] = field(init=False, factory=Counter[str])

    def begin(self) -> None:
        """What goes on all the time."""
        self.faults.seed(self.dice.randrange(2**32))
        for name in TROUBLES:
            self._order(name, PLENTY)

    async def storms(self) -> None:
        """One storm after the other, of dozens of requests each."""
        while True:
            await asyncio.sleep(self.dice.uniform(3.0, 12.0))
            if not any(self._left()[name] for name in STORMS):
                self._order(self.dice.choice(list(STORMS)), self.dice.randint(12, 48))

    def hits(self) -> Counter[str]:
        """How many requests each fault has hit."""
        return self._ordered - self._left()

    def _order(self, name: str, times: int) -> None:
        rule = evolve((TROUBLES | STORMS)[name], times=times)
        self.faults.add(**asdict(rule, recurse=False))
        self._ordered[name] += times

    def _left(self) -> Counter[str]:
        names = {rule: name for name, rule in (TROUBLES | STORMS).items()}
        return Counter({names[evolve(rule, times=1)]: rule.times or 0 for rule in self.faults.remaining()})


@contextlib.asynccontextmanager
async def troubled_sandbox(dice: random.Random, tally: Tally) -> AsyncGenerator[Sandbox]:
    """A sandbox on which everything goes wrong now and then."""
    async with Sandbox() as sandbox:
        weather = Weather(sandbox.faults, dice)
        weather.begin()
        storms = asyncio.create_task(weather.storms())
        try:
            yield sandbox
        finally:
            storms.cancel()
            await asyncio.gather(storms, return_exceptions=True)
            tally.faults += weather.hits()


async def prove(kills: int, seed: int, *, at_once: int, until: float) -> Tally:
    """Kills as often as asked for, in as many jobs as that takes, some of them at the same time.

    No job begins after ``until``, a moment of the monotonic clock.
    """
    tally, tries, jobs = Tally(), Counter[str](), count()
    turns: Iterator[str] = cycle(KINDS)

    def next_step() -> str:
        step = min(STEPS, key=lambda step: (tally.steps[step], tries[step]))
        tries[step] += 1
        return step

    async def one_after_the_other() -> None:
        while tally.kills.total() < kills and time.monotonic() < until:
            dice = random.Random(f"{seed} {next(jobs)}")
            async with troubled_sandbox(dice, tally) as sandbox:
                with tempfile.TemporaryDirectory() as folder:
                    trial = Trial(Path(folder), sandbox, dice, tally)
                    for _ in range(KILLS_PER_JOB):
                        if tally.kills.total() >= kills:
                            break
                        kind = next(turns)
                        await trial.kill(kind, next_step() if kind == "step" else "")
                    await trial.finish()

    async with asyncio.TaskGroup() as lanes:
        for _ in range(at_once):
            lanes.create_task(one_after_the_other())
    return tally


def main() -> None:
    """Proves, and prints one JSON document."""
    parser = argparse.ArgumentParser(description="kill a bulk job again and again")
    parser.add_argument("--kills", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--at-once", type=int, default=1, help="jobs at the same time")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no job after that")
    options = parser.parse_args()
    started = time.monotonic()
    until = started + 60 * options.minutes
    tally = asyncio.run(prove(options.kills, options.seed, at_once=options.at_once, until=until))
    report(
        {
            **surroundings(),
            "seed": options.seed,
            "seconds": round(time.monotonic() - started, 1),
            "jobs": tally.jobs,
            "invoices": tally.invoices,
            "runs": tally.runs,
            "kills": {"all": tally.kills.total(), **tally.kills},
            "kills_by_step": {step: tally.steps[step] for step in STEPS},
            "kills_with_something_under_way": tally.under_way,
            "requests_hit": dict(tally.faults.most_common()),
            "lookups": tally.lookups,
            "lost": tally.lost,
            "doubled": tally.doubled,
            "disagreeing": tally.disagreeing,
            "unfinished_jobs": tally.unfinished,
        }
    )
    sys.exit(0 if tally.flawless else 1)


if __name__ == "__main__":
    main()
