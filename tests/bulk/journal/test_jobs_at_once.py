"""Several jobs on one journal, living and dead."""

import pytest

from confirma_async.bulk.journal.records import Admission, JobName, Resolution
from confirma_async.bulk.models import Retry, State
from confirma_async.errors import JournalError
from tests.bulk.journal.looks import states


@pytest.fixture
def begin_another(again):
    """Opens the journal once more and begins a run there; returns both."""

    def begin():
        other = again()
        with other.transaction():
            return other, other.runs.begin(JobName("t"), now=1001.0)

    return begin


def admitted_by(journal, entry, run, retry=Retry.NONE):
    with journal.transaction():
        (admitted,) = journal.admit([entry], run, retry)
    return admitted.admission


@pytest.fixture
def at_stage(journal, admit, entry, run, send, decide):
    """Brings an invoice to a stage in a first job's hands."""

    def bring(stage):
        admit(entry(), run())
        if stage != "claimed":
            send(1)
        if stage == "looked up":
            decide(1, State.UNKNOWN, kept=True)

    return bring


@pytest.mark.parametrize("stage", ["claimed", "sent", "looked up"])
def test_what_a_job_has_in_its_hands_is_no_other_jobs_to_send(journal, entry, begin_another, at_stage, stage):
    at_stage(stage)
    before = states(journal)
    other, number = begin_another()
    assert admitted_by(other, entry(), number) is Admission.ELSEWHERE
    assert admitted_by(other, entry(contents=b"b"), number, Retry.ALL) is Admission.ELSEWHERE
    assert states(journal) == before


@pytest.mark.parametrize(
    ("stage", "then"),
    [
        ("claimed", Admission.CLAIMED), ("sent", Admission.UNKNOWN), ("looked up", Admission.UNKNOWN),
    ],
)  # fmt: skip
@pytest.mark.parametrize("noticed", ["as the other begins", "later"])
def test_what_a_dead_job_has_left_is_settled_by_whoever_finds_it(
    journal, entry, begin_another, at_stage, stage, then, noticed
):
    at_stage(stage)
    if noticed == "as the other begins":
        journal.close()
        other, number = begin_another()
    else:
        other, number = begin_another()
        journal.close()
    assert admitted_by(other, entry(), number) is then


@pytest.mark.parametrize("state", [State.PENDING, State.UNKNOWN])
def test_what_a_job_lets_go_of_is_anybodys(entry, begin_another, admit, run, send, decide, state):
    admit(entry(), run())
    send(1)
    decide(1, state)
    other, number = begin_another()
    wanted = Admission.CLAIMED if state is State.PENDING else Admission.UNKNOWN
    assert admitted_by(other, entry(), number) is wanted


def test_a_job_that_ends_lets_go_of_everything(journal, entry, begin_another, admit, run, send, decide):
    number = run()
    admit(entry(), number)
    send(1)
    decide(1, State.UNKNOWN, kept=True)
    with journal.transaction():
        journal.runs.end(number, "paused", now=1002.0)
    other, second = begin_another()
    assert admitted_by(other, entry(), second) is Admission.UNKNOWN


def test_jobs_at_once_count_places_and_attempts_together(journal, entry, begin_another, admit, run, send):
    first = run()
    other, second = begin_another()
    admit(entry(1), first)
    with other.transaction():
        (two,) = other.admit([entry(2)], second)
    three = admit(entry(3), first)
    send(1)
    with other.transaction():
        other.sending([two.position], 5.0, 35.0)
    send(three.position)
    sequences = [row.sequence for row in journal.rows()]
    assert len({row.position for row in journal.rows()}) == 3
    assert sequences == sorted(set(sequences))


def test_after_a_write_that_failed_a_job_still_knows_what_others_wrote_before(
    journal, entry, begin_another, admit, run, send
):
    admit(entry(1), run())
    other, second = begin_another()
    for one in (2, 3):
        assert admitted_by(other, entry(one), second) is Admission.CLAIMED
    with other.transaction():
        other.sending([2, 3], 5.0, 35.0)
    with pytest.raises(ZeroDivisionError), journal.transaction():
        raise ZeroDivisionError
    send(1)
    sequences = {row.key.number: row.sequence for row in journal.rows()}
    assert sequences[1] > max(sequences[2], sequences[3])


def test_what_was_taken_over_from_a_job_that_seemed_dead_is_not_sent_by_it(
    journal, entry, begin_another, admit, run, send, decide, seems_dead
):
    admit(entry(), run())
    other, number = begin_another()
    seems_dead()
    assert admitted_by(other, entry(), number) is Admission.CLAIMED
    with pytest.raises(JournalError, match="taken over"):
        send(1)
    with pytest.raises(JournalError, match="taken over"):
        decide(1, State.PENDING)
    assert states(journal) == [State.CLAIMED]


def test_nobody_resolves_what_a_job_looks_up(journal, begin_another, at_stage):
    at_stage("looked up")
    other, _ = begin_another()
    resolution = Resolution(position=1, state=State.PENDING, note="not there", at=99.0)
    with pytest.raises(JournalError, match="in its hands"), other.transaction():
        other.resolve(resolution)
    journal.close()
    with other.transaction():
        other.resolve(resolution)
    assert states(other) == [State.PENDING]


def test_what_one_job_archives_is_not_sent_by_another_that_goes_on(
    journal, entry, begin_another, admit, run, send, decide
):
    admit(entry(), run())
    other, number = begin_another()
    send(1)
    decide(1, State.ACCEPTED, at=9.0)
    with journal.transaction():
        assert journal.archive(before=99.0) == 1
    assert admitted_by(other, entry(), number) is Admission.FINAL


def test_a_witness_may_be_another_jobs_that_goes_on(journal, entry, begin_another, admit, run, send, decide):
    first = run()
    other, second = begin_another()
    with other.transaction():
        other.runs.end(second, "finished", now=2.0)
    admit(entry(1), first)
    send(1, now=3.0)
    decide(1, State.UNKNOWN, lost=True)
    admit(entry(2), first)
    send(2, now=4.0)
    decide(2, State.ACCEPTED)
    assert [row.key.number for row in journal.evidence.witnesses(1, 9)] == [2]
