"""The rate below the ceiling: it follows the share of refusals, and finds what a service bears."""

import asyncio
import itertools
import math
import random

import pytest
from hypothesis import given, settings, strategies as st

from confirma_async import Confirma, LocalLimiter, RetryPolicy
from confirma_async.sandbox import Fault, Sandbox
from confirma_async.session.rate.adaptive_rate import (
    CUT,
    DEEPEST_CUT,
    PRESUMED,
    RETURN_SECONDS,
    SLOWEST,
    AdaptiveRate,
)

MANY = 50
"""Refusals that no share explains as chance."""


def rate_of(ceiling=math.inf):
    """A rate whose returns after a cut all take equally long."""
    return AdaptiveRate(ceiling, lambda low, high: (low + high) / 2)


def taken(rate, calls, *, since=0.0, every=0.01):
    """The service takes that many calls, one after the other; returns the moment after."""
    for index in range(calls):
        moment = since + index * every
        rate.taken(moment, moment)
    return since + calls * every


def refused_until_cut(rate, now):
    """The service refuses every call, until the rate falls; returns how many that were."""
    before = rate.per_second
    for calls in range(1, MANY):
        rate.throttled(now, now)
        if rate.per_second != before:
            return calls
    raise AssertionError("the rate does not fall")


def at_own_pace(rate, service, *, since, seconds, dice=None, usual=0.0):
    """Calls follow each other at the rate, answered at once; returns how many were taken and refused."""
    now, reported = since, {True: 0, False: 0}
    while now < since + seconds:
        took = service(now) and not (dice and dice.random() < usual)
        (rate.taken if took else rate.throttled)(now, now)
        reported[took] += 1
        now += 1.0 / min(rate.per_second, 1000.0)
    return reported[True], reported[False]


def bucket(capacity, burst):
    """A service that takes so many calls per second, and so many at once."""
    tokens, at = burst, 0.0

    def takes(now):
        nonlocal tokens, at
        tokens, at = min(burst, tokens + (now - at) * capacity(now)), now
        if tokens < 1:
            return False
        tokens -= 1
        return True

    return takes


def test_without_refusals_the_ceiling_counts():
    rate = rate_of(20.0)
    taken(rate, 1000)
    assert rate.per_second == 20.0
    assert not rate.is_cut


@pytest.mark.parametrize("every", [100, 33, 20])
def test_refusals_now_and_then_change_nothing(every):
    rate = rate_of(20.0)
    for index in range(1, 20_000):
        moment = index * 0.01
        (rate.taken if index % every else rate.throttled)(moment, moment)
        assert rate.per_second == 20.0


def test_five_in_a_hundred_at_random_cost_next_to_nothing():
    dice, rate = random.Random(7), AdaptiveRate(uniform=random.Random(7).uniform)
    took, _ = at_own_pace(rate, lambda _: True, since=1.0, seconds=60, dice=dice, usual=0.05)
    assert took >= 0.9 * 0.95 * 60 * 1000


def test_when_all_are_refused_the_rate_falls_after_a_few():
    rate = rate_of(20.0)
    now = taken(rate, 100, every=0.05)
    assert refused_until_cut(rate, now) <= 6
    assert rate.is_cut


def test_it_falls_to_what_the_service_really_took():
    rate = rate_of()
    now = taken(rate, 1000, every=0.02)
    refused_until_cut(rate, now)
    assert rate.per_second == pytest.approx(50 * CUT, rel=0.05)


def test_an_hour_of_idleness_is_not_taken_for_the_pace_of_the_service():
    rate = rate_of()
    taken(rate, 1000, every=0.02)
    refused_until_cut(rate, 3600.0)
    assert rate.per_second >= PRESUMED * DEEPEST_CUT


def test_what_was_under_way_at_a_cut_does_not_cut_again():
    rate = rate_of(80.0)
    refused_until_cut(rate, 5.0)
    after = rate.per_second
    for _ in range(MANY):
        rate.throttled(4.9, 5.1)
        rate.taken(4.9, 5.1)
    assert rate.per_second == after


def test_refusals_at_the_lower_rate_cut_again_and_never_to_a_standstill():
    rate, rates = rate_of(80.0), []
    for turn in range(1, 13):
        refused_until_cut(rate, float(turn))
        rates.append(rate.per_second)
        if rate.per_second == SLOWEST:
            break
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == SLOWEST
    assert all(later >= earlier * DEEPEST_CUT for earlier, later in itertools.pairwise(rates))


