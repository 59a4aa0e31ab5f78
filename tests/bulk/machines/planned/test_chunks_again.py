"""Chunks that come again: with something unknown, corrected, drained, or left by a dead worker."""

import pytest

from confirma_async.bulk.journal.admission import TAKEN_UP
from confirma_async.bulk.journal.records import Admission, Decision, JobName
from confirma_async.bulk.machines.kept_bodies import bodies_of
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.queue import QUEUE_SCHEMA
from confirma_async.bulk.models import Retry, State
from confirma_async.bulk.postgres.journal import open_postgres
from tests.bulk.machines.planned.work import accept, expire, finish, lose, take


def test_a_chunk_with_something_unknown_comes_again_and_keeps_its_bodies(
    plan, begun, kept, queued, in_database
):
    run = plan(1, 2)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1)
    lose(worker, 2)
    assert finish(worker, 1) == 1
    assert kept() == [1]
    assert queued() == [1, 1]
    with in_database() as connection:
        query = f"SELECT scheduled_at > now() + interval '50 s' FROM {QUEUE_SCHEMA}.procrastinate_jobs"
        assert [later for (later,) in connection.execute(query + " ORDER BY id")] == [None, True]
    assert worker.runs.find(run).ended_at is None  # its invoices may still be witnesses
    assert take(worker, 1) == [(2, Admission.UNKNOWN)]


def test_a_chunk_that_comes_again_has_no_body_any_more_of_what_is_final(half_done, entry):
    worker = half_done(State.ACCEPTED)
    assert bodies_of(worker, 1) == []
    assert bodies_of(worker, 2) == [entry(2).body]
    assert take(worker, 1) == [(2, Admission.UNKNOWN)]
    with worker.transaction():
        worker.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
    assert finish(worker, 1) == 0
    assert bodies_of(worker, 2) == []


def test_what_was_rejected_is_queued_with_its_body_again_while_its_old_chunk_waits(
    half_done, begun, entry, queued
):
    half_done(State.REJECTED)
    planner, run = begun()
    with planner.transaction():
        planner.plan(Bundle.of([entry(1)]), run, Retry.ALL)
    assert queued()[-1] == 2
    assert bodies_of(planner, 1) == [entry(1).body]
    assert take(begun("b")[0], 2) == [(1, Admission.CLAIMED)]


@pytest.fixture
def taken_here(postgres, entry):
    """Has a job of its own take up an invoice with some contents, and end before it is sent."""

    def take_up(number, contents, retry=Retry.NONE):
        journal = open_postgres(postgres)
        with journal.transaction():
            run = journal.runs.begin(JobName("t"), now=1000.0)
            (admitted,) = journal.admit([entry(number, contents=contents)], run, retry)
        assert admitted.admission in TAKEN_UP
        with journal.transaction():
            journal.runs.put_back(run)
            journal.runs.end(run, "stopped", now=1600.0)
        journal.close()

    return take_up


def test_contents_that_a_job_of_its_own_has_corrected_are_queued_when_they_are_planned(
    plan, begun, taken_here, entry
):
    plan(1, 2)
    taken_here(1, b"b")
    plan(1, contents=b"b")
    worker, _ = begun("w")
    assert take(worker, 1) == [(2, Admission.CLAIMED)]
    with worker.transaction():
        ((taken, _),) = worker.take(2)
    assert taken.body == entry(1, contents=b"b").body
    assert bodies_of(worker, 1) == [taken.body]


def test_a_correction_in_doubt_is_queued_while_its_old_chunk_waits(plan, begun, entry, in_database):
    plan(1, 2)
    dead, _ = begun("dead")
    take(dead, 1)
    with dead.transaction():
        dead.sending([1, 2], 5.0, 35.0)
    with dead.transaction():
        dead.decide([Decision(position=1, state=State.REJECTED, at=9.0)])
    dead.close()
    expire(in_database)
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.meta SET value = '1:2:00000001' WHERE name = 'term'")
    planner, run = begun()
    with planner.transaction():
        planner.plan(Bundle.of([entry(1, contents=b"b")]), run, Retry.CHANGED)
    assert take(begun("w")[0], 2) == [(1, Admission.UNKNOWN)]


def test_nothing_is_left_for_workers_of_what_a_job_of_its_own_has_put_back(
    half_done, begun, taken_here, in_database
):
    worker = half_done(State.REJECTED)
    take(worker, 1)
    with worker.transaction():
        worker.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
    assert finish(worker, 1) == 0
    taken_here(1, b"b", Retry.CHANGED)
    with in_database() as connection:
        query = "SELECT count(*) FROM confirma_journal.item WHERE verdict IS NULL AND chunk IS NOT NULL"
        assert connection.execute(query).fetchone() == (0,)


def test_a_chunk_that_waits_for_another_look_comes_at_once_when_it_is_planned_again(
    half_done, begun, entry, in_database
):
    half_done(State.ACCEPTED)
    planner, run = begun()
    with planner.transaction():
        planner.plan(Bundle.of([entry(2)]), run)
    with in_database() as connection:
        query = f"SELECT count(*) FROM {QUEUE_SCHEMA}.procrastinate_jobs WHERE scheduled_at > now()"
        assert connection.execute(query).fetchone() == (0,)


def test_what_a_drained_worker_has_not_sent_is_for_others_at_once(plan, begun, queued):
    plan(1, 2)
    first, run = begun("a")
    take(first, 1)
    with first.transaction():
        first.runs.put_back(run)
    assert finish(first, 1, drained=True) == 2
    assert queued() == [1, 1]
    assert len(take(begun("b")[0], 1)) == 2


def test_what_a_dead_worker_has_left_is_taken_over_and_looked_up_where_it_may_have_been_sent(
    plan, begun, in_database
):
    plan(1, 2)
    dead, _ = begun("a")
    take(dead, 1)
    with dead.transaction():
        dead.sending([1], 5.0, 35.0)
    expire(in_database)
    assert take(begun("b")[0], 1) == [(1, Admission.UNKNOWN), (2, Admission.CLAIMED)]
