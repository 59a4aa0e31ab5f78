"""Who is alive by the database's clock, and that nobody sends what another has taken over."""

import threading
import time

import psycopg
import pytest

from confirma_async.bulk.journal.records import Admission, JobName
from confirma_async.bulk.journal.writes import Write
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.connection import lease as leases
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.errors import JournalError


@pytest.fixture
def open_journal(postgres):
    opened = []

    def open_one():
        opened.append(open_postgres(postgres))
        return opened[-1]

    yield open_one
    for one in opened:
        one.close()


@pytest.fixture
def begun(open_journal, entry):
    """Opens the journal and begins a run that has claimed the invoices of some numbers."""

    def begin(*numbers):
        journal = open_journal()
        with journal.transaction():
            run = journal.runs.begin(JobName("t"), now=1000.0)
        with journal.transaction():
            journal.admit([entry(number) for number in numbers], run)
        return journal, run

    return begin


@pytest.fixture
def expire(in_database):
    """Has the leases of all runs end a number of seconds ago."""

    def end(seconds=1):
        with in_database() as connection:
            connection.execute(
                "UPDATE confirma_journal.run SET lease_until = clock_timestamp() - make_interval(secs => %s) "
                "WHERE lease_until IS NOT NULL",
                [seconds],
            )

    return end


def lease_until(in_database, run):
    with in_database() as connection:
        query = "SELECT lease_until FROM confirma_journal.run WHERE id = %s"
        return connection.execute(query, [run]).fetchone()[0]


def test_a_job_that_slept_past_its_lease_goes_on_where_nobody_has_taken_over(begun, expire):
    journal, _ = begun(1)
    expire()
    with journal.transaction():
        journal.sending([1], 5.0, 35.0)
    assert [row.state for row in journal.rows()] == [State.SENDING]


def test_a_call_begins_only_while_the_rest_of_the_lease_is_longer_than_it(begun, monkeypatch):
    journal, _ = begun(1)
    now = time.monotonic()
    journal.check_hold(30.0)
    monkeypatch.setattr(time, "monotonic", lambda: now + leases.LEASE - 29.0)
    with pytest.raises(JournalError, match="could not renew its lease"):
        journal.check_hold(30.0)


def test_the_lease_is_lengthened_for_longer_calls(begun):
    journal, _ = begun(1)
    with journal.transaction():
        journal.sending([1], 1000.0, 1000.0 + 10 * leases.LEASE)
    journal.check_hold(10 * leases.LEASE)


def test_a_job_that_writes_nothing_renews_its_lease(postgres, in_database, monkeypatch):
    monkeypatch.setattr(leases, "LEASE", 0.3)
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    first = lease_until(in_database, run)
    while lease_until(in_database, run) <= first:
        time.sleep(0.02)
    journal.close()


def test_what_was_under_way_as_a_lease_ran_out_may_go_on_for_the_time_of_a_call_after_that(begun, expire):
    journal, _ = begun(1)
    with journal.transaction():
        journal.sending([1], 5.0, 35.0)
    expire(seconds=10)
    before = time.time()
    other, _ = begun(2)
    (row,) = other.rows(State.UNKNOWN)
    assert before - 11 + 30 <= row.ends_at <= time.time() + 30


def test_another_write_may_go_on_as_long_as_an_invoice_after_a_lease(begun, expire):
    journal, run = begun()
    with journal.transaction():
        write = Write(operation="accounting.submit_ledger", key="1", digest=b"x" * 16, names=(), facts=())
        ident = journal.writes.claim(write, run).row.id
        journal.writes.sending(ident, run, 5.0, 35.0)
    expire(seconds=10)
    before = time.time()
    other, _ = begun(2)
    (row,) = other.writes.rows(State.UNKNOWN)
    assert before - 11 + 30 <= row.ends_at <= time.time() + 30


def test_what_a_job_writes_just_now_is_not_settled_by_another(begun, expire, entry):
    """The row of its run is locked; the other looks again later."""
    journal, _ = begun(1)
    other, run = begun(2)
    expire()
    with journal.transaction():
        journal.sending([1], 5.0, 35.0)
        with other.transaction():
            (admitted,) = other.admit([entry(1)], run)
        assert admitted.admission is Admission.ELSEWHERE
    assert journal.find(entry(1).key).state is State.SENDING


def test_a_job_whose_number_was_given_to_another_is_not_taken_for_it(begun, in_database):
    """After a failover the number of a run may come again; what names the process does not."""
    journal, run = begun(1)
    with in_database() as connection:
        connection.execute(
            "UPDATE confirma_journal.run SET incarnation = gen_random_uuid() WHERE id = %s", [run]
        )
    with pytest.raises(JournalError, match="taken over"), journal.transaction():
        journal.sending([1], 5.0, 35.0)
    assert [row.state for row in journal.rows()] == [State.CLAIMED]


def _begin_and_fail(journal):
    journal.runs.begin(JobName("t"), now=1000.0)
    raise ZeroDivisionError


def test_the_number_of_a_run_that_was_rolled_back_is_given_to_no_other(open_journal):
    journal = open_journal()
    with pytest.raises(ZeroDivisionError), journal.transaction():
        _begin_and_fail(journal)
    with journal.transaction():
        assert journal.runs.begin(JobName("t"), now=1000.0) == 2


def test_an_invoice_goes_to_one_of_many_that_claim_it_at_once(begun, entry):
    jobs = [begun() for _ in range(64)]
    numbers = list(range(1, 193))
    claimed, failed = list[int](), list[Exception]()

    def claim(journal, run, order):
        try:
            for start in range(0, len(order), 64):
                with journal.transaction():
                    entries = [entry(number) for number in order[start : start + 64]]
                    claimed.extend(
                        one.position
                        for one in journal.admit(entries, run)
                        if one.admission is Admission.CLAIMED
                    )
        except Exception as error:  # noqa: BLE001 (told in the test's own thread)
            failed.append(error)

    threads = [
        threading.Thread(target=claim, args=(journal, run, numbers[at * 3 :] + numbers[: at * 3]))
        for at, (journal, run) in enumerate(jobs)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert sorted(claimed) == numbers


@pytest.mark.parametrize(
    "change",
    [
        "state = 1, holder = NULL",
        "state = 2, holder = NULL",
        "state = 0, holder = 1",
        "state = 4, verdict = 4, holder = 1",
        "state = 4, verdict = NULL, holder = NULL",
    ],
    ids=[
        "claimed by nobody",
        "sent by nobody",
        "pending in hands",
        "final in hands",
        "final without a verdict",
    ],
)
def test_the_table_itself_refuses_a_state_that_does_not_fit_its_holder(begun, entry, in_database, change):
    journal, run = begun()
    with journal.transaction():
        journal.admit([entry(1)], run)
    with in_database() as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute(f"UPDATE confirma_journal.item SET {change}")
