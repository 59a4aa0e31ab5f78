"""What every form of the journal keeps of a run: its inputs, its refusals, how it ended."""

import pytest

from confirma_async.bulk.models import RefusedRecord, State
from confirma_async.errors import JournalMismatchError, Problem
from confirma_async.formats import Identity, Place
from confirma_async.schemas import InvoiceType
from tests.bulk.journal.looks import states


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
