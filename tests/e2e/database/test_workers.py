"""Invoices that one process plans and workers send: each exactly once, whatever becomes of a worker."""

import asyncio
import base64
import json
from collections import Counter

import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")

import psycopg

from confirma_async import Confirma, RateLimit
from confirma_async.bulk.job.sender import Sender
from confirma_async.bulk.journal_places import PostgresPlace, reading
from confirma_async.bulk.machines import chunk_sender, worker
from confirma_async.bulk.machines.planned_journal import PlannedJournal
from confirma_async.bulk.models import State
from confirma_async.errors import ConfigurationError
from confirma_async.formats import ReadOptions, read
from confirma_async.sandbox import Fault
from tests.services.documents import PDF, hosting, says

pytestmark = pytest.mark.usefixtures("quick_fingerprints")

CREATE = "invoices.create"
WITHDRAWN_KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
"""A key of the account that the service does not take any more."""


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """No long waits."""
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.05)


@pytest.fixture
def client(sandbox, overrides):
    return lambda key=sandbox.api_key, **more: Confirma(
        key, account="own", base_url=sandbox.url, overrides=overrides, **{"timeout": 10, **more}
    )


@pytest.fixture
def plan(client, postgres, wire_invoice):
    """Plans invoices of some numbers, in chunks of ten."""

    async def planned(*numbers, **more):
        async with client() as confirma:
            return await confirma.bulk.plan(
                [wire_invoice(number, **more) for number in numbers], journal=postgres, chunk_size=10
            )

    return planned


@pytest.fixture
def work(client, postgres):
    """Has a worker send what there is."""

    async def worked(*, concurrency=8, **more):
        async with client(rate_limit=RateLimit(concurrency=concurrency)) as confirma:
            return await confirma.bulk.work(
                journal=postgres, settle_seconds=1, **{"until_empty": True, **more}
            )

    return worked


@pytest.fixture
def counts(postgres):
    def look(run):
        with reading(PostgresPlace.of(postgres)) as journal:
            return {state.name: count for state, count in journal.figures.counts(run).items() if count}

    return look


def exactly_once(sandbox, count):
    return Counter(invoice.number for invoice in sandbox.invoices()) == Counter(range(1, count + 1))


async def test_a_plan_sends_nothing_and_a_worker_sends_it(sandbox, plan, work, counts):
    planned = await plan(*range(1, 36))
    assert (planned.planned, planned.refusals) == (35, 0)
    assert not sandbox.invoices()
    ended = await work()
    assert (ended.counts, ended.chunks, ended.paused) == ({State.ACCEPTED: 35}, 4, None)
    assert exactly_once(sandbox, 35)
    assert counts(planned.run) == {"ACCEPTED": 35}


async def test_a_worker_that_has_begun_can_be_asked_for_its_health_and_for_what_it_has_done(plan, work):
    await plan(*range(1, 13))
    begun = []
    ended = await work(begun=lambda health: begun.append((health, health.trouble, health.counts)))
    ((health, trouble, counts),) = begun
    assert (trouble, counts) == (None, {})
    assert (health.counts, health.chunks) == (ended.counts, ended.chunks) == ({State.ACCEPTED: 12}, 2)


async def test_workers_share_what_is_planned(sandbox, plan, work, counts):
    planned = await plan(*range(1, 101))
    ends = await asyncio.gather(*(work(concurrency=4) for _ in range(3)))
    assert sum(ended.counts[State.ACCEPTED] for ended in ends) == 100
    assert sum(bool(ended.chunks) for ended in ends) > 1
    assert exactly_once(sandbox, 100)
    assert counts(planned.run) == {"ACCEPTED": 100}


async def test_what_is_unknown_is_looked_up_and_ends_final(sandbox, plan, client, postgres, counts):
    sandbox.faults.add(Fault.RESET_AFTER_COMMIT, operation=CREATE, times=5)
    planned = await plan(*range(1, 41))
    stop = asyncio.Event()
    async with client() as confirma:
        working = asyncio.create_task(confirma.bulk.work(journal=postgres, settle_seconds=1, stop=stop))
        async with asyncio.timeout(30):
            while counts(planned.run) != {"ACCEPTED": 40}:
                assert not working.done(), working.result()
                await asyncio.sleep(0.1)
        stop.set()
        await working
    assert exactly_once(sandbox, 40)


async def test_a_worker_that_is_stopped_leaves_the_rest_to_others(
    sandbox, plan, client, postgres, work, counts
):
    planned = await plan(*range(1, 61))
    stop = asyncio.Event()
    async with client(rate_limit=RateLimit(per_second=40, concurrency=4)) as confirma:
        working = asyncio.create_task(confirma.bulk.work(journal=postgres, stop=stop))
        while len(sandbox.invoices()) < 5:  # noqa: ASYNC110 (the service tells nobody)
            await asyncio.sleep(0.01)
        stop.set()
        async with asyncio.timeout(10):
            await working
    left = counts(planned.run)
    assert left["PENDING"] > 0
    assert left.keys() <= {"PENDING", "ACCEPTED"}
    await work()
    assert exactly_once(sandbox, 60)


