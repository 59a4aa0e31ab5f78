"""Lookups of writes of unknown outcome: a write is accepted once a read shows its effect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.writes import WriteDecision, WriteRow
from confirma_async.bulk.models import State, Verdict
from confirma_async.contract import OPERATIONS
from confirma_async.errors import CallError, JournalError
from confirma_async.outbox.held import LONGEST_PAUSE, LOST, Held, HeldWrites
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.writes.effects import is_shown

_RIVAL = "another write that was sent would show the same"


@define(eq=False, kw_only=True)
class HeldWrite(Held):
    """A write that is under way in this outbox, or that is looked up.

    Attributes:
        digest: SHA-256 of its payload, shortened like an item's.
        body: Its payload; empty where only the journal knew of it.
        looking: Whether it is being looked up.
    """

    digest: bytes
    body: bytes = b""
    looking: bool = field(init=False, default=False)


@define(eq=False)
class EffectLookups:
    """Looks up the writes of an open outbox whose outcomes are unknown.

    Attributes:
        run: The run of the outbox; the halt of its pipeline is called once the outbox is closed.
        held: The writes of the outbox.
        forms: The forms of answers that are known to say that a write was taken; it adds to them.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended.
    """

    run: AccountRun
    held: HeldWrites[HeldWrite]
    forms: set[str]
    settle_seconds: float

    async def look_at_once(self) -> Sequence[WriteOutcome[Any]]:
        """Look all writes of unknown outcome up now; return their outcomes after that."""
        asked = [held for held in self.held.all() if held.reported is not None]
        for held in asked:
            held.looks = 0
            self.hurry(held)
        while any(held.looking for held in asked):
            self.held.changed.clear()
            await self.held.changed.wait()
        return [held.reported for held in asked if held.reported is not None]

    def hurry(self, held: HeldWrite) -> None:
        """Look a write up now that waits for its next lookup, or for none."""
        if held.timer is None and not held.looking:
            self.look_in(held, 0.0)
        self.look(held)

    def look_in(self, held: HeldWrite, seconds: float) -> None:
        """Look a write up after so many seconds, unless the outbox is closed before."""
        if not self.run.pipeline.halt.called:
            held.timer = asyncio.get_running_loop().call_later(seconds, self.look, held)
        self.held.changed.set()

    def look(self, held: HeldWrite) -> None:
        """Look a write up now, unless that is under way."""
        if held.stop_timer():
            held.looking = True
            self.held.begin(self._looked_for(held))

    async def _looked_for(self, held: HeldWrite) -> None:
        """Look for the effect of a write: accept the write if a read shows it, else look again later."""
        try:
            row = await self.run.writer.run(lambda journal: self._find(journal, held))
            if row is not None and row.state is not State.UNKNOWN:  # a person has decided
                self.held.report(held, evolve(held.known(row), resumed=False))
            elif row is not None and (row.form in self.forms or await self._is_shown(held, row)):
                await self._confirm(held, row)
            else:
                self._look_again(held)
        except CallError:
            self._look_again(held)
        except JournalError:  # raised for whoever writes next
            self.held.forget(held)
        finally:
            held.looking = False
            self.held.changed.set()

    def _find(self, journal: Journal, held: HeldWrite) -> WriteRow | None:
        """Return a write from the journal; mark it unknown if this run was sending it and noted no answer."""
        row = journal.writes.find(held.operation, held.key or "")
        if row is None or row.state is not State.SENDING or row.run != self.run.number:
            return row
        lost = WriteDecision(id=row.id, state=State.UNKNOWN, detail=LOST, at=time.time())
        journal.writes.decide(lost, self.run.number)
        return journal.writes.find(row.operation, row.key)

    async def _is_shown(self, held: HeldWrite, row: WriteRow) -> bool:
        return row.attempts > 0 and await is_shown(self.run.pipeline, row, held.body)

    async def _confirm(self, held: HeldWrite, row: WriteRow) -> None:
        """Accept a write, unless the read may show another write; keep the form of its answer."""
        form = row.form if row.attempts == 1 else None

        def decide(journal: Journal) -> bool | None:
            if journal.writes.has_rival(row.id):
                return None
            confirmed = journal.writes.confirm(row.id, time.time())
            if confirmed and form is not None:
                journal.evidence.confirm_form(form)
            return confirmed

        confirmed = await self.run.writer.run(decide)
        if confirmed is None:
            self.held.report_unknown(held, held.outcome(Verdict.UNKNOWN, detail=_RIVAL))
            self._look_again(held)
            return
        if not confirmed:  # another run or a person was quicker: the next lookup finds out
            self.look_in(held, 0.0)
            return
        if form is not None and form not in self.forms:
            self.forms.add(form)
            for other in self.held.all():
                self.look(other)  # their answers may have had the same form
        self.held.report(held, held.outcome(Verdict.ACCEPTED))

    def _look_again(self, held: HeldWrite) -> None:
        if self.held.waits_too_many() or OPERATIONS[held.operation].effect is None:
            held.looks = 0  # nothing more can be found out here: ``look_up`` asks the journal again
            return
        held.looks += 1
        pause = max(0.05, self.settle_seconds / 60) * 3.0 ** min(held.looks, 12)
        self.look_in(held, min(LONGEST_PAUSE, pause))
