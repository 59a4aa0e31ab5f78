"""The parts of a journal that forgets: the second form of their ports."""

from collections import Counter
from decimal import Decimal

from confirma_async.bulk.models import FINAL, State


class _Part:
    def __init__(self, journal):
        self._journal = journal

    @property
    def contents(self):
        return self._journal.contents


class MemoryFigures(_Part):
    """``Figures`` of the contents of a ``MemoryJournal``."""

    def counts(self, run=None):
        counted = Counter(row.state for row in self._journal.rows(run=run))
        if run is None:
            counted[State.ACCEPTED] += len(self.contents.archived)
        else:
            final = Counter(state for by, _, state in self.contents.decided if by == run)
            counted |= dict.fromkeys(FINAL, 0)
            counted.update({state: final[state] - counted[state] for state in FINAL})
        return {state: counted[state] for state in State}

    def open_counts(self, run=None):
        return {state: 0 if state in FINAL else count for state, count in self.counts(run).items()}

    def amounts(self, run):
        found: dict[State, dict[str, Decimal]] = {}
        for row in self._journal.rows(run=run):
            if row.amount is not None:
                sums = found.setdefault(row.state, {})
                sums[row.currency] = sums.get(row.currency, 0) + row.amount
        return found

    def decided_since(self, run, moment):
        return sum(by == run and at // 10 >= moment // 10 for by, at, _ in self.contents.decided)

    def archived(self, run=None):
        return sum(run in {None, row.run} for row in self.contents.archived)

    def refused(self, run):
        return len({(bad.source, bad.number) for bad in self._journal.refusals(run)})

    def withheld(self, run):
        refused = {(bad.source, bad.number) for bad in self._journal.refusals(run)}
        return sum(
            (row.source, str(row.key.number)) in refused for row in self._journal.rows(State.PENDING, run=run)
        )


class MemoryNumbers(_Part):
    """``Numbers`` in the contents of a ``MemoryJournal``."""

    def of(self, identities):
        return {who: self.contents.numbers[who][0] for who in identities if who in self.contents.numbers}

    def in_use(self, numbers):
        used = {row.key.number for row in (*self.contents.items.values(), *self.contents.archived)}
        return frozenset((used | {number for number, _ in self.contents.numbers.values()}) & {*numbers})

    def given_by(self, run):
        given = [(number, who) for who, (number, by) in self.contents.numbers.items() if by == run]
        return {who: number for number, who in sorted(given, key=lambda one: one[0])}

    def keep(self, given):
        run = len(self.contents.runs) + 1
        new = {who: (number, run) for who, number in given.items()}
        self.contents.numbers = {**new, **self.contents.numbers}
