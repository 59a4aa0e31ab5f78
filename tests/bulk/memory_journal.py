"""A journal that forgets: the port's second form, so that its tests are proven on more than one."""

import contextlib
import copy
import time

from attrs import define, evolve, field

from confirma_async.bulk.journal.records import (
    Admission,
    Admitted,
    PreviousVersion,
    Run,
    StoredProblem,
    Version,
)
from confirma_async.bulk.journal.rules import admission_of, check_resolvable, same_invoice
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import FINAL, Retry, Row, State
from confirma_async.errors import JournalError
from confirma_async.formats import Identity
from tests.bulk.memory_parts import (
    MemoryEvidence,
    MemoryFigures,
    MemoryNumbers,
    MemoryOwnership,
    MemoryRuns,
    MemoryTrust,
)
from tests.bulk.memory_writes import MemoryPayloads, MemoryWrites


@define
class _Contents:
    items: dict[int, Row] = field(factory=dict)
    archived: list[Row] = field(factory=list)
    refused: list[tuple[int, StoredProblem]] = field(factory=list)
    former: list[PreviousVersion] = field(factory=list)
    versions: dict[tuple[int, int], list[Version]] = field(factory=dict)
    numbers: dict[Identity, tuple[int, int]] = field(factory=dict)
    runs: list[Run] = field(factory=list)
    decided: list[tuple[int, float, State]] = field(factory=list)
    known: set[tuple[int, int]] = field(factory=set)
    forms: set[str] = field(factory=set)
    writes: dict[int, WriteRow] = field(factory=dict)
    write_names: dict[tuple[str, str], int] = field(factory=dict)
    payloads: dict[tuple[str, int], bytes] = field(factory=dict)
    owners: set[str] = field(factory=set)
    target: str | None = None
    salt: bytes | None = None
    account: str = ""
    sequence: int = 0
    alive: set[int] = field(factory=set)


