"""A journal that forgets: the port's second form, so that its tests are proven on more than one."""

import contextlib
import copy
import time
from collections import Counter

from attrs import define, evolve, field

from confirma_async.bulk.items import FINAL, Retry, Row, State
from confirma_async.bulk.journal import (
    Admission,
    Admitted,
    Former,
    JobName,
    Refused,
    Rivals,
    admission_of,
    same_invoice,
    same_job,
)
from confirma_async.formats import Identity


@define
class _Contents:
    items: dict[int, Row] = field(factory=dict)
    refused: list[Refused] = field(factory=list)
    former: list[Former] = field(factory=list)
    numbers: dict[Identity, int] = field(factory=dict)
    tied_to: JobName | None = None
    expected: int | None = None
    run: int = 0
    run_at: float | None = None


class MemoryJournal:
    """A ``Journal`` of dictionaries. Opened again with the contents of another, it goes on from there."""

    name = "in memory"

    def __init__(self, contents=None):
        self.contents = contents or _Contents()

    @contextlib.contextmanager
    def transaction(self):
        before = copy.deepcopy(self.contents)
        try:
            yield
        except BaseException:
            self.contents = before
            raise

    def close(self):
        pass

    def begin(self, job, *, now, longest_call):
        self.contents.tied_to = same_job(self.name, self.contents.tied_to, job)
        self.contents.run += 1
        self.contents.run_at = now
        self.contents.refused.clear()
        for row in list(self.contents.items.values()):
            if row.state is State.CLAIMED:
                self._put(row, state=State.PENDING)
            elif row.state is State.SENDING:
                self._put(row, state=State.UNKNOWN, attempted_at=min(now, row.attempted_at + longest_call))
        return self.contents.run

    def admit(self, entries, run, retry=Retry.NONE):
        return [self._admit(entry, run, retry) for entry in entries]

    def _admit(self, entry, run, retry):
        row = self.find(entry.key)
        admission = admission_of(entry, row, run, retry)
        if row is None:
            position = len(self.contents.items) + 1
            self.contents.items[position] = Row(
                position=position, key=entry.key, source=str(entry.place), digest=entry.digest,
                state=State.CLAIMED, run=run, amount=entry.amount, currency=entry.currency,
            )  # fmt: skip
            return Admitted(admission, position)
        if admission is Admission.RETRIED:
            self._keep(row, time.time(), "sent again")
        if admission in {Admission.CLAIMED, Admission.RETRIED}:
            self._put(
                row, key=entry.key, state=State.CLAIMED, run=run, digest=entry.digest,
                source=str(entry.place), amount=entry.amount, currency=entry.currency, status=None,
                detail=None, decided_at=None, seconds=None,
            )  # fmt: skip
        elif admission is Admission.UNKNOWN:
            self._put(row, run=run)
        return Admitted(admission, row.position, row)

    def sending(self, positions, now):
        for position in positions:
            row = self.contents.items[position]
            self._put(row, state=State.SENDING, attempts=row.attempts + 1, attempted_at=now)

    def decide(self, decisions):
        for decision in decisions:
            row = self.contents.items[decision.position]
            self._put(
                row,
                state=decision.state,
                status=decision.status,
                detail=decision.detail,
                duplicate=decision.duplicate,
                decided_at=decision.at if decision.state in FINAL else None,
                attempted_at=decision.at if decision.lost else row.attempted_at,
                seconds=decision.seconds,
            )

    def put_back(self, run):
        for row in list(self.contents.items.values()):
            if row.state is State.CLAIMED and row.run == run:
                self._put(row, state=State.PENDING)

    def refuse(self, refusals):
        for refusal in refusals:
            for problem in refusal.problems:
                self.contents.refused.append(
                    Refused(
                        source=str(refusal.place), number=refusal.number, rule=problem.rule,
                        path=problem.path, message=problem.message,
                    )
                )  # fmt: skip

    def resolve(self, resolution):
        row = self.contents.items[resolution.position]
        self._keep(row, resolution.at, resolution.note)
        decided_at = resolution.at if resolution.state in FINAL else None
        detail = f"a person decided: {resolution.note}"
        self._put(row, state=resolution.state, status=None, detail=detail, decided_at=decided_at)

    def keep_numbers(self, given):
        self.contents.numbers = {**given, **self.contents.numbers}

    def expect(self, records):
        self.contents.expected = records

    def job(self):
        return self.contents.tied_to

    def expected(self):
        return self.contents.expected

    def run_began(self):
        return self.contents.run_at

    def decided_since(self, moment):
        return sum((row.decided_at or 0.0) >= moment for row in self.contents.items.values())

    def find(self, key):
        same = [
            row
            for row in self.contents.items.values()
            if (row.key.number, row.key.type, row.key.repeat) == (key.number, key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def rivals(self, position, key):
        others = (
            row
            for row in self.contents.items.values()
            if row.key.number == key.number and row.state not in {State.PENDING, State.CLAIMED}
        )
        former = (one.state for one in self.contents.former if one.position == position)
        return Rivals(others=any(row.position != position for row in others), former=State.REJECTED in former)

    def rows(self, *states):
        return iter([row for row in self.contents.items.values() if not states or row.state in states])

    def counts(self):
        counted = Counter(row.state for row in self.contents.items.values())
        return {state: counted[state] for state in State}

    def open_counts(self):
        return {state: 0 if state in FINAL else count for state, count in self.counts().items()}

    def refusals(self):
        return iter(self.contents.refused)

    def refused(self):
        return len({(bad.source, bad.number) for bad in self.contents.refused})

    def withheld(self):
        refused = {(bad.source, bad.number) for bad in self.contents.refused}
        return sum((row.source, str(row.key.number)) in refused for row in self.rows(State.PENDING))

    def former(self):
        return iter(self.contents.former)

    def numbered(self):
        return dict(sorted(self.contents.numbers.items(), key=lambda given: given[1]))

    def _put(self, row, **changes):
        self.contents.items[row.position] = evolve(row, **changes)

    def _keep(self, row, now, note):
        self.contents.former.append(
            Former(
                position=row.position, at=now, state=row.state, digest=row.digest, status=row.status,
                detail=row.detail, note=note,
            )
        )  # fmt: skip
