"""Actions of a file, each sent exactly once under the key that it has there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from attrs import define, evolve, field

from confirma_async.bulk.job.brake import end
from confirma_async.bulk.models import Outcome, RefusedRecord, Verdict
from confirma_async.bulk.reporting import outcomes
from confirma_async.bulk.reporting.report import Report, ReportBuilder, RunResult
from confirma_async.converters import Converter
from confirma_async.errors import CallError, Problem, RequestInvalidError
from confirma_async.formats.actions import ReadAction
from confirma_async.formats.models import BadRecord, Place
from confirma_async.outbox.outcomes import WriteOutcome
from confirma_async.resources.invoices import prepared_actions
from confirma_async.schemas import ActionsReceipt
from confirma_async.validation import Checks

ActionRecord: TypeAlias = ReadAction | BadRecord
"""What a reader of actions hands on."""

BeginReading: TypeAlias = Callable[[], Iterable[ActionRecord]]
"""Begins to read a file; it is read twice."""

_TURN = 64
"""Records after which other tasks have their turn."""


def checked_actions(
    read: BeginReading, converter: Converter, checks: Checks
) -> Iterator[ReadAction | RefusedRecord]:
    """Return each action of a file that may be sent, and the refusal of each other record; send nothing.

    Args:
        read: Begins to read the file. It is called twice: first to find keys that occur twice, which are
            refused in every place before anything is sent, then to read the actions.
        converter: Writes the actions.
        checks: Which rules are checked, and how strictly.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    return _checked(read(), _repeated(read()), converter, checks)


def _checked(
    records: Iterable[ActionRecord],
    twice: Mapping[str, tuple[Place, Place]],
    converter: Converter,
    checks: Checks,
) -> Iterator[ReadAction | RefusedRecord]:
    for record in records:
        if isinstance(record, BadRecord):
            yield RefusedRecord(place=record.place, problems=record.problems, number=record.number)
        elif record.key in twice:
            first, again = twice[record.key]
            message = f"stands twice, at {first} and at {again}; neither is sent. Give each action its own"
            problems = [Problem("key", "action.twice", message)]
            yield RefusedRecord(place=record.place, problems=problems, number=record.key)
        else:
            try:
                prepared_actions([record.action], converter, checks)
            except RequestInvalidError as error:
                yield RefusedRecord(place=record.place, problems=error.problems, number=record.key)
            else:
                yield record


def _repeated(records: Iterable[ActionRecord]) -> Mapping[str, tuple[Place, Place]]:
    """Return the keys that occur twice in a file, with their first two places."""
    first, twice = dict[str, Place](), dict[str, tuple[Place, Place]]()
    for record in records:
        if isinstance(record, ReadAction):
            before = first.setdefault(record.key, record.place)
            if before is not record.place:
                twice.setdefault(record.key, (before, record.place))
    return twice


@define(kw_only=True)
class ActionBatch:
    """One run over the actions of a file.

    Attributes:
        give: Gives one action to an outbox, and returns its outcome.
        look_up: Looks up once all writes of unknown outcome.
        width: How many actions may be under way at once.
        stop: Once set, nothing new is sent, and calls under way are finished.
        on_outcome: Called with each outcome, after it is durable.
    """

    give: Callable[[ReadAction], Awaitable[WriteOutcome[ActionsReceipt]]]
    look_up: Callable[[], Awaitable[object]]
    width: int
    stop: asyncio.Event
    on_outcome: Callable[[Outcome], object]
    _builder: ReportBuilder = field(init=False, factory=ReportBuilder)
    _unknown: list[tuple[ReadAction, bool]] = field(init=False, factory=list[tuple[ReadAction, bool]])
    _pending: int = field(init=False, default=0)
    _paused: str | None = field(init=False, default=None)
    _paused_by: CallError | None = field(init=False, default=None)

    async def run(self, records: Iterator[ReadAction | RefusedRecord], journal: str) -> Report:
        """Bring every action to its outcome, until the run must pause.

        A refused key, a spent quota or a service that cannot be reached pauses the run; run it again to go
        on.

        Args:
            records: The actions, checked.
            journal: The name of the journal, for the report.

        Raises:
            JournalError: the journal cannot be written; nothing is sent without it.
        """
        began = time.monotonic()
        working = [asyncio.create_task(self._work(records)) for _ in range(self.width)]
        try:
            await asyncio.gather(*working)
        finally:
            await end(working)
        exhausted = next(records, None) is None
        if self._unknown:
            await self.look_up()
            for record, resumed in self._unknown:
                self._report(record, evolve(await self.give(record), resumed=resumed))
        ending = RunResult(
            unknown=self._builder.counts[Verdict.UNKNOWN.value],
            pending=self._pending,
            paused=self._paused,
            paused_by=self._paused_by,
            interrupted=self.stop.is_set() and not exhausted,
            seconds=time.monotonic() - began,
        )
        return self._builder.report(journal, ending, ending.seconds)

    async def _work(self, records: Iterator[ReadAction | RefusedRecord]) -> None:
        read = 0
        while not self.stop.is_set() and self._paused is None:
            record = next(records, None)
            if record is None:
                return
            read += 1
            if read % _TURN == 0:
                await asyncio.sleep(0)
            if isinstance(record, RefusedRecord):
                self._add(outcomes.refused(record))
            else:
                await self._bring(record)

    async def _bring(self, record: ReadAction) -> None:
        try:
            outcome = await self.give(record)
        except RequestInvalidError as error:  # the journal has other contents under its key
            refusal = RefusedRecord(place=record.place, problems=error.problems, number=record.key)
            self._add(outcomes.refused(refusal))
            return
        if outcome.verdict is Verdict.UNKNOWN:
            self._unknown.append((record, outcome.resumed))
        elif outcome.verdict is Verdict.NOT_SENT:
            self._pending += 1
            self._paused = self._paused or outcome.detail or "it was not sent"
            self._paused_by = self._paused_by or outcome.error
        else:
            self._report(record, outcome)

    def _report(self, record: ReadAction, outcome: WriteOutcome[ActionsReceipt]) -> None:
        self._add(
            Outcome(
                verdict=outcome.verdict,
                place=record.place,
                number=record.key,
                type=str(record.action.code),
                status=outcome.status,
                detail=outcome.detail,
                resumed=outcome.resumed,
            )
        )

    def _add(self, outcome: Outcome) -> None:
        self._builder.add(outcome)
        self.on_outcome(outcome)
