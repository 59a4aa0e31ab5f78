"""Is a write of an outbox ever lost or doubled when its process is killed, again and again?

A service gives invoices, direct payments, ledgers, accounting payments and clients to an outbox, from many
tasks at once, while the sandbox behind it loses answers before and after the commit, fails, refuses for its
load, and answers late. The process is killed (SIGKILL) at random moments, and at each step around its commits
and requests. It comes again and gives everything again, since it does not know what became of it.

Between rounds nobody decides anything. In the end the faults stop, the sandbox lives on so that payments take
effect, and the outbox looks up what is unknown. What no read can tell is then looked up by a person, at the
sandbox itself, and given once more. Then every write is compared: its effects at the sandbox are one, and the
outbox says so.

Prints one JSON document; exits with 1 if anything is lost, doubled, or reported otherwise than it is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from killing.outbox_victim import FIRST, STEPS
from parts.figures import report, surroundings
from parts.sample import sample_invoice

from confirma_async import Confirma
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.sandbox import Fault, Sandbox

OPERATIONS = (
    "invoices.create",
    "invoices.create_actions",
    "accounting.submit_ledger",
    "accounting.submit_payments",
    "onboarding.create_client",
)
VICTIM = Path(__file__).parent / "killing" / "outbox_victim.py"

TIMEOUT, SETTLE, LATE = 1.5, 0.2, 2.0
"""Seconds: of a call, of the settle time, and of an answer that comes too late."""

PLENTY = 10**9
LOSING: Mapping[str, Mapping[str, Any]] = {
    "reset before the commit": {"kind": Fault.RESET_BEFORE_COMMIT, "probability": 0.05},
    "reset after the commit": {"kind": Fault.RESET_AFTER_COMMIT, "probability": 0.08},
    "answer cut short": {"kind": Fault.TRUNCATED_BODY, "probability": 0.06},
    "500 after the commit": {"kind": Fault.SERVER_ERROR, "probability": 0.05, "after_commit": True},
    "502 before the commit": {"kind": Fault.SERVER_ERROR, "probability": 0.04, "status": 502},
    "too late": {"kind": Fault.SLOW_DRIP, "probability": 0.01, "seconds": LATE},
}
"""Answers that are lost."""
OTHERS: Mapping[str, Mapping[str, Any]] = {
    "429": {"kind": Fault.TOO_MANY_REQUESTS, "probability": 0.04, "retry_after": 0.02},
    "slow": {"kind": Fault.LATENCY, "probability": 0.3, "seconds": 0.02},
}


@define
class Trial:
    """One journal, and the writes of one plan.

    Attributes:
        folder: A folder for the journal.
        sandbox: The service.
        each: Writes of each operation.
        dice: Decides when to kill.
    """

    folder: Path
    sandbox: Sandbox
    each: int
    dice: random.Random
    kills: Counter[str] = field(factory=Counter[str])
    lost: Counter[str] = field(factory=Counter[str])
    wrong: Counter[str] = field(factory=Counter[str])
    by_hand: int = 0
    _ordered: Counter[tuple[str, str]] = field(factory=Counter[tuple[str, str]])

    @property
    def journal(self) -> Path:
        """The journal."""
        return self.folder / "account.journal"

    def begin(self) -> None:
        """Order the faults."""
        self.sandbox.faults.seed(self.dice.randrange(2**32))
        for operation in OPERATIONS:
            for rule in (*LOSING.values(), *OTHERS.values()):
                options = dict(rule)
                self.sandbox.faults.add(options.pop("kind"), operation=operation, times=PLENTY, **options)

    def count_lost(self) -> None:
        """Count the answers that were lost, by operation; no fault is left."""
        kinds = {rule["kind"] for rule in LOSING.values()}
        for rule in self.sandbox.faults.remaining():
            if rule.kind in kinds and rule.operation and rule.times:
                self.lost[rule.operation] += PLENTY - rule.times
        self.sandbox.faults.clear()

    async def _start(self, *words: object) -> asyncio.subprocess.Process:
        command = [VICTIM, self.sandbox.url, self.journal, *OPERATIONS, "--each", self.each]
        more = ["--settle", SETTLE, "--timeout", TIMEOUT, "--seed", self.dice.randrange(1000), *words]
        variables = {
            "CONFIRMA_API_KEY": self.sandbox.api_key,
            "CONFIRMA_PROVISIONING_TOKEN": self.sandbox.provisioning_token,
            "PYTHONPATH": str(Path(__file__).parent),
        }
        return await asyncio.create_subprocess_exec(
            sys.executable, *map(str, [*command, *more]), env=os.environ | variables,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def kill(self, step: str | None) -> bool:
        """Kill one run at a step, or at a random moment; return False where it came to an end before."""
        before = sum(self.sandbox.requests[operation] for operation in OPERATIONS)
        words = ("--step", step, "--after", self.dice.randint(1, 12)) if step else ()
        process = await self._start("--rate", 120, *words)
        if step is None:
            await self._sending(process, before)
            await asyncio.sleep(self.dice.uniform(0.0, 0.5))
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(120):
            _, errors = await process.communicate()
        killed = process.returncode == -signal.SIGKILL
        if killed:
            self.kills[step or "random"] += 1
        elif process.returncode:
            raise AssertionError(errors.decode()[-2000:])
        return killed

    async def lose(self) -> None:
        """Run to the end, with all faults and without a kill."""
        process = await self._start("--rate", 120)
        async with asyncio.timeout(600):
            _, errors = await process.communicate()
        if process.returncode:
            raise AssertionError(errors.decode()[-2000:])

    async def _sending(self, process: asyncio.subprocess.Process, before: int) -> None:
        """Wait until a run sends something."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.returncode is None:
            if sum(self.sandbox.requests[operation] for operation in OPERATIONS) > before:
                return
            await asyncio.sleep(0.01)

    async def finish(self) -> Mapping[str, str]:
        """Give everything to its end; a person looks up what no read can tell."""
        await asyncio.sleep(LATE)  # what was sent as a run was killed may still arrive
        self.sandbox.advance(minutes=10)
        await self._run()
        await asyncio.sleep(LATE + 1.0)  # and what that run sent
        self._find_out()
        await self._run()
        self.sandbox.advance(minutes=10)
        return await self._run()

    async def _run(self) -> Mapping[str, str]:
        process = await self._start("--look-up")
        async with asyncio.timeout(600):
            output, errors = await process.communicate()
        if process.returncode:
            raise AssertionError(errors.decode()[-2000:])
        return dict(json.loads(output))

    def effects(self) -> Counter[str]:
        """Return how often each write took effect at the service."""
        found = Counter[str]()
        for invoice in self.sandbox.invoices():
            found[f"{OPERATIONS[0]} {invoice.number - FIRST - 1}"] += invoice.number != FIRST
        backend = self.sandbox._backend  # noqa: SLF001 (what it has stored is the truth)
        for kind, (operation, name) in {
            "LEDGER": (OPERATIONS[2], "L-"),
            "PAYMENT": (OPERATIONS[3], "P-"),
        }.items():
            for record in backend.store.records.find(client="sandbox", kind=_kind(kind)):
                found[f"{operation} {(record.identifier or '').removeprefix(name)}"] += 1
        for client in self.sandbox.state().clients:
            if client.name.startswith("C-"):
                found[f"{OPERATIONS[4]} {client.name.removeprefix('C-')}"] += 1
        (case,) = backend.store.cases.find(client="sandbox", number=str(FIRST))
        for payment in backend.store.money.payments.find(case_id=case.id):
            found[f"{OPERATIONS[1]} {int(payment.amount.scaleb(2)) - 1}"] += 1
        return +found

    def _find_out(self) -> None:
        """Have a person look up at the service what is unknown, and write that down."""
        effects, now = self.effects(), time.time()
        with contextlib.closing(open_sqlite(self.journal)) as journal, journal.transaction():
            for row in [*journal.rows(State.UNKNOWN)]:
                key = f"{OPERATIONS[0]} {row.key.number - FIRST - 1}"
                state = State.ACCEPTED if effects[key] else State.PENDING
                journal.resolve(
                    Resolution(position=row.position, state=state, note="seen", at=now, settle_seconds=SETTLE)
                )
                self.by_hand += 1
            for write in [*journal.writes.rows(State.UNKNOWN)]:
                state = State.ACCEPTED if effects[write.key] else State.PENDING
                journal.writes.resolve(write.id, state, "seen", now, SETTLE)
                self.by_hand += 1

    def compare(self, verdicts: Mapping[str, str]) -> None:
        """Compare every write with what it did."""
        effects = self.effects()
        wanted = {f"{operation} {number}" for operation in OPERATIONS for number in range(self.each)}
        for key in wanted:
            self.wrong["lost"] += effects[key] == 0
            self.wrong["doubled"] += effects[key] > 1
            self.wrong["reported otherwise"] += verdicts.get(key) != "accepted"
        self.wrong["never given"] += len(effects.keys() - wanted)
        with reading(self.journal) as journal:
            states = [row.state for row in journal.rows()]
            states += [row.state for row in journal.writes.rows()]
        self.wrong["not final"] += sum(state is not State.ACCEPTED for state in states)


