"""What is sent again when asked for, what never is, and what is known of the version before."""

import pytest

from confirma_async.bulk.journal.records import Admission, Version
from confirma_async.bulk.models import Retry, State


def test_an_archived_invoice_is_never_sent_again(run, journal, entry, admit, decide):
    number = run()
    for one, at in enumerate([10.0, 20.0], 1):
        admit(entry(one), number)
        decide(one, State.ACCEPTED, at=at)
    admit(entry(3), number)
    decide(3, State.REJECTED, at=10.0)
    with journal.transaction():
        assert journal.archive(15.0) == 1
    assert [row.key.number for row in journal.rows()] == [2, 3]
    assert journal.figures.counts()[State.ACCEPTED] == 2
    again = run()
    assert admit(entry(1), again).admission is Admission.FINAL
    assert admit(entry(1, contents=b"b"), again).admission is Admission.CHANGED
    assert journal.find(entry(1).key).state is State.ACCEPTED
    assert journal.numbers.in_use([1, 2, 4]) == {1, 2}


@pytest.mark.parametrize(
    ("retry", "contents", "admission"),
    [
        (Retry.NONE, b"a", Admission.FINAL),
        (Retry.NONE, b"b", Admission.CHANGED),
        (Retry.CHANGED, b"a", Admission.FINAL),
        (Retry.CHANGED, b"b", Admission.RETRIED),
        (Retry.ALL, b"a", Admission.RETRIED),
        (Retry.ALL, b"b", Admission.RETRIED),
    ],
)
def test_a_rejected_invoice_is_sent_again_when_asked_for(
    run, entry, admit, decide, retry, contents, admission
):
    admit(entry(contents=b"a"), run())
    decide(1, State.REJECTED)
    assert admit(entry(contents=contents), run(), retry).admission is admission


@pytest.mark.parametrize("state", [State.ACCEPTED, State.UNKNOWN])
@pytest.mark.parametrize("retry", [Retry.CHANGED, Retry.ALL])
def test_nothing_but_a_rejected_invoice_is_ever_sent_again(run, entry, admit, send, decide, retry, state):
    admit(entry(contents=b"a"), run())
    send(1)
    decide(1, state)
    assert admit(entry(contents=b"b"), run(), retry).admission is Admission.CHANGED


def test_what_was_rejected_stays_linked_to_what_takes_its_place(run, journal, entry, admit, send, decide):
    admit(entry(contents=b"a"), run())
    send(1)
    decide(1, State.REJECTED, status="ERROR", detail="no postal code")
    admit(entry(contents=b"b"), run(), Retry.CHANGED)
    (former,) = journal.previous_versions()
    assert (former.position, former.state, former.digest) == (1, State.REJECTED, b"a" * 16)
    assert (former.status, former.detail) == ("ERROR", "no postal code")
    (row,) = journal.rows()
    assert (row.state, row.digest, row.status, row.detail, row.attempts) == (
        State.CLAIMED, b"b" * 16, None, None, 1,
    )  # fmt: skip


def test_what_was_sent_last_is_known_while_it_is_corrected_and_until_it_is_sent(
    run, journal, entry, admit, send, decide
):
    assert admit(entry(contents=b"a"), run()).sent is None
    send(1)
    decide(1, State.PENDING)
    for contents in (b"b", b"c", b"c"):
        assert admit(entry(contents=contents), run()).sent == Version(b"a" * 16, entry().key.date)
        with journal.transaction():
            journal.runs.put_back(len([*journal.runs.all()]))
    admit(entry(contents=b"c"), run())
    send(1)
    decide(1, State.PENDING)
    assert admit(entry(contents=b"c"), run()).sent is None


def test_what_was_rejected_for_want_of_a_record_is_known_until_it_is_sent_again(
    run, entry, admit, send, decide
):
    admit(entry(contents=b"a"), run())
    send(1)
    decide(1, State.REJECTED, says_no=True)
    version = Version(b"a" * 16, entry().key.date)
    assert admit(entry(contents=b"b"), run(), Retry.CHANGED).sent == version
    assert admit(entry(contents=b"b"), run()).sent == version


def test_another_sent_document_of_the_same_number_is_a_rival(run, journal, entry, admit, send):
    number = run()
    first, second = entry(kind="INVOICE"), entry(kind="CREDIT_NOTE")
    admit(first, number)
    admit(second, number)
    assert not journal.evidence.ambiguous_matches(1, first.key).others
    send(2)
    assert journal.evidence.ambiguous_matches(1, first.key).others == (second.key,)


def test_an_invoice_that_was_rejected_before_is_its_own_rival(run, journal, entry, admit, decide):
    admit(entry(), run())
    assert not journal.evidence.ambiguous_matches(1, entry().key).former
    decide(1, State.REJECTED)
    admit(entry(contents=b"b"), run(), Retry.CHANGED)
    assert journal.evidence.ambiguous_matches(1, entry().key).former
