"""The writes of a journal that forgets: the second form of their port."""

from attrs import evolve

from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.journal.rules import check_ended, check_unknown, ended_by
from confirma_async.bulk.journal.writes import UNDER_WAY, Claim, WriteRow, claim_of, may_show_the_same
from confirma_async.bulk.models import FINAL, SETTLE_SECONDS, Retry, State
from confirma_async.errors import JournalError


class MemoryWrites:
    """``Writes`` of dictionaries, in the contents of a ``MemoryJournal``."""

    def __init__(self, journal):
        self._journal = journal

    @property
    def _rows(self):
        return self._journal.contents.writes

    @property
    def _names(self):
        return self._journal.contents.write_names

    def release_dead(self, alive):
        settled = {State.CLAIMED: State.PENDING, State.SENDING: State.UNKNOWN}
        for row in [*self._rows.values()]:
            if row.run not in alive and row.state in settled:
                self._change(row.id, state=settled[row.state])

    def claim(self, write, run, retry=Retry.NONE):
        self._journal._release_dead()
        row = self.find(write.operation, write.key)
        for name in write.names:
            other = self._names.get((write.operation, name))
            if other is not None and (row is None or other != row.id):
                return Claim(Admission.CHANGED, self._rows[other])
        admission = claim_of(write, row, run, retry)
        if admission not in {Admission.CLAIMED, Admission.RETRIED}:
            return Claim(admission, row)
        ident = len(self._rows) + 1 if row is None else row.id
        self._rows[ident] = WriteRow(
            id=ident, operation=write.operation, key=write.key, digest=write.digest, state=State.CLAIMED,
            facts=tuple(map(dict, write.facts)), run=run, attempts=0 if row is None else row.attempts,
        )  # fmt: skip
        for name in [name for name, owner in self._names.items() if owner == ident]:
            del self._names[name]
        self._names.update({(write.operation, name): ident for name in write.names})
        return Claim(admission, self._rows[ident])

    def _check_held(self, row, run):
        if row.run != run or row.state not in UNDER_WAY:
            raise JournalError("another run has taken over this write")

    def confirm(self, ident, at):
        if self._rows[ident].state is not State.UNKNOWN:
            return False
        self._change(ident, state=State.ACCEPTED, status=None, detail=None, form=None, decided_at=at)
        return True

    def sending(self, ident, run, now, ends_at):
        row = self._rows[ident]
        self._check_held(row, run)
        first = now if row.attempted_at is None else row.attempted_at
        self._change(
            ident, state=State.SENDING, attempts=row.attempts + 1, attempted_at=first, ends_at=ends_at,
            form=None,
        )  # fmt: skip

    def decide(self, decision, run):
        self._check_held(self._rows[decision.id], run)
        final = decision.state in FINAL
        self._change(
            decision.id, state=decision.state, status=decision.status, detail=decision.detail,
            form=decision.form, decided_at=decision.at if final else None,
            ends_at=None if final else self._rows[decision.id].ends_at,
        )  # fmt: skip

    def put_back(self, run):
        for row in [*self._rows.values()]:
            if row.run == run and row.state is State.CLAIMED:
                self._change(row.id, state=State.PENDING)

    def resolve(self, ident, state, note, at, settle_seconds=SETTLE_SECONDS):
        row = self._rows[ident]
        check_unknown(row.key, row.state)
        if state is not State.ACCEPTED:
            check_ended(row.key, ended_by(row.attempted_at, row.ends_at, at), at, settle_seconds)
        if state is State.ACCEPTED and row.form is not None:
            self._journal.evidence.confirm_form(row.form)
        self._change(
            ident, state=state, detail=f"a person decided: {note}", status=None, form=None,
            decided_at=at if state in FINAL else None, ends_at=None if state in FINAL else row.ends_at,
        )  # fmt: skip

    def find(self, operation, key):
        return next((r for r in self._rows.values() if (r.operation, r.key) == (operation, key)), None)

    def names(self, ident):
        return sorted(name for (_, name), owner in self._names.items() if owner == ident)

    def rows(self, *states, run=None):
        return iter(
            [r for r in self._rows.values() if (not states or r.state in states) and run in {None, r.run}]
        )

    def has_rival(self, ident):
        own, unsent = self._rows[ident], {State.PENDING, State.CLAIMED}
        return any(
            may_show_the_same(own.facts, other.facts)
            for other in self._rows.values()
            if other.operation == own.operation
            and other.id != ident
            and (other.attempts or other.state not in unsent)
        )

    def counts(self, run=None):
        found = [row.state for row in self.rows(run=run)]
        return {state: found.count(state) for state in State}

    def _change(self, ident, **changes):
        self._rows[ident] = evolve(self._rows[ident], **changes)


class MemoryPayloads:
    """``Payloads`` of a dictionary, in the contents of a ``MemoryJournal``."""

    def __init__(self, journal):
        self._journal = journal

    def keep(self, position, body):
        self._journal.contents.payloads["item", position] = body

    def keep_write(self, ident, body):
        self._journal.contents.payloads["write", ident] = body

    def of(self, position):
        return self._journal.contents.payloads.get(("item", position))

    def of_write(self, ident):
        return self._journal.contents.payloads.get(("write", ident))

    def forget_final(self):
        contents = self._journal.contents
        rows = {"item": contents.items, "write": contents.writes}
        final = [
            (kind, at)
            for kind, at in contents.payloads
            if at not in rows[kind] or rows[kind][at].state in FINAL
        ]
        for one in final:
            del contents.payloads[one]
        return len(final)
