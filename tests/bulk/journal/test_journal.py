"""What every form of the journal owes its job. A new form joins the ``journal`` fixture, and passes."""

from decimal import Decimal

import pytest
from attrs import evolve

from confirma_async.accounts.owner import Owner, fingerprint
from confirma_async.bulk.journal.records import Admission, Decision, JobName, Resolution, Version
from confirma_async.bulk.models import RefusedRecord, Retry, State
from confirma_async.errors import JournalError, JournalMismatchError, Problem
from confirma_async.formats import Identity, Place
from confirma_async.privacy import Secret
from confirma_async.schemas import InvoiceType


@pytest.fixture
def admit(journal):
    """Admits one entry; returns the answer and what the journal had before."""

    def admit(entry, run, retry=Retry.NONE):
        with journal.transaction():
            (admitted,) = journal.admit([entry], run, retry)
        return admitted

    return admit


@pytest.fixture
def send(journal):
    def send(*positions, now=5.0, ends_at=35.0):
        with journal.transaction():
            journal.sending(positions, now, ends_at)

    return send


@pytest.fixture
def decide(journal):
    def decide(position, state, **more):
        with journal.transaction():
            journal.decide([Decision(position=position, state=state, at=more.pop("at", 9.0), **more)])

    return decide


def states(journal):
    return [row.state for row in journal.rows()]


# --- the job --------------------------------------------------------------------------------------


def test_runs_are_counted(run):
    assert [run(), run(), run()] == [1, 2, 3]


def test_a_new_journal_is_tied_to_nothing(journal):
    assert (journal.ownership.target(), journal.ownership.account()) == (None, "")
    assert (journal.trust.doubt(), list(journal.runs.all())) == (None, [])


def test_a_journal_of_another_target_is_refused(run):
    run("https://a.example")
    with pytest.raises(JournalMismatchError, match=r"belongs to https://a\.example"):
        run("https://b.example")


def test_a_refused_run_leaves_the_journal_as_it_was(run, journal, entry, admit):
    admit(entry(), run(inputs=["/a.csv"]))
    with pytest.raises(JournalMismatchError):
        run("elsewhere")
    assert states(journal) == [State.CLAIMED]
    assert journal.ownership.target() == "t"
    assert [found.inputs for found in journal.runs.all()] == [("/a.csv",)]


def test_a_run_keeps_its_inputs_and_how_it_ended(run, journal):
    number = run(inputs=["/a.csv", "/b.csv"], now=1000.0, expected=7)
    with journal.transaction():
        journal.runs.end(number, "finished", now=1010.0)
    found = journal.runs.find(number)
    assert (found.inputs, found.expected, found.began_at) == (("/a.csv", "/b.csv"), 7, 1000.0)
    assert (found.ended_at, found.ending) == (1010.0, "finished")
    assert journal.runs.find(number + 1) is None


def test_a_run_keeps_which_rules_it_allowed_to_be_broken(run, journal):
    number = run(allowed=["iban", "payment-reference"])
    assert journal.runs.find(number).allowed == ("iban", "payment-reference")
    assert journal.runs.find(run()).allowed == ()


def test_a_run_keeps_how_its_input_was_read(run, journal):
    assert journal.runs.find(run(reading='{"a": 1}')).reading == '{"a": 1}'
    assert journal.runs.find(run()).reading == ""


def test_other_files_of_the_account_are_another_run(run, journal):
    run(inputs=["/a.csv"])
    run(inputs=["/b.csv"])
    assert [found.inputs for found in journal.runs.all()] == [("/b.csv",), ("/a.csv",)]


# --- whose it is ----------------------------------------------------------------------------------

SALT = b"s" * 16


def owner(key, account="", **more):
    return Owner(key=Secret(key), account=account, salt=SALT, **more)


@pytest.fixture
def sent(journal, entry, send):
    """Has a run send something, so that the journal is its owner's."""

    def send_one(run):
        with journal.transaction():
            journal.admit([entry()], run)
        send(1)

    return send_one


def test_a_key_that_sent_nothing_binds_nothing(run):
    run(owner=owner("mistyped", "acme"))
    run(owner=owner("right", "acme"))


