"""What it costs to wait for a turn: CPU time per waiter, with very many of them.

Each of the waiters is a task that asks the limiter for its turn, ends its call at once, and is gone. Beside
the limiter, in the same rounds:

* ``tasks``: the same tasks, which wait for nothing: what the event loop itself takes of it;
* ``semaphore``: ``asyncio.Semaphore`` of the same width, which knows neither rate nor deadline.

Order and rate are checked on the way: first come, first served, and never faster than the ceiling.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

from parts import figures

from confirma_async import LocalLimiter, RateLimit

TARGET_US = 30.0
RATE = 50_000.0
WIDTH = 64

Call = Callable[[int], Awaitable[None]]


async def _crowd(count: int, call: Call) -> float:
    """Return CPU microseconds per task, from the first to the last."""
    started = time.process_time()
    await asyncio.gather(*(call(index) for index in range(count)))
    return (time.process_time() - started) / count * 1e6


async def _tasks(count: int) -> float:
    async def call(_: int) -> None:
        await asyncio.sleep(0)

    return await _crowd(count, call)


async def _semaphore(count: int) -> float:
    semaphore = asyncio.Semaphore(WIDTH)

    async def call(_: int) -> None:
        async with semaphore:
            await asyncio.sleep(0)

    return await _crowd(count, call)


async def _limiter(count: int) -> tuple[float, float, int]:
    """Return CPU per waiter, the rate that was reached, and how many were served out of turn."""
    limiter = LocalLimiter(RateLimit(per_second=RATE, concurrency=WIDTH))
    deadline = asyncio.get_running_loop().time() + 3600
    served: list[int] = []

    async def call(index: int) -> None:
        await limiter.acquire(deadline)
        served.append(index)
        limiter.release()

    began = time.perf_counter()
    cost = await _crowd(count, call)
    rate = count / (time.perf_counter() - began)
    return cost, rate, sum(index != place for place, index in enumerate(served))


async def _uncontended(calls: int) -> float:
    """Return CPU microseconds of a turn that nobody has to wait for."""
    limiter = LocalLimiter(RateLimit(concurrency=WIDTH))
    started = time.process_time()
    for _ in range(calls):
        await limiter.acquire(1e12)
        limiter.release()
    return (time.process_time() - started) / calls * 1e6


def main() -> None:
    """Measure and print one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="little of everything, only to see that it runs")
    quick = parser.parse_args().quick
    rounds, waiters = (1, 2_000) if quick else (5, 100_000)
    taken: dict[str, list[float]] = {"tasks": [], "semaphore": [], "limiter": [], "uncontended": []}
    rates, inversions = list[float](), 0
    for _ in range(rounds):
        taken["tasks"].append(asyncio.run(_tasks(waiters)))
        taken["semaphore"].append(asyncio.run(_semaphore(waiters)))
        cost, rate, wrong = asyncio.run(_limiter(waiters))
        taken["limiter"].append(cost)
        taken["uncontended"].append(asyncio.run(_uncontended(waiters)))
        rates.append(rate)
        inversions += wrong
    cost = figures.median(taken["limiter"])
    figures.report(
        {
            **figures.surroundings(),
            "rounds": rounds,
            "waiters": waiters,
            "ceiling_per_second": RATE,
            "reached_per_second": round(max(rates)),
            "out_of_turn": inversions,
            "cpu_us": {name: round(sorted(each)[len(each) // 2], 2) for name, each in taken.items()},
            "ratio": {"semaphore": figures.ratio(taken["limiter"], taken["semaphore"])},
            "target_us": TARGET_US,
            "met": cost <= TARGET_US,
        }
    )


if __name__ == "__main__":
    main()
