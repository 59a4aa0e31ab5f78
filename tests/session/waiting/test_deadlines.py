"""Waits with a limit each, behind one timer: each ends at its own moment, and no other."""

import asyncio

import pytest

from confirma_async.session.waiting.deadlines import Deadlines, Timeouts


def timers(loop):
    return [handle for handle in vars(loop)["_scheduled"] if not handle.cancelled()]


async def limited(timeouts, seconds, wait=3600.0):
    """Waits with a limit; returns the moment at which the limit ended it, None where it did not."""
    loop = asyncio.get_running_loop()
    try:
        with timeouts.until(loop.time() + seconds, loop):
            await asyncio.sleep(wait)
    except TimeoutError:
        return round(loop.time() - 1000, 6)
    return None


def test_each_wait_ends_at_its_own_moment_in_whatever_order_they_began(in_virtual_time):
    async def scenario():
        timeouts = Timeouts()
        limits = [30.0, 0.5, 10.0, 0.5, 2.0, 86_400.0, 0.0, -1.0]
        return await asyncio.gather(*(limited(timeouts, seconds, 100_000.0) for seconds in limits))

    assert in_virtual_time(scenario) == [30.0, 0.5, 10.0, 0.5, 2.0, 86_400.0, 0.0, 0.0]


def test_a_short_limit_behind_long_ones_is_kept(in_virtual_time):
    async def scenario():
        timeouts = Timeouts()
        long = [asyncio.create_task(limited(timeouts, 30.0)) for _ in range(3)]
        await asyncio.sleep(1)
        short = await limited(timeouts, 0.25)
        return short, await asyncio.gather(*long)

    assert in_virtual_time(scenario) == (1.25, [30.0] * 3)


def test_what_ends_in_time_is_left_alone_and_nothing_of_it_stays(in_virtual_time):
    async def scenario():
        timeouts = Timeouts()
        ended = await limited(timeouts, 1.0, wait=0.5)
        await asyncio.sleep(10)
        return ended, timers(asyncio.get_running_loop())

    assert in_virtual_time(scenario) == (None, [])


def test_many_waits_have_one_timer(in_virtual_time):
    async def scenario():
        timeouts = Timeouts()
        waits = [asyncio.create_task(limited(timeouts, 5.0 + index % 7)) for index in range(100)]
        await asyncio.sleep(0)
        found = [timer for timer in timers(asyncio.get_running_loop()) if "_on_timer" in repr(timer)]
        await asyncio.gather(*waits)
        return len(found)

    assert in_virtual_time(scenario) == 1


def test_a_cancellation_from_elsewhere_stays_one_also_at_the_same_moment(in_virtual_time):
    async def scenario(order):
        timeouts, loop = Timeouts(), asyncio.get_running_loop()
        task = asyncio.create_task(limited(timeouts, 1.0))
        await asyncio.sleep(0)
        for what in order:
            if what == "cancelled":
                loop.call_at(1001.0, task.cancel)
            else:
                await asyncio.sleep(0)
        await asyncio.wait([task])
        return task.cancelled()

    assert in_virtual_time(lambda: scenario(["cancelled"]))
    assert in_virtual_time(lambda: scenario(["expired", "cancelled"]))


def test_the_limit_of_a_task_that_was_cancelled_before_is_kept(in_virtual_time):
    async def scenario():
        timeouts, ended = Timeouts(), []

        async def stubborn():
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                ended.append(await limited(timeouts, 2.0))
                raise

        task = asyncio.create_task(stubborn())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        return ended, task.cancelled()

    assert in_virtual_time(scenario) == ([2.0], True)


def test_a_wait_that_ends_as_its_time_is_up_is_not_followed_by_a_cancellation(in_virtual_time):
    async def scenario():
        timeouts, loop = Timeouts(), asyncio.get_running_loop()
        answer = loop.create_future()
        loop.call_at(1001.0, answer.set_result, "answer")

        async def call():
            try:
                with timeouts.until(1001.0, loop):
                    return await answer
            except TimeoutError:
                return "timeout"

        task = asyncio.create_task(call())
        return await task, task.cancelling()

    reported, cancellations = in_virtual_time(scenario)
    assert reported in {"answer", "timeout"}
    assert cancellations == 0


def test_an_error_that_the_end_of_a_wait_is_turned_into_is_not_hidden(in_virtual_time):
    async def scenario():
        timeouts, loop = Timeouts(), asyncio.get_running_loop()

        async def call():
            with timeouts.until(loop.time() + 1, loop):
                try:
                    await asyncio.sleep(3600)
                except asyncio.CancelledError:
                    raise ConnectionError from None

        task = asyncio.create_task(call())
        with pytest.raises(ConnectionError):
            await task
        return task.cancelling()

    assert in_virtual_time(scenario) == 0


def test_one_that_expires_may_take_another_away_or_add_one(in_virtual_time):
    async def scenario():
        loop, expired = asyncio.get_running_loop(), []

        def expire(key):
            expired.append((key, round(loop.time() - 1000, 6)))
            if key == "first":
                deadlines.remove("second")
                deadlines.add("third", loop.time() + 1, loop)

        deadlines = Deadlines[str](expire)
        deadlines.add("first", 1001.0, loop)
        deadlines.add("second", 1005.0, loop)
        await asyncio.sleep(10)
        return expired, timers(loop)

    assert in_virtual_time(scenario) == ([("first", 1.0), ("third", 2.0)], [])


def test_once_stopped_no_timer_is_left(in_virtual_time):
    async def scenario():
        deadlines, loop = Deadlines[str](lambda _: pytest.fail("it expired")), asyncio.get_running_loop()
        deadlines.add("call", 1030.0, loop)
        deadlines.remove("call")
        before = len(timers(loop))
        deadlines.stop()
        return before, timers(loop)

    assert in_virtual_time(scenario) == (1, [])
