"""A journal in figures."""

from decimal import Decimal

import pytest

from confirma_async.bulk.journal.records import Decision, Resolution
from confirma_async.bulk.models import Refusal, State
from confirma_async.bulk.reporting.summary import BARS, NAMED, OTHER_REASONS, REASONS, summarize
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
    assert (summary.count, summary.target, summary.decided, summary.throughput) == (0, None, None, [])


def test_amounts_are_added_up_exactly_by_state_and_currency(decided):
    summary = decided(ACCEPTED, ACCEPTED, rejected("no"), amount="0.10")
    totals = {key: (total.count, total.amount) for key, total in summary.totals.items()}
    assert totals == {
        (State.ACCEPTED, "EUR"): (2, Decimal("0.20")),
        (State.REJECTED, "EUR"): (1, Decimal("0.10")),
    }


def test_an_invoice_that_states_no_amount_is_counted_apart(decided):
    (total,) = decided(ACCEPTED, amount=None).totals.values()
    assert (total.count, total.amount, total.without_amount) == (1, 0, 1)


def test_rejections_are_grouped_by_what_they_have_in_common(decided):
    summary = decided(rejected("no rows"), rejected("buyer 7 unknown"), rejected("buyer 8 unknown"))
    assert [(group.count, group.example) for group in summary.rejected] == [
        (2, "buyer 7 unknown"),
        (1, "no rows"),
    ]
    assert summary.rejected[0].named == [("2", "f.csv:2"), ("3", "f.csv:2")]


def test_of_a_large_group_only_the_first_are_named(decided):
    summary = decided(*[rejected("no rows")] * (NAMED + 5))
    (group,) = summary.rejected
    assert (group.count, len(group.named)) == (NAMED + 5, NAMED)


def test_where_reasons_never_end_the_last_ones_share_a_group(decided):
    words = [f"{chr(ord('a') + index // 26)}{chr(ord('a') + index % 26)}" for index in range(REASONS + 5)]
    summary = decided(*[rejected(word) for word in words])
    assert len(summary.rejected) == REASONS + 1
    assert (summary.rejected[0].title, summary.rejected[0].count) == (OTHER_REASONS, 5)


def test_refusals_are_grouped_by_rule(journal, run):
    run()
    problem = Problem("$.a", "rule.a", "wrong")
    refusals = [Refusal(place=Place("f.csv", line), problems=[problem], number="7") for line in (2, 3)]
    with journal.transaction():
        journal.refuse(refusals, 1)
    (group,) = summarize(journal).refused
    assert (group.title, group.example, group.count) == ("rule.a", "$.a: wrong", 2)
    assert group.named == [("7", "f.csv:2"), ("7", "f.csv:3")]


def test_decisions_over_time_lose_none(decided):
    summary = decided(*({**ACCEPTED, "at": 1000.0 + 7 * index} for index in range(100)))
    assert len(summary.throughput) <= BARS
    assert sum(bar.count for bar in summary.throughput) == 100
    assert summary.decided == (1000, 1694)


def test_latencies_fall_into_their_classes(decided):
    summary = decided(*({**ACCEPTED, "seconds": seconds} for seconds in (0.005, 0.01, 0.3, 99.0)))
    assert (summary.latency[0], summary.latency[5], summary.latency[-1]) == (2, 1, 1)
    assert summary.quantiles == {50: 0.01, 95: 99.0, 99: 99.0}


def test_what_a_person_decided_is_counted(journal, decided):
    decided({"state": State.UNKNOWN})
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=State.ACCEPTED, note="asked", at=1.0))
    assert summarize(journal).resolved == 1
