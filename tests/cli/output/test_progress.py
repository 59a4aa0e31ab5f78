"""The bar of a job on a terminal: how many of how many, what became of them, and how long the rest takes."""

import io
import re
import sys

import pytest

from confirma_async.bulk.models import Outcome, Verdict
from confirma_async.cli.output.progress import progress, reading
from confirma_async.formats import Place


class Screen(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def shown(monkeypatch):
    """Advances a bar on a terminal by outcomes, and returns all that it showed."""

    def show(expected, *outcomes):
        monkeypatch.setenv("TERM", "xterm-256color")
        screen = Screen()
        monkeypatch.setattr(sys, "stderr", screen)  # here: pytest takes its own for every phase of a test
        with progress(expected, visible=True) as advance:
            for outcome in outcomes:
                advance(outcome)
        return screen.getvalue()

    return show


def outcomes(*verdicts, resumed=False):
    return [Outcome(verdict=each, place=Place("a.csv", 1), number=1, resumed=resumed) for each in verdicts]


def test_it_says_how_many_of_how_many_and_what_became_of_them(shown):
    new = outcomes(Verdict.ACCEPTED, Verdict.ACCEPTED, Verdict.REFUSED)
    reported = shown(1200, *new, *outcomes(Verdict.ACCEPTED, resumed=True))
    assert "4 of 1,200 invoices, 2 accepted, 1 refused, 1 decided before" in reported


def test_it_says_how_long_the_rest_takes(shown):
    reported = shown(1000, *outcomes(*[Verdict.ACCEPTED] * 10))
    assert re.search(r"about \d+ (second|minute)s? left", reported)


def test_it_says_nothing_of_the_rest_when_there_is_none(shown):
    assert "left" not in shown(3, *outcomes(*[Verdict.ACCEPTED] * 3)).splitlines()[-1]


def test_nothing_shows_where_nothing_happened(shown):
    assert not shown(3)


def test_how_many_were_read_shows_while_they_are_read_on_a_terminal_alone(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for screen, visible, wanted in (
        (Screen(), True, True),
        (Screen(), False, False),
        (io.StringIO(), True, False),
    ):
        monkeypatch.setattr(sys, "stderr", screen)
        assert sum(1 for _ in reading(range(2000), visible=visible)) == 2000
        assert ("Invoices read: 1,792" in screen.getvalue()) is wanted
        assert wanted or not screen.getvalue()
