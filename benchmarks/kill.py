"""Is an invoice ever lost or doubled when the process is killed, or the power is cut, again and again?

Jobs are submitted to a sandbox over a real socket while it loses answers before and after the commit, answers
so late that the client has given up (also a lookup, also with the commit still to come), answers 500 and 502,
cuts answers short, goes through storms of 429, 500, 502 and 503, and lists half of what it took only later,
out of order. Gateways answer 503 and 504 after the commit; login pages, receipts and lists of other invoices,
and answers in no known word come in place of the service's. Credit notes bear the numbers of invoices. Clocks
are set hours and days wrong from run to run. Meanwhile the submitting process is killed (SIGKILL):

* at ``random`` moments, mostly in the middle of sending;
* at each ``step`` between two durable writes in turn (``victim.STEPS``);
* with the ``power`` cut as well: the journal's files are put back to what the last commit had left on the
  disk, plus a random piece of what was written after it, or of garbage; its marks to what they were then, or
  when the run began.

Many invoices are refused, some of them in waves that pause the job. After some kills the job is run to its
end, what was refused is corrected (some of it wrongly, and some of it is left alone), and what was rejected
is retried, under kills again. At random moments it is the commands themselves, ``confirma submit`` and
``confirma retry``.

Between a kill and the next run people do what people do. They rename an input, put it in another order, leave
a link in its place, add a file to the folder, and name the files in other words. They look at the account's
journal, copy it, lose its log or all of it, put a copy in its place, and come with another key.

In the end every invoice is compared (``invoices.WRONGS``). Prints one JSON document; exits with 1 if anything
is wrong with any. The parts lie in ``killing/``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from attrs import define, field, frozen
from killing.fault_mix import Standstill, troubled_sandbox
from killing.input_files import Inputs
from killing.invoices import WRONGS, Batch
from killing.mishaps import WRONGS as MISHANDLED
from killing.trial import RETRY, SPARE, SUBMIT, Tally, Trial
from killing.victim import STEPS
from parts.figures import report, surroundings

KINDS = ("random", "step", "power", "step")


@frozen
class Round:
    """A part of a job that is killed a number of times and then brought to its end.

    Attributes:
        name: What is done.
        kills: How often it is killed.
        wrongly: Of the corrections that it sends, the part that is refused as well.
    """

    name: str
    kills: int
    wrongly: float = 0.0


ROUNDS = (Round(SUBMIT, 8), Round(RETRY, 6, wrongly=0.4), Round(RETRY, 4))


@define
class Proof:
    """Kills as often as asked for, in as many jobs as that takes.

    Attributes:
        kills: How often.
        seed: Makes the dice of every job.
        tally: What happened.
        standstill: For how long the service stood still at most.
    """

    kills: int
    seed: int
    tally: Tally = field(factory=Tally)
    standstill: Standstill = field(factory=Standstill)
    _kinds: Iterator[str] = field(factory=lambda: cycle(KINDS))
    _missed: list[str] = field(factory=list[str])
    _tries: Counter[str] = field(factory=Counter[str])
    _jobs: Iterator[int] = field(factory=count)

    @property
    def done(self) -> bool:
        """Whether there were as many kills as asked for."""
        return self.tally.kills.total() >= self.kills

    async def prove(self, *, at_once: int, until: float) -> None:
        """Run some jobs at the same time; none begins after ``until``, a moment of the monotonic clock."""

        async def one_after_the_other() -> None:
            while not self.done and time.monotonic() < until:
                with tempfile.TemporaryDirectory() as folder:
                    await self._job(random.Random(f"{self.seed} {next(self._jobs)}"), Path(folder))

        watch = asyncio.create_task(self.standstill.watch())
        async with asyncio.TaskGroup() as lanes:
            for _ in range(at_once):
                lanes.create_task(one_after_the_other())
        watch.cancel()

    async def _job(self, dice: random.Random, folder: Path) -> None:
        batch = Batch(Inputs(folder, dice), dice)
        batch.begin()
        async with troubled_sandbox(dice, self.tally.faults) as (sandbox, faults):
            trial = Trial(folder, sandbox, dice, self.tally, batch)
            for part in ROUNDS:
                trial.round = part.name
                trial.mishaps.begin_round()
                if part.name == RETRY:
                    batch.correct(wrongly=part.wrongly)
                faults.calm = False
                await self._kill(trial, part.kills)
                faults.calm_down()
                if not await trial.finish():
                    return  # nobody would trust the journal now, and nothing can be compared yet
                await trial.mishaps.end_doubt()
            trial.compare()

    async def _kill(self, trial: Trial, times: int) -> None:
        """Kill so often; a run that came to an end of its own is tried again, but not for ever."""
        killed = 0
        for _ in range(2 * times):
            if self.done or killed == times:
                return
            kind = self._missed.pop() if self._missed else next(self._kinds)
            if await trial.kill(kind, self._next_step(trial.round) if kind == "step" else ""):
                killed += 1
                await trial.go_on()
            else:
                self._missed.append(kind)

    def _next_step(self, doing: str) -> str:
        """Return the step that was killed at least, in all rounds and then in this one.

        Rounds begin at different ends, so that few kills meet all of them, the claims in a retry among them.
        """

        def killed(step: str) -> tuple[int, int, int]:
            by_round = [self.tally.steps[name, step] for name in (SUBMIT, RETRY)]
            return sum(by_round), self.tally.steps[doing, step], self._tries[step]

        step = min(STEPS if doing == RETRY else reversed(STEPS), key=killed)
        self._tries[step] += 1
        return step


def main() -> None:
    """Prove, and print one JSON document."""
    parser = argparse.ArgumentParser(description="kill a bulk job again and again")
    parser.add_argument("--kills", type=int, default=600)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument("--at-once", type=int, default=1, help="jobs at the same time")
    parser.add_argument("--minutes", type=float, default=60.0, help="begin no job after that")
    options = parser.parse_args()
    started = time.monotonic()
    until = started + 60 * options.minutes
    proof = Proof(options.kills, options.seed)
    with tempfile.TemporaryDirectory() as state:
        os.environ["XDG_STATE_HOME"] = state  # the marks there, of the jobs and of whoever looks at them here
        asyncio.run(proof.prove(at_once=options.at_once, until=until))
    tally = proof.tally
    report(
        {
            **surroundings(),
            "seed": options.seed,
            "seconds": round(time.monotonic() - started, 1),
            "jobs": tally.jobs,
            "invoices": tally.invoices,
            "runs": tally.runs,
            "kills": tally.kills.total(),
            "kills_by_kind": {
                name: {kind: tally.kills[name, kind] for kind in sorted(set(KINDS))}
                for name in (SUBMIT, RETRY)
            },
            "kills_by_step": {
                name: {step: tally.steps[name, step] for step in STEPS} for name in (SUBMIT, RETRY)
            },
            "kills_with_something_under_way": dict(tally.under_way),
            "runs_with_a_wrong_clock": sum(count for ahead, count in tally.clocks.items() if ahead),
            "requests_hit": dict(tally.faults.most_common()),
            "changes_of_the_input": dict(tally.changes),
            "mishaps_of_the_journal": dict(tally.mishaps),
            "lookups": tally.lookups,
            "service_stood_still_seconds": round(proof.standstill.seconds, 3),
            "service_may_stand_still_seconds": round(SPARE, 3),
            "pauses": tally.paused,
            "rejected": tally.refused,
            "accepted_after_rejection": tally.corrected,
            **{wrong: tally.wrongs[wrong] for wrong in (*WRONGS, *MISHANDLED)},
            "unfinished_jobs": tally.unfinished,
        }
    )
    sys.exit(0 if tally.flawless else 1)


if __name__ == "__main__":
    main()
