"""When a call is tried again."""

import math
import random

import pytest

from confirma_async.errors import Phase
from confirma_async.session.retry import (
    RetryPolicy,
    RetryQuota,
    may_repeat,
    next_pause,
    outcome_unknown,
    parse_retry_after,
)

SAFE, UNSAFE = True, False


@pytest.mark.parametrize(
    ("phase", "repeat", "status", "repeated", "unknown"),
    [
        (Phase.REPLIED, UNSAFE, 206, False, True),
        (Phase.REPLIED, UNSAFE, 307, False, True),
        (Phase.REPLIED, SAFE, 307, False, False),
        (Phase.REPLIED, SAFE, 503, True, False),
        (Phase.NOT_SENT, SAFE, None, True, False),
        (Phase.NOT_SENT, UNSAFE, None, True, False),
        (Phase.NO_REPLY, SAFE, None, True, False),
        (Phase.NO_REPLY, UNSAFE, None, False, True),
        (Phase.REPLIED, UNSAFE, 429, True, False),
        (Phase.REPLIED, UNSAFE, 503, False, True),
        (Phase.REPLIED, UNSAFE, 500, False, True),
        (Phase.REPLIED, UNSAFE, 502, False, True),
        (Phase.REPLIED, UNSAFE, 504, False, True),
        (Phase.REPLIED, UNSAFE, 524, False, True),
        (Phase.REPLIED, UNSAFE, 408, False, True),
        (Phase.REPLIED, SAFE, 408, True, False),
        (Phase.REPLIED, UNSAFE, 501, False, False),
        (Phase.REPLIED, UNSAFE, 400, False, False),
        (Phase.REPLIED, SAFE, 500, True, False),
        (Phase.REPLIED, SAFE, 404, False, False),
    ],
)
def test_only_what_surely_did_nothing_is_repeated(phase, repeat, status, repeated, unknown):
    assert may_repeat(phase, repeat, status) is repeated
    assert outcome_unknown(phase, repeat, status) is unknown


def test_a_503_that_names_a_time_has_taken_nothing():
    assert may_repeat(Phase.REPLIED, UNSAFE, 503, retry_after=0.0)
    assert not outcome_unknown(Phase.REPLIED, UNSAFE, 503, retry_after=0.0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        ("0.25", 0.25),
        ("-3", 0.0),
        ("Fri, 20 Nov 2026 10:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("1e300", 3600.0),
        ("Mon, 01 Jan 99999999999 00:00:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_every_form(header, seconds):
    now = 1795168800.0  # 2026-11-20T10:00:00Z
    assert parse_retry_after(header, now=lambda: now) == seconds


def test_backoff_doubles_up_to_its_cap_with_full_jitter():
    policy = RetryPolicy(base_seconds=0.5, cap_seconds=3.0)
    assert [policy.backoff(attempt, lambda low, high: high) for attempt in (1, 2, 3, 4, 90)] == [
        0.5,
        1,
        2,
        3,
        3,
    ]
    assert policy.backoff(1, lambda low, high: low) == 0


@pytest.mark.parametrize(
    ("held_back", "retry_after", "longest"),
    [(False, None, 0.5), (True, None, 0.125), (True, 0.0, 0.0), (False, 0.0, 0.5), (True, 2.0, 2.0)],
)
def test_what_was_refused_for_the_load_waits_a_quarter_and_no_longer_than_it_is_asked_to(
    held_back, retry_after, longest, monkeypatch
):
    monkeypatch.setattr(RetryPolicy, "backoff", lambda self, attempt: self.base_seconds)
    policy, quota = RetryPolicy(base_seconds=0.5), RetryQuota()
    assert next_pause(policy, quota, 1, retry_after=retry_after, left=9.0, held_back=held_back) == longest


def test_a_spent_quota_stops_retries_until_successes_refill_it():
    quota = RetryQuota(budget=2)
    assert [quota.take(), quota.take(), quota.take()] == [True, True, False]
    for _ in range(5):
        quota.refill()
    assert quota.take()
    assert not quota.take()


def test_a_retry_that_the_limiter_holds_back_takes_a_fifth():
    quota = RetryQuota(budget=2)
    assert [quota.take(held_back=True) for _ in range(11)] == [True] * 10 + [False]


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4])
def test_refusals_at_random_never_spend_the_quota(share):
    quota, dice = RetryQuota(), random.Random(5)
    for _ in range(100_000):
        if dice.random() < share:
            assert quota.take(held_back=True)
        else:
            quota.refill()


def test_when_everything_fails_the_quota_ends_the_storm():
    failing, refused = RetryQuota(), RetryQuota()
    assert sum(failing.take() for _ in range(1000)) == 20
    assert sum(refused.take(held_back=True) for _ in range(1000)) == 100


def test_a_quota_never_holds_more_than_its_budget():
    quota = RetryQuota(budget=2)
    for _ in range(100):
        quota.refill()
    assert [quota.take(), quota.take(), quota.take()] == [True, True, False]


def test_a_huge_attempt_number_does_not_overflow():
    assert math.isfinite(RetryPolicy().backoff(1000))
