"""What every form of the journal owes to writes that are no invoices."""

import pytest

from confirma_async.bulk.journal.records import Admission, JobName
from confirma_async.bulk.journal.writes import Write, WriteDecision
from confirma_async.bulk.models import Retry, State
from confirma_async.errors import JournalError

LEDGER = "accounting.submit_ledger"
PAYMENT = {"code": "DIRECTPAYMENT", "case": 7, "amount": "12.40"}


def write(key="L-1", *, operation=LEDGER, contents=b"a", names=(), facts=()):
    return Write(operation=operation, key=key, digest=contents * 16, names=names, facts=facts)


@pytest.fixture
def claim(journal):
    def claim(given, run, retry=Retry.NONE):
        with journal.transaction():
            return journal.writes.claim(given, run, retry)

    return claim


@pytest.fixture
def send(journal):
    def send(ident, now=5.0, ends_at=35.0, run=1):
        with journal.transaction():
            journal.writes.sending(ident, run, now, ends_at)

    return send


@pytest.fixture
def decide(journal):
    def decide(ident, state, run=1, **more):
        with journal.transaction():
            journal.writes.decide(WriteDecision(id=ident, state=state, at=9.0, **more), run)

    return decide


def test_a_new_write_is_claimed(journal, run, claim):
    claimed = claim(write(facts=[PAYMENT]), run())
    assert claimed.admission is Admission.CLAIMED
    found = journal.writes.find(LEDGER, "L-1")
    assert (found, found.state, found.facts, found.attempts) == (claimed.row, State.CLAIMED, (PAYMENT,), 0)


def test_the_same_key_of_another_operation_is_another_write(run, claim):
    number = run()
    for operation in (LEDGER, "onboarding.create_client"):
        assert claim(write(operation=operation), number).admission is Admission.CLAIMED


def test_the_intent_is_written_down(journal, run, claim, send):
    ident = claim(write(), run()).row.id
    send(ident)
    send(ident, now=6.0, ends_at=36.0)
    found = journal.writes.find(LEDGER, "L-1")
    assert (found.state, found.attempts, found.attempted_at, found.ends_at) == (State.SENDING, 2, 5.0, 36.0)


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED])
def test_what_is_final_is_known(run, claim, send, decide, journal, state):
    number = run()
    ident = claim(write(), number).row.id
    send(ident)
    decide(ident, state, status="OK", detail="why")
    again = claim(write(), number)
    assert (again.admission, again.row.state, again.row.detail) == (Admission.FINAL, state, "why")
    assert (again.row.decided_at, again.row.ends_at) == (9.0, None)
    assert journal.writes.counts(number)[state] == 1


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN])
def test_what_may_have_arrived_is_not_claimed_again(run, claim, send, decide, state):
    number = run()
    ident = claim(write(), number).row.id
    send(ident)
    if state is State.UNKNOWN:
        decide(ident, state)
    assert claim(write(), number).admission is Admission.UNKNOWN


@pytest.mark.parametrize("state", [State.SENDING, State.UNKNOWN, State.ACCEPTED, State.REJECTED])
def test_other_contents_under_a_key_that_was_sent_are_refused(run, claim, send, decide, state):
    number = run()
    ident = claim(write(), number).row.id
    send(ident)
    if state is not State.SENDING:
        decide(ident, state)
    assert claim(write(contents=b"b"), number).admission is Admission.CHANGED


def test_what_surely_was_not_sent_may_be_corrected(journal, run, claim, decide):
    number = run()
    decide(claim(write(), number).row.id, State.PENDING, detail="no way")
    claimed = claim(write(contents=b"b"), number)
    assert (claimed.admission, claimed.row.digest, claimed.row.detail) == (
        Admission.CLAIMED,
        b"b" * 16,
        None,
    )


