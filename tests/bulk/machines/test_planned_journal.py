"""Planned chunks in the journal: what workers find there, and that nobody but one of them has it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("procrastinate", reason="procrastinate is not installed")

from confirma_async.bulk.journal.admission import TAKEN_UP
from confirma_async.bulk.journal.records import Admission, Decision, JobName, Resolution
from confirma_async.bulk.machines.kept_bodies import bodies_of
from confirma_async.bulk.machines.packing import Bundle
from confirma_async.bulk.machines.planned_journal import PlannedJournal, open_planned
from confirma_async.bulk.machines.queue import QUEUE_SCHEMA
from confirma_async.bulk.models import Retry, State
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.bulk.postgres.runs import PLANNED, SENT
from confirma_async.bulk.postgres.tables import LOCK, PostgresTables
from confirma_async.errors import JournalError


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


def expire(in_database):
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.run SET lease_until = to_timestamp(1)")


def take(journal, chunk):
    with journal.transaction():
        return [(admitted.position, admitted.admission) for _, admitted in journal.take(chunk)]


def accept(journal, *positions, at=9.0):
    with journal.transaction():
        journal.sending(positions, 5.0, 35.0)
    with journal.transaction():
        journal.decide([Decision(position=one, state=State.ACCEPTED, at=at) for one in positions])


def lose(journal, position):
    with journal.transaction():
        journal.sending([position], 5.0, 35.0)
    with journal.transaction():
        journal.decide([Decision(position=position, state=State.UNKNOWN, at=9.0, lost=True)])


def finish(journal, chunk, **more):
    with journal.transaction():
        return journal.finish(chunk, now=2000.0, **more)


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


def test_a_chunk_that_comes_again_has_no_body_any_more_of_what_is_final(half_done, entry):
    worker = half_done(State.ACCEPTED)
    assert bodies_of(worker, 1) == []
    assert bodies_of(worker, 2) == [entry(2).body]
    assert take(worker, 1) == [(2, Admission.UNKNOWN)]
    with worker.transaction():
        worker.decide([Decision(position=2, state=State.ACCEPTED, at=9.0)])
    assert finish(worker, 1) == 0
    assert bodies_of(worker, 2) == []


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
