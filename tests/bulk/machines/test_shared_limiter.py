"""One rate for all workers of a database, whoever asks for a permit."""

import asyncio
import math
import time

import pytest

from confirma_async import RateLimit
from confirma_async.bulk.journal.records import JobName
from confirma_async.bulk.machines.planned_journal import open_planned
from confirma_async.bulk.machines.queue import QueueConnector
from confirma_async.bulk.machines.shared_limiter import LAG, LATE, SharedLimiter
from confirma_async.session.rate.ratelimit import LocalLimiter


@pytest.fixture
def become_worker(postgres):
    """Has a worker begin, with what it says of the rate; returns the rate that holds."""
    opened = []

    def begin(rate=None):
        journal = open_planned(postgres)
        opened.append(journal)
        with journal.transaction():
            run = journal.runs.begin(JobName("t"), now=1000.0)
            return journal.become_worker(run, "w", rate)

    yield begin
    for journal in opened:
        journal.close()


@pytest.fixture
async def limiter(postgres):
    """Makes the limiter of a worker."""
    made = []

    def make(per_second, concurrency=1000):
        local = LocalLimiter(RateLimit(concurrency=concurrency))
        made.append(SharedLimiter(local, QueueConnector(postgres), per_second))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def admitted(limiter, count, seconds=30.0):
    """Have so many calls admitted and end at once; return the loop times at which they were."""
    loop = asyncio.get_running_loop()

    async def call():
        await limiter.acquire(loop.time() + seconds)
        limiter.release()
        return loop.time()

    return await asyncio.gather(*(call() for _ in range(count)))


def test_the_rate_that_was_said_last_holds_for_all(become_worker):
    assert become_worker() == math.inf
    assert become_worker(50.0) == 50.0
    assert become_worker() == 50.0
    assert become_worker(20.0) == 20.0


def test_a_rate_is_forgotten_once_no_worker_is_alive(become_worker, in_database):
    become_worker(50.0)
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.run SET lease_until = to_timestamp(1)")
    assert become_worker() == math.inf


async def test_workers_together_never_get_more_permits_than_the_rate(become_worker, limiter):
    become_worker(200.0)
    first, second = limiter(200.0), limiter(200.0)
    began = asyncio.get_running_loop().time()
    of_first, of_second = await asyncio.gather(admitted(first, 50), admitted(second, 50))
    assert len(of_first) + len(of_second) == 100
    assert max(*of_first, *of_second) - began >= 99 / 200.0 - LAG - 0.01


async def test_a_call_whose_permit_does_not_come_in_time_holds_nothing(become_worker, limiter):
    become_worker(0.2)  # a busy machine may miss a permit, and waits for the next one
    slow = limiter(0.2, concurrency=1)
    await admitted(slow, 1)
    with pytest.raises(TimeoutError):
        await admitted(slow, 1, seconds=0.05)
    assert slow.local._under_way == 0


async def test_the_quiet_that_a_service_asks_one_worker_for_all_keep(become_worker, limiter):
    become_worker(1000.0)
    reported, other = limiter(1000.0), limiter(1000.0)
    await admitted(other, 1)
    loop = asyncio.get_running_loop()
    until = loop.time() + 1.5
    reported.answered(loop.time(), throttled=True, quiet_seconds=1.5)
    while other._gate < loop.time():  # noqa: ASYNC110 (it learns that by itself)
        await asyncio.sleep(0.01)
    assert min(await admitted(other, 5)) >= until - 0.05


async def test_a_worker_that_began_without_a_rate_keeps_one_that_is_said_later(become_worker, limiter):
    early = limiter(become_worker())
    began = asyncio.get_running_loop().time()
    assert max(await admitted(early, 100)) - began < 2.0  # nothing holds them up
    become_worker(20.0)
    while early.per_second != 20.0:  # noqa: ASYNC110 (it learns that by itself)
        await asyncio.sleep(0.01)
    began = asyncio.get_running_loop().time()
    assert max(await admitted(early, 12)) - began >= 11 / 20.0 - LAG - 0.01


async def test_nobody_gets_a_permit_while_the_database_is_away(become_worker):
    cut_off = SharedLimiter(
        LocalLimiter(RateLimit(concurrency=4)),
        QueueConnector("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1"),
        100.0,
    )
    with pytest.raises(TimeoutError):
        await admitted(cut_off, 1, seconds=0.3)
    await cut_off.close()


async def test_a_worker_that_was_held_up_does_not_send_at_once_what_it_has_missed(
    become_worker, limiter, in_database, monkeypatch
):
    """Ten seconds pass for its loop and for the database, in which nothing is done."""
    lease, leased = SharedLimiter._lease, asyncio.Event()

    async def leasing(limiter, count):
        found = await lease(limiter, count)
        leased.set()
        return found

    monkeypatch.setattr(SharedLimiter, "_lease", leasing)
    become_worker(100.0)
    loop, one = asyncio.get_running_loop(), limiter(100.0)
    calls = [asyncio.ensure_future(admitted(one, 1)) for _ in range(40)]
    await leased.wait()  # so that no lease is on its way while the time passes
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.rate SET next_at = next_at - interval '10 s'")
    monkeypatch.setattr(loop, "time", lambda: time.monotonic() + 10.0)
    awake, later = loop.time(), [call for call in calls if not call.done()]
    await asyncio.gather(*later)
    assert loop.time() - awake >= (len(later) - 1) / 100.0 - LATE - 0.01