@pytest.mark.parametrize(
    ("retry", "contents", "admission"),
    [
        (Retry.CHANGED, b"a", Admission.FINAL),
        (Retry.CHANGED, b"b", Admission.RETRIED),
        (Retry.ALL, b"a", Admission.RETRIED),
    ],
)
def test_what_was_rejected_is_sent_again_when_asked_for(run, claim, send, decide, retry, contents, admission):
    number = run()
    ident = claim(write(), number).row.id
    send(ident)
    decide(ident, State.REJECTED)
    assert claim(write(contents=contents), number, retry).admission is admission


def test_a_name_belongs_to_one_write(journal, run, claim):
    number = run()
    first = claim(write("a", names=["p-1", "p-2"]), number)
    clash = claim(write("b", contents=b"b", names=["p-2"]), number)
    assert (clash.admission, clash.row.key) == (Admission.CHANGED, first.row.key)
    assert journal.writes.find(LEDGER, "b") is None


def test_a_corrected_write_lets_go_of_its_names(run, claim, decide):
    number = run()
    decide(claim(write("a", names=["p-1", "p-2"]), number).row.id, State.PENDING)
    claim(write("a", contents=b"b", names=["p-1"]), number)
    assert claim(write("b", names=["p-2"]), number).admission is Admission.CLAIMED


# --- several runs at once -----------------------------------------------------------------------------


@pytest.fixture
def other(again):
    """Claims a write in a run of another process on the same journal, and returns the answer."""

    there = again()

    def claim(given):
        with there.transaction():
            return there.writes.claim(given, there.runs.begin(JobName("t"), now=2000.0))

    return claim


@pytest.mark.parametrize("sent", [False, True])
def test_what_a_run_has_in_its_hands_is_no_other_runs_to_send(run, claim, send, other, sent):
    ident = claim(write(), run()).row.id
    if sent:
        send(ident)
    assert other(write()).admission is Admission.ELSEWHERE


def test_what_a_run_has_put_back_is_anybodys(run, claim, decide, other):
    decide(claim(write(), run()).row.id, State.PENDING)
    claimed = other(write())
    assert (claimed.admission, claimed.row.run) == (Admission.CLAIMED, 2)


@pytest.mark.parametrize(
    ("sent", "admission"), [(False, Admission.CLAIMED), (True, Admission.UNKNOWN)], ids=["claimed", "sent"]
)
def test_what_a_dead_run_left_is_settled_by_whoever_finds_it(
    run, claim, send, other, seems_dead, sent, admission
):
    ident = claim(write(), run()).row.id
    if sent:
        send(ident)
    seems_dead()
    assert other(write()).admission is admission


def test_a_run_that_seemed_dead_sends_nothing_that_another_has_taken_over(
    journal, run, claim, send, decide, other, seems_dead
):
    ident = claim(write(), run()).row.id
    seems_dead()
    other(write())
    with pytest.raises(JournalError, match="taken over"):
        send(ident)
    with pytest.raises(JournalError, match="taken over"):
        decide(ident, State.ACCEPTED)


def test_what_a_read_shows_is_accepted_while_it_is_unknown(journal, run, claim, send, decide):
    ident = claim(write(), run()).row.id
    send(ident)
    decide(ident, State.UNKNOWN, form="x")
    for changed in (True, False):
        with journal.transaction():
            assert journal.writes.confirm(ident, 12.0) is changed
    found = journal.writes.find(LEDGER, "L-1")
    assert (found.state, found.decided_at, found.form) == (State.ACCEPTED, 12.0, None)


def test_what_is_claimed_can_be_put_back(journal, run, claim):
    number = run()
    claim(write(), number)
    with journal.transaction():
        journal.writes.put_back(number)
    assert journal.writes.find(LEDGER, "L-1").state is State.PENDING


