"""The limiter keeps its ceiling, in order, and costs nothing to wait in."""

import asyncio
import contextlib
import itertools

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from confirma_async.errors import ConfigurationError
from confirma_async.session.rate.ratelimit import GRAIN, LocalLimiter, RateLimit


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
    per_second=st.sampled_from([1, 3, 17, 200, 3000]),
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
        assert inside <= per_second + max(burst, per_second * GRAIN)


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
        limiter.answered(loop.time(), throttled=True, quiet_seconds=7)
        limiter.answered(
            loop.time(), throttled=True, quiet_seconds=3
        )  # an earlier moment does not shorten the pause
        limiter.answered(loop.time())  # nor does a call that was taken
        began = await starts(limiter, 3)
        return [moment for _, moment in began]

    assert in_virtual_time(scenario) == [1007, 1007, 1007]


def test_a_pause_that_comes_while_calls_wait_holds_them(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1))
        loop = asyncio.get_running_loop()
        waiting = asyncio.create_task(starts(limiter, 3))
        await asyncio.sleep(0.5)
        limiter.answered(loop.time(), throttled=True, quiet_seconds=10)
        return [round(moment - 1000, 6) for _, moment in await waiting]

    assert in_virtual_time(scenario) == [0, 10.5, 11.5]


def test_ten_thousand_waiters_set_one_timer_for_their_turns_and_one_for_their_deadlines(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=1000))
        waiting = asyncio.create_task(starts(limiter, 10_000))
        await asyncio.sleep(0.0005)
        loop = asyncio.get_running_loop()
        timers = [handle for handle in vars(loop)["_scheduled"] if "_on_timer" in repr(handle)]
        await waiting
        return len(timers)

    assert in_virtual_time(scenario) == 2


def test_nobody_is_overtaken_however_the_others_hold_their_place(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=5000, concurrency=7))
        loop = asyncio.get_running_loop()
        served = []

        async def call(index):
            await limiter.acquire(loop.time() + 1000)
            served.append(index)
            await asyncio.sleep(index % 5 * 0.003)
            limiter.release()

        async def latecomer(index):
            await asyncio.sleep(0.0005 * (index - 500))
            arrived.append(index)
            await call(index)

        arrived = list(range(500))
        await asyncio.gather(*map(call, range(500)), *map(latecomer, range(500, 600)))
        return arrived, served

    arrived, served = in_virtual_time(scenario)
    assert served == arrived


def test_who_was_called_but_has_not_run_yet_is_not_overtaken(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(concurrency=2))
        order = []

        async def call(name):
            await limiter.acquire(1e9)
            order.append(name)

        for held in range(2):
            await call(held)
        waiting = asyncio.create_task(call("first"))
        await asyncio.sleep(0)
        limiter.release()  # calls the first
        limiter.release()  # makes room for another, who comes right now
        await call("second")
        await waiting
        return order

    assert in_virtual_time(scenario) == [0, 1, "first", "second"]


def test_a_stream_of_newcomers_starves_nobody(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=10))
        loop = asyncio.get_running_loop()

        async def newcomers():
            while True:
                with contextlib.suppress(TimeoutError):
                    await limiter.acquire(loop.time() + 0.5)
                    limiter.release()

        crowd = [asyncio.create_task(newcomers()) for _ in range(20)]
        await asyncio.sleep(1)
        began = loop.time()
        await limiter.acquire(began + 60)
        for one in crowd:
            one.cancel()
        return loop.time() - began

    assert in_virtual_time(scenario) <= 20 / 10 + 0.1


def refuse(limiter):
    """Has the service refuse calls until the limiter slows down."""
    now = asyncio.get_running_loop().time()
    for _ in range(10):
        limiter.answered(now, throttled=True)


def test_a_lone_refusal_slows_nobody_down(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=10))
        limiter.answered(asyncio.get_running_loop().time(), throttled=True)
        return [moment for _, moment in await starts(limiter, 20)]

    gaps = [later - earlier for earlier, later in itertools.pairwise(in_virtual_time(scenario))]
    assert gaps == pytest.approx([0.1] * 19)


def test_when_many_are_refused_calls_start_slower_and_recover(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=10))
        refuse(limiter)
        loop = asyncio.get_running_loop()
        began = []
        for _ in range(400):
            await limiter.acquire(1e9)
            began.append(loop.time())
            limiter.answered(loop.time())
            limiter.release()
        return began

    gaps = [later - earlier for earlier, later in itertools.pairwise(in_virtual_time(scenario))]
    assert gaps[0] >= 0.19
    assert gaps == pytest.approx(sorted(gaps, reverse=True))
    assert gaps[-1] == pytest.approx(0.1)


def test_while_the_rate_is_cut_there_are_no_bursts(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter(RateLimit(per_second=10, burst=5))
        refuse(limiter)
        began = await starts(limiter, 3)
        return [moment - 1000 for _, moment in began]

    assert in_virtual_time(scenario) == pytest.approx([0, 0.2, 0.4], abs=0.01)


def test_a_timer_that_is_a_little_late_does_not_lower_the_rate(in_virtual_time, monkeypatch):
    async def scenario():
        limiter, loop = LocalLimiter(RateLimit(per_second=100)), asyncio.get_running_loop()
        call_at = loop.call_at
        monkeypatch.setattr(loop, "call_at", lambda when, *rest: call_at(when + GRAIN / 2, *rest))
        return [moment for _, moment in await starts(limiter, 100)]

    began = in_virtual_time(scenario)
    assert began[-1] - began[0] == pytest.approx(0.99, abs=GRAIN)


def test_a_call_that_cannot_start_in_time_is_refused_at_once(in_virtual_time):
    async def scenario():
        limiter = LocalLimiter()
        loop = asyncio.get_running_loop()
        limiter.answered(loop.time(), throttled=True, quiet_seconds=60)
        with pytest.raises(TimeoutError, match="quiet for another 60 s"):
            await limiter.acquire(loop.time() + 30)
        return loop.time()

    assert in_virtual_time(scenario) == 1000


def test_a_limiter_goes_along_to_the_next_loop_when_the_first_is_closed(in_virtual_time):
    limiter = LocalLimiter(RateLimit(concurrency=1))

    async def leaves_its_place():
        await limiter.acquire(1e9)

    for _ in range(2):
        in_virtual_time(leaves_its_place)


def test_two_open_loops_cannot_share_a_limiter():
    limiter = LocalLimiter()
    with asyncio.Runner() as first, asyncio.Runner() as second:
        first.run(limiter.acquire(1e12))
        with pytest.raises(ConfigurationError, match="one limiter per loop"):
            second.run(limiter.acquire(1e12))


@pytest.mark.parametrize("wrong", [{"per_second": 0}, {"per_second": -1}, {"burst": 0}, {"concurrency": 0}])
def test_a_limit_that_lets_nothing_through_is_refused(wrong):
    with pytest.raises(ConfigurationError, match="must be"):
        RateLimit(**wrong)


def test_a_moment_that_has_just_come_is_waited_for_under_uvloop():
    """Its handle for such a moment does not say when it is."""
    uvloop = pytest.importorskip("uvloop")

    async def wake_twice():
        limiter, loop = LocalLimiter(RateLimit(per_second=10)), asyncio.get_running_loop()
        for _ in range(2):
            limiter._wake_at(loop, loop.time() - 1)
        await starts(limiter, 2)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(wake_twice())
