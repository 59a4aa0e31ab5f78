"""How many accepted invoices a run reads past, in a journal that commits nothing for each of them."""

import pytest

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.models import State
from confirma_async.bulk.sqlite import journal as module
from confirma_async.bulk.sqlite.file.marks import read_marks
from confirma_async.bulk.sqlite.reader import reading
from confirma_async.errors import JournalError

NUMBERS = range(1, 6)


@pytest.fixture
def form():
    return "sqlite"


@pytest.fixture
def admit(journal):
    """Admits one entry, in a transaction of its own."""

    def admit(one, number):
        with journal.transaction():
            journal.admit([one], number)

    return admit


@pytest.fixture
def accepted(run, journal, entry, admit):
    """The entries of an earlier run, all of them accepted."""
    first, entries = run(), [entry(number) for number in NUMBERS]
    for position, one in enumerate(entries, 1):
        admit(one, first)
        with journal.transaction():
            journal.decide([Decision(position=position, state=State.ACCEPTED, at=1001.0)])
    return entries


@pytest.fixture
def long_lag(monkeypatch):
    """The count is written with other changes alone."""
    monkeypatch.setattr(module, "KNOWN_LAG", 1e9)


def test_reading_past_accepted_invoices_is_no_commit(long_lag, accepted, run, admit, path):
    again = run()
    before = read_marks(path)
    for one in accepted:
        admit(one, again)
    assert read_marks(path) == before


def test_the_count_is_written_with_the_next_change(long_lag, accepted, run, journal, entry, admit):
    again = run()
    for one in accepted:
        admit(one, again)
    assert journal.runs.find(again).known == 0
    admit(entry(9), again)
    assert journal.runs.find(again).known == len(accepted)


def test_the_count_is_complete_once_the_run_has_ended(long_lag, accepted, run, journal, admit):
    again = run()
    for one in accepted:
        admit(one, again)
    with journal.transaction():
        journal.runs.end(again, "complete", now=2000.0)
    assert journal.runs.find(again).known == len(accepted)


def test_the_count_is_behind_by_its_lag_at_most(accepted, run, journal, admit, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    again = run()
    for one in accepted:
        now[0] += module.KNOWN_LAG
        admit(one, again)
        assert journal.runs.find(again).known == one.key.number


def test_a_batch_that_was_not_written_counts_nothing(long_lag, accepted, run, journal, admit):
    again = run()
    admit(accepted[0], again)

    def lost():
        with journal.transaction():
            journal.admit(accepted[1:], again)
            raise OSError("lost")

    with pytest.raises(OSError, match="lost"):
        lost()
    with journal.transaction():
        journal.runs.end(again, "complete", now=2000.0)
    assert journal.runs.find(again).known == 1


def test_the_count_is_written_where_nothing_follows(long_lag, accepted, run, journal, admit):
    again = run()
    for one in accepted:
        admit(one, again)
    journal.write_put_off()
    journal.write_put_off()
    assert journal.runs.find(again).known == len(accepted)


def test_the_count_is_complete_in_a_journal_that_was_closed_before_its_run_ended(
    long_lag, accepted, run, journal, admit, path
):
    again = run()
    for one in accepted:
        admit(one, again)
    journal.close()
    journal.close()
    with reading(path) as closed:
        found = closed.runs.find(again)
    assert found is not None
    assert found.known == len(accepted)


def test_a_count_that_could_not_be_written_is_written_later(long_lag, accepted, run, journal, admit):
    again = run()
    for one in accepted:
        admit(one, again)
    journal._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(JournalError):
        journal.write_put_off()
    journal._connection.execute("PRAGMA query_only = OFF")
    journal.write_put_off()
    assert journal.runs.find(again).known == len(accepted)
