"""The journal: what it keeps, what contradicts it, and how it settles what a dead process left."""

import pytest

from confirma_async.bulk import journal
from confirma_async.bulk.items import Refusal, State
from confirma_async.bulk.journal import Admission
from confirma_async.errors import JournalMismatchError, Problem
from confirma_async.formats import Identity, Place
from confirma_async.schemas import InvoiceType


def states(connection):
    return [state for (state,) in connection.execute("SELECT state FROM item ORDER BY position")]


# --- the job --------------------------------------------------------------------------------------


def test_runs_are_counted(run):
    assert [run(), run(), run()] == [1, 2, 3]


def test_a_journal_of_another_target_is_refused(run):
    run("https://a.example")
    with pytest.raises(JournalMismatchError, match=r"for https://a\.example, this one is for"):
        run("https://b.example")


def test_a_journal_of_other_files_is_refused(run):
    run(inputs=["/a.csv"])
    with pytest.raises(JournalMismatchError, match="other files"):
        run(inputs=["/b.csv"])


def test_a_job_may_grow_by_files(run, connection, path):
    run(inputs=["/a.csv"])
    run(inputs=["/a.csv", "/b.csv"])
    assert journal.check_job(connection, path, "t", ["/b.csv"]) == ["/a.csv", "/b.csv"]


def test_what_a_dead_process_left_is_settled(run, connection, entry):
    journal.admit(connection, [entry(number) for number in range(1, 4)], run())
    journal.sending(connection, 2, 0.0)
    journal.decide(connection, 3, State.ACCEPTED)
    run()
    assert states(connection) == [State.PENDING, State.UNKNOWN, State.ACCEPTED]


# --- admission ------------------------------------------------------------------------------------


def admit(connection, entry, run):
    ((admission, row),) = journal.admit(connection, [entry], run)
    return admission, row


def test_a_new_invoice_is_claimed(run, connection, entry):
    admission, row = admit(connection, entry(), run())
    assert (admission, row.state, row.position) == (Admission.CLAIMED, State.CLAIMED, 1)


def test_the_same_invoice_twice_in_a_run_is_a_clash(run, connection, entry):
    number = run()
    admit(connection, entry(place="f.csv:2"), number)
    admission, row = admit(connection, entry(place="f.csv:9"), number)
    assert (admission, row.source) == (Admission.CLASH, "f.csv:2")


def test_an_unsent_invoice_is_claimed_again_by_the_next_run(run, connection, entry):
    admit(connection, entry(), run())
    admission, _ = admit(connection, entry(), run())
    assert admission is Admission.CLAIMED


def test_an_unsent_invoice_may_still_be_corrected(run, connection, entry):
    admit(connection, entry(contents=b"a"), run())
    admission, _ = admit(connection, entry(contents=b"b"), run())
    assert admission is Admission.CLAIMED
    assert connection.execute("SELECT digest FROM item").fetchone() == (b"b" * 32,)


def test_an_invoice_that_may_have_arrived_is_looked_up(run, connection, entry):
    admit(connection, entry(), run())
    journal.sending(connection, 1, 5.0)
    admission, row = admit(connection, entry(), run())
    assert (admission, row.attempts, row.attempted_at) == (Admission.UNKNOWN, 1, 5.0)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_a_decided_invoice_stays_decided(run, connection, entry, state):
    admit(connection, entry(), run())
    journal.decide(connection, 1, state, "PAUSED", "why")
    admission, row = admit(connection, entry(), run())
    assert (admission, row.state, row.status, row.detail) == (Admission.FINAL, state, "PAUSED", "why")


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.UNKNOWN])
def test_a_sent_invoice_with_other_contents_is_a_contradiction(run, connection, entry, state):
    admit(connection, entry(contents=b"a"), run())
    journal.sending(connection, 1, 0.0)
    journal.decide(connection, 1, state)
    admission, _ = admit(connection, entry(contents=b"b"), run())
    assert admission is Admission.CHANGED


@pytest.mark.parametrize("other", [{"seller": "t"}, {"kind": "CREDIT_NOTE"}, {"number": 2}])
def test_seller_type_and_number_tell_invoices_apart(run, connection, entry, other):
    number = run()
    admit(connection, entry(), number)
    admission, _ = admit(connection, entry(**other), number)
    assert admission is Admission.CLAIMED


def test_a_reminder_may_repeat_on_another_day(run, connection, entry):
    number = run()
    admissions = [admit(connection, entry(kind="REMINDER", day=day), number)[0] for day in (1, 2, 2)]
    assert admissions == [Admission.CLAIMED, Admission.CLAIMED, Admission.CLASH]


def test_an_unknown_outcome_counts_its_settle_time_from_when_it_was_lost(run, connection, entry):
    admit(connection, entry(), run())
    journal.sending(connection, 1, 10.0)
    journal.lose(connection, 1, 40.0, "reset")
    (row,) = journal.rows(connection, State.UNKNOWN)
    assert (row.attempted_at, row.detail) == (40.0, "reset")


# --- rivals, refusals, numbers --------------------------------------------------------------------


def test_another_sent_document_of_the_same_number_is_a_rival(run, connection, entry):
    number = run()
    first, second = entry(kind="INVOICE"), entry(kind="CREDIT_NOTE")
    journal.admit(connection, [first, second], number)
    assert not journal.has_rivals(connection, 1, first.key)
    journal.sending(connection, 2, 0.0)
    assert journal.has_rivals(connection, 1, first.key)


def test_refusals_are_those_of_the_last_run(run, connection):
    run()
    problems = [Problem("$.a", "rule.a", "wrong"), Problem("$.b", "rule.b", "also wrong")]
    journal.refuse(connection, [Refusal(place=Place("f.csv", 3), problems=problems, number="7")])
    assert list(journal.refusals(connection, 10)) == [
        ("f.csv:3", "7", "rule.a", "$.a", "wrong"),
        ("f.csv:3", "7", "rule.b", "$.b", "also wrong"),
    ]
    run()
    assert not list(journal.refusals(connection, 10))


def test_a_number_given_once_stays(run, connection):
    who = Identity("s", InvoiceType.INVOICE, "08/1")
    journal.keep_numbers(connection, {who: 5})
    journal.keep_numbers(connection, {who: 6})
    assert journal.numbered(connection) == {who: 5}
