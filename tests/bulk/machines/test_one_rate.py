"""How well workers keep one rate over any ten seconds, whatever holds them up; in virtual time."""

import asyncio
import bisect
import contextlib
import math
from collections import Counter

import pytest

from confirma_async import RateLimit
from confirma_async.bulk.machines import shared_limiter
from confirma_async.bulk.machines.queue import QueueConnector
from confirma_async.bulk.machines.shared_limiter import LATE, SharedLimiter
from confirma_async.session.rate.ratelimit import LocalLimiter
from tests.plugins.virtual_time import VirtualTimeLoop

RATE = 100.0
WINDOW = 10.0
SECONDS = 32.0


class RateRow(QueueConnector):
    """The row of the rate, by the clock of the loop; each way to it takes three milliseconds."""

    def __init__(self, per_second=RATE):
        super().__init__("postgresql://nobody@127.0.0.1:1/none")
        self.per_second = per_second
        self.next_at = self.quiet_until = 0.0

    async def ask_at_the_rate(self, query, values):
        await asyncio.sleep(0.003)
        now = asyncio.get_running_loop().time()
        if query is shared_limiter._LEASE:
            self.next_at = max(self.next_at, now - values["lag"]) + values["count"] / self.per_second
        elif query is shared_limiter._QUIET:
            self.quiet_until = now + values["seconds"]
        until, quiet = self.next_at - now, max(0.0, self.quiet_until - now)
        await asyncio.sleep(0.003)
        return [{"per_second": self.per_second, "until": until, "quiet": quiet}]


async def admitted(workers, stalls, rate=RATE, late=0.0):
    """Return when calls of so many workers were admitted, and by which, in order.

    The workers are held up together now and then; the last one begins so many seconds late.
    """
    loop, row, moments = asyncio.get_running_loop(), RateRow(rate), []
    assert isinstance(loop, VirtualTimeLoop)
    began = loop.time()
    limiters = [SharedLimiter(LocalLimiter(RateLimit(concurrency=32)), row, rate) for _ in range(workers)]

    async def call(limiter):
        await asyncio.sleep(late if limiter is limiters[-1] else 0.0)
        while True:
            await limiter.acquire(loop.time() + 60.0)
            moments.append((loop.time() - began, limiters.index(limiter)))
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


def errors(admitted):
    """Return by what share the emptiest and the fullest ten seconds after the first one were off the rate."""
    moments = [moment for moment, _ in admitted]
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


@pytest.mark.parametrize("workers", [2, 4, 8])
@pytest.mark.parametrize("late", [0.0, 12.0])
@pytest.mark.parametrize("rate", [20.0, RATE])
def test_workers_share_the_rate_evenly_also_with_one_that_comes_later(in_virtual_time, workers, late, rate):
    found = in_virtual_time(lambda: admitted(workers, [], rate, late))
    counted = Counter(who for moment, who in found if moment > late + 2.0)
    mean = counted.total() / workers
    assert len(counted) == workers
    assert max(abs(counted[who] / mean - 1.0) for who in counted) <= 0.1


async def heard_of_quiet(per_second):
    """Return when another worker has admitted calls since one was told to keep quiet for five seconds."""
    loop, row, moments = asyncio.get_running_loop(), RateRow(per_second), []
    limiters = [SharedLimiter(LocalLimiter(RateLimit(concurrency=4)), row, per_second) for _ in range(2)]

    async def call():
        while True:
            await limiters[1].acquire(loop.time() + 60.0)
            moments.append(loop.time())
            await asyncio.sleep(0.02)
            limiters[1].release()

    calls = [asyncio.create_task(call()) for _ in range(4)]
    await asyncio.sleep(3.3)
    reported = loop.time()
    limiters[0].answered(reported, throttled=True, quiet_seconds=5.0)
    await asyncio.sleep(7.0)
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    for limiter in limiters:
        await limiter.close()
    return [moment - reported for moment in moments if moment > reported]


@pytest.mark.parametrize("per_second", [RATE, math.inf], ids=["a rate", "no rate"])
def test_all_workers_know_within_a_second_that_the_service_wants_quiet(in_virtual_time, per_second):
    moments = in_virtual_time(lambda: heard_of_quiet(per_second))
    assert not [moment for moment in moments if 1.0 <= moment < 4.98]
    assert [moment for moment in moments if moment >= 4.98]


async def after_another_rate(first, second, *, callers=4, quiet_seconds=0.0):
    """Return when calls were admitted that began to wait at one rate, since another one was said."""
    loop, row, moments = asyncio.get_running_loop(), RateRow(first), []
    limiter = SharedLimiter(LocalLimiter(RateLimit(concurrency=64)), row, first)

    async def call():
        await limiter.acquire(loop.time() + 600.0)
        moments.append(loop.time())

    if quiet_seconds:
        limiter.answered(loop.time(), throttled=True, quiet_seconds=quiet_seconds)
    calls = [asyncio.create_task(call()) for _ in range(callers)]
    await asyncio.sleep(1.0)
    reported, row.per_second = loop.time(), second
    row.next_at = min(row.next_at, reported + 1.0 / second)  # as become_worker does
    await asyncio.gather(*calls)
    await limiter.close()
    return [moment - reported for moment in moments]


def test_calls_that_wait_for_quiet_to_end_keep_the_rate_that_was_said_meanwhile(in_virtual_time):
    found = in_virtual_time(lambda: after_another_rate(math.inf, 5.0, callers=50, quiet_seconds=4.0))
    assert max(found) - min(found) >= 9.0


def test_a_rate_that_is_raised_is_followed_at_once_but_for_permits_that_are_leased(in_virtual_time):
    found = sorted(in_virtual_time(lambda: after_another_rate(0.02, 100.0)))
    assert found[-2] <= 2.0


async def admitted_beside_those_that_give_up():
    """Return how many calls are admitted in half a minute at two a second; each waits for five seconds."""
    loop, admitted = asyncio.get_running_loop(), 0
    limiter = SharedLimiter(LocalLimiter(RateLimit(concurrency=32)), RateRow(2.0), 2.0)

    async def call():
        nonlocal admitted
        while True:
            with contextlib.suppress(TimeoutError):
                await limiter.acquire(loop.time() + 5.0)
                admitted += 1
                limiter.release()

    calls = [asyncio.create_task(call()) for _ in range(32)]
    await asyncio.sleep(30.0)
    for task in calls:
        task.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    await limiter.close()
    return admitted


def test_calls_that_have_given_up_use_no_permits_up(in_virtual_time):
    assert in_virtual_time(admitted_beside_those_that_give_up) >= 50
