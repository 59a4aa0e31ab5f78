"""How fast a job is, and how long it will take."""

import pytest

from confirma_async.bulk.journal.records import Decision
from confirma_async.bulk.models import RefusedRecord, State
from confirma_async.bulk.reporting.progress import progress_of, progress_of_workers
from confirma_async.errors import Problem
from confirma_async.formats import Place


@pytest.fixture
def halfway(journal, run, entry):
    """Ten of thirty invoices, one a second since 1000; the eleventh and twelfth may have arrived."""
    number = run(now=1000.0, expected=30)
    with journal.transaction():
        journal.admit([entry(one) for one in range(1, 13)], number)
        journal.decide([Decision(position=at, state=State.ACCEPTED, at=1000.0 + at) for at in range(1, 11)])
        journal.sending([11], 1007.0, 1037.0)
        journal.sending([12], 1009.0, 1039.0)
    return journal


def test_the_rate_and_what_is_left_say_how_long_it_takes(halfway):
    progress = progress_of(halfway, halfway.runs.find(1), 1010.0)
    assert (progress.per_second, progress.decided, progress.left, progress.seconds_left) == (
        1.0,
        10,
        20,
        20.0,
    )


def test_nothing_is_left_of_what_was_refused(halfway):
    with halfway.transaction():
        halfway.runs.refuse(
            [RefusedRecord(place=Place("f.csv", 40), problems=[Problem("$", "form", "is cut off")])], 1
        )
    assert progress_of(halfway, halfway.runs.find(1), 1010.0).left == 19


def test_the_rate_is_that_of_the_last_minute(halfway):
    assert progress_of(halfway, halfway.runs.find(1), 1070.0).per_second == pytest.approx(1 / 60)


def test_the_oldest_unknown_invoice_is_told(halfway):
    assert progress_of(halfway, halfway.runs.find(1), 1010.0).oldest_unknown_seconds == 3.0


def test_what_cannot_be_told_is_not(journal, run):
    run(now=1000.0)
    progress = progress_of(journal, journal.runs.find(1), 1010.0)
    assert (progress.per_second, progress.left, progress.seconds_left, progress.oldest_unknown_seconds) == (
        0.0,
        None,
        None,
        None,
    )


def test_workers_are_as_far_as_the_invoices_of_all_runs_together(halfway, run, entry):
    other = run(now=1000.0)
    with halfway.transaction():
        halfway.admit([entry(21), entry(22)], other)
        halfway.decide([Decision(position=13, state=State.ACCEPTED, at=1009.0)])
    progress = progress_of_workers(halfway, 1010.0)
    assert (progress.decided, progress.left, progress.oldest_unknown_seconds) == (11, 3, 3.0)
    assert progress.per_second >= 1 / 60  # the times of a run that is over are forgotten
