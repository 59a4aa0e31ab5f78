"""What goes wrong at the sandbox of ``kill.py``, by chance, in storms, and for what an invoice says."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncGenerator

from attrs import asdict, define, evolve, field

from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS
from confirma_async.sandbox import Fault, FaultRule, Faults, Sandbox

TOO_LATE = 0.7
"""Seconds after which the service goes on with what the client has given up."""
LISTING_DELAY = 0.2
TICK = 0.02
"""Seconds between two looks at whether the service stood still."""

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
    "503 of a gateway after the commit": FaultRule(
        kind=Fault.UNAVAILABLE, operation=CREATE, probability=0.01, after_commit=True
    ),
    "504 of a gateway after the commit": FaultRule(
        kind=Fault.SERVER_ERROR, operation=CREATE, probability=0.01, status=504, after_commit=True
    ),
    "sign-in page before the commit": FaultRule(
        kind=Fault.FOREIGN_ANSWER, operation=CREATE, probability=0.01
    ),
    "sign-in page after the commit": FaultRule(
        kind=Fault.FOREIGN_ANSWER, operation=CREATE, probability=0.01, after_commit=True
    ),
    "receipt of another invoice": FaultRule(
        kind=Fault.FOREIGN_ANSWER,
        operation=CREATE,
        probability=0.01,
        body='{"invoiceNumber": 7, "status": "PAUSED"}',
    ),
    "well, but nothing stored": FaultRule(
        kind=Fault.FOREIGN_ANSWER, operation=CREATE, probability=0.01, body='{"result": "well"}'
    ),
    "list of another number": FaultRule(
        kind=Fault.FOREIGN_ANSWER,
        operation=LISTING,
        probability=0.02,
        body='{"metaData": {"totalCount": 0, "filtersApplied": {"invoiceNumber": "7"}}, "data": []}',
    ),
}
"""What hits single requests all the time."""
REFUSALS = {
    f"refused with {status}": FaultRule(
        kind=Fault.REFUSAL, operation=CREATE, status=status, containing=f"refused with {status}"
    )
    for status in (400, 402, 409, 422)
}
"""What hits invoices that bear its name, whatever else hits them: late, and with answers that get lost."""
ALL = TROUBLES | STORMS | REFUSALS


@define
class FaultMix:
    """The faults of one sandbox, and how often each has hit.

    Attributes:
        faults: The sandbox's.
        dice: Decides what storms come, and when.
        calm: Whether no storms come. A job that has only lookups left makes few requests, and would take as
            many runs to get through one.
    """

    faults: Faults
    dice: random.Random
    calm: bool = False
    _ordered: Counter[str] = field(init=False, factory=Counter[str])

    def begin(self) -> None:
        """Order the faults that go on all the time."""
        self.faults.seed(self.dice.randrange(2**32))
        self._order_troubles()

    async def storms(self) -> None:
        """Order one storm after the other, of dozens of requests each."""
        while True:
            await asyncio.sleep(self.dice.uniform(1.0, 4.0))
            if not self.calm and not any(self._left()[name] for name in STORMS):
                self._order(self.dice.choice(list(STORMS)), self.dice.randint(12, 48))

    def calm_down(self) -> None:
        """End the storm, and let none come."""
        self.calm = True
        self._ordered = self.hits()
        self.faults.clear()
        self._order_troubles()

    def hits(self) -> Counter[str]:
        """Return how many requests each fault has hit."""
        return self._ordered - self._left()

    def _order_troubles(self) -> None:
        for name in TROUBLES | REFUSALS:
            self._order(name, PLENTY)

    def _order(self, name: str, times: int) -> None:
        rule = evolve(ALL[name], times=times)
        self.faults.add(**asdict(rule, recurse=False))
        self._ordered[name] += times

    def _left(self) -> Counter[str]:
        names = {rule: name for name, rule in ALL.items()}
        return Counter({names[evolve(rule, times=1)]: rule.times or 0 for rule in self.faults.remaining()})


@define
class Standstill:
    """The longest time for which the sandboxes of this process did nothing.

    The promise rests on a service that handles what it was sent within the settle time. A sandbox here shares
    its process with the jobs' comparisons, and its machine with everything else: where it stood still for
    longer than ``trial.SPARE``, what is found wrong says nothing of the SDK.

    Attributes:
        seconds: How long.
    """

    seconds: float = 0.0

    async def watch(self) -> None:
        """Look, until cancelled."""
        now = time.monotonic()
        while True:
            due = now + TICK
            await asyncio.sleep(TICK)
            now = time.monotonic()
            self.seconds = max(self.seconds, now - due)


@contextlib.asynccontextmanager
async def troubled_sandbox(
    dice: random.Random, hits: Counter[str], host: str = "127.0.0.1"
) -> AsyncGenerator[tuple[Sandbox, FaultMix]]:
    """Yield a sandbox on which everything goes wrong now and then; ``hits`` is told how often what did."""
    async with Sandbox(host=host) as sandbox:
        faults = FaultMix(sandbox.faults, dice)
        faults.begin()
        storms = asyncio.create_task(faults.storms())
        try:
            yield sandbox, faults
        finally:
            storms.cancel()
            await asyncio.gather(storms, return_exceptions=True)
            hits += faults.hits()
