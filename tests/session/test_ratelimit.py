"""The limiter keeps its ceiling, in order, and costs nothing to wait in."""

import asyncio
import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confirma_async.session.ratelimit import LocalLimiter, RateLimit


async def starts(limiter, count, *, deadline=1e9, hold=0.0):
    """Starts that many calls at once; returns who started when, in the order of starting."""
    loop = asyncio.get_running_loop()
    began = []

    async def call(index):
        await limiter.acquire(deadline)
        began.append((index, loop.time()))
        await asyncio.sleep(hold)
        limiter.release()

    await asyncio.gather(*(call(index) for index in range(count)))
    return began


def test_calls_start_in_the_order_they_came(in_virtual_time):
    began = in_virtual_time(lambda: starts(LocalLimiter(RateLimit(per_second=10, concurrency=1)), 50))
    assert [index for index, _ in began] == list(range(50))


def test_calls_start_evenly_at_the_rate(in_virtual_time):
    began = in_virtual_time(lambda: starts(LocalLimiter(RateLimit(per_second=10)), 20))
    gaps = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(began)]
    assert gaps == pytest.approx([0.1] * 19)


@given(
    per_second=st.integers(1, 200),
    burst=st.integers(1, 20),
    count=st.integers(1, 120),
    hold=st.sampled_from([0.0, 0.013, 1.7]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_window_holds_more_than_rate_and_burst(in_virtual_time, per_second, burst, count, hold):
    limiter = LocalLimiter(RateLimit(per_second=per_second, burst=burst, concurrency=200))
    began = [moment for _, moment in in_virtual_time(lambda: starts(limiter, count, hold=hold))]
    for first in range(len(began)):
        inside = sum(1 for moment in began[first:] if moment < began[first] + 1.0 - 1e-9)
        assert inside <= per_second + burst


def test_a_burst_starts_at_once_and_no_more(in_virtual_time):
    began = in_virtual_time(lambda: starts(LocalLimiter(RateLimit(per_second=1, burst=5)), 7))
    assert [round(moment - began[0][1], 6) for _, moment in began] == [0, 0, 0, 0, 0, 1, 2]


def test_no_more_calls_are_under_way_than_allowed(in_virtual_time):
    limiter = LocalLimiter(RateLimit(concurrency=3))
    began = in_virtual_time(lambda: starts(limiter, 9, hold=1.0))
    assert [round(moment - began[0][1], 6) for _, moment in began] == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_a_call_whose_turn_does_not_come_in_time_gives_up(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1))
        loop = asyncio.get_running_loop()
        await limiter.acquire(loop.time() + 10)
        with pytest.raises(TimeoutError):
            await limiter.acquire(loop.time() + 0.5)
        return loop.time()

    assert in_virtual_time(scenario) == pytest.approx(1000.5)


def test_who_gave_up_takes_nobodys_place(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(concurrency=1))
        loop = asyncio.get_running_loop()
        await limiter.acquire(loop.time() + 100)
        impatient = asyncio.create_task(limiter.acquire(loop.time() + 1))
        patient = asyncio.create_task(limiter.acquire(loop.time() + 100))
        await asyncio.sleep(2)
        limiter.release()
        await patient
        with pytest.raises(TimeoutError):
            await impatient

    in_virtual_time(scenario)


def test_a_turn_that_comes_together_with_cancellation_is_passed_on(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(concurrency=1))
        loop = asyncio.get_running_loop()
        await limiter.acquire(loop.time() + 100)
        first = asyncio.create_task(limiter.acquire(loop.time() + 100))
        second = asyncio.create_task(limiter.acquire(loop.time() + 100))
        await asyncio.sleep(0)
        limiter.release()  # grants the first, which has not run yet
        first.cancel()
        await asyncio.wait_for(second, 1)
        assert first.cancelled()

    in_virtual_time(scenario)


def test_nothing_starts_before_the_service_takes_calls_again(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(concurrency=4))
        loop = asyncio.get_running_loop()
        limiter.slow_down(loop.time(), 7)
        limiter.slow_down(loop.time(), 3)  # an earlier moment does not shorten the pause
        began = await starts(limiter, 3)
        return [moment for _, moment in began]

    assert in_virtual_time(scenario) == pytest.approx([1007, 1007.04, 1007.08], abs=0.001)


def test_a_pause_that_comes_while_calls_wait_holds_them(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1))
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(starts(limiter, 3))
        await asyncio.sleep(0.5)
        limiter.slow_down(loop.time(), 10)
        return [round(moment - 1000, 6) for _, moment in await waiting]

    assert in_virtual_time(scenario) == [0, 10.5, 12.5]


def test_ten_thousand_waiters_set_one_timer_at_a_time(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1000))
        waiting = asyncio.create_task(starts(limiter, 10_000))
        await asyncio.sleep(0.0005)
        loop = asyncio.get_running_loop()
        timers = [handle for handle in vars(loop)["_scheduled"] if "_on_timer" in repr(handle)]
        await waiting
        return len(timers)

    assert in_virtual_time(scenario) == 1


@pytest.mark.parametrize("wrong", [{"per_second": 0}, {"per_second": -1}, {"burst": 0}, {"concurrency": 0}])
def test_a_limit_that_lets_nothing_through_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        RateLimit(**wrong)
