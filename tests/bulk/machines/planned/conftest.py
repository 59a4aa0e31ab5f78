"""Planned chunks in the journal: what workers find there, and that nobody but one of them has it."""

import pytest

from confirma_async.bulk.journal.records import Decision, JobName
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.planned_journal import open_planned
from confirma_async.bulk.machines.queue import QUEUE_SCHEMA
from confirma_async.bulk.models import State
from tests.bulk.machines.planned.work import finish, take


@pytest.fixture
def open_journal(postgres):
    opened = []

    def open_one():
        opened.append(open_planned(postgres))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def begun(open_journal):
    """Opens the journal and begins a run; returns both."""

    def begin(worker=None):
        journal = open_journal()
        with journal.transaction():
            run = journal.runs.begin(JobName("t"), now=1000.0)
            if worker:
                journal.become_worker(run, worker)
        return journal, run

    return begin


@pytest.fixture
def plan(begun, entry):
    """Plans invoices of some numbers; returns the run that they count for."""

    def planned(*numbers, **more):
        journal, run = begun()
        with journal.transaction():
            journal.plan(Bundle.of([entry(number, **more) for number in numbers]), run)
            journal.hand_over(run, now=1500.0)
        return run

    return planned


@pytest.fixture
def queued(in_database):
    """The chunks that are queued."""

    def look():
        with in_database() as connection:
            query = f"SELECT (args->>'chunk')::bigint FROM {QUEUE_SCHEMA}.procrastinate_jobs ORDER BY id"
            return [chunk for (chunk,) in connection.execute(query)]

    return look


@pytest.fixture
def kept(in_database):
    """The chunks whose bodies are kept."""

    def look():
        with in_database() as connection:
            return [
                chunk
                for (chunk,) in connection.execute(
                    "SELECT id FROM confirma_journal.planned_chunk ORDER BY id"
                )
            ]

    return look


@pytest.fixture
def half_done(begun, entry):
    """Has a worker bring one of two planned invoices to a state, and not know the other's; returns both."""

    def do(state, *, keep=None):
        planner, run = begun()
        with planner.transaction():
            if keep:
                planner.keep_bodies(run, keep)
            planner.plan(Bundle.of([entry(1), entry(2)]), run)
            planner.hand_over(run, now=1500.0)
        worker, _ = begun("w")
        take(worker, 1)
        with worker.transaction():
            worker.sending([1, 2], 5.0, 35.0)
        with worker.transaction():
            worker.decide([Decision(position=1, state=state, at=9.0)])
            worker.decide([Decision(position=2, state=State.UNKNOWN, at=9.0, lost=True)])
        assert finish(worker, 1) == 1
        return worker

    return do
