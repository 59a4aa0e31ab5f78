"""Counts and sums of items, by state, run and currency."""

from decimal import Decimal

from attrs import evolve

from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.models import Retry, State


def test_items_are_counted_by_state(run, journal, entry, admit, decide):
    number = run()
    for one in range(1, 4):
        admit(entry(one), number)
    decide(1, State.ACCEPTED)
    counts = {State.CLAIMED: 2, State.ACCEPTED: 1}
    assert journal.figures.counts() == {state: counts.get(state, 0) for state in State}
    assert journal.figures.open_counts() == {state: 2 if state is State.CLAIMED else 0 for state in State}


def test_what_a_run_decided_lately_can_be_told(run, journal, entry, admit, decide):
    number = run(now=1000.0)
    for one, at in enumerate([1001.0, 1012.0, 1013.0], 1):
        admit(entry(one), number)
        decide(one, State.ACCEPTED, at=at)
    assert journal.figures.decided_since(number, 1012.0) == 2


def test_items_are_added_up_by_state_and_currency(run, journal, entry, admit, decide):
    number = run()
    for place, (amount, currency, state) in enumerate(
        [("10.05", "EUR", State.ACCEPTED), ("0.10", "EUR", State.ACCEPTED), ("7", "SEK", State.REJECTED)], 1
    ):
        position = admit(evolve(entry(place), amount=Decimal(amount), currency=currency), number).position
        decide(position, state)
    admit(evolve(entry(9), amount=None), number)
    found = {State.ACCEPTED: {"EUR": Decimal("10.15")}, State.REJECTED: {"SEK": Decimal(7)}}
    assert journal.figures.amounts(number) == found
    assert journal.figures.amounts(number + 1) == {}


def test_a_run_has_its_own_items_and_counts(run, journal, entry, admit, decide):
    first = run()
    for one, state in enumerate([State.ACCEPTED, State.REJECTED], 1):
        admit(entry(one), first)
        decide(one, state)
    second = run()
    for one in (1, 2, 3):
        admit(entry(one), second)
    decide(3, State.ACCEPTED)
    assert [row.key.number for row in journal.rows(run=second)] == [3]
    assert [row.key.number for row in journal.rows(State.REJECTED, run=first)] == [2]
    assert [journal.figures.counts(run)[State.ACCEPTED] for run in (first, second)] == [1, 1]
    assert journal.figures.counts(second)[State.REJECTED] == 0
    assert journal.runs.find(second).known == 1
    assert [row.key.number for row in journal.runs.known(second)] == [2]
    assert journal.figures.counts()[State.ACCEPTED] == 2


def test_what_a_person_decided_is_counted(run, journal, entry, admit, send, decide):
    number = run()
    admit(entry(), number)
    send(1)
    decide(1, State.UNKNOWN)
    with journal.transaction():
        journal.resolve(Resolution(position=1, state=State.ACCEPTED, note="seen there", at=20.0))
    for counts in (journal.figures.counts(number), journal.figures.counts()):
        assert counts == {state: int(state is State.ACCEPTED) for state in State}


def test_what_is_sent_again_counts_where_it_is_decided_last(run, journal, entry, admit, decide):
    first = run()
    admit(entry(), first)
    decide(1, State.REJECTED)
    second = run()
    admit(entry(contents=b"b"), second, Retry.CHANGED)
    assert journal.figures.counts() == {state: int(state is State.CLAIMED) for state in State}
    decide(1, State.ACCEPTED)
    run()
    assert journal.figures.counts() == {state: int(state is State.ACCEPTED) for state in State}
    assert journal.figures.counts(first)[State.REJECTED] == 0
    assert journal.figures.counts(second)[State.ACCEPTED] == 1
    assert [row.position for row in journal.rows(State.REJECTED)] == []
