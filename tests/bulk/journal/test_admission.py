"""Which invoices a run may send, and which it finds from before."""

from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import Admission, Decision
from confirma_async.bulk.models import State
from tests.bulk.journal.looks import states


def test_what_a_dead_process_left_is_settled(run, journal, entry, send, decide):
    number = run()
    with journal.transaction():
        journal.admit([entry(number) for number in range(1, 4)], number)
    send(2)
    decide(3, State.ACCEPTED)
    run()
    assert states(journal) == [State.PENDING, State.UNKNOWN, State.ACCEPTED]


def test_an_intent_keeps_when_its_call_ends_at_the_latest(run, journal, entry, admit, send):
    admit(entry(), run())
    send(1, now=5.0, ends_at=35.0)
    run(now=1000.0)
    (row,) = journal.rows(State.UNKNOWN)
    assert (row.attempted_at, row.ends_at, row.ended) == (5.0, 35.0, None)


def test_what_fails_inside_a_transaction_is_not_written(journal, run, entry):
    def claim_and_fail(number):
        with journal.transaction():
            journal.admit([entry()], number)
            raise ZeroDivisionError

    number = run()
    with pytest.raises(ZeroDivisionError):
        claim_and_fail(number)
    assert states(journal) == []
    with journal.transaction():
        journal.admit([entry()], number)
    (row,) = journal.rows()
    assert (row.key, row.currency) == (entry().key, "EUR")


def test_a_new_invoice_is_claimed(run, journal, entry, admit):
    admitted = admit(entry(amount="12.40"), run())
    assert (admitted.admission, admitted.position, admitted.row) == (Admission.CLAIMED, 1, None)
    (row,) = journal.rows()
    assert (row.key, row.source, row.digest) == (entry().key, "f.csv:2", b"a" * 16)
    assert (row.state, row.attempts, row.amount, row.currency) == (State.CLAIMED, 0, Decimal("12.40"), "EUR")


@pytest.mark.parametrize("amount", ["0.00", "-99999999999999.99", "0.1", None])
def test_amounts_are_kept_to_the_cent(run, journal, entry, admit, amount):
    admit(entry(amount=amount), run())
    (row,) = journal.rows()
    assert row.amount == (None if amount is None else Decimal(amount))


def test_positions_follow_the_order_of_the_input(run, journal, entry):
    number = run()
    with journal.transaction():
        admitted = journal.admit([entry(number) for number in (9, 3, 7)], number)
    assert [one.position for one in admitted] == [1, 2, 3]
    assert [row.key.number for row in journal.rows()] == [9, 3, 7]


def test_the_same_invoice_twice_in_a_run_is_a_clash(run, entry, admit):
    number = run()
    admit(entry(place="f.csv:2"), number)
    admitted = admit(entry(place="f.csv:9"), number)
    assert (admitted.admission, admitted.row.source) == (Admission.CLASH, "f.csv:2")


def test_the_same_invoice_twice_in_a_batch_is_a_clash(run, journal, entry):
    number = run()
    twice = [entry(place="f.csv:2"), entry(2), entry(place="f.csv:9")]
    with journal.transaction():
        admitted = journal.admit(twice, number)
    assert [one.admission for one in admitted] == [Admission.CLAIMED, Admission.CLAIMED, Admission.CLASH]
    assert admitted[2].row.source == "f.csv:2"


def test_an_unsent_invoice_is_claimed_again_by_the_next_run_once(run, journal, entry, admit):
    admit(entry(), run())
    number = run()
    with journal.transaction():
        admitted = journal.admit([entry(), entry()], number)
    assert [one.admission for one in admitted] == [Admission.CLAIMED, Admission.CLASH]
    assert [one.position for one in admitted] == [1, 1]


def test_an_unsent_invoice_may_still_be_corrected(run, journal, entry, admit):
    admit(entry(contents=b"a", amount="1.00"), run())
    admitted = admit(entry(contents=b"b", amount="2.00", place="g.csv:4"), run())
    assert admitted.admission is Admission.CLAIMED
    (row,) = journal.rows()
    assert (row.digest, row.amount, row.source) == (b"b" * 16, Decimal("2.00"), "g.csv:4")


def test_an_invoice_that_may_have_arrived_is_looked_up(run, entry, admit, send):
    admit(entry(), run())
    send(1, now=5.0)
    admitted = admit(entry(), run())
    assert admitted.admission is Admission.UNKNOWN
    assert (admitted.row.attempts, admitted.row.attempted_at) == (1, 5.0)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_a_decided_invoice_stays_decided(run, journal, entry, admit, decide, state):
    admit(entry(), run())
    decide(1, state, status="PAUSED", detail="why")
    number = run()
    for _ in range(2):
        admitted = admit(entry(), number)
        row = admitted.row
        assert (admitted.admission, row.state, row.status, row.detail) == (
            Admission.FINAL, state, "PAUSED", "why",
        )  # fmt: skip


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.UNKNOWN])
def test_a_sent_invoice_with_other_contents_is_a_contradiction(run, entry, admit, send, decide, state):
    admit(entry(contents=b"a"), run())
    send(1)
    decide(1, state)
    assert admit(entry(contents=b"b"), run()).admission is Admission.CHANGED


@pytest.mark.parametrize("other", [{"seller": "t"}, {"kind": "CREDIT_NOTE"}, {"number": 2}])
def test_seller_type_and_number_tell_invoices_apart(run, entry, admit, other):
    number = run()
    admit(entry(), number)
    assert admit(entry(**other), number).admission is Admission.CLAIMED


@pytest.mark.parametrize(("first", "second"), [("s", ""), ("", "s")])
def test_the_same_number_with_and_without_a_seller_is_a_contradiction(run, entry, admit, first, second):
    number = run()
    admit(entry(seller=first), number)
    assert admit(entry(seller=second), number).admission is Admission.CHANGED


def test_a_seller_is_found_beside_others_of_the_same_number(run, entry, admit):
    number = run()
    admit(entry(seller="s"), number)
    admit(entry(seller="t"), number)
    assert admit(entry(seller="t"), run()).position == 2


def test_a_reminder_may_repeat_on_another_day(run, entry, admit):
    number = run()
    admissions = [admit(entry(kind="REMINDER", day=day), number).admission for day in (1, 2, 2)]
    assert admissions == [Admission.CLAIMED, Admission.CLAIMED, Admission.CLASH]


def test_an_invoice_is_found_by_its_key(run, journal, entry, admit):
    admit(entry(7), run())
    assert journal.find(entry(7).key).position == 1
    assert journal.find(entry(8).key) is None


def test_more_entries_than_one_statement_takes_are_all_admitted(run, journal, entry):
    number = run()
    entries = [entry(number) for number in range(1, 202)]
    with journal.transaction():
        journal.admit(entries, number)
    with journal.transaction():
        journal.sending(range(1, 202), 5.0, 35.0)
        decisions = [Decision(position=at, state=State.ACCEPTED, at=9.0) for at in range(1, 202)]
        journal.decide(decisions)
    assert journal.figures.counts()[State.ACCEPTED] == 201
    number = run()
    with journal.transaction():
        again = journal.admit(entries, number)
    assert {one.admission for one in again} == {Admission.FINAL}