class MemoryJournal:
    """A ``Journal`` of dictionaries. Opened again with the contents of another, it goes on from there."""

    name = "in memory"

    def __init__(self, contents=None):
        self.contents = contents or _Contents()
        self._run = 0
        self.payloads = MemoryPayloads(self)
        self.writes = MemoryWrites(self)
        self.figures = MemoryFigures(self)
        self.numbers = MemoryNumbers(self)
        self.trust = MemoryTrust()
        self.evidence = MemoryEvidence(self)
        self.ownership = MemoryOwnership(self)
        self.runs = MemoryRuns(self)

    @contextlib.contextmanager
    def transaction(self):
        before = copy.deepcopy(self.contents)
        try:
            yield
        except BaseException:
            for name in _Contents.__slots__:
                if not name.startswith("_"):
                    setattr(self.contents, name, getattr(before, name))
            raise

    def close(self):
        self.contents.alive.discard(self._run)

    def _is_left(self, row):
        if row.holder is None:
            return row.state in {State.CLAIMED, State.SENDING}
        return row.holder not in self.contents.alive

    def _release_dead(self):
        settled = {State.CLAIMED: State.PENDING, State.SENDING: State.UNKNOWN}
        for row in list(self.contents.items.values()):
            if self._is_left(row):
                self._put(row, holder=None, state=settled.get(row.state, row.state))
        self.writes.release_dead(self.contents.alive)

    def _check_held(self, row):
        if row.holder != self._run:
            raise JournalError("another job has taken over this item")

    def _put_run(self, run, **changes):
        self.contents.runs[run - 1] = evolve(self.contents.runs[run - 1], **changes)

    def admit(self, entries, run, retry=Retry.NONE, *, again=False):
        return [self._admit(entry, run, retry, again=again) for entry in entries]

    def _admit(self, entry, run, retry, *, again):
        row = self.find(entry.key)
        if row is not None and self._is_left(row):
            self._release_dead()
            row = self.find(entry.key)
        admission = admission_of(entry, row, run, retry, again=again)
        if row is None:
            position = len(self.contents.items) + 1
            self.contents.items[position] = Row(
                position=position, key=entry.key, source=str(entry.place), digest=entry.digest,
                state=State.CLAIMED, run=run, holder=run, amount=entry.amount, currency=entry.currency,
            )  # fmt: skip
            return Admitted(admission, position)
        if admission is Admission.CLAIMED and row.attempts and row.digest != entry.digest:
            self._keep(row, time.time(), "corrected")
        if admission is Admission.RETRIED:
            self._keep(row, time.time(), "sent again")
            self.contents.decided.remove((row.run, row.decided_at, row.state))
        if admission in {Admission.CLAIMED, Admission.RETRIED}:
            self._put(
                row, key=entry.key, state=State.CLAIMED, run=run, holder=run, digest=entry.digest,
                source=str(entry.place), amount=entry.amount, currency=entry.currency, status=None,
                detail=None, decided_at=None, seconds=None, says_no=False, form=None,
            )  # fmt: skip
        elif admission is Admission.UNKNOWN:
            self._put(row, run=run, holder=run)
        elif admission is Admission.FINAL and row.run == run:
            pass
        elif admission is Admission.FINAL and row.state is State.REJECTED:
            self.contents.known.add((run, row.position))
        elif admission is Admission.FINAL:
            self._put_run(run, known=self.contents.runs[run - 1].known + 1)
        is_open = row.state not in FINAL or row.says_no
        sent = self._version_sent(row) if row.attempts and is_open else None
        return Admitted(admission, row.position, row, sent)

    def _version_sent(self, row):
        return next(iter(self.contents.versions.get((row.position, row.sequence), [])), None)

    def sending(self, positions, now, ends_at):
        for position in positions:
            row = self.contents.items[position]
            self._check_held(row)
            self.contents.sequence += 1
            self._put(
                row, state=State.SENDING, attempts=row.attempts + 1, attempted_at=now, ends_at=ends_at,
                sequence=self.contents.sequence, ended=None, says_no=False, form=None,
            )  # fmt: skip

    def check_hold(self, longest_call_seconds):
        pass

    def write_put_off(self):
        pass

    def decide(self, decisions):
        for decision in {one.position: one for one in decisions}.values():
            row = self.contents.items[decision.position]
            self._check_held(row)
            final = decision.state in FINAL
            if row.state in FINAL:
                assert row.decided_at is not None
                self.contents.decided.remove((row.run, row.decided_at, row.state))
            self._put(
                row,
                state=decision.state,
                status=decision.status,
                detail=decision.detail,
                duplicate=decision.duplicate,
                decided_at=decision.at if final else None,
                ended=self.contents.sequence if decision.lost else row.ended,
                ends_at=None if final else decision.at if decision.kept else row.ends_at,
                seconds=decision.seconds,
                says_no=decision.says_no,
                form=decision.form,
                holder=row.holder if decision.kept else None,
            )
            if final:
                self.contents.decided.append((row.run, decision.at, decision.state))

    def resolve(self, resolution):
        row = self.contents.items[resolution.position]
        if row.holder is not None and not self._is_left(row):
            raise JournalError("a job has it in its hands")
        left, doubt = evolve(row, holder=None, state=State.UNKNOWN), self.trust.doubt()
        check_resolvable(left, resolution, doubt.since if doubt else 0.0)
        self._keep(row, resolution.at, resolution.note)
        rejected = [
            one.digest
            for one in self.contents.former
            if one.position == row.position and one.state is State.REJECTED
        ]
        if rejected and (row.status, resolution.state) == ("ERROR", State.REJECTED):
            row = evolve(row, digest=rejected[-1])
        decided_at = resolution.at if resolution.state in FINAL else None
        detail = f"a person decided: {resolution.note}"
        if decided_at is not None:
            self.contents.decided.append((row.run, resolution.at, resolution.state))
        self._put(
            row, state=resolution.state, status=None, detail=detail, decided_at=decided_at, says_no=False,
            holder=None, form=None, attempts=0 if resolution.state is State.PENDING else row.attempts,
        )  # fmt: skip

    def archive(self, before):
        old = [row for row in self.rows(State.ACCEPTED) if row.decided_at < before]
        for row in old:
            del self.contents.items[row.position]
            self.contents.archived.append(evolve(row, position=0, source="the archive of the journal"))
        return len(old)

    def shrink(self):
        pass

    def find(self, key):
        same = [
            row
            for row in (*self.contents.items.values(), *self.contents.archived)
            if (row.key.number, row.key.type, row.key.repeat) == (key.number, key.type, key.repeat)
        ]
        return same_invoice(same, key)

    def rows(self, *states, run=None):
        return iter(
            [
                row
                for row in self.contents.items.values()
                if (not states or row.state in states) and run in {None, row.run}
            ]
        )

    def previous_versions(self):
        return iter(self.contents.former)

    def _put(self, row, **changes):
        self.contents.items[row.position] = evolve(row, **changes)

    def _keep(self, row, now, note):
        version = Version(row.digest, row.key.date)
        self.contents.versions.setdefault((row.position, row.sequence), []).append(version)
        self.contents.former.append(
            PreviousVersion(
                position=row.position, at=now, state=row.state, digest=row.digest, status=row.status,
                detail=row.detail, note=note,
            )
        )  # fmt: skip
