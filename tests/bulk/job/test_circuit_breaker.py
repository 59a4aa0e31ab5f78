"""When a job is paused because it goes wrong as a whole."""

import pytest

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.job.circuit_breaker import UNKNOWN_STREAK, CircuitBreaker
from confirma_async.bulk.reporting.outcomes import cause_of


def rejected(detail="no agreement for 1042"):
    return Classification(kind=EvidenceKind.REJECTED, detail=detail)


ACCEPTED = Classification(kind=EvidenceKind.TAKEN)
UNKNOWN = Classification(kind=EvidenceKind.BROKEN, detail="reset")


def reasons(breaker, *outcomes):
    return [reason for found in outcomes if (reason := breaker.note(found))]


def test_rejections_of_one_cause_are_a_wave():
    breaker = CircuitBreaker(under_way=1, max_consecutive_rejections=3)
    (reason,) = reasons(breaker, *(rejected(f"no agreement for {number}") for number in range(3)))
    assert "3 invoices in a row for the same reason (no agreement for 2)" in reason


@pytest.mark.parametrize("between", [ACCEPTED, rejected("another reason")])
def test_what_comes_in_between_ends_a_wave(between):
    breaker = CircuitBreaker(under_way=1, max_consecutive_rejections=3)
    assert not reasons(breaker, rejected(), rejected(), between, rejected(), rejected())


def test_an_outcome_that_is_unknown_does_not_end_a_wave():
    assert reasons(
        CircuitBreaker(under_way=1, max_consecutive_rejections=3), rejected(), rejected(), UNKNOWN, rejected()
    )


def test_without_a_limit_there_is_no_wave():
    assert not reasons(CircuitBreaker(under_way=1, max_consecutive_rejections=None), *[rejected()] * 1000)


@pytest.mark.parametrize(("under_way", "limit"), [(1, UNKNOWN_STREAK), (64, 128)])
def test_unknown_outcomes_in_a_row_are_a_service_that_is_unwell(under_way, limit):
    breaker = CircuitBreaker(under_way=under_way, max_consecutive_rejections=None)
    assert not reasons(breaker, *[UNKNOWN] * (limit - 1), ACCEPTED, *[UNKNOWN] * (limit - 1))
    assert reasons(breaker, UNKNOWN) == [f"{limit} outcomes in a row are unknown; the last: reset"]


def test_causes_are_words_without_numbers_and_values():
    assert cause_of("invoice 7: 'a@b' is no e-mail, 2026-11-01") == cause_of(
        'invoice 19: "c" is no e-mail, 2025-01-31'
    )
    assert cause_of("no rows") != cause_of("no buyer")
    assert cause_of(None) == "no reason given"
