"""The parts of a journal that forgets: the second form of their ports."""

from collections import Counter
from decimal import Decimal

from attrs import evolve

from confirma_async.bulk.evidence.witnesses import is_like
from confirma_async.bulk.journal.records import AmbiguousMatches, Run, StoredProblem
from confirma_async.bulk.journal.rules import check_target, foreign_key
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
        return sum(run in {None, by} and at // 10 >= moment // 10 for by, at, _ in self.contents.decided)

    def archived(self, run=None):
        return sum(run in {None, row.run} for row in self.contents.archived)

    def refused(self, run):
        return len({(bad.source, bad.number) for bad in self._journal.runs.problems(run)})

    def withheld(self, run):
        refused = {(bad.source, bad.number) for bad in self._journal.runs.problems(run)}
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
        new = {who: (number, None) for who, number in given.items()}
        self.contents.numbers = {**new, **self.contents.numbers}


class MemoryTrust:
    """``Trust`` in a journal that is never in doubt."""

    def doubt(self):
        return None

    def note_service_time(self, moment):
        raise AssertionError("it is never in doubt")

    def regain(self, now):
        return 0


class MemoryOwnership(_Part):
    """``Ownership`` of a ``MemoryJournal``."""

    def target(self):
        return self.contents.target

    def account(self):
        return self.contents.account

    def fingerprints(self):
        return self.contents.salt or b"", sorted(self.contents.owners)

    def has_sent(self):
        unsent = {State.PENDING, State.CLAIMED}
        rows = (*self._journal.rows(), *self.contents.archived, *self._journal.writes.rows())
        return any(row.state not in unsent for row in rows)

    def tie(self, target, owner, *, now):
        check_target(self._journal.name, self.contents.target, target)
        if owner is not None:
            self._tie(owner)
        self.contents.target = target

    def _tie(self, owner):
        if self.contents.salt is None:
            self.contents.salt, self.contents.account = owner.salt, owner.account
        elif self.contents.owners.isdisjoint(owner.fingerprints(self.contents.salt)) and not (
            owner.vouched and owner.account == self.contents.account
        ):
            if self.contents.alive - {self._journal._run} or self.has_sent():
                raise foreign_key(self._journal.name, self.contents.account)
            self.contents.owners.clear()
            self.contents.account = owner.account
        self.contents.owners.add(owner.fingerprints(self.contents.salt)[0])


class MemoryEvidence(_Part):
    """``JournalEvidence`` of the contents of a ``MemoryJournal``."""

    def ambiguous_matches(self, position, key):
        others = [
            row.key
            for row in self.contents.items.values()
            if row.key.number == key.number
            and row.position != position
            and (row.attempts or row.state not in {State.PENDING, State.CLAIMED})
        ]
        others += [row.key for row in self.contents.archived if row.key.number == key.number]
        own = [one for one in self.contents.former if one.position == position]
        sent = any(at == position and sequence for at, sequence in self.contents.versions)
        former = {one.state for one in own} & ({State.REJECTED, State.PENDING} if sent else {State.REJECTED})
        return AmbiguousMatches(others=tuple(others), former=bool(former))

    def has_previous_version(self, position):
        return any(
            one.position == position and one.state is not State.PENDING for one in self.contents.former
        )

    def witnesses(self, position, limit):
        ended = self.contents.items[position].ended
        if ended is None:
            return []
        lost = self.contents.items[position].key
        later = [
            row
            for row in self._journal.rows(State.ACCEPTED)
            if row.sequence > ended
            and row.attempts == 1
            and not row.duplicate
            and is_like(row.key, lost)
            and not self.has_previous_version(row.position)
            and not self.ambiguous_matches(row.position, row.key).others
        ]
        return sorted(later, key=lambda row: -row.sequence)[:limit]

    def confirmed_forms(self):
        return frozenset(self.contents.forms)

    def confirm_form(self, form):
        self.contents.forms.add(form)

    def ended(self, position):
        row = self.contents.items[position]
        if row.ended is None:
            self.contents.items[position] = evolve(row, ended=self.contents.sequence)


class MemoryRuns(_Part):
    """``Runs`` of a ``MemoryJournal``."""

    def all(self):
        return reversed(self.contents.runs)

    def find(self, number):
        return next((run for run in self.contents.runs if run.number == number), None)

    def known(self, run):
        met = (self.contents.items[position] for by, position in sorted(self.contents.known) if by == run)
        return iter([row for row in met if row.state is State.REJECTED])

    def problems(self, run):
        return iter([bad for by, bad in self.contents.refused if by == run])

    def begin(self, job, *, now, owner=None, expected=None):
        self._journal.ownership.tie(job.target, owner, now=now)
        run = len(self.contents.runs) + 1
        inputs, allowed = tuple(job.inputs), tuple(job.allowed)
        self.contents.runs.append(
            Run(
                number=run,
                began_at=now,
                inputs=inputs,
                expected=expected,
                allowed=allowed,
                reading=job.reading,
            )
        )
        self.contents.alive.discard(self._journal._run)
        self.contents.alive.add(run)
        self._journal._run = run
        given = self.contents.numbers.items()
        self.contents.numbers = {who: (number, by or run) for who, (number, by) in given}
        self._journal._release_dead()
        return run

    def refuse(self, refusals, run):
        for refusal in refusals:
            for problem in refusal.problems:
                reported = StoredProblem(
                    source=str(refusal.place), number=refusal.number, rule=problem.rule, path=problem.path,
                    message=problem.message,
                )  # fmt: skip
                self.contents.refused.append((run, reported))

    def put_back(self, run):
        for row in list(self.contents.items.values()):
            if row.state is State.CLAIMED and row.holder == run:
                self._journal._put(row, state=State.PENDING, holder=None)

    def end(self, run, ending, *, now, owner=None):
        self._journal._put_run(run, ended_at=now, ending=ending)
        self.contents.alive.discard(run)
        self._journal._release_dead()
        if owner is not None:
            self.contents.owners.add(owner.fingerprints(self.contents.salt)[0])

    def latest(self):
        return next(self.all(), None)
