"""When throttled calls are too many for chance."""

import random

import pytest

from confirma_async.session.rate.throttled_share import HIGHEST_SHARE, PRESUMED_SHARE, ThrottledShare


def calls_until_too_many(counted, share, dice, *, most=100_000):
    """How many calls it takes until throttled calls at random, at that share, are too many."""
    for calls in range(1, most):
        if dice.random() < share:
            if counted.note_throttled():
                return calls
        else:
            counted.taken(bearable=False)
    return most


def clean(counted, calls):
    for _ in range(calls):
        counted.taken(bearable=True)


@pytest.mark.parametrize(("share", "least"), [(0.01, 100_000), (0.03, 50_000), (0.05, 5_000)])
def test_usual_throttled_calls_are_very_seldom_too_many(share, least):
    dice = random.Random(1)
    found = sorted(calls_until_too_many(ThrottledShare(), share, dice) for _ in range(5))
    assert found[2] >= least


@pytest.mark.parametrize(("share", "most"), [(1.0, 6), (0.5, 30), (0.3, 120)])
def test_a_share_that_has_risen_is_found_within_few_calls(share, most):
    dice = random.Random(1)
    found = sorted(calls_until_too_many(ThrottledShare(), share, dice) for _ in range(101))
    assert found[50] <= most


def test_where_none_are_usual_two_in_a_row_are_too_many():
    counted = ThrottledShare()
    clean(counted, 1000)
    assert [counted.note_throttled() for _ in range(2)] == [False, True]


def test_what_is_usual_is_learned_where_the_rate_is_bearable():
    counted, dice = ThrottledShare(), random.Random(2)
    for _ in range(3000):
        if dice.random() >= 0.1:
            counted.taken(bearable=True)
        elif counted.note_throttled():
            counted.usual_after_all()
            counted.forget()
    assert counted.usual == pytest.approx(0.1, abs=0.06)


def test_throttled_calls_beyond_what_is_bearable_are_not_taken_for_usual():
    counted = ThrottledShare()
    for _ in range(50):
        counted.note_throttled()
        for _ in range(9):
            counted.taken(bearable=False)
    assert counted.usual == PRESUMED_SHARE


def test_no_more_than_a_part_is_ever_usual():
    counted = ThrottledShare()
    for _ in range(500):
        counted.note_throttled()
    counted.usual_after_all()
    assert counted.usual == HIGHEST_SHARE


def test_the_share_is_of_what_the_excess_is_made_of():
    counted = ThrottledShare()
    assert counted.share == 0.0
    counted.note_throttled()
    counted.taken(bearable=False)
    assert counted.share == 0.5
    counted.forget()
    assert (counted.excess, counted.share) == (0.0, 0.0)
