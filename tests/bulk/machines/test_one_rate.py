"""How well workers keep one rate over any ten seconds, whatever holds them up; in virtual time."""

import asyncio
import bisect

import pytest

from confirma_async import RateLimit
from confirma_async.bulk.machines import shared_limiter
from confirma_async.bulk.machines.queue import QueueConnector
from confirma_async.bulk.machines.shared_limiter import LATE, SharedLimiter
from confirma_async.session.rate.ratelimit import LocalLimiter
from tests.virtual_time import VirtualTimeLoop

RATE = 100.0
WINDOW = 10.0
SECONDS = 32.0


class RateRow(QueueConnector):
    """The row of the rate, by the clock of the loop; each way to it takes three milliseconds."""

    def __init__(self):
        super().__init__("postgresql://nobody@127.0.0.1:1/none")
        self.next_at = 0.0

    async def ask_at_the_rate(self, query, values):
        await asyncio.sleep(0.003)
        now = asyncio.get_running_loop().time()
        if query is shared_limiter._LEASE:
            self.next_at = max(self.next_at, now - values["lag"]) + values["count"] / RATE
        until = self.next_at - now
        await asyncio.sleep(0.003)
        return [{"per_second": RATE, "until": until, "quiet": 0.0}]


async def admitted(workers, stalls):
    """Return when calls of so many workers were admitted, who are held up together now and then."""
    loop, row, moments = asyncio.get_running_loop(), RateRow(), []
    assert isinstance(loop, VirtualTimeLoop)
    began = loop.time()
    limiters = [SharedLimiter(LocalLimiter(RateLimit(concurrency=32)), row, RATE) for _ in range(workers)]

    async def call(limiter):
        while True:
            await limiter.acquire(loop.time() + 60.0)
            moments.append(loop.time() - began)
            await asyncio.sleep(0.1)
            limiter.release()

    calls = [asyncio.create_task(call(limiter)) for limiter in limiters for _ in range(32)]
    for at, seconds in stalls:
        loop.call_at(began + at, loop.hold_up, seconds)
    await asyncio.sleep(SECONDS)
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    for limiter in limiters:
        await limiter.close()
    return sorted(moments)


def errors(moments):
    """Return by what share the emptiest and the fullest ten seconds after the first one were off the rate."""
    found = [
        bisect.bisect_left(moments, start + WINDOW) - bisect.bisect_left(moments, start)
        for start in (1.0 + step / 50 for step in range(int((SECONDS - WINDOW - 1.0) * 50)))
    ]
    return min(found) / (WINDOW * RATE) - 1.0, max(found) / (WINDOW * RATE) - 1.0


@pytest.mark.parametrize("workers", [1, 2, 4, 8])
def test_workers_that_nothing_holds_up_keep_the_rate(in_virtual_time, workers):
    fewest, most = errors(in_virtual_time(lambda: admitted(workers, [])))
    assert fewest >= -0.002
    assert most <= 0.002


@pytest.mark.parametrize("workers", [1, 8])
def test_what_a_short_hold_up_misses_is_made_up_for(in_virtual_time, workers):
    stalls = [(3.0 + 1.3 * turn, 0.14) for turn in range(20)]
    fewest, most = errors(in_virtual_time(lambda: admitted(workers, stalls)))
    assert fewest >= -0.02
    assert most <= 0.02


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("seconds", [0.16, 0.3, 1.0, 5.0])
def test_no_hold_up_is_made_up_for_beyond_two_hundredths(in_virtual_time, workers, seconds):
    stalls = [(3.0 + 7.7 * turn, seconds) for turn in range(3)]
    _, most = errors(in_virtual_time(lambda: admitted(workers, stalls)))
    assert most <= LATE / WINDOW + 0.002 <= 0.02
