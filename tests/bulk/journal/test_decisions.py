"""What is kept of calls and their outcomes, and which invoices are witnesses."""

import pytest

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.models import Retry, State
from tests.bulk.journal.looks import states


def test_every_attempt_is_counted(run, journal, entry, admit, send):
    admit(entry(), run())
    send(1, now=5.0)
    send(1, now=7.0)
    (row,) = journal.rows(State.SENDING)
    assert (row.attempts, row.attempted_at, row.decided_at) == (2, 7.0, None)


def test_a_decision_is_kept_with_its_words_and_its_time(run, journal, entry, admit, send, decide):
    admit(entry(), run())
    send(1)
    decide(1, State.ACCEPTED, status="DUPLICATE", detail="from before", duplicate=True, at=9.0, seconds=4.0)
    (row,) = journal.rows(State.ACCEPTED)
    assert (row.status, row.detail, row.duplicate) == ("DUPLICATE", "from before", True)
    assert (row.attempted_at, row.decided_at, row.seconds) == (5.0, 9.0, 4.0)


def test_what_was_said_of_one_version_is_not_said_of_the_next(run, journal, entry, admit, send, decide):
    admit(entry(), run())
    send(1)
    decide(1, State.REJECTED, says_no=True)
    assert admit(entry(contents=b"b"), run(), Retry.CHANGED).row.says_no
    assert not next(journal.rows()).says_no


@pytest.mark.parametrize("then", ["decided", "sent again", "resolved"])
def test_what_an_answer_of_unknown_outcome_was_like_is_kept_as_long_as_it_is_unknown(
    run, journal, entry, admit, send, decide, then
):
    admit(entry(), run())
    send(1)
    decide(1, State.UNKNOWN, says_no=True, form="204 nothing")
    second = run()
    (row,) = journal.rows(State.UNKNOWN)
    assert (row.says_no, row.form) == (True, "204 nothing")
    if then != "resolved":
        admit(entry(), second)
    match then:
        case "decided":
            decide(1, State.ACCEPTED)
        case "sent again":
            send(1)
        case _:
            with journal.transaction():
                journal.resolve(Resolution(position=1, state=State.PENDING, note="not there", at=99.0))
    (row,) = journal.rows()
    assert (row.says_no, row.form) == (False, None)


def test_what_is_not_final_was_not_decided(run, journal, entry, admit, decide):
    admit(entry(), run())
    decide(1, State.PENDING)
    assert next(journal.rows()).decided_at is None


def test_the_last_of_several_decisions_counts(run, journal, entry, admit):
    admit(entry(), run())
    with journal.transaction():
        journal.decide(
            [Decision(position=1, state=state, at=9.0) for state in (State.UNKNOWN, State.ACCEPTED)]
        )
    assert states(journal) == [State.ACCEPTED]


def test_attempts_are_in_order_and_a_lost_one_has_ended_among_them(run, journal, entry, admit, send, decide):
    number = run()
    for one in (1, 2, 3):
        admit(entry(one), number)
    send(1)
    send(2)
    decide(1, State.UNKNOWN, detail="reset", lost=True, kept=True)
    send(3)
    decide(1, State.UNKNOWN, detail="left to a person")
    assert [(row.sequence, row.ended) for row in journal.rows()] == [
        (first := next(journal.rows()).sequence, first + 1), (first + 1, None), (first + 2, None),
    ]  # fmt: skip


def test_a_witness_was_accepted_by_an_attempt_that_began_after_the_lost_one_had_ended(
    run, journal, entry, admit, send, decide
):
    number = run()
    for one in range(1, 7):
        admit(entry(one), number)
    send(1, 2)  # both under way at once
    decide(2, State.ACCEPTED)
    assert journal.evidence.witnesses(1, 9) == []
    decide(1, State.UNKNOWN, lost=True)
    assert journal.evidence.witnesses(1, 9) == []
    send(3, 4, 5)
    decide(3, State.ACCEPTED)
    decide(4, State.REJECTED)
    decide(5, State.ACCEPTED, duplicate=True)
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [3]
    later = run()
    admit(entry(6), later)
    send(6)
    decide(6, State.ACCEPTED)
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [6, 3]
    assert [row.key.number for row in journal.evidence.witnesses(1, 1)] == [6]


def test_one_that_was_sent_twice_is_no_witness(run, journal, entry, admit, send, decide):
    """The list may show its first attempt, which began before the lost one had ended."""
    number = run()
    for each in (1, 2):
        admit(entry(number=each), number)
    send(2)
    send(1)
    decide(1, State.UNKNOWN, lost=True)
    send(2)
    decide(2, State.ACCEPTED)
    assert not journal.evidence.witnesses(1, 8)


def test_what_a_dead_run_lost_has_witnesses_once_it_is_said_to_have_ended(
    run, journal, entry, admit, send, decide
):
    first = run()
    admit(entry(1), first)
    send(1)
    second = run()
    admit(entry(2), second)
    send(2)
    decide(2, State.ACCEPTED)
    assert journal.evidence.witnesses(1, 9) == []
    with journal.transaction():
        journal.evidence.ended(1)
    admit(entry(3), second)
    send(3)
    decide(3, State.ACCEPTED)
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [3]
    with journal.transaction():
        journal.evidence.ended(1)  # the first word stands
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [3]


def test_forms_of_answers_are_kept(journal):
    with journal.transaction():
        journal.evidence.confirm_form("{message:text}")
        journal.evidence.confirm_form("{message:text}")
    assert journal.evidence.confirmed_forms() == {"{message:text}"}
