"""Does the adaptive rate follow the share of refusals, and find what the service bears?

* ``random``: ``invoices.create`` against a server of 5 ms in another process, over a socket. It refuses
  0, 1, 3 and 5 % at random, half with 429, half with 503 and ``Retry-After: 0``. The shares take turns
  within a round. ``ratio`` is the throughput over that of the clean turn of the round, ``of_target`` the
  same over what is due, 0.7 x (1 - p); ``given_up`` counts the calls that ended in an error.
* ``capacity``: a service that truly takes 20, 50 or 200 calls a second, while more are wanted. ``used``
  is the share of its capacity that was used, ``refused`` the share of the requests that it refused, over
  ``seconds`` from the first call on.
* ``change``: the capacity falls from 200 to 20 for a minute. ``used_low`` and ``refused_low`` are of that
  minute, ``used_after`` of the minute after, the search for it included. ``back_seconds`` is how long it
  took until nine tenths of it were used (in the two seconds that begin there).
* ``two``: a second client comes 20 s later; ``smaller_over_larger`` compares what the two get from 40 s
  later on, ``fairness`` is Jain's index of it (1 is equal).
* ``asking``: as ``capacity``, but each refusal has ``Retry-After: 1``, which all calls obey. No target:
  what a second of silence costs is for the service to say.

All but ``random`` run the whole client (encoding, retries, budget, limiter) in virtual time, with seeded
dice. The service counts in three ways, since nobody knows how the real one does: ``bucket`` (0.1 s worth
of burst), ``burst`` (a second's worth), ``window`` (so many in each second of the clock). Figures are the
mean over the ``rounds``, and the worst of them; ``met`` is said of the means.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import random
import statistics
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from functools import partial
from itertools import cycle, islice
from typing import Any, TypeAlias

from attrs import frozen
from parts import figures
from parts.drive import through_workers
from parts.sample import numbered_invoices
from parts.virtual_time import VirtualTimeLoop
from services.raw_server import running_server
from services.simulated_service import Capacity, Line, SecondWindow, SimulatedService, TokenBucket

from confirma_async import CallError, Confirma, RateLimit
from confirma_async.schemas import SalesInvoiceRequest

SHARES = (0.01, 0.03, 0.05)
CAPACITIES = (20, 50, 200)
WIDTH = 16
TARGET = {"of_target": 1.0, "used": 0.9, "refused": 0.05, "back_seconds": 10.0}
HIGH, LOW = 200.0, 20.0
FALLS, RISES, ENDS = 30.0, 90.0, 150.0
COUNTERS: Mapping[str, Callable[[], TokenBucket | SecondWindow]] = {
    "bucket": partial(TokenBucket, 0.1),
    "burst": partial(TokenBucket, 1.0),
    "window": SecondWindow,
}

Log: TypeAlias = Sequence[tuple[float, bool]]
Scenario: TypeAlias = Callable[[int], Coroutine[Any, Any, Mapping[str, float]]]
"""What happens with one seed."""


@frozen
class Use:
    """How a service was used over some time.

    Attributes:
        used: The share of its capacity.
        refused: The share of the requests that it refused.
    """

    used: float
    refused: float


def use(log: Log, since: float, until: float, capacity: float) -> Use:
    """Return what a log says of a stretch of time."""
    taken = [one for moment, one in log if since <= moment < until]
    return Use(sum(taken) / (until - since) / capacity, 1 - sum(taken) / len(taken) if taken else 0.0)


async def random_turn(
    url: str, share: float, invoices: Sequence[SalesInvoiceRequest], calls: int
) -> tuple[float, int]:
    """Return calls per second of a new client, and how many of them ended in an error."""
    given_up = 0
    async with Confirma("key", base_url=url, rate_limit=RateLimit(concurrency=WIDTH)) as client:

        async def create(invoice: SalesInvoiceRequest) -> None:
            nonlocal given_up
            try:
                await client.invoices.create(invoice, validate=False, headers={"X-Refuse": str(share)})
            except CallError:
                given_up += 1

        began = time.perf_counter()
        await through_workers(islice(cycle(invoices), calls), WIDTH, create)
        return (calls - given_up) / (time.perf_counter() - began), given_up


def measure_random(rounds: int, calls: int) -> dict[str, Any]:
    """Return throughput with refusals at random, over that without."""
    invoices = list(numbered_invoices(64))
    rates: dict[float, list[float]] = {share: [] for share in (0.0, *SHARES)}
    given_up = dict.fromkeys(rates, 0)
    with running_server("services.refusing_server") as url:
        asyncio.run(random_turn(url, 0.0, invoices, WIDTH))  # what is loaded once is no part of it
        for _ in range(rounds):
            for share, taken in rates.items():
                rate, lost = asyncio.run(random_turn(url, share, invoices, calls))
                taken.append(rate)
                given_up[share] += lost
    clean = rates[0.0]
    return {
        "calls": calls,
        "rate": {f"{share:.0%}": round(statistics.median(taken)) for share, taken in rates.items()},
        "ratio": {f"{share:.0%}": figures.ratio(rates[share], clean) for share in SHARES},
        "of_target": {
            f"{share:.0%}": figures.ratio(rates[share], [one * 0.7 * (1 - share) for one in clean])
            for share in SHARES
        },
        "given_up": {f"{share:.0%}": lost for share, lost in given_up.items()},
    }


@contextlib.asynccontextmanager
async def working(line: Line, width: int, starts_at: float = 0.0) -> AsyncIterator[list[int]]:
    """Yield a client that always wants more; give the count of its calls that ended in an error."""
    lost = [0]
    invoice = next(iter(numbered_invoices(1)))
    client = Confirma(
        "key", base_url="http://127.0.0.1:9", transport=line, rate_limit=RateLimit(concurrency=width)
    )

    async def work() -> None:
        await asyncio.sleep(starts_at)
        while True:
            try:
                await client.invoices.create(invoice, validate=False)
            except CallError:
                lost[0] += 1

    async with client:
        tasks = [asyncio.create_task(work()) for _ in range(width)]
        try:
            yield lost
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def simulated(
    capacity: Capacity, counter: str, seed: int, retry_after: str | None = None
) -> SimulatedService:
    """Return a service that counts in one of the ways."""
    return SimulatedService(capacity, COUNTERS[counter](), random.Random(seed), retry_after=retry_after)


def width_for(capacity: float) -> int:
    """Call often enough at once to ask for more than the service takes."""
    return WIDTH if capacity <= 50 else 64


async def steady(
    capacity: float, counter: str, seed: int, seconds: float, retry_after: str | None
) -> dict[str, float]:
    """Return a service whose capacity never changes."""
    service = SimulatedService(
        lambda _: capacity, COUNTERS[counter](), random.Random(seed), retry_after=retry_after
    )
    async with working(service.line(), width_for(capacity)) as lost:
        await asyncio.sleep(seconds)
    found = use(service.log, 0.0, seconds, capacity)
    return {"used": found.used, "refused": found.refused, "given_up": lost[0]}


async def changing(counter: str, seed: int) -> dict[str, float]:
    """Return a service whose capacity falls for a minute."""

    def capacity(now: float) -> float:
        return LOW if FALLS <= now < RISES else HIGH

    service = simulated(capacity, counter, seed)
    async with working(service.line(), width_for(HIGH)) as lost:
        await asyncio.sleep(ENDS)
    low, after = use(service.log, FALLS, RISES, LOW), use(service.log, RISES, ENDS, HIGH)
    total = use(service.log, 0.0, ENDS, HIGH)
    return {
        "used_low": low.used,
        "refused_low": low.refused,
        "used_after": after.used,
        "refused": total.refused,
        "back_seconds": back(service.log),
        "given_up": lost[0],
    }


def back(log: Log) -> float:
    """Return seconds from the rise of the capacity until nine tenths of it are used."""
    for step in range(int((ENDS - RISES - 2.0) * 4)):
        since = RISES + step / 4
        if use(log, since, since + 2.0, HIGH).used >= TARGET["used"]:
            return since - RISES
    return ENDS - RISES


async def shared(capacity: float, counter: str, seed: int, seconds: float) -> dict[str, float]:
    """Return two clients that know nothing of each other."""
    service = simulated(lambda _: capacity, counter, seed)
    first, second = service.line(), service.line()
    width = width_for(capacity)
    async with working(first, width) as lost, working(second, width, starts_at=20.0) as lost_too:
        await asyncio.sleep(seconds)
    both = [use(line.log, 60.0, seconds, capacity).used for line in (first, second)]
    total = use(service.log, 60.0, seconds, capacity)
    return {
        "used": total.used,
        "refused": total.refused,
        "smaller_over_larger": min(both) / max(both),
        "fairness": sum(both) ** 2 / (2 * sum(one**2 for one in both)),
        "given_up": lost[0] + lost_too[0],
    }


LARGE_IS_BAD = ("refused", "refused_low", "back_seconds", "given_up")


def summed_up(runs: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return the mean and the worst of each figure."""
    return {
        name: {
            "mean": round(statistics.mean(run[name] for run in runs), 3),
            "worst": round((max if name in LARGE_IS_BAD else min)(run[name] for run in runs), 3),
        }
        for name in runs[0]
    }


