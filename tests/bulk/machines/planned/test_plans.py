"""Plans that were interrupted or rolled back, and a queue that has lost chunks."""

import pytest

from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.queue import QUEUE_SCHEMA
from confirma_async.bulk.models import State
from tests.bulk.machines.planned.work import expire, finish, take


def test_a_plan_that_was_interrupted_goes_on_and_queues_nothing_twice(
    begun, entry, open_journal, queued, in_database
):
    first, run = begun()
    with first.transaction():
        first.plan(Bundle.of([entry(1), entry(2)]), run)
    expire(in_database)
    journal, again = begun()
    with journal.transaction():
        admitted = journal.plan(Bundle.of([entry(1), entry(2), entry(3)]), again)
    assert [one.admission for one in admitted] == [Admission.CLAIMED] * 3
    assert queued() == [1, 2]
    assert journal.figures.counts(again)[State.PENDING] == 3
    worker = begun("w")[0]
    assert take(worker, 1) == [(1, Admission.CLAIMED), (2, Admission.CLAIMED)]
    assert take(worker, 2) == [(3, Admission.CLAIMED)]


def _plan_and_fail(journal, entries, run):
    journal.plan(Bundle.of(entries), run)
    raise ZeroDivisionError


def test_a_plan_that_is_rolled_back_queues_nothing(begun, entry, queued):
    journal, run = begun()
    with pytest.raises(ZeroDivisionError), journal.transaction():
        _plan_and_fail(journal, [entry(1)], run)
    assert queued() == []


def test_of_a_corrected_invoice_only_the_new_contents_are_sent(plan, begun, entry):
    plan(1)
    plan(1, contents=b"b")
    worker = begun("w")[0]
    assert take(worker, 1) == []
    with worker.transaction():
        ((taken, _),) = worker.take(2)
    assert taken.body == b"b"
    assert finish(worker, 1) == 0  # the other chunk looks after it


def test_chunks_that_the_queue_has_lost_are_queued_again(plan, open_journal, queued, in_database):
    plan(1)
    plan(2)
    with in_database() as connection:
        connection.execute(f"SET search_path = {QUEUE_SCHEMA}")
        connection.execute("DELETE FROM procrastinate_jobs WHERE id = 1")
    journal = open_journal()
    with journal.transaction():
        assert journal.queue_lost() == 1
    assert queued() == [2, 1]


def test_a_queue_of_another_version_is_made_anew_unless_workers_run_on_it(
    plan, begun, open_journal, queued, in_database
):
    plan(1)
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.meta SET value = 'older' WHERE name = 'queue'")
    open_journal()
    assert queued() == [1]
    begun("w")
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.meta SET value = 'older' WHERE name = 'queue'")
    with pytest.raises(Exception, match="another version of procrastinate"):
        open_journal()
