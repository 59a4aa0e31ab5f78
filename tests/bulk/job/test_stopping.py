"""A job that is asked to stop: what waits goes back, what is under way ends, nothing is left in between."""

import asyncio
import contextlib
from collections import Counter

import pytest

from confirma_async import Confirma, LocalLimiter, RateLimit, RetryPolicy
from confirma_async.bulk import State
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.session.hooks import Hook
from confirma_async.session.transport import Response

LISTED = (
    b'{"data": [{"invoiceNumber": "1", "invoiceDate": "2026-11-01", "status": "INVOICED"}],'
    b' "metaData": {"totalCount": 1}}'
)

ONE_AT_A_TIME = RateLimit(per_second=0.01)
"""The first call goes at once; the second would be let in after more than its time."""


TAKEN = Response(200, {}, b'{"status": "PAUSED"}')


class Seen:
    """Counts, and lets a test wait for a count."""

    def __init__(self):
        self.count = 0
        self.more = asyncio.Condition()

    async def note(self):
        async with self.more:
            self.count += 1
            self.more.notify_all()

    async def until(self, count):
        async with self.more:
            await self.more.wait_for(lambda: self.count >= count)


class Limiter(LocalLimiter):
    """Tells how many calls have asked for their turn."""

    def __init__(self, limit):
        super().__init__(limit)
        self.asked = Seen()

    async def acquire(self, deadline):
        await self.asked.note()
        await super().acquire(deadline)


