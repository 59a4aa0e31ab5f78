"""Bodies of planned invoices: how long they are kept, and those that cannot be read."""

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.machines.kept_bodies import bodies_of
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.models import Retry, State
from tests.bulk.machines.planned.work import accept, finish, lose, take


def test_each_body_that_is_to_be_kept_is_kept_from_when_its_invoice_is_final(half_done, entry, in_database):
    worker = half_done(State.ACCEPTED, keep=2)
    assert [bodies_of(worker, number) for number in (1, 2)] == [[entry(1).body], [entry(2).body]]
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.kept_body SET until = clock_timestamp()")
    with worker.transaction():
        assert worker.forget_bodies() == 1
    assert [bodies_of(worker, number) for number in (1, 2)] == [[], [entry(2).body]]
    take(worker, 1)
    with worker.transaction():
        worker.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
    assert finish(worker, 1) == 0
    assert bodies_of(worker, 2) == [entry(2).body]


def test_bodies_of_final_invoices_are_kept_for_as_long_as_was_said_and_then_removed(
    begun, entry, open_journal, kept, in_database
):
    planner, run = begun()
    with planner.transaction():
        planner.keep_bodies(run, 2)
        planner.plan(Bundle.of([entry(1), entry(2)]), run)
        planner.hand_over(run, now=1500.0)
    assert bodies_of(planner, 2) == [entry(2).body]
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1, 2)
    assert finish(worker, 1) == 0
    assert kept() == []
    assert worker.runs.find(run).ending == "sent by workers"
    assert bodies_of(open_journal(), 2) == [entry(2).body]
    with in_database() as connection:
        days = "SELECT until - clock_timestamp() > interval '47 hours' FROM confirma_journal.kept_body"
        assert connection.execute(days).fetchall() == [(True,)]
        connection.execute("UPDATE confirma_journal.kept_body SET until = clock_timestamp()")
    assert bodies_of(open_journal(), 2) == []  # whoever opens it removes them


def test_bodies_that_are_not_to_be_kept_are_removed_as_they_are_final(plan, begun):
    plan(1)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1)
    finish(worker, 1)
    assert bodies_of(worker, 1) == []


def test_a_kept_body_is_not_taken_for_one_that_is_queued(begun, entry, queued):
    planner, run = begun()
    with planner.transaction():
        planner.keep_bodies(run, 2)
        planner.plan(Bundle.of([entry(1)]), run)
        planner.hand_over(run, now=1500.0)
    worker, _ = begun("w")
    take(worker, 1)
    with worker.transaction():
        worker.sending([1], 5.0, 35.0)
    with worker.transaction():
        worker.decide([Decision(position=1, state=State.REJECTED, at=9.0)])
    assert finish(worker, 1) == 0
    again, run = begun()
    with again.transaction():
        again.plan(Bundle.of([entry(1)]), run, Retry.ALL)
    assert queued() == [1, 2]


def set_aside(journal, chunk):
    with journal.transaction():
        return journal.set_aside(chunk, now=2000.0)


def test_what_one_version_cannot_read_another_one_takes_and_gives_back(plan, begun, kept):
    plan(1, 2, 3)
    old, _ = begun("old")
    assert set_aside(old, 1) == 3
    new, run = begun("new")
    assert [position for position, _ in take(new, 1)] == [1, 2, 3]
    with new.transaction():
        new.runs.put_back(run)
    assert finish(new, 1, drained=True) == 3
    assert kept() == [1]


def test_what_a_worker_is_sending_stays_in_a_chunk_that_another_one_cannot_read(plan, begun, kept):
    plan(1, 2, 3)
    one, run = begun("one")
    take(one, 1)
    other, _ = begun("other")
    assert set_aside(other, 1) == 0
    lose(one, 1)
    with one.transaction():
        one.runs.put_back(run)
    assert finish(one, 1) == 3
    assert kept() == [1]


def test_a_chunk_that_cannot_be_read_is_removed_once_all_of_it_is_final(plan, begun, kept):
    run = plan(1, 2)
    worker, _ = begun("worker")
    accept(worker, *(position for position, _ in take(worker, 1)))
    assert set_aside(worker, 1) == 0
    assert kept() == []
    assert worker.runs.find(run).ended_at == 2000.0
