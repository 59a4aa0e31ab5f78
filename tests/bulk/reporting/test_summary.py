"""A journal in figures."""

from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.models import RefusedRecord, State, Verdict
from confirma_async.bulk.reporting.attention import NAMED, OTHER_REASONS, REASONS
from confirma_async.bulk.reporting.summary import summarize
from confirma_async.bulk.reporting.timing import BARS
from confirma_async.errors import Problem
from confirma_async.formats import Place


@pytest.fixture
def decided(journal, run, entry):
    """Writes down items and what became of them: one decision each."""

    def write(*decisions, **more):
        number = run()
        with journal.transaction():
            journal.admit([entry(at, **more) for at in range(1, len(decisions) + 1)], number)
            journal.decide(
                [
                    Decision(position=at, **{"at": 1000.0, **decision})
                    for at, decision in enumerate(decisions, 1)
                ]
            )
        return summarize(journal)

    return write


ACCEPTED = {"state": State.ACCEPTED}


def rejected(detail):
    return {"state": State.REJECTED, "detail": detail}


def test_an_empty_journal_has_nothing_to_tell(journal):
    summary = summarize(journal)
    assert (summary.count, summary.target, summary.timing.decided, summary.timing.throughput) == (
        0,
        None,
        None,
        [],
    )


def test_amounts_are_added_up_exactly_by_state_and_currency(decided):
    summary = decided(ACCEPTED, ACCEPTED, rejected("no"), amount="0.10")
    totals = {key: (total.count, total.amount) for key, total in summary.totals.items()}
    assert totals == {
        (Verdict.ACCEPTED, "EUR"): (2, Decimal("0.20")),
        (Verdict.REJECTED, "EUR"): (1, Decimal("0.10")),
    }


def test_an_invoice_that_states_no_amount_is_counted_apart(decided):
    (total,) = decided(ACCEPTED, amount=None).totals.values()
    assert (total.count, total.amount, total.without_amount) == (1, 0, 1)


def test_reasons_of_rejections_are_counted_by_what_they_have_in_common(decided):
    attention = decided(
        rejected("no rows"), rejected("buyer 7 unknown"), rejected("buyer 8 unknown")
    ).attention
    assert attention.reasons == {Verdict.REJECTED: {"buyer … unknown": 2, "no rows": 1}}
    assert [(each.number, each.place, each.problems[0].message) for each in attention.named] == [
        ("1", "f.csv:2", "no rows"),
        ("2", "f.csv:2", "buyer 7 unknown"),
        ("3", "f.csv:2", "buyer 8 unknown"),
    ]


def test_of_many_only_the_first_are_named_and_all_are_counted(decided):
    attention = decided(*[rejected("no rows")] * (NAMED + 5)).attention
    assert (attention.counts[Verdict.REJECTED], len(attention.named)) == (NAMED + 5, NAMED)


def test_where_reasons_never_end_the_last_ones_share_one(decided):
    words = [f"{chr(ord('a') + index // 26)}{chr(ord('a') + index % 26)}" for index in range(REASONS + 5)]
    reasons = decided(*[rejected(word) for word in words]).attention.reasons[Verdict.REJECTED]
    assert len(reasons) == REASONS + 1
    assert reasons[OTHER_REASONS] == 5


WRONG = Problem("$.a", "rule.a", "wrong")


@pytest.fixture
def refuse(journal):
    """Writes down a record that a run refused."""

    def write(number, run=1, line=2, problems=(WRONG,)):
        with journal.transaction():
            journal.runs.refuse(
                [RefusedRecord(place=Place("f.csv", line), problems=list(problems), number=str(number))], run
            )

    return write


def test_a_refused_record_is_named_once_with_all_its_problems(journal, run, refuse):
    run()
    refuse(7, problems=[WRONG, Problem("$.b", "rule.b", "wrong, too")])
    summary = summarize(journal)
    (found,) = summary.attention.named
    assert (found.number, found.place, [problem.rule for problem in found.problems]) == (
        "7",
        "f.csv:2",
        ["rule.a", "rule.b"],
    )
    assert (summary.count, summary.counted(Verdict.REFUSED)) == (1, 1)
    assert summary.attention.reasons == {Verdict.REFUSED: {"rule.a": 1, "rule.b": 1}}


def test_an_invoice_that_was_rejected_and_is_refused_now_is_counted_once(journal, run, refuse, decided):
    decided(rejected("no rows"))
    refuse(1, run=run())
    summary = summarize(journal)
    assert summary.count == 1
    (found,) = summary.attention.named
    assert (found.verdict, [problem.message for problem in found.problems]) == (
        Verdict.REJECTED,
        ["no rows", "wrong"],
    )


def test_an_accepted_invoice_whose_record_is_refused_now_is_counted_once_and_named(
    journal, run, refuse, decided
):
    decided(ACCEPTED)
    refuse(1, run=run())
    summary = summarize(journal)
    assert (summary.count, summary.counted(Verdict.ACCEPTED)) == (1, 1)
    assert [each.verdict for each in summary.attention.named] == [Verdict.ACCEPTED]


def corrected_later(journal, run, refuse, entry, *, again=False):
    first = run()
    refuse(1, run=first)
    second = run()
    with journal.transaction():
        journal.admit([entry(1)], second)
        journal.decide([Decision(position=1, at=1000.0, state=State.ACCEPTED)])
    if again:
        refuse(1, run=second, line=3)
    return summarize(journal, journal.runs.find(first))


def test_an_invoice_that_was_refused_and_corrected_is_counted_once_by_where_it_stands_now(
    journal, run, refuse, entry
):
    summary = corrected_later(journal, run, refuse, entry)
    assert (summary.count, summary.corrected) == (1, 1)
    assert summary.counted(Verdict.ACCEPTED) == 1
    assert summary.attention.named == []


def test_a_number_that_a_later_run_refused_again_is_not_taken_for_corrected(journal, run, refuse, entry):
    summary = corrected_later(journal, run, refuse, entry, again=True)
    assert (summary.corrected, summary.counted(Verdict.REFUSED)) == (0, 1)


def test_the_same_number_in_another_file_is_another_invoice(journal, run, decided):
    decided(ACCEPTED)
    second = run()
    with journal.transaction():
        journal.runs.refuse([RefusedRecord(place=Place("g.csv", 2), problems=[WRONG], number="1")], second)
    assert summarize(journal).count == 2


def test_decisions_over_time_lose_none(decided):
    summary = decided(*({**ACCEPTED, "at": 1000.0 + 7 * index} for index in range(100)))
    assert len(summary.timing.throughput) <= BARS
    assert sum(bar.count for bar in summary.timing.throughput) == 100
    assert summary.timing.decided == (1000, 1694)


def test_latencies_fall_into_their_classes(decided):
    summary = decided(*({**ACCEPTED, "seconds": seconds} for seconds in (0.005, 0.01, 0.3, 99.0)))
    assert (summary.timing.latency[0], summary.timing.latency[5], summary.timing.latency[-1]) == (2, 1, 1)
    assert summary.timing.quantiles == {50: 0.01, 95: 99.0, 99: 99.0}


def test_what_a_person_decided_is_counted(journal, decided):
    decided({"state": State.UNKNOWN})
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=State.ACCEPTED, note="asked", at=1.0))
    assert summarize(journal).resolved == 1
