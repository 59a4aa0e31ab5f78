"""What becomes of a transaction whose connection is lost, and of a connection that says nothing more."""

import asyncio
import time

import pytest

from confirma_async.bulk.journal.records import Admission, JobName
from confirma_async.bulk.journal.rules import NotWrittenError
from confirma_async.bulk.models import State
from confirma_async.bulk.postgres.connection import lease as leases, line as lines
from confirma_async.bulk.postgres.journal import open_postgres
from confirma_async.bulk.writer import JournalWriter
from tests.bulk.postgres.proxy import Proxy


@pytest.fixture
def proxy(postgres):
    made = Proxy(postgres)
    yield made
    made.close()


@pytest.fixture
def journal(proxy):
    opened = open_postgres(proxy.url)
    with opened.transaction():
        opened.runs.begin(JobName("t"), now=1000.0)
    yield opened
    opened.close()


def positions(journal):
    return [row.position for row in journal.rows()]


def test_a_transaction_whose_commit_arrived_is_known_to_be_written_though_its_answer_is_lost(
    proxy, journal, entry
):
    proxy.loses = "answer"
    with journal.transaction():
        (admitted,) = journal.admit([entry()], 1)
    assert admitted.admission is Admission.CLAIMED
    assert positions(journal) == [1]
    with journal.transaction():
        journal.sending([1], 5.0, 35.0)
    assert [row.state for row in journal.rows()] == [State.SENDING]


def test_a_transaction_whose_commit_never_arrived_is_known_not_to_be_written(proxy, journal, entry):
    proxy.loses = "request"
    with pytest.raises(NotWrittenError), journal.transaction():
        journal.admit([entry()], 1)
    assert positions(journal) == []


@pytest.mark.parametrize("lost", ["request", "answer"])
async def test_what_is_lost_on_the_way_is_written_once_by_the_writer(proxy, entry, lost):
    writer = await JournalWriter.open(lambda: open_postgres(proxy.url), 30.0)
    run = await writer.run(lambda journal: journal.runs.begin(JobName("t"), now=1000.0))
    await writer.run(lambda journal: journal.admit([entry(1), entry(2)], run))
    proxy.loses = lost
    await asyncio.gather(writer.sending(1), writer.sending(2))
    rows = await writer.run(lambda journal: [(row.state, row.attempts) for row in journal.rows()])
    await writer.close()
    assert rows == [(State.SENDING, 1)] * 2


def test_a_server_that_ends_the_connection_between_two_transactions_is_found_again(
    journal, entry, in_database
):
    with in_database() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with journal.transaction():
        journal.admit([entry()], 1)
    assert positions(journal) == [1]


def test_a_connection_that_says_nothing_more_is_cut_and_made_anew(proxy, journal, entry, monkeypatch):
    monkeypatch.setattr(lines, "STUCK_SECONDS", 0.1)
    proxy.loses = "silence"
    began = time.monotonic()
    with pytest.raises(NotWrittenError), journal.transaction():
        journal.admit([entry()], 1)
    assert time.monotonic() - began < leases.LEASE
    assert positions(journal) == []
