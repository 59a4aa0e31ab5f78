"""The states of an invoice, against a model of what the service holds: whatever order things come in.

The machine plays the job's part on a journal, step by step as ``job.py`` takes them, and the service's, which
may take an invoice, lose its answer, or refuse it. It may die between any two steps. The promise is an
invariant: the service never holds an invoice twice, and the journal never says more than is so.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from confirma_async.bulk.journal.records import Admission, Decision, JobName, Resolution
from confirma_async.bulk.models import FINAL, SETTLE_SECONDS, Entry, Retry, State
from confirma_async.bulk.sqlite.journal import open_sqlite
from confirma_async.formats import Place
from confirma_async.schemas.identity import InvoiceKey
from tests.bulk.memory_journal import MemoryJournal

NUMBERS = st.integers(1, 4)
CONTENTS = st.sampled_from([b"a", b"b"])
JOB = JobName("t")


class States(RuleBasedStateMachine):
    """One job over one journal and one service; ``make`` opens the journal, anew after each death."""

    def __init__(self):
        super().__init__()
        self.held = {}  # what the service has taken: how many of each number
        self.refused = set()  # what it has surely refused, last time
        self.now = 0.0
        self.in_hand = {}  # what this run may send, or must look up: position by number
        self.under_way = {}  # numbers whose request has left, with whether the service took it
        self.journal: Any = None

    def make(self):
        raise NotImplementedError

    def write(self, work):
        with self.journal.transaction():
            return work()

    @initialize()
    def begin(self):
        self.journal = self.make()
        self.run = self.write(lambda: self.journal.runs.begin(JOB, now=self.now))

    @rule(number=NUMBERS, contents=CONTENTS, retry=st.sampled_from(Retry))
    def read_a_record(self, number, contents, retry):
        key = InvoiceKey("s", "INVOICE", number, "", "2026-11-01")
        entry = Entry(place=Place("f", number), key=key, digest=contents * 32, body=contents)
        (answer,) = self.write(lambda: self.journal.admit([entry], self.run, retry))
        if answer.admission in {Admission.CLAIMED, Admission.RETRIED}:
            assert number not in self.under_way
            self.in_hand[number] = answer.position
        if answer.admission is Admission.UNKNOWN:
            self.in_hand[number] = answer.position
        if answer.admission is Admission.RETRIED:
            assert not self.held.get(number)

    def state_of(self, number):
        return next(row.state for row in self.journal.rows() if row.position == self.in_hand[number])

    def sendable(self):
        """In hand and surely not there: claimed, or looked up and found absent after the settle time."""
        return [number for number in self.in_hand if self.state_of(number) is State.CLAIMED]

    @precondition(lambda self: self.sendable())
    @rule(data=st.data(), taken=st.booleans())
    def send(self, data, taken):
        number = data.draw(st.sampled_from(self.sendable()))
        self.write(lambda: self.journal.sending([self.in_hand[number]], self.now, self.now))
        self.leave(number, taken=taken)

    def leave(self, number, *, taken):
        self.under_way[number] = taken
        if taken:
            self.held[number] = self.held.get(number, 0) + 1

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), lost=st.booleans())
    def answer(self, data, lost):
        number = data.draw(st.sampled_from(sorted(self.under_way)))
        taken = self.under_way.pop(number)
        if lost:
            self.decide(number, State.UNKNOWN, lost=True)
        else:
            self.decide(number, State.ACCEPTED if taken else State.REJECTED)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def not_sent_after_all(self, data):
        surely_not = [number for number, taken in self.under_way.items() if not taken]
        if surely_not:
            number = data.draw(st.sampled_from(surely_not))
            del self.under_way[number]
            self.decide(number, State.PENDING)
            del self.in_hand[number]

    def decide(self, number, state, *, lost=False):
        position = self.in_hand[number]
        decision = Decision(position=position, state=state, at=self.now, lost=lost, kept=lost)
        self.write(lambda: self.journal.decide([decision]))

    def unknown(self):
        return [number for number in self.in_hand if self.state_of(number) is State.UNKNOWN]

    @precondition(lambda self: self.unknown())
    @rule(data=st.data(), resend=st.booleans(), taken=st.booleans())
    def look_up(self, data, resend, taken):
        """The lookup is right, as it is after the settle time; what it finds absent may be sent again."""
        number = data.draw(st.sampled_from(self.unknown()))
        if self.held.get(number):
            self.decide(number, State.ACCEPTED)
        elif resend:
            self.write(lambda: self.journal.sending([self.in_hand[number]], self.now, self.now))
            self.leave(number, taken=taken)

    @precondition(lambda self: self.journal is not None)
    @rule(data=st.data())
    def a_person_decides(self, data):
        """Between runs: what is unknown then is under way nowhere."""
        self.die()
        unknown = list(self.journal.rows(State.UNKNOWN))
        if unknown:
            self.now += SETTLE_SECONDS
            row = data.draw(st.sampled_from(unknown))
            state = State.ACCEPTED if self.held.get(row.key.number) else State.PENDING
            resolution = Resolution(position=row.position, state=state, note="asked", at=self.now)
            self.write(lambda: self.journal.resolve(resolution))

    @rule()
    def die(self):
        """SIGKILL, and the next run: only the journal and the service are left."""
        self.in_hand, self.under_way = {}, {}
        self.now += 1.0
        self.begin()

    @invariant()
    def nothing_is_doubled(self):
        assert all(count == 1 for count in self.held.values())

    @invariant()
    def the_journal_never_says_more_than_is_so(self):
        if self.journal is None:
            return
        known = {row.key.number: row.state for row in self.journal.rows()}
        assert set(self.held) <= set(known)  # nothing was sent without its intent
        for number, state in known.items():
            if state is State.ACCEPTED:
                assert self.held.get(number) == 1
            if state in {State.PENDING, State.CLAIMED, State.REJECTED}:
                assert not self.held.get(number)
            assert (state in FINAL) == (state in {State.ACCEPTED, State.REJECTED})


class StatesInMemory(States):
    """Over the journal of dictionaries."""

    def make(self):
        if self.journal is None:
            return MemoryJournal()
        self.journal.close()
        return MemoryJournal(self.journal.contents)


class StatesInSqlite(States):
    """Over the file, closed and opened again at each death."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()

    def make(self):
        if self.journal is not None:
            self.journal.close()
        return open_sqlite(Path(self.folder.name) / "journal")

    def teardown(self):
        self.journal.close()
        self.folder.cleanup()


@pytest.mark.long
@pytest.mark.parametrize(("machine", "examples"), [(StatesInMemory, 100), (StatesInSqlite, 25)])
def test_no_order_of_events_breaks_the_promise(machine, examples):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
