"""A database that is not the one that it was: what is not final is looked up before it is sent."""

import time

import pytest

from confirma_async.bulk.journal.records import JobName, Resolution
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.connection import lease as leases
from confirma_async.bulk.postgres.journal import open_postgres, reading_postgres
from confirma_async.errors import JournalError


@pytest.fixture
def left(postgres, entry):
    """Has a job end with an invoice in each state; returns the journal's URL."""
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    with journal.transaction():
        journal.admit([entry(number) for number in (1, 2, 3)], run)
        journal.sending([2], 5.0, 35.0)
    with journal.transaction():
        journal.runs.put_back(run)
        journal.runs.end(run, "paused", now=1001.0)
    journal.close()
    return postgres


def begin_again(url):
    journal = open_postgres(url)
    try:
        with journal.transaction():
            journal.runs.begin(JobName("t"), now=2000.0)
        return journal.trust.doubt(), [row.state for row in journal.rows()]
    finally:
        journal.close()


def change_term(in_database, **changes):
    with in_database() as connection:
        (term,) = connection.execute("SELECT value FROM confirma_journal.meta WHERE name = 'term'").fetchone()
        parts = dict(zip(("server", "database", "timeline"), term.split(":"), strict=True))
        other = ":".join({**parts, **changes}.values())
        connection.execute("UPDATE confirma_journal.meta SET value = %s WHERE name = 'term'", [other])


def test_a_journal_that_is_where_it_was_is_in_no_doubt(left):
    assert begin_again(left) == (None, [State.PENDING, State.UNKNOWN, State.PENDING])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"timeline": "00000000"}, "failed over"),
        ({"server": "1"}, "a copy"),
        ({"database": "1"}, "a copy"),
    ],
)
def test_after_a_failover_or_in_a_copy_everything_is_looked_up_first(left, in_database, changes, reason):
    change_term(in_database, **changes)
    with reading_postgres(left) as looked:
        seen = looked.trust.doubt()
    assert seen is not None
    assert reason in seen.reason
    doubt, states = begin_again(left)
    assert reason in doubt.reason
    assert states == [State.UNKNOWN] * 3


def test_a_person_decides_on_every_invoice_where_the_machines_clock_stood_far_ahead(
    left, in_database, monkeypatch
):
    change_term(in_database, timeline="00000000")
    with monkeypatch.context() as ahead:
        now = time.time()
        ahead.setattr(time, "time", lambda: now + 7200)
        begin_again(left)
    journal = open_postgres(left)
    later = time.time() + 2 * leases.LEASE + 61  # no call of before goes on
    for position in (1, 2, 3):
        with journal.transaction():
            resolution = Resolution(position=position, state=State.PENDING, note="not there", at=later)
            journal.resolve(resolution)
    assert [row.state for row in journal.rows()] == [State.PENDING] * 3
    journal.close()


def test_tables_that_were_restored_without_their_sequences_give_no_number_twice(left, in_database):
    change_term(in_database, server="1")
    with in_database() as connection:
        for sequence in ("run_id", "attempt"):
            connection.execute(f"SELECT setval('confirma_journal.{sequence}', 1, false)")
    begin_again(left)
    with in_database() as connection:
        assert connection.execute("SELECT max(id) FROM confirma_journal.run").fetchone() == (2,)
        (given,) = connection.execute("SELECT max(sequence) FROM confirma_journal.item").fetchone()
        (last,) = connection.execute("SELECT last_value FROM confirma_journal.attempt").fetchone()
    assert last >= given


def test_a_database_that_was_put_back_is_found_out_by_what_this_machine_remembers(left, in_database):
    with in_database() as connection:
        connection.execute(
            "DELETE FROM confirma_journal.written "
            "WHERE number = (SELECT max(number) FROM confirma_journal.written)"
        )
    doubt, states = begin_again(left)
    assert "put back" in doubt.reason
    assert states == [State.UNKNOWN] * 3


def test_what_a_job_of_before_may_still_send_is_waited_for_until_its_lease_is_over(left, in_database, entry):
    """It may have passed the gate of the old server, and sleep before its call."""
    change_term(in_database, timeline="00000000")
    journal = open_postgres(left)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=2000.0)
    with journal.transaction():
        (new,) = journal.admit([entry(9)], run)
    doubt, rows = journal.trust.doubt(), list(journal.rows())
    journal.close()
    assert doubt is not None
    assert new.row is not None
    ends = [row.ends_at or 0.0 for row in (new.row, *rows)]
    assert min(ends) >= doubt.since + leases.LEASE


def test_the_doubt_stays_until_a_person_trusts_the_journal(left, in_database):
    change_term(in_database, timeline="00000000")
    begin_again(left)
    assert begin_again(left)[0] is not None
    journal = open_postgres(left)
    with journal.transaction():
        assert journal.trust.regain(3000.0) == 2
    journal.close()
    assert begin_again(left) == (None, [State.PENDING, State.UNKNOWN, State.PENDING])


def test_a_job_stops_where_the_database_is_failed_over_while_it_runs(postgres, entry):
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    journal._session.notes.term, journal._session.notes.instance = "1:2:00000003", "another server"
    with pytest.raises(JournalError, match="failed over, or restored"), journal.transaction():
        journal.admit([entry()], run)
    journal.close()


def test_a_job_stops_where_the_database_has_lost_what_it_was_told_to_be_durable(postgres, entry, in_database):
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    with in_database() as connection:
        connection.execute("DELETE FROM confirma_journal.written")
    journal._session._line.drop()  # a restore ends the connections
    with pytest.raises(JournalError, match="failed over, or restored"), journal.transaction():
        journal.admit([entry()], run)
    journal.close()


def test_a_job_stops_where_a_pooler_leads_to_a_server_that_lacks_its_last_transaction(
    postgres, entry, in_database
):
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    with in_database() as connection:
        connection.execute("DELETE FROM confirma_journal.written")
    journal._session.notes.instance = "the server of before"
    with pytest.raises(JournalError, match="failed over, or restored"), journal.transaction():
        journal.admit([entry()], run)
    journal.close()


def test_a_job_goes_on_where_its_server_was_begun_anew_and_has_all_that_it_had(postgres, entry):
    journal = open_postgres(postgres)
    with journal.transaction():
        run = journal.runs.begin(JobName("t"), now=1000.0)
    journal._session.notes.instance = "the server of before"
    with journal.transaction():
        assert len(journal.admit([entry()], run)) == 1
    journal.close()


def test_what_a_dead_job_was_looking_up_is_freed_as_well_when_a_person_trusts_the_journal(
    left, in_database, entry
):
    change_term(in_database, timeline="00000000")
    dead = open_postgres(left)
    with dead.transaction():
        run = dead.runs.begin(JobName("t"), now=2000.0)
    with dead.transaction():
        dead.admit([entry(number) for number in (1, 2, 3)], run)
    with in_database() as connection:
        connection.execute("UPDATE confirma_journal.run SET lease_until = clock_timestamp()")
    journal = open_postgres(left, alone=True)
    with journal.transaction():
        assert journal.trust.regain(3000.0) == 2
    journal.close()
    dead.close()
