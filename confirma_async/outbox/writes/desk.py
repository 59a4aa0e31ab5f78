"""Actions, ledgers, payments and clients, one write at a time: each brought to its outcome exactly once."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.job.feeder import ELSEWHERE_PAUSE
from confirma_async.bulk.journal import Journal
from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.journal.writes import Claim, Write, WriteDecision, WriteRow
from confirma_async.bulk.models import VERDICTS, State, Verdict, digest_of
from confirma_async.contract import CREATE_CLIENT, OPERATIONS
from confirma_async.errors import ConfigurationError, JournalError
from confirma_async.outbox.events import WriteEvent
from confirma_async.outbox.given import Given, differs
from confirma_async.outbox.held import ELSEWHERE, LOST, ROOM, HeldWrites
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.outbox.write_options import WriteOptions
from confirma_async.outbox.writes.effect_lookups import EffectLookups, HeldWrite
from confirma_async.outbox.writes.sender import WriteSender
from confirma_async.privacy import Secret
from confirma_async.resources.arguments import Prepared
from confirma_async.schemas.wire import Schema
from confirma_async.session.waiting.halt import Halt

logger: logging.Logger = logging.getLogger("confirma_async")


@define(eq=False)
class WriteDesk:
    """The writes of an open outbox that are no invoices.

    Attributes:
        run: The run of the outbox; here its pipeline has a halt, which is called as the desk closes.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended.
        notify: Called with each change of an outcome, once it is durable.
        keep: Whether the journal keeps the payloads until they are final.
        held: The writes that are under way here, or looked up.
    """

    run: AccountRun
    settle_seconds: float
    notify: Callable[[WriteEvent], object]
    keep: bool = False
    _forms: set[str] = field(init=False, factory=set[str])
    _sender: WriteSender = field(init=False)
    _lookups: EffectLookups = field(init=False)
    held: HeldWrites[HeldWrite] = field(init=False)
    _unheard: dict[tuple[str, str], tuple[bytes, WriteOutcome[Any]]] = field(
        init=False, factory=dict[tuple[str, str], tuple[bytes, WriteOutcome[Any]]]
    )
    """Answers with the key of a new client that no caller has received yet: the call was cancelled."""

    def __attrs_post_init__(self) -> None:
        self.run = evolve(self.run, pipeline=evolve(self.run.pipeline, halt=Halt()))
        self.held = HeldWrites[HeldWrite](self.notify)
        self._sender = WriteSender(self.run, self._forms)
        self._lookups = EffectLookups(self.run, self.held, self._forms, self.settle_seconds)

    async def begin(self) -> None:
        """Read the confirmed forms from the journal, and look up writes that earlier runs left unknown."""
        self._forms |= await self.run.writer.run(lambda journal: journal.evidence.confirmed_forms())
        await self._take_up_unknown()
        if self.keep:
            await self._send_kept()

    async def _send_kept(self) -> None:
        """Send the writes that earlier runs surely have not sent, and whose payloads they kept."""
        for row, body, names in await self.run.writer.run(lambda journal: [*_kept(journal)]):
            operation = OPERATIONS.get(row.operation)
            if operation is None or operation.request is None:
                continue
            request = self.run.pipeline.converter.loads(body, operation.request)
            held = self._hold_row(row, body)
            prepared = Prepared(request, body, held.subject)
            given = Given(operation, prepared, row.key, WriteOptions(), names, row.facts)
            self.held.begin(self._bring(held, given))

    async def write(self, given: Given) -> WriteOutcome[Any]:
        """Bring a write to its outcome; wait for the same write if it is under way already.

        Raises:
            RequestInvalidError: the journal has other contents under its key or one of its names.
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        name = given.operation.name, given.key
        if name in self._unheard:
            digest, outcome = self._unheard[name]
            if digest == given.digest:
                del self._unheard[name]
                return evolve(outcome, resumed=True)
        held = self.held.get(name)
        if held is None:
            held = self._hold(
                given.operation.name, given.key, given.digest, given.prepared.subject, given.prepared.body
            )
            self.held.begin(self._bring(held, given))
        elif held.digest != given.digest:
            raise differs(given, given.key, "under way")
        elif held.reported is not None:
            held.body = given.prepared.body
            return evolve(held.reported, resumed=True)
        outcome = await asyncio.shield(held.answer)
        self._unheard.pop(name, None)
        return outcome

    def _hold(self, operation: str, key: str, digest: bytes, subject: str, body: bytes) -> HeldWrite:
        name = operation, key
        return self.held.hold(
            HeldWrite(operation=operation, name=name, subject=subject, key=key, digest=digest, body=body)
        )

    def _hold_row(self, row: WriteRow, body: bytes = b"") -> HeldWrite:
        return self._hold(row.operation, row.key, row.digest, f"{row.operation} {row.key}", body)

    async def _bring(self, held: HeldWrite, given: Given) -> None:
        """Bring a write to its first outcome, in a task that the cancellation of a caller does not end."""
        write = Write(
            operation=given.operation.name, key=given.key, digest=held.digest, names=given.names,
            facts=given.facts,
        )  # fmt: skip
        number = self.run.number
        body = given.prepared.body if self.keep else b""

        def claimed(journal: Journal) -> Claim:
            claim = journal.writes.claim(write, number, given.how.retry)
            if body and claim.admission in {Admission.CLAIMED, Admission.RETRIED}:
                journal.payloads.keep_write(claim.row.id, body)
            return claim

        with self.held.answering(held):
            loop, halt = asyncio.get_running_loop(), self.run.pipeline.halt
            claim = await self.run.writer.run(claimed)
            until = loop.time() + self.run.pipeline.timeout
            while claim.admission is Admission.ELSEWHERE and not halt.called and loop.time() < until:
                await asyncio.sleep(ELSEWHERE_PAUSE)
                claim = await self.run.writer.run(claimed)
            await self._route(held, given, claim)

    async def _route(self, held: HeldWrite, given: Given, claim: Claim) -> None:
        row = claim.row
        match claim.admission:
            case Admission.FINAL:
                self.held.report(held, held.known(row))
            case Admission.CHANGED:
                raise differs(given, row.key, row.state.name.lower())
            case Admission.ELSEWHERE:
                self.held.report(held, held.outcome(Verdict.UNKNOWN, detail=ELSEWHERE, resumed=True))
            case Admission.UNKNOWN:
                outcome = held.outcome(Verdict.UNKNOWN, detail=row.detail or LOST, resumed=True)
                self.held.report_unknown(held, outcome)
                self._lookups.look_in(held, 0.0)
            case _:
                await self._decide(held, row.id, *await self._sender.send(given, row.id))

    async def _decide(
        self, held: HeldWrite, ident: int, found: Classification, answer: Schema | Secret | None
    ) -> None:
        """Make the outcome of a write durable, then report it."""
        decision = WriteDecision(
            id=ident, state=found.state, status=found.status, detail=found.detail, form=found.form,
            at=time.time(),
        )  # fmt: skip
        number, verdict, detail = self.run.number, VERDICTS[found.state], found.detail
        try:
            await self.run.writer.run(lambda journal: journal.writes.decide(decision, number))
        except JournalError as error:
            if verdict is Verdict.NOT_SENT:
                raise
            verdict = Verdict.UNKNOWN  # which the intent says; the answer may bear what is nowhere else
            detail = f"the journal could not take note of the answer: {error}"
        receipt, unread = (None, answer) if isinstance(answer, Secret) else (answer, None)
        outcome = held.outcome(
            verdict, status=found.status, detail=detail, receipt=receipt, error=found.cause, unread=unread,
        )  # fmt: skip
        if held.operation == CREATE_CLIENT.name and answer is not None:
            self._unheard[held.operation, held.key or ""] = held.digest, outcome
        if verdict is Verdict.UNKNOWN:
            self.held.report_unknown(held, outcome)
            self._lookups.look_in(held, 0.0)
        else:
            self.held.report(held, outcome)

    async def look_up(self) -> Sequence[WriteOutcome[Any]]:
        """Look up at once all writes of unknown outcome; return their outcomes after that.

        Raises:
            JournalError: the journal cannot be read.
        """
        await self._take_up_unknown()
        return await self._lookups.look_at_once()

    async def _take_up_unknown(self) -> None:
        """Begin to look up the writes that earlier runs left unknown."""

        def unknown(journal: Journal) -> Sequence[WriteRow]:
            return [*journal.writes.rows(State.UNKNOWN)][:ROOM]

        for row in await self.run.writer.run(unknown):
            if (row.operation, row.key) in self.held or row.operation not in OPERATIONS:
                continue
            held = self._hold_row(row)
            self.held.report_unknown(
                held, held.outcome(Verdict.UNKNOWN, detail=row.detail or LOST, resumed=True)
            )
            self._lookups.look_in(held, 0.0)

    async def wanted(self) -> Sequence[WriteRow]:
        """Return the writes that surely were not sent, and that no caller has given again.

        Raises:
            JournalError: the journal cannot be read.
        """
        rows = await self.run.writer.run(lambda journal: [*journal.writes.rows(State.PENDING)])
        return [row for row in rows if (row.operation, row.key) not in self.held]

    async def resolve(self, operation: str, key: str, state: State, note: str) -> None:
        """Write what a person found out about a write of unknown outcome.

        Args:
            operation: The name of its operation: ``accounting.submit_ledger``.
            key: The key of the write.
            state: ACCEPTED, REJECTED, or PENDING for a write that was not sent.
            note: How the person knows, in words.

        Raises:
            ConfigurationError: there is no such write, or its outcome is not unknown.
            JournalError: the journal cannot be written.
        """

        def resolve(journal: Journal) -> State | None:
            row = journal.writes.find(operation, key)
            if row is not None and row.state is State.UNKNOWN:
                journal.writes.resolve(row.id, state, note, time.time(), self.settle_seconds)
            return None if row is None else row.state

        before = await self.run.writer.run(resolve)
        if before is None:
            raise ConfigurationError(f"the journal knows no {operation} with the key {key}")
        if before is not State.UNKNOWN:
            raise ConfigurationError(
                f"{operation} with the key {key} is {before.name.lower()}; only what is unknown is resolved"
            )
        self._forms |= await self.run.writer.run(lambda journal: journal.evidence.confirmed_forms())
        held = self.held.get((operation, key))
        if held is not None and not held.looking:
            self._lookups.hurry(held)

    async def close(self) -> None:
        """Put back the writes that wait for their turn, and wait for the calls under way."""
        self.run.pipeline.halt.call()
        await self.held.finish()
        for _, key in self._unheard:
            logger.error(
                "the service has made the client %s, and no caller has taken the answer: its key is lost. "
                "Ask the vendor for another one",
                key,
            )
        self._unheard.clear()


def _kept(journal: Journal) -> Iterator[tuple[WriteRow, bytes, Sequence[str]]]:
    """Return the writes that surely were not sent and whose bodies were kept, with their names.

    A body that was kept before a correction of the write is left out.
    """
    for row in [*journal.writes.rows(State.PENDING)]:
        body = journal.payloads.of_write(row.id)
        if body is not None and digest_of(body) == row.digest:
            yield row, body, journal.writes.names(row.id)