def test_a_finite_ceiling_is_reached_again_and_not_exceeded():
    rate = rate_of(30.0)
    now = taken(rate, 100, every=1 / 30)
    refused_until_cut(rate, now)
    at_own_pace(rate, lambda _: True, since=now + 0.01, seconds=2 * RETURN_SECONDS[1])
    assert rate.per_second == 30.0


def test_a_client_that_does_not_use_the_rate_is_without_a_limit_again():
    rate = rate_of()
    refused_until_cut(rate, taken(rate, 1000, every=0.01))
    taken(rate, 5000, since=11.0, every=0.01)
    assert math.isinf(rate.per_second)


def test_after_an_outage_it_is_back_within_seconds():
    rate = rate_of()
    now = taken(rate, 1000, every=0.005)
    now += at_own_pace(rate, lambda _: False, since=now, seconds=60)[1] * 0  # nothing was taken
    assert rate.per_second == SLOWEST
    took, _ = at_own_pace(rate, bucket(lambda _: 200.0, 20), since=now + 60, seconds=10)
    assert took >= 0.5 * 10 * 200
    assert rate.per_second >= 0.9 * 200


@pytest.mark.parametrize("capacity", [20, 50, 200])
@pytest.mark.parametrize("burst", [0.1, 1.0])
def test_it_uses_what_a_service_bears_and_is_seldom_refused(capacity, burst):
    rate = AdaptiveRate(uniform=random.Random(3).uniform)
    service = bucket(lambda _: capacity, max(2.0, burst * capacity))
    took, refused = at_own_pace(rate, service, since=1.0, seconds=300)
    assert took >= 0.9 * 300 * capacity
    assert refused <= 0.05 * (took + refused)


def test_it_follows_a_capacity_that_falls_and_rises():
    rate = AdaptiveRate(uniform=random.Random(3).uniform)
    service = bucket(lambda now: 20.0 if 61 <= now < 121 else 200.0, 5.0)
    at_own_pace(rate, service, since=1.0, seconds=60)
    took, refused = at_own_pace(rate, service, since=61.0, seconds=60)
    assert took >= 0.9 * 60 * 20
    assert refused <= 0.1 * (took + refused)
    at_own_pace(rate, service, since=121.0, seconds=10)
    took, refused = at_own_pace(rate, service, since=131.0, seconds=60)
    assert took >= 0.9 * 60 * 200
    assert refused <= 0.05 * (took + refused)


@given(
    ceiling=st.floats(0.1, 1000.0),
    story=st.lists(st.tuples(st.floats(0.0, 100.0), st.integers(0, 30), st.integers(0, 30)), max_size=30),
)
@settings(max_examples=30)
def test_whatever_happens_the_ceiling_is_kept_and_reached_again(ceiling, story):
    rate, now = AdaptiveRate(ceiling), 0.0
    for passed, refusals, successes in story:
        now += passed
        for _ in range(refusals):
            rate.throttled(now, now)
            assert min(SLOWEST, ceiling) <= rate.per_second <= ceiling
        for _ in range(successes):
            now += 0.001
            rate.taken(now, now)
            assert min(SLOWEST, ceiling) <= rate.per_second <= ceiling
    at_own_pace(rate, lambda _: True, since=now + 0.01, seconds=300)
    assert rate.per_second == ceiling


@pytest.mark.parametrize(
    ("fault", "asked"), [(Fault.TOO_MANY_REQUESTS, 0.0), (Fault.UNAVAILABLE, 0.0)], ids=["429", "503"]
)
async def test_invoices_that_are_refused_at_random_are_all_taken_and_slow_nothing_down(
    wire_invoice, fault, asked
):
    async with Sandbox() as sandbox:
        sandbox.faults.seed(11)
        sandbox.faults.add(
            fault, operation="invoices.create", probability=0.05, times=10**6, retry_after=asked
        )
        retry = RetryPolicy(base_seconds=0.001)
        async with Confirma(sandbox.api_key, base_url=sandbox.url, retry=retry) as confirma:
            limiter = confirma._pipeline.limiter
            assert isinstance(limiter, LocalLimiter)
            for first in range(1, 400, 20):
                await asyncio.gather(
                    *(confirma.invoices.create(wire_invoice(number)) for number in range(first, first + 20))
                )
                assert not limiter._rate.is_cut
        assert sandbox.requests["invoices.create"] > 405
