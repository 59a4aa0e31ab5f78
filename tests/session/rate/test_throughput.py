"""How many calls a second a service took lately."""

import pytest

from confirma_async.session.rate.throughput import Throughput


def counted(throughput, calls, *, since, every):
    for index in range(calls):
        throughput.taken(since + index * every)
    return since + calls * every


@pytest.mark.parametrize("every", [0.002, 0.02, 0.05, 0.2])
def test_it_is_what_was_taken_over_the_time(every):
    throughput = Throughput()
    now = counted(throughput, 2000, since=5.0, every=every)
    assert throughput.measured(now) == pytest.approx(1 / every, rel=0.07)


def test_a_few_calls_tell_nothing():
    throughput = Throughput()
    now = counted(throughput, 10, since=5.0, every=0.1)
    assert throughput.measured(now) is None
    assert throughput.at_least(now) == pytest.approx(9, rel=0.1)


def test_a_change_shows_within_two_spans():
    throughput = Throughput()
    now = counted(throughput, 1000, since=5.0, every=0.005)
    now = counted(throughput, 33, since=now, every=0.05)
    assert throughput.measured(now) == pytest.approx(20, rel=0.1)


def test_while_nothing_is_taken_it_falls():
    throughput = Throughput()
    now = counted(throughput, 1000, since=5.0, every=0.005)
    assert throughput.measured(now) == pytest.approx(200, rel=0.01)
    assert throughput.measured(now + 0.9) == pytest.approx(200 / 2.3, rel=0.4)
    assert throughput.measured(now + 1.1) is None


def test_idleness_is_no_measure():
    throughput = Throughput()
    now = counted(throughput, 1000, since=5.0, every=0.005)
    counted(throughput, 17, since=now + 3600, every=0.005)
    assert throughput.measured(now + 3600.5) == pytest.approx(16 / 0.5)