def test_a_person_decides_and_so_confirms_the_form_of_the_answer(journal, run, claim, send, decide):
    ident = claim(write(), run()).row.id
    send(ident)
    decide(ident, State.UNKNOWN, form="ledger 200 {}")
    with journal.transaction():
        journal.writes.resolve(ident, State.ACCEPTED, "seen in the books", 11.0)
    found = journal.writes.find(LEDGER, "L-1")
    assert (found.state, found.detail, found.decided_at) == (
        State.ACCEPTED,
        "a person decided: seen in the books",
        11.0,
    )
    assert journal.evidence.confirmed_forms() == {"ledger 200 {}"}


@pytest.mark.parametrize("said", [State.PENDING, State.REJECTED])
@pytest.mark.parametrize("is_dead", [False, True])
def test_of_a_write_that_may_still_arrive_nothing_but_its_arrival_is_believed(
    journal, run, claim, send, decide, said, is_dead
):
    ident = claim(write(), run()).row.id
    send(ident, ends_at=35.0)
    if is_dead:
        run()
    else:
        decide(ident, State.UNKNOWN)
    with pytest.raises(JournalError, match="may still arrive"), journal.transaction():
        journal.writes.resolve(ident, said, "not in the books", 94.0)
    with journal.transaction():
        journal.writes.resolve(ident, said, "not in the books", 95.0)
    assert journal.writes.find(LEDGER, "L-1").state is said


def test_a_write_of_known_outcome_is_resolved_by_nobody(journal, run, claim, send, decide):
    ident = claim(write(), run()).row.id
    send(ident)
    decide(ident, State.ACCEPTED)
    with pytest.raises(JournalError, match="unknown outcome no longer"), journal.transaction():
        journal.writes.resolve(ident, State.PENDING, "not in the books", 999.0)


def test_another_write_with_the_same_fact_is_a_rival_once_it_was_sent(journal, run, claim, send):
    number = run()
    first = claim(write("a", facts=[PAYMENT]), number).row.id
    second = claim(write("b", facts=[PAYMENT]), number).row.id
    assert not journal.writes.has_rival(first)
    send(second)
    assert journal.writes.has_rival(first)
    assert not journal.writes.has_rival(second)


@pytest.mark.parametrize(
    ("other", "rival"),
    [
        ({"invoice": 1}, True),  # it may be the invoice of that case
        ({"amount": "12.4"}, True),
        ({"amount": "12.41"}, False),
        ({"case": 8}, False),
        ({"code": "PAUSE"}, False),
    ],
)
def test_whatever_the_same_read_may_show_is_a_rival(journal, run, claim, send, other, rival):
    number = run()
    fact = {**PAYMENT, **other}
    if "invoice" in other:
        del fact["case"]
    first = claim(write("a", facts=[PAYMENT]), number).row.id
    send(claim(write("b", facts=[fact]), number).row.id)
    assert journal.writes.has_rival(first) is rival


def test_a_write_that_was_sent_binds_the_journal(journal, run, claim, send):
    ident = claim(write(), run()).row.id
    assert not journal.ownership.has_sent()
    send(ident)
    assert journal.ownership.has_sent()


# --- payloads -----------------------------------------------------------------------------------------


def test_a_payload_is_kept_until_its_write_is_final(journal, run, claim, send, decide, entry):
    number = run()
    ident = claim(write(), number).row.id
    with journal.transaction():
        (admitted,) = journal.admit([entry()], number)
        journal.payloads.keep(admitted.position, b"{}")
        journal.payloads.keep_write(ident, b"[]")
        assert journal.payloads.forget_final() == 0
    assert (journal.payloads.of(admitted.position), journal.payloads.of_write(ident)) == (b"{}", b"[]")
    send(ident)
    decide(ident, State.ACCEPTED)
    with journal.transaction():
        assert journal.payloads.forget_final() == 1
    assert (journal.payloads.of(admitted.position), journal.payloads.of_write(ident)) == (b"{}", None)


def test_the_names_of_a_write_are_known(journal, run, claim):
    ident = claim(write(names=["p-2", "p-1"]), run()).row.id
    assert journal.writes.names(ident) == ["p-1", "p-2"]
