"""The rate below the ceiling: cut by refusals, recovered evenly."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confirma_async.session.pace import PRESUMED, RECOVERY, SLOWEST, Pace


def after(pace, calls, *, since=0.0, every=0.01):
    """Admits that many calls; returns the moment after."""
    for index in range(calls):
        pace.admitted(since + index * every)
    return since + calls * every


def test_without_a_refusal_the_ceiling_counts():
    pace = Pace(20.0)
    assert [pace.rate(moment) for moment in (0.0, 1.0, 1e6)] == [20.0] * 3
    assert not pace.is_cut(0.0)


def test_a_refusal_halves_the_rate():
    pace = Pace(20.0)
    pace.cut(started=1.0, now=1.0, until=1.0)
    assert pace.rate(1.0) == 10.0
    assert pace.is_cut(1.0)


def test_without_a_ceiling_half_of_what_really_went_out_is_left():
    pace = Pace()
    now = after(pace, 1000, every=0.001)
    pace.cut(started=now, now=now, until=now)
    assert pace.rate(now) == pytest.approx(500, rel=0.05)


def test_a_lone_refusal_of_a_quiet_client_leaves_a_fair_rate():
    pace = Pace()
    pace.admitted(1.0)
    pace.cut(started=1.0, now=1.0, until=1.0)
    assert pace.rate(1.0) == PRESUMED / 2


def test_requests_that_were_under_way_at_a_cut_do_not_cut_again():
    pace = Pace(80.0)
    for started in (1.0, 1.1, 1.2):
        pace.cut(started=started, now=1.2, until=1.2)
    assert pace.rate(1.2) == 25.0


def test_a_refusal_at_the_lower_rate_cuts_again_and_never_to_a_standstill():
    pace, rates = Pace(80.0), []
    for turn in range(12):
        moment = turn * 0.001
        pace.cut(started=moment, now=moment, until=moment)
        rates.append(pace.rate(moment))
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(SLOWEST, rel=0.01)


def test_the_rate_recovers_evenly_up_to_the_ceiling():
    pace = Pace(30.0)
    pace.cut(started=0.0, now=0.0, until=0.0)
    gains = [pace.rate(moment + 1.0) - pace.rate(moment) for moment in range(10)]
    assert gains == pytest.approx([30.0 / RECOVERY] * 10)
    assert pace.rate(RECOVERY) == 30.0
    assert not pace.is_cut(RECOVERY)


def test_recovery_starts_when_the_service_takes_calls_again():
    pace = Pace(30.0)
    pace.cut(started=0.0, now=0.0, until=100.0)
    assert pace.rate(100.0) == 15.0
    assert pace.rate(101.0) > 15.0


def test_without_a_ceiling_a_recovered_rate_is_no_limit_again():
    pace = Pace()
    pace.cut(started=0.0, now=0.0, until=0.0)
    assert math.isinf(pace.rate(RECOVERY))


@given(
    ceiling=st.floats(0.1, 1000.0),
    refusals=st.lists(st.tuples(st.floats(0.0, 100.0), st.floats(0.0, 60.0)), max_size=30),
)
def test_the_ceiling_is_never_exceeded_and_always_reached_again(ceiling, refusals):
    pace, now = Pace(ceiling), 0.0
    for passed, quiet in refusals:
        now += passed
        pace.admitted(now)
        pace.cut(started=now, now=now, until=now + quiet)
        assert 0 < pace.rate(now) <= ceiling
    assert pace.rate(now + 60.0 + RECOVERY) == ceiling
