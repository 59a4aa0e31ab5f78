"""Sends one item: loads its documents, writes its intent to the journal, makes the call, reads its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from attrs import define, field

from confirma_async.bulk.evidence.classification import (
    Classification,
    Receipts,
    classify_answer,
    classify_error,
)
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.tasks import Task
from confirma_async.bulk.job.decisions import Decisions
from confirma_async.bulk.job.documents import with_documents
from confirma_async.bulk.models import Entry, RefusedRecord
from confirma_async.bulk.reporting import outcomes
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import CallError, OutcomeUnknownError, Problem, RequestInvalidError
from confirma_async.session.call_options import CallOptions
from confirma_async.session.download import Downloads
from confirma_async.session.pipeline import Pipeline
from confirma_async.session.retry import RetryQuota
from confirma_async.session.waiting.halt import CalledOffError

_ABSENT = "the service has it not; it is sent once it is given again"


@define
class Sender:
    """Sends the items of a run, and gives ``decisions`` what each call proves.

    Attributes:
        decisions: Gets what each call proves; it has the run.
    """

    decisions: Decisions
    _pipeline: Pipeline = field(init=False)
    _downloads: Downloads = field(init=False)
    _receipts: Receipts = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._pipeline = self.decisions.run.pipeline
        policy = self._pipeline.policy
        self._downloads = Downloads(self._pipeline.transport, policy, RetryQuota(policy.budget))
        self._receipts = Receipts.of(self._pipeline.converter)

    async def bring(self, task: Task) -> None:
        """Look an item up if it needs that, and send it; drop it once the run sends nothing new."""
        if self.decisions.brake.halted.is_set():
            self.decisions.listener.dropped(task)
        elif task.lost is None or await self.decisions.look_up(task):
            await self.send(task)

    async def send(self, task: Task) -> None:
        """Load the documents of an item, send it, and decide by the answer.

        Raises:
            JournalError: the intent cannot be written; nothing was sent.
        """

        async def intent() -> None:
            await self.decisions.writer.sending(task.position)
            task.sent_at = asyncio.get_running_loop().time()

        if not task.entry.body:
            self.decisions.write(
                task, Classification(kind=EvidenceKind.ABSENT_WITHOUT_CONTENTS, detail=_ABSENT)
            )
            return
        try:
            body = await self._whole_body(task.entry)
        except RequestInvalidError as error:
            await self._reject_documents(task, error.problems)
            return
        if body is None:
            self.decisions.listener.dropped(task)
            return
        try:
            reply = await self._pipeline.reply(
                CREATE_INVOICE,
                body,
                options=CallOptions(
                    timeout=task.timeout,
                    headers=task.headers,
                    subject=str(task.entry.key),
                    before_send=intent,
                ),
            )
        except CalledOffError:
            self._call_off(task)
            return
        except asyncio.CancelledError as cancelled:
            if not isinstance(cancelled.__cause__, OutcomeUnknownError):
                self._call_off(task)
            raise
        except CallError as error:
            found = classify_error(error)
        else:
            task.reply, forms = reply, self.decisions.lookups.forms
            found = classify_answer(reply, task.entry.key.number, self._receipts, forms)
        self.decisions.decide(task, found)

    def _call_off(self, task: Task) -> None:
        """Make an item pending whose call sent nothing; or unknown, if an earlier call may have arrived."""
        if task.resends:
            reason = "the job ended before it was sent again; the attempt before may still appear"
            self.decisions.leave_unknown(task, reason)
        else:
            self.decisions.write(task, Classification(kind=EvidenceKind.NOT_SENT))

    async def _whole_body(self, entry: Entry) -> bytes | None:
        """Return the body of an entry with its documents; None where the run halts before they are loaded.

        Raises:
            RequestInvalidError: a document cannot be loaded.
        """
        if not entry.placeholders:
            return entry.body
        return await self.decisions.brake.unless_halted(with_documents(entry, self._downloads))

    async def _reject_documents(self, task: Task, problems: Sequence[Problem]) -> None:
        """Refuse an invoice whose documents cannot be loaded: it was not sent. The next run tries again."""
        entry = task.entry
        refusal = RefusedRecord(
            place=entry.place,
            problems=problems,
            number=str(entry.key.number),
            amount=entry.amount,
            currency=entry.currency,
        )
        detail = outcomes.refused(refusal).detail
        if task.resends:  # an attempt before this one may have arrived
            self.decisions.leave_unknown(task, detail)
            return
        run = self.decisions.run
        await run.writer.run(lambda journal: journal.runs.refuse([refusal], run.number))
        found = Classification(kind=EvidenceKind.NOT_SENT, detail=detail)
        self.decisions.write(task, found, partial(self.decisions.listener.refused, task, refusal))
