"""What is planned is claimed by one worker, and by nobody but one."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from confirma_async.bulk.journal.records import Admission, Resolution
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.tables import LOCK
from confirma_async.errors import JournalError
from tests.bulk.machines.planned.work import accept, finish, take


def test_what_is_planned_is_pending_in_nobodys_hands_and_queued(plan, open_journal, queued):
    run = plan(1, 2, 3)
    journal = open_journal()
    assert journal.figures.counts(run)[State.PENDING] == 3
    assert [row.holder for row in journal.rows()] == [None] * 3
    assert queued() == [1]


def test_a_worker_gets_the_bodies_and_sends_them_under_its_own_lease(plan, begun, entry):
    run = plan(1, 2)
    worker, own = begun("w")
    with worker.transaction():
        claimed = worker.take(1)
    assert [(taken.body, taken.digest) for taken, _ in claimed] == [
        (entry(number).body, entry(number).digest) for number in (1, 2)
    ]
    assert [(row.state, row.holder, row.run) for row in worker.rows()] == [(State.CLAIMED, own, run)] * 2


def test_what_one_worker_has_no_other_gets(plan, begun):
    plan(1, 2)
    first, second = begun("a")[0], begun("b")[0]
    assert len(take(first, 1)) == 2
    assert take(second, 1) == []


def test_a_claim_waits_for_no_admission(plan, begun, in_database):
    plan(1, 2)
    worker = begun("w")[0]
    with in_database() as other, other.transaction():
        other.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        other.execute("SELECT 1 FROM confirma_journal.item WHERE number = 2 FOR UPDATE")
        assert take(worker, 1) == [(1, Admission.CLAIMED)]
    assert finish(worker, 1) == 2
    assert take(begun("v")[0], 1) == [(2, Admission.CLAIMED)]


def test_of_many_workers_that_claim_a_chunk_at_once_one_gets_each_invoice(plan, begun):
    plan(*range(1, 201))
    workers = [begun(f"w{at}")[0] for at in range(16)]
    with ThreadPoolExecutor(len(workers)) as pool:
        claimed = pool.map(lambda worker: take(worker, 1), workers)
    assert sorted(position for some in claimed for position, _ in some) == [*range(1, 201)]


def test_an_admission_leaves_to_a_worker_what_it_is_just_claiming(plan, begun, entry):
    plan(1)
    (worker, _), (other, run) = begun("w"), begun()
    with worker.transaction():
        assert worker.take(1)
        with other.transaction():
            (admitted,) = other.admit([entry(1, contents=b"corrected")], run)
    assert admitted.admission is Admission.ELSEWHERE


def test_a_person_does_not_decide_on_what_a_worker_is_just_claiming(plan, begun, open_journal):
    plan(1)
    worker, other = begun("w")[0], open_journal()
    resolution = Resolution(position=1, state=State.ACCEPTED, note="seen", at=9.0)
    with worker.transaction():
        assert worker.take(1)
        with pytest.raises(JournalError, match="in its hands"), other.transaction():
            other.resolve(resolution)


def test_invoices_count_for_the_run_that_planned_them(plan, begun):
    run = plan(1, 2)
    worker, own = begun("w")
    take(worker, 1)
    accept(worker, 1, 2)
    assert worker.figures.counts(run)[State.ACCEPTED] == 2
    assert worker.figures.counts(own)[State.ACCEPTED] == 0


def test_runs_of_workers_are_no_jobs(plan, begun):
    run = plan(1)
    worker, _ = begun("w")
    assert [one.number for one in worker.runs.all()] == [run]


def test_a_worker_that_died_is_shown_for_as_long_as_that_is_news_however_long_it_had_run(begun, in_database):
    begun("old")
    begun("new")
    with in_database() as connection:
        for name, seconds in (("old", 7200), ("new", 60)):
            connection.execute(
                "UPDATE confirma_journal.run SET lease_until = clock_timestamp() - make_interval(secs => %s) "
                "WHERE worker = %s",
                (seconds, name),
            )
    journal, _ = begun()  # releases both
    assert [(one.name, one.alive) for one in journal.runs.workers(3600.0)] == [("new", False)]


def test_a_worker_that_has_lost_its_journal_is_shown_as_dead(begun):
    worker, _ = begun("w")
    worker.close()
    assert [(one.name, one.alive) for one in begun()[0].runs.workers(3600.0)] == [("w", False)]