def in_virtual_time(scenario: Scenario, rounds: int) -> dict[str, dict[str, float]]:
    """Run a scenario with so many seeds."""
    runs = list[Mapping[str, float]]()
    for seed in range(rounds):
        random.seed(seed)  # the backoff and the rate throw dice of their own
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            runs.append(runner.run(scenario(seed)))
    return summed_up(runs)


def main() -> None:
    """Measure, and print one JSON document."""
    parser = argparse.ArgumentParser(description="the adaptive rate against random refusals and true limits")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--calls", type=int, default=3000, help="calls per turn over the socket")
    parser.add_argument("--seconds", type=float, default=120.0, help="virtual seconds of a steady service")
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    options = parser.parse_args()
    logging.getLogger("confirma_async").setLevel(logging.ERROR)
    rounds, calls, seconds = (
        (1, 200, 70.0) if options.quick else (options.rounds, options.calls, options.seconds)
    )
    counters = ("bucket",) if options.quick else tuple(COUNTERS)
    capacities = (20,) if options.quick else CAPACITIES
    at_random = measure_random(rounds, calls)

    def alone(capacity: int, counter: str, retry_after: str | None = None) -> Scenario:
        return partial(steady, capacity, counter, seconds=seconds, retry_after=retry_after)

    document: dict[str, Any] = {
        "capacity": _over(capacities, counters, alone, rounds),
        "change": {name: in_virtual_time(partial(changing, name), rounds) for name in counters},
        "two": _over(
            capacities, counters, lambda *what: partial(shared, what[0], what[1], seconds=seconds), rounds
        ),
        "asking": _over(capacities, counters, partial(alone, retry_after="1"), rounds),
    }
    figures.report(
        {
            **figures.surroundings(),
            "rounds": rounds,
            "seconds": seconds,
            "random": at_random,
            **document,
            "target": TARGET,
            "met": _met(at_random, document),
        }
    )


def _over(
    capacities: Sequence[int],
    counters: Sequence[str],
    scenario: Callable[[int, str], Scenario],
    rounds: int,
) -> dict[str, dict[str, Any]]:
    return {
        str(capacity): {name: in_virtual_time(scenario(capacity, name), rounds) for name in counters}
        for capacity in capacities
    }


def _met(at_random: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
    steady_means = [one for each in document["capacity"].values() for one in each.values()]
    changes = list(document["change"].values())
    return (
        all(one["median"] >= TARGET["of_target"] for one in at_random["of_target"].values())
        and all(one["used"]["mean"] >= TARGET["used"] for one in steady_means)
        and all(one["refused"]["mean"] <= TARGET["refused"] for one in [*steady_means, *changes])
        and all(one["used_low"]["mean"] >= TARGET["used"] for one in changes)
        and all(one["used_after"]["mean"] >= TARGET["used"] for one in changes)
        and all(one["back_seconds"]["mean"] <= TARGET["back_seconds"] for one in changes)
    )


if __name__ == "__main__":
    main()