def _kind(name: str) -> Any:
    from confirma_async.sandbox.rules.accounting import RecordKind

    return RecordKind[name]


@contextlib.asynccontextmanager
async def _service() -> AsyncGenerator[Sandbox]:
    """Yield a sandbox with one invoice that has a case, of an amount that no payments exhaust."""
    async with Sandbox() as sandbox:
        async with Confirma(sandbox.api_key, base_url=sandbox.url) as confirma:
            await confirma.invoices.create(sample_invoice(FIRST))
        sandbox.advance(days=1)
        yield sandbox


async def prove(kills: int, answers: int, each: int, seed: int, until: float) -> Sequence[Trial]:
    """Run trials until there were as many kills, and lost answers of each operation, or it is too late."""
    trials: list[Trial] = []

    def is_enough() -> bool:
        lost = sum((trial.lost for trial in trials), Counter[str]())
        return sum(trial.kills.total() for trial in trials) >= kills and all(
            lost[operation] >= answers for operation in OPERATIONS
        )

    while not is_enough() and time.monotonic() < until:
        with tempfile.TemporaryDirectory() as folder:
            async with _service() as sandbox:
                dice = random.Random(f"{seed} {len(trials)}")
                trial = Trial(Path(folder), sandbox, each, dice)
                trials.append(trial)
                trial.begin()
                for at in range(12):
                    if sum(one.kills.total() for one in trials) >= kills:
                        break
                    await trial.kill(None if at % 2 else STEPS[at // 2 % len(STEPS)])
                await trial.lose()
                trial.count_lost()
                trial.compare(await trial.finish())
    return trials


def main() -> None:
    """Prove, and print one JSON document."""
    parser = argparse.ArgumentParser(description="kill the outbox of a service again and again")
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--answers", type=int, default=300, help="lost answers of each operation")
    parser.add_argument("--each", type=int, default=40, help="writes of each operation in a trial")
    parser.add_argument("--seed", type=int, default=20261128)
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no trial after that")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    if options.quick:
        options.kills, options.answers, options.each = 3, 0, 8
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = os.environ["CONFIRMA_JOURNAL_DIR"] = state
        trials = asyncio.run(
            prove(options.kills, options.answers, options.each, options.seed, started + 60 * options.minutes)
        )
    wrong = sum((trial.wrong for trial in trials), Counter[str]())
    report(
        {
            **surroundings(),
            "seed": options.seed,
            "seconds": round(time.monotonic() - started, 1),
            "rounds": len(trials),
            "writes_of_each_operation": options.each * len(trials),
            "kills": dict(sum((trial.kills for trial in trials), Counter[str]())),
            "answers_lost": dict(sum((trial.lost for trial in trials), Counter[str]())),
            "found_out_by_a_person": sum(trial.by_hand for trial in trials),
            "wrong": {name: wrong[name] for name in WRONGS},
        }
    )
    sys.exit(1 if wrong.total() else 0)


WRONGS = ("lost", "doubled", "reported otherwise", "never given", "not final")

if __name__ == "__main__":
    main()