def test_a_key_binds_while_its_job_runs_though_nothing_is_sent_yet(run, journal, again):
    run(owner=owner("first", "acme"))
    other = again()
    with pytest.raises(JournalMismatchError, match="the account acme"), other.transaction():
        other.runs.begin(JobName("t"), now=1000.0, owner=owner("second"))
    journal.close()
    with other.transaction():
        other.runs.begin(JobName("t"), now=1000.0, owner=owner("second"))


def test_the_first_key_asks_nothing_and_a_foreign_one_is_refused(run, journal, sent):
    sent(run(owner=owner("first", "acme")))
    run(owner=owner("first"))
    assert journal.ownership.account() == "acme"
    with pytest.raises(JournalMismatchError, match="the account acme"):
        run(owner=owner("second"))


def test_a_new_key_of_the_account_is_taken_in_for_good(run, sent):
    sent(run(owner=owner("first", "acme")))
    run(owner=owner("second", "acme", vouched=True))
    run(owner=owner("second"))


def test_another_account_does_not_vouch(run, sent):
    sent(run(owner=owner("first", "acme")))
    with pytest.raises(JournalMismatchError):
        run(owner=owner("second", "other", vouched=True))


def test_a_renewed_key_is_known_by_the_one_it_was_renewed_from(run, sent):
    sent(run(owner=owner("first")))
    run(owner=owner("second", kin=[fingerprint(Secret("first"), SALT)]))
    run(owner=owner("second"))


def test_a_key_that_was_renewed_during_a_run_is_known_to_the_next(run, journal, sent):
    number = run(owner=owner("first"))
    sent(number)
    with journal.transaction():
        journal.runs.end(number, "finished", now=9.0, owner=owner("second", vouched=True))
    run(owner=owner("second"))


# --- what an earlier run left ---------------------------------------------------------------------


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


# --- admission ------------------------------------------------------------------------------------


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


# --- sending and deciding -------------------------------------------------------------------------


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


def test_items_are_counted_by_state(run, journal, entry, admit, decide):
    number = run()
    for one in range(1, 4):
        admit(entry(one), number)
    decide(1, State.ACCEPTED)
    counts = {State.CLAIMED: 2, State.ACCEPTED: 1}
    assert journal.figures.counts() == {state: counts.get(state, 0) for state in State}
    assert journal.figures.open_counts() == {state: 2 if state is State.CLAIMED else 0 for state in State}


def test_what_a_run_decided_lately_can_be_told(run, journal, entry, admit, decide):
    number = run(now=1000.0)
    for one, at in enumerate([1001.0, 1012.0, 1013.0], 1):
        admit(entry(one), number)
        decide(one, State.ACCEPTED, at=at)
    assert journal.figures.decided_since(number, 1012.0) == 2


def test_items_are_added_up_by_state_and_currency(run, journal, entry, admit, decide):
    number = run()
    for place, (amount, currency, state) in enumerate(
        [("10.05", "EUR", State.ACCEPTED), ("0.10", "EUR", State.ACCEPTED), ("7", "SEK", State.REJECTED)], 1
    ):
        position = admit(evolve(entry(place), amount=Decimal(amount), currency=currency), number).position
        decide(position, state)
    admit(evolve(entry(9), amount=None), number)
    found = {State.ACCEPTED: {"EUR": Decimal("10.15")}, State.REJECTED: {"SEK": Decimal(7)}}
    assert journal.figures.amounts(number) == found
    assert journal.figures.amounts(number + 1) == {}


def test_a_run_has_its_own_items_and_counts(run, journal, entry, admit, decide):
    first = run()
    for one, state in enumerate([State.ACCEPTED, State.REJECTED], 1):
        admit(entry(one), first)
        decide(one, state)
    second = run()
    for one in (1, 2, 3):
        admit(entry(one), second)
    decide(3, State.ACCEPTED)
    assert [row.key.number for row in journal.rows(run=second)] == [3]
    assert [row.key.number for row in journal.rows(State.REJECTED, run=first)] == [2]
    assert [journal.figures.counts(run)[State.ACCEPTED] for run in (first, second)] == [1, 1]
    assert journal.figures.counts(second)[State.REJECTED] == 0
    assert journal.runs.find(second).known == 1
    assert [row.key.number for row in journal.runs.known(second)] == [2]
    assert journal.figures.counts()[State.ACCEPTED] == 2


