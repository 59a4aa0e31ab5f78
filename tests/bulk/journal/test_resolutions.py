"""What a person found out about an invoice, and when it is believed."""

import pytest

from confirma_async.bulk.journal.records import Admission, Resolution
from confirma_async.bulk.models import Retry, State
from confirma_async.errors import JournalError
from tests.bulk.journal.looks import states


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.PENDING])
def test_what_a_person_found_out_is_kept_with_what_was_before(
    run, journal, entry, admit, send, decide, state
):
    admit(entry(), run())
    send(1)
    decide(1, State.UNKNOWN, detail="reset", lost=True)
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=state, note="asked the service desk", at=99.0))
    (row,) = journal.rows()
    assert (row.state, row.detail) == (state, "a person decided: asked the service desk")
    assert (row.decided_at, row.attempts) == ((None, 0) if state is State.PENDING else (99.0, 1))
    (former,) = journal.previous_versions()
    assert (former.state, former.detail, former.note) == (State.UNKNOWN, "reset", "asked the service desk")


def resolve(journal, state=State.PENDING, at=99.0, **more):
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=state, note="asked", at=at, **more))


@pytest.mark.parametrize("said", [State.PENDING, State.REJECTED])
@pytest.mark.parametrize("is_dead", [False, True])
def test_of_what_may_still_arrive_nothing_but_its_arrival_is_believed(
    run, journal, entry, admit, send, decide, said, is_dead
):
    """Its call has ended at 9, or could until 35; for a minute more the service may be at work on it."""
    admit(entry(), run())
    send(1, ends_at=35.0)
    if not is_dead:
        decide(1, State.UNKNOWN, kept=True)
    run()
    with pytest.raises(JournalError, match="may still arrive"):
        resolve(journal, said, at=94.0 if is_dead else 68.0)
    assert State.UNKNOWN in states(journal) or State.SENDING in states(journal)
    resolve(journal, said, at=95.0 if is_dead else 69.0)
    assert states(journal) == [said]


def test_that_it_arrived_is_believed_at_once(run, journal, entry, admit, send, decide):
    admit(entry(), run())
    send(1)
    decide(1, State.UNKNOWN)
    resolve(journal, State.ACCEPTED, at=9.0)
    assert states(journal) == [State.ACCEPTED]


def test_a_person_waits_for_the_settle_time_that_is_said(run, journal, entry, admit, send, decide):
    admit(entry(), run())
    send(1, ends_at=35.0)
    decide(1, State.UNKNOWN)
    with pytest.raises(JournalError, match="in 296 s"):
        resolve(journal, at=99.0, settle_seconds=360.0)
    resolve(journal, at=99.0, settle_seconds=64.0)


def test_a_person_waits_for_the_end_of_a_long_call(run, journal, entry, admit, send):
    admit(entry(), run())
    send(1, ends_at=5.0 + 7200.0)
    run()
    with pytest.raises(JournalError, match="may still arrive"):
        resolve(journal, at=7200.0)


def test_a_person_decides_where_the_clock_stood_far_ahead(run, journal, entry, admit, send, decide):
    admit(entry(), run())
    send(1, now=99.0 + 2 * 3600.0, ends_at=99.0 + 2 * 3600.0 + 30.0)
    decide(1, State.UNKNOWN)
    resolve(journal, at=99.0)
    assert states(journal) == [State.PENDING]


def test_a_record_in_error_that_a_person_saw_may_be_that_of_the_version_before(
    run, journal, entry, admit, send, decide
):
    """The correction, which never arrived, can then still be sent."""
    admit(entry(contents=b"a"), run())
    send(1)
    decide(1, State.REJECTED, status="ERROR")
    admit(entry(contents=b"b"), run(), Retry.CHANGED)
    decide(1, State.UNKNOWN, status="ERROR")
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=State.REJECTED, note="in error", at=99.0))
    assert admit(entry(contents=b"b"), run(), Retry.CHANGED).admission is Admission.RETRIED