TAKEN_BY_ANOTHER = (
    "WITH another AS (INSERT INTO procrastinate_workers DEFAULT VALUES RETURNING id) "
    "UPDATE procrastinate_jobs SET status = 'doing', worker_id = (SELECT id FROM another)"
)


@pytest.fixture
def in_queue(in_database):
    """Changes what the queue says."""

    def change(statement):
        with in_database() as connection:
            connection.execute("SET search_path = confirma_queue")
            connection.execute(statement)

    return change


async def test_a_worker_that_ends_with_the_queue_waits_for_what_a_dead_one_had(
    sandbox, plan, work, in_queue, monkeypatch
):
    monkeypatch.setattr(worker, "STALLED_SECONDS", 1.0)
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.2)
    await plan(1, 2, 3)
    in_queue(TAKEN_BY_ANOTHER)
    await work()
    assert exactly_once(sandbox, 3)


async def test_a_worker_that_ends_with_the_queue_waits_for_no_reminder_of_what_was_sent(
    sandbox, plan, work, in_queue
):
    await plan(1)
    await work()
    await plan(2)
    in_queue(TAKEN_BY_ANOTHER)
    in_queue(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, args) "
        "SELECT queue_name, task_name, args FROM procrastinate_jobs"
    )
    async with asyncio.timeout(20):
        await work()
    assert exactly_once(sandbox, 2)


async def test_a_worker_that_ends_with_the_queue_sends_what_one_that_is_stopped_leaves(
    sandbox, plan, client, postgres, counts, monkeypatch
):
    waits, loop, has_more = asyncio.Event(), asyncio.get_running_loop(), PlannedJournal.has_more

    def asked_for_more(journal):
        loop.call_soon_threadsafe(waits.set)
        return has_more(journal)

    monkeypatch.setattr(PlannedJournal, "has_more", asked_for_more)
    sandbox.faults.add(Fault.LATENCY, operation=CREATE, times=None, seconds=0.3)
    planned = await plan(*range(1, 31))
    stop, limit = asyncio.Event(), RateLimit(concurrency=2)
    async with client(rate_limit=limit) as one, client(rate_limit=limit) as other:
        stopped = asyncio.create_task(one.bulk.work(journal=postgres, stop=stop))
        while len(sandbox.invoices()) < 2:  # noqa: ASYNC110 (the service tells nobody)
            await asyncio.sleep(0.01)
        working = asyncio.create_task(other.bulk.work(journal=postgres, until_empty=True))
        async with asyncio.timeout(20):
            await waits.wait()
            stop.set()
            _, other_end = await asyncio.gather(stopped, working)
    assert other_end.counts[State.ACCEPTED] > 0
    assert counts(planned.run) == {"ACCEPTED": 30}


async def test_records_that_break_a_rule_are_refused_in_planning(plan, client, postgres, wire_invoice):
    broken = wire_invoice(2)
    broken["invoice"]["header"] = {}
    async with client() as confirma:
        planned = await confirma.bulk.plan([wire_invoice(1), broken, wire_invoice(1)], journal=postgres)
    assert (planned.planned, planned.refusals, len(planned.refused)) == (1, 2, 2)


async def test_what_was_accepted_before_is_not_planned_again(sandbox, plan, work):
    await plan(1, 2)
    await work()
    again = await plan(1, 2, 3)
    assert (again.planned, again.known) == (1, 2)
    await work()
    assert exactly_once(sandbox, 3)


async def test_a_file_is_no_journal_for_workers(client, tmp_path):
    async with client() as confirma:
        with pytest.raises(ConfigurationError, match="postgresql://"):
            await confirma.bulk.plan([], journal=tmp_path / "own.journal")
        with pytest.raises(ConfigurationError, match="postgresql://"):
            await confirma.bulk.work(journal=tmp_path / "own.journal")


async def test_a_call_that_never_ends_does_not_hold_up_a_worker_that_is_stopped(
    plan, client, postgres, monkeypatch, counts
):
    under_way = asyncio.Event()

    async def never_ends(self, task):
        await self.decisions.writer.sending(task.position)
        under_way.set()
        await asyncio.Event().wait()

    planned = await plan(1, 2)
    monkeypatch.setattr(chunk_sender, "DRAIN_SECONDS", 0.1)
    stop = asyncio.Event()
    with monkeypatch.context() as patched:
        patched.setattr(Sender, "send", never_ends)
        async with client(timeout=1) as confirma:
            working = asyncio.create_task(confirma.bulk.work(journal=postgres, stop=stop))
            await under_way.wait()
            stop.set()
            async with asyncio.timeout(20):
                await working
    left = counts(planned.run)
    assert left.get("UNKNOWN", 0) >= 1  # it is looked up by others
    assert sum(left.values()) == 2


