"""When a run ends whose invoices workers send."""

from concurrent.futures import ThreadPoolExecutor

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.planned_journal import PlannedJournal
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.runs import PLANNED, SENT
from confirma_async.bulk.postgres.tables import PostgresTables
from tests.bulk.machines.planned.work import accept, finish, lose, take


def test_a_chunk_of_which_all_is_final_is_removed_and_ends_its_run(plan, begun, kept):
    run = plan(1, 2)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1, 2)
    assert finish(worker, 1) == 0
    assert kept() == []
    assert worker.runs.find(run).ending == "sent by workers"
    assert worker.runs.find(run).ended_at == 2000.0


def test_a_run_ends_whose_invoices_an_earlier_plan_has_queued(plan, begun):
    first, second = plan(1, 2), plan(1, 2)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1, 2)
    assert finish(worker, 1) == 0
    assert [worker.runs.find(run).ending for run in (first, second)] == ["sent by workers"] * 2


def test_a_run_ends_of_whose_invoices_the_rest_of_their_chunk_has_none(plan, begun):
    first, second = plan(1, 2), plan(1)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1)
    lose(worker, 2)
    assert finish(worker, 1) == 1
    assert [worker.runs.find(run).ending for run in (first, second)] == [
        "planned for workers",
        "sent by workers",
    ]
    take(worker, 1)
    with worker.transaction():
        worker.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
    assert finish(worker, 1) == 0
    assert worker.runs.find(first).ending == "sent by workers"


def test_a_run_ends_whose_last_invoice_goes_over_to_a_later_plan(plan, begun):
    first = plan(1, 2)
    second = plan(1)  # in the chunk of the first
    worker = begun("w")[0]
    take(worker, 1)
    with worker.transaction():
        worker.runs.put_back(worker._session.lease.run)
    third = plan(1)
    assert [worker.runs.find(run).ending for run in (first, second, third)] == [PLANNED, SENT, PLANNED]


def test_a_run_that_nobody_ended_ends_as_the_next_worker_begins(plan, begun, in_database):
    run = plan(1)
    worker = begun("w")[0]
    take(worker, 1)
    accept(worker, 1)
    with in_database() as connection:
        connection.execute("DELETE FROM confirma_journal.planned_chunk")
    assert begun("v")[0].runs.find(run).ending == SENT


def test_a_run_ends_at_once_where_workers_have_nothing_to_send(plan, begun):
    plan(1)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1)
    finish(worker, 1)
    again = worker.runs.find(plan(1))
    assert (again.ending, again.ended_at) == ("sent by workers", 1500.0)


def test_a_run_ends_of_which_workers_have_sent_all_before_the_plan_was_whole(begun, entry):
    planner, run = begun()
    with planner.transaction():
        planner.plan(Bundle.of([entry(1)]), run)
    worker, _ = begun("w")
    take(worker, 1)
    accept(worker, 1)
    assert finish(worker, 1) == 0
    with planner.transaction():
        planner.hand_over(run, now=1500.0)
    assert worker.runs.find(run).ending == "sent by workers"


def test_a_run_ends_that_is_handed_over_as_its_last_chunk_ends(begun, entry, in_database):
    planner, run = begun()
    with planner.transaction():
        planner.plan(Bundle.of([entry(1)]), run)
    worker = begun("w")[0]
    take(worker, 1)
    accept(worker, 1)

    def hand_over():
        with planner.transaction():
            planner.hand_over(run, now=1500.0)

    waiting = (
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with ThreadPoolExecutor() as pool, in_database() as other:
        with worker.transaction():
            worker.finish(1, now=2000.0)
            handed = pool.submit(hand_over)
            while not (handed.done() or other.execute(waiting).fetchone()[0]):
                pass
        handed.result()
    assert worker.runs.find(run).ending == SENT


def test_what_is_decided_as_another_run_begins_is_counted(plan, begun, monkeypatch):
    """The second plan has no chunk of its own: its counts by time are added up as another run begins."""
    plan(1, 2)
    run = plan(1, 2)
    worker = begun("w")[0]
    take(worker, 1)
    accept(worker, 1, at=1600.0)

    def also(original):
        def changed(tables, query, *values):
            if query.startswith("DELETE FROM decided WHERE period"):
                monkeypatch.undo()
                accept(worker, 2, at=1600.0)
            return original(tables, query, *values)

        return changed

    for name in ("change", "few"):
        monkeypatch.setattr(PostgresTables, name, also(getattr(PostgresTables, name)))
    begun()
    assert worker.figures.counts(run)[State.ACCEPTED] == 2


def test_a_run_ends_whose_last_invoice_another_worker_decides_as_its_chunk_ends(plan, begun, monkeypatch):
    run = plan(1, 2)
    (first, _), (second, _) = begun("a"), begun("b")
    take(second, 1)
    with second.transaction():
        second.sending([1, 2], 5.0, 35.0)
    with second.transaction():
        second.decide([Decision(position=1, state=State.ACCEPTED, at=9.0)])
    real = PlannedJournal._part_with_final

    def part(self, *given):
        with second.transaction():
            second.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
        return real(self, *given)

    monkeypatch.setattr(PlannedJournal, "_part_with_final", part)
    assert finish(first, 1) == 0
    assert first.runs.find(run).ending == "sent by workers"