class Service:
    """Counts what arrives, and answers as it is told."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.posted: Counter[int] = Counter()
        self.arrived = Seen()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self.gets = 0

    async def send(self, request):
        if request.method == "GET":
            self.gets += 1
            return Response(200, {}, LISTED)
        number = int(request.body.partition(b'"number":')[2].split(b",")[0])
        self.posted[number] += 1
        await self.arrived.note()
        await self.go_on.wait()
        return self.answers.pop(0) if self.answers else TAKEN

    async def close(self):
        pass


def client(service, limit=None, **options):
    return Confirma("k", transport=service, rate_limit=limit or RateLimit(), **options)


def states(path):
    with reading(path) as journal:
        return Counter(row.state for row in journal.rows())


async def run_again(service, path, invoices):
    """The same job without a limit; it must come to its end."""
    service.go_on.set()
    async with client(service) as confirma:
        report = await confirma.bulk.submit(invoices, journal=path)
    assert report.complete
    assert service.posted == Counter(range(1, len(invoices) + 1))


async def by_event(job, stop):
    stop.set()
    return await job


async def by_cancelling(job, _stop):
    job.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await job


@pytest.fixture(params=[by_event, by_cancelling])
def ended(request):
    """The two ways to end a job from outside."""
    return request.param


async def iterated(stream):
    async for _ in stream:
        pass


@pytest.fixture
def invoices(wire_invoice):
    return [wire_invoice(number) for number in range(1, 21)]


async def test_what_waits_for_its_turn_goes_back_at_once(path, invoices, ended):
    service, stop, limiter = Service(), asyncio.Event(), Limiter(ONE_AT_A_TIME)
    async with client(service, limiter) as confirma:
        stream = confirma.bulk.stream(invoices, journal=path, stop=stop)
        job = asyncio.create_task(iterated(stream))
        await limiter.asked.until(limiter.concurrency + 1)  # the first has been decided
        await ended(job, stop)
    report = stream.report
    assert (report.interrupted, report.complete, report.paused) == (True, False, None)
    assert (report.pending, report.unknown, service.posted.total()) == (19, 0, 1)
    assert states(path) == {State.ACCEPTED: 1, State.PENDING: 19}
    await run_again(service, path, invoices)


async def test_what_is_under_way_comes_to_its_end(path, invoices):
    service, stop = Service(), asyncio.Event()
    service.go_on.clear()
    async with client(service, RateLimit(concurrency=4)) as confirma:
        job = asyncio.create_task(confirma.bulk.submit(invoices, journal=path, stop=stop))
        await service.arrived.until(4)
        stop.set()
        asyncio.get_running_loop().call_later(0.01, service.go_on.set)
        report = await job
    assert (report.accepted, report.pending, report.unknown, report.interrupted) == (4, 16, 0, True)
    assert states(path) == {State.ACCEPTED: 4, State.PENDING: 16}
    await run_again(service, path, invoices)


class Refused(Hook):
    """Tells when a request has ended; its call goes on to the pause in the same breath."""

    def __init__(self):
        self.reported = asyncio.Event()

    def after_attempt(self, history):
        self.reported.set()


async def test_the_pause_after_a_refusal_for_load_is_given_up(path, invoices, ended):
    """The intent of that attempt is in the journal, and the attempt surely did not arrive: it is pending."""
    service, stop, refused = Service(Response(429, {"Retry-After": "20"}, b"")), asyncio.Event(), Refused()
    async with client(service, hooks=[refused]) as confirma:
        stream = confirma.bulk.stream(invoices[:1], journal=path, stop=stop)
        job = asyncio.create_task(iterated(stream))
        await refused.reported.wait()
        assert states(path) == {State.SENDING: 1}
        await ended(job, stop)
    assert (stream.report.pending, stream.report.unknown) == (1, 0)
    assert states(path) == {State.PENDING: 1}
    service.posted.clear()
    service.go_on.set()
    async with client(service) as confirma:  # looked up before it is sent again, and this service lists it
        report = await confirma.bulk.submit(invoices[:1], journal=path)
    assert (report.complete, report.accepted, service.posted) == (True, 1, Counter())


async def test_what_may_have_arrived_stays_unknown_where_its_second_attempt_is_called_off(path, invoices):
    """The lookup found nothing, the resend got no turn: that the first attempt was lost is still open."""
    absent = (
        b'{"data": [], "metaData": {"totalCount": 0, "filtersApplied":'
        b' {"invoiceNumber": "1", "fromInvDate": "2026-10-25", "toInvDate": "2026-11-08"}}}'
    )

    class Absent(Service):
        async def send(self, request):
            return Response(200, {}, absent) if request.method == "GET" else await super().send(request)

    service, stop = Absent(Response(500, {}, b"")), asyncio.Event()
    limiter = Limiter(RateLimit(per_second=0.01, burst=2))
    async with client(service, limiter) as confirma:
        job = asyncio.create_task(
            confirma.bulk.submit(invoices[:1], journal=path, stop=stop, settle_seconds=0, on_unknown="resend")
        )
        await limiter.asked.until(3)
        stop.set()
        report = await job
    assert (report.unknown, report.pending, service.posted[1]) == (1, 0, 1)
    assert states(path) == {State.UNKNOWN: 1}


async def test_a_lookup_that_waits_for_its_turn_is_given_up(path, invoices):
    service, stop, limiter = Service(Response(500, {}, b"")), asyncio.Event(), Limiter(ONE_AT_A_TIME)
    async with client(service, limiter) as confirma:
        job = asyncio.create_task(
            confirma.bulk.submit(invoices[:1], journal=path, stop=stop, settle_seconds=0, on_unknown="resend")
        )
        await limiter.asked.until(2)
        stop.set()
        report = await job
    assert (report.unknown, report.interrupted, service.gets) == (1, True, 0)
    assert states(path) == {State.UNKNOWN: 1}
    await run_again(service, path, invoices[:1])


async def test_cut_off_what_was_under_way_is_left_to_the_next_run(path, invoices):
    service = Service()
    service.go_on.clear()
    async with client(service, RateLimit(concurrency=4)) as confirma:
        stream = confirma.bulk.stream(invoices, journal=path)
        job = asyncio.create_task(iterated(stream))
        await service.arrived.until(4)
        job.cancel()
        await asyncio.gather(job, return_exceptions=True)
    assert states(path) == {State.SENDING: 4, State.PENDING: 16}
    assert (stream.report.unknown, stream.report.pending, stream.report.interrupted) == (4, 16, True)


async def test_breaking_off_the_iteration_is_an_interruption(path, invoices):
    service = Service()
    async with client(service, ONE_AT_A_TIME) as confirma:
        stream = confirma.bulk.stream(invoices, journal=path)
        async with contextlib.aclosing(aiter(stream)) as outcomes:
            async for _ in outcomes:
                break
    assert (stream.report.interrupted, stream.report.pending, service.posted.total()) == (True, 19, 1)
    assert states(path) == {State.ACCEPTED: 1, State.PENDING: 19}
    await run_again(service, path, invoices)


async def test_a_job_that_pauses_lets_go_of_what_waits_too(path, invoices):
    service = Service(Response(401, {}, b""))
    async with client(service, ONE_AT_A_TIME, retry=RetryPolicy(attempts=1)) as confirma:
        report = await confirma.bulk.submit(invoices, journal=path)
    assert "called off" not in report.paused
    assert (report.pending, service.posted.total(), report.interrupted) == (20, 1, False)
    assert states(path) == {State.PENDING: 20}


async def test_stopped_before_it_begins_it_sends_nothing(path, invoices):
    service, stop = Service(), asyncio.Event()
    stop.set()
    async with client(service) as confirma:
        report = await confirma.bulk.submit(invoices, journal=path, stop=stop)
    assert (report.interrupted, report.complete) == (True, False)
    assert not states(path)[State.CLAIMED]
    await run_again(service, path, invoices)


async def test_a_job_has_no_more_workers_than_work(path, invoices):
    tasks = []

    class Counting(Service):
        async def send(self, request):
            tasks.append(len(asyncio.all_tasks()))
            return await super().send(request)

    async with client(Counting(), RateLimit(concurrency=10_000)) as confirma:
        report = await confirma.bulk.submit(invoices, journal=path)
    assert report.accepted == 20
    assert max(tasks) < 40


async def test_a_job_has_as_many_workers_as_it_may_where_there_is_work(path, invoices):
    service = Service()
    service.go_on.clear()
    async with client(service, RateLimit(concurrency=16)) as confirma:
        job = asyncio.create_task(confirma.bulk.submit(invoices, journal=path))
        await service.arrived.until(16)  # a job of fewer workers would hang here
        service.go_on.set()
        assert (await job).accepted == 20