def test_what_a_person_decided_is_counted(run, journal, entry, admit, send, decide):
    number = run()
    admit(entry(), number)
    send(1)
    decide(1, State.UNKNOWN)
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=State.ACCEPTED, note="seen there", at=20.0))
    for counts in (journal.figures.counts(number), journal.figures.counts()):
        assert counts == {state: int(state is State.ACCEPTED) for state in State}


def test_what_is_sent_again_counts_where_it_is_decided_last(run, journal, entry, admit, decide):
    first = run()
    admit(entry(), first)
    decide(1, State.REJECTED)
    second = run()
    admit(entry(contents=b"b"), second, Retry.CHANGED)
    assert journal.figures.counts() == {state: int(state is State.CLAIMED) for state in State}
    decide(1, State.ACCEPTED)
    run()
    assert journal.figures.counts() == {state: int(state is State.ACCEPTED) for state in State}
    assert journal.figures.counts(first)[State.REJECTED] == 0
    assert journal.figures.counts(second)[State.ACCEPTED] == 1
    assert [row.position for row in journal.rows(State.REJECTED)] == []


# --- several jobs at once -------------------------------------------------------------------------


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


# --- the archive ----------------------------------------------------------------------------------


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


# --- again, after a rejection ---------------------------------------------------------------------


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


# --- a person's word ------------------------------------------------------------------------------


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


# --- versions -------------------------------------------------------------------------------------


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


# --- rivals, refusals, numbers --------------------------------------------------------------------


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


def test_refusals_are_those_of_their_run(run, journal):
    run()
    problems = [Problem("$.a", "rule.a", "wrong"), Problem("$.b", "rule.b", "also wrong")]
    with journal.transaction():
        journal.runs.refuse([RefusedRecord(place=Place("f.csv", 3), problems=problems, number="7")], 1)
    assert [
        (bad.source, bad.number, bad.rule, bad.path, bad.message) for bad in journal.runs.problems(1)
    ] == [
        ("f.csv:3", "7", "rule.a", "$.a", "wrong"),
        ("f.csv:3", "7", "rule.b", "$.b", "also wrong"),
    ]
    assert journal.figures.refused(1) == 1
    run()
    assert not list(journal.runs.problems(2))
    assert (journal.figures.refused(1), journal.figures.refused(2)) == (1, 0)


def test_what_was_refused_as_it_was_to_be_sent_is_counted_until_the_next_run(
    run, journal, entry, admit, decide
):
    number = run()
    for one, state in enumerate([State.PENDING, State.PENDING, State.ACCEPTED, State.UNKNOWN], 1):
        admit(entry(one, place=f"f.csv:{one}"), number)
        decide(one, state)
    problems = [Problem("attachment", "attachment.missing", "is not there")]
    with journal.transaction():
        # The third was accepted before, the fourth may have been; the fifth never came as far as the journal.
        for line in (1, 3, 4, 5):
            journal.runs.refuse(
                [RefusedRecord(place=Place("f.csv", line), problems=problems, number=str(line))], number
            )
    assert journal.figures.withheld(number) == 1
    assert journal.figures.withheld(run()) == 0


def test_a_number_given_once_stays(journal, run):
    who = Identity("s", InvoiceType.INVOICE, "08/1")
    with journal.transaction():
        journal.numbers.keep({who: 5})
        journal.numbers.keep({who: 6})
    other = Identity("t", InvoiceType.INVOICE, "08/1")
    assert journal.numbers.of([who, other]) == {who: 5}
    assert journal.numbers.in_use([5, 6]) == {5}
    assert journal.numbers.given_by(run()) == {who: 5}


def test_closing_twice_is_fine(journal):
    journal.close()
    journal.close()
