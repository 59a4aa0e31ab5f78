"""The sending of one write that is no invoice: its intent in the journal, the call, and what that proves."""

from __future__ import annotations

import asyncio
import json
import time

from attrs import define, evolve, field

from confirma_async.bulk.account_run import AccountRun
from confirma_async.bulk.evidence.classification import Classification, classify_error
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.journal.writes import WriteDecision
from confirma_async.bulk.models import State
from confirma_async.errors import CallError, OutcomeUnknownError, ResponseDecodeError
from confirma_async.outbox.gate import Gate
from confirma_async.outbox.given import Given
from confirma_async.outbox.held import CLOSED
from confirma_async.outbox.writes.answers import classify
from confirma_async.privacy import Secret
from confirma_async.schemas.wire import Schema
from confirma_async.session.call_options import CallOptions
from confirma_async.session.waiting.halt import CalledOffError

Answer = Schema | Secret | None
"""The answer of an acceptance; one that could not be read, as it came; or none."""


@define(eq=False)
class WriteSender:
    """Sends writes, unless the service rejects their key or the outbox is closing.

    Attributes:
        run: The run of the outbox; the halt of its pipeline is called when the outbox closes.
        forms: The confirmed forms of answers, which prove acceptance.
    """

    run: AccountRun
    forms: set[str]
    _gates: dict[str, Gate] = field(init=False, factory=dict[str, Gate])

    async def send(self, given: Given, ident: int) -> tuple[Classification, Answer]:
        """Send a write; return what the answer proves, and the answer.

        Args:
            given: The write, checked and encoded.
            ident: The number of the write in the journal.

        Raises:
            JournalError: the intent could not be written, and nothing was sent.
        """
        gate = self._gates.setdefault(str(given.operation.token), Gate(self.run.pipeline, given.operation))
        key, refusal = gate.key, gate.passed()
        if refusal is not None:
            return _not_sent(f"the key was refused just now: {refusal}", refusal), None
        if self.run.pipeline.halt.called:
            return _not_sent(CLOSED), None
        found, answer = await self._call(given, ident)
        if found.state is not State.UNKNOWN:
            gate.note(found.cause, key)
        return found, answer

    async def _call(self, given: Given, ident: int) -> tuple[Classification, Answer]:
        operation, pipeline = given.operation, self.run.pipeline
        writer, number = self.run.writer, self.run.number

        async def intent() -> None:
            now = time.time()
            await writer.run(
                lambda journal: journal.writes.sending(ident, number, now, now + pipeline.timeout)
            )
            writer.check_hold()  # it may have slept since

        options = CallOptions(
            timeout=given.how.timeout, headers=given.how.headers, subject=given.prepared.subject,
            before_send=intent,
        )  # fmt: skip
        try:
            reply = await pipeline.reply(operation, given.prepared.body, options=options)
        except CalledOffError:
            return _not_sent(CLOSED), None
        except asyncio.CancelledError as cancelled:
            if not isinstance(cancelled.__cause__, OutcomeUnknownError):
                not_sent = WriteDecision(id=ident, state=State.PENDING, detail=CLOSED, at=time.time())
                await writer.run(lambda journal: journal.writes.decide(not_sent, number))
            raise
        except CallError as error:
            found = classify_error(error)
            return evolve(found, detail=found.detail or found.pause), None
        found = classify(operation, given.prepared.request, reply, pipeline.converter, self.forms)
        if found.kind is EvidenceKind.UNREADABLE:
            return found, Secret(json.dumps(reply.found, default=str))
        if found.state is not State.ACCEPTED:
            return found, None
        try:
            return found, pipeline.converter.structure(reply.found or {}, operation.response)
        except ResponseDecodeError:  # its words were enough to know that it was taken
            return found, None


def _not_sent(reason: str, cause: CallError | None = None) -> Classification:
    return Classification(kind=EvidenceKind.NOT_SENT, detail=reason, cause=cause)