async def test_a_key_that_is_refused_stops_the_worker_and_loses_nothing(
    sandbox, plan, client, postgres, counts, work
):
    planned = await plan(*range(1, 21))
    async with client(WITHDRAWN_KEY) as confirma:
        ended = await confirma.bulk.work(journal=postgres)
    assert ended.paused
    assert counts(planned.run) == {"PENDING": 20}
    await work()
    assert exactly_once(sandbox, 20)


async def test_what_was_refused_is_looked_up_and_sent_before_a_worker_has_nothing_left(
    sandbox, plan, client, postgres, work
):
    await plan(1, 2)
    async with client(WITHDRAWN_KEY) as confirma:
        await confirma.bulk.work(journal=postgres)
    sandbox.faults.add(Fault.LATENCY, operation="invoices.distributions", seconds=0.2)
    sandbox.faults.add(Fault.LATENCY, operation="invoices.distributions_v2", seconds=0.2)
    await work()
    assert exactly_once(sandbox, 2)


async def test_documents_are_fetched_as_they_are_planned_and_sent_by_a_worker(
    client, work, sandbox, postgres, tmp_path
):
    file = tmp_path / "in.csv"
    async with hosting(**{"a.pdf": [says()], "b": [says(status=404)]}) as host:
        rows = [f"{n};2026-11-01;2026-11-15;EUR;{host.url}/{name}" for n, name in ((1, "a.pdf"), (2, "b"))]
        file.write_text("\n".join(["number;date;due_date;currency;attachment", *rows]))
        async with client() as confirma:
            records = read(file, ReadOptions(attach_private=True))
            planned = await confirma.bulk.plan(records, journal=postgres)
    assert (planned.planned, [bad.number for bad in planned.refused]) == (1, ["2"])
    await work()  # the host is gone by now
    (sent,) = sandbox.invoices()
    (attachment,) = json.loads(sent.body)["invoice"]["attachments"]
    assert attachment["data"] == base64.b64encode(PDF).decode()


async def test_a_worker_takes_up_more_that_is_in_doubt_than_there_is_room_for(
    sandbox, client, postgres, work, wire_invoice
):
    """Answers of a form that nobody knows count as in doubt until a lookup has confirmed one of them."""
    async with client() as confirma:
        await confirma.bulk.plan([wire_invoice(number) for number in range(1, 81)], journal=postgres)
    with psycopg.connect(postgres, autocommit=True) as database:
        database.execute(
            "UPDATE confirma_journal.item SET state = 3, attempts = 1, attempted_at = 1000, ends_at = 2000, "
            "form = 'one that nobody knows' WHERE number <= 60"
        )
    async with asyncio.timeout(60):
        ended = await work(concurrency=4)
    assert "in a row are unknown" in ended.paused  # it does not stand still for want of room


@pytest.mark.parametrize(
    "damage",
    [
        "overlay(body placing '\\x00ff'::bytea from length(body) - 20)",
        "substr(body, 1, 40)",
        "''::bytea",
        "(SELECT body FROM confirma_journal.planned_chunk AS other ORDER BY other.id DESC LIMIT 1)",
    ],
    ids=["changed", "cut off", "empty", "of another chunk"],
)
async def test_a_chunk_that_cannot_be_read_is_left_until_it_is_planned_again(
    damage, sandbox, plan, work, counts, in_database, in_queue, caplog
):
    planned = await plan(*range(1, 26))
    with in_database() as connection:
        connection.execute(
            f"UPDATE confirma_journal.planned_chunk SET body = {damage} "
            "WHERE id = (SELECT min(id) FROM confirma_journal.planned_chunk)"
        )
    ended = await work()
    assert ended.counts == {State.ACCEPTED: 15}
    assert "cannot be unpacked" in caplog.text
    assert "plan its 10 invoices again" in caplog.text
    assert counts(planned.run) == {"ACCEPTED": 15, "PENDING": 10}
    again = await plan(*range(1, 26))
    assert (again.planned, again.known) == (10, 15)
    await work()
    assert exactly_once(sandbox, 25)
    in_queue("UPDATE procrastinate_jobs SET scheduled_at = now()")  # an hour later
    await work()
    with in_database() as connection:
        assert connection.execute("SELECT * FROM confirma_journal.planned_chunk").fetchall() == []
        assert connection.execute(
            "SELECT count(*) FROM confirma_journal.run WHERE ended_at IS NULL AND worker IS NULL"
        ).fetchone() == (0,)
