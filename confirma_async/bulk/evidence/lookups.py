"""Lookups of invoices of unknown outcome, each decided in one transaction of the journal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field, frozen

from confirma_async.bulk.evidence.classification import Classification, classify_error
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.evidence.lists import (
    LookupQuery,
    after_no,
    classify_absence,
    classify_list,
    held,
    reason_of,
)
from confirma_async.bulk.evidence.observations import Observations, loop_time
from confirma_async.bulk.evidence.tasks import UNPROVEN, Again, Decided, Lost, Send, Step, Task, decision_of
from confirma_async.bulk.journal import Journal, JournalReader
from confirma_async.bulk.journal.records import Version
from confirma_async.bulk.journal.rules import FAR
from confirma_async.bulk.models import JobOptions, Row, State, Unknown
from confirma_async.bulk.writer import JournalWriter
from confirma_async.errors import CallError, Phase
from confirma_async.schemas import InvoiceType
from confirma_async.session.waiting.halt import CalledOffError

RESENDS = 3
"""Times that one run sends an invoice of unknown outcome again before it leaves it for the next run."""

LOOKUPS = 3
"""Failed lookups of one invoice after which it is left for the next run."""

_NEWEST = 8


@frozen(kw_only=True)
class _Now:
    """What was known of a lost invoice right before its list was requested.

    Attributes:
        wall: The time of the request; seconds since 1970.
        pause: Seconds until the next lookup, where this one decides nothing.
        settled: Whether the settle time had passed.
        ended: Whether the lost attempt had surely ended.
        witnessed: Whether a witness was listed.
        may_wait: Whether a witness may still come.
    """

    wall: float
    pause: float
    settled: bool
    ended: bool = True
    witnessed: bool = False
    may_wait: bool = False


@define
class Lookups:
    """Looks up the invoices of a run whose outcome is unknown, until each is decided or held.

    Attributes:
        observations: Ask the service for lists.
        writer: The journal.
        options: How the job runs.
        forms: The forms of answers after which a lookup has found the invoice.
        more: Says whether the run may still send invoices, which can become witnesses.
        backoff: Returns the seconds to wait after a number of failures.
        clock: Returns the time in seconds since 1970.
        open: The tasks that must be looked up, by their positions.
    """

    observations: Observations
    writer: JournalWriter
    options: JobOptions
    more: Callable[[], bool]
    backoff: Callable[[int], float]
    clock: Callable[[], float]
    forms: set[str] = field(factory=set[str])
    open: dict[int, Task] = field(init=False, factory=dict[int, Task])

    async def begin(self) -> None:
        """Read what lookups need from the journal. Call it as the run begins."""
        forms, doubt = await self.writer.run(
            lambda journal: (journal.evidence.confirmed_forms(), journal.trust.doubt())
        )
        self.forms = set(forms)
        if doubt is not None:
            self.observations.begin_doubt(doubt)

    @property
    def unconfirmed(self) -> int:
        """How many invoices wait for the form of their answer to be confirmed."""
        return sum(task.lost is not None and task.lost.form is not None for task in self.open.values())

    def lose(self, task: Task, classification: Classification) -> None:
        """Begin to look up an invoice whose outcome has just become unknown."""
        settles_at = loop_time() + self.options.settle_seconds
        task.lost = Lost(
            settles_at=settles_at,
            ends_after=settles_at if classification.going_on else None,
            says_no=classification.says_no,
            said=classification.detail,
            form=classification.form,
        )
        self.open[task.position] = task

    def resume(self, task: Task, row: Row, sent: Version | None) -> None:
        """Begin to look up an invoice that an earlier run left unknown, or wrote down as not sent.

        The settle time counts from now, however long ago the earlier run was.

        Args:
            task: The invoice, as this run would send it.
            row: Its item in the journal.
            sent: The version that was sent last, where the invoice was corrected since; None elsewhere.
        """
        now, settle = loop_time(), self.options.settle_seconds
        new, has_ended = row.attempts == 0, row.ended is not None
        task.unsure = sent is not None or (row.says_no and row.state is State.REJECTED)
        task.lost = Lost(
            settles_at=now if new and has_ended else now + settle,
            ends_after=None if has_ended else now + settle,
            ends_at=row.ends_at or 0.0,
            says_no=row.says_no and row.state is State.UNKNOWN,
            said=reason_of((row.detail or "").removesuffix(f"; {UNPROVEN}")),
            form=row.form,
            new=new,
            surely_not=row.state is not State.UNKNOWN,
            changed=sent is not None and sent.digest != task.entry.digest,
            sent_on=sent.date if sent is not None else "",
        )
        self.open[task.position] = task

    async def step(self, task: Task) -> Step:
        """Look an invoice up, and decide its outcome where the list proves it.

        Raises:
            JournalError: the journal cannot be written.
        """
        lost = task.lost
        if lost is None:
            raise ValueError("nothing is unknown of this invoice")
        try:
            step = await self._step(task, lost)
        except CalledOffError:  # the journal has it as it was
            step = Again(0.0)
        except CallError as error:
            step = await self._failed(task, lost, error)
        if not isinstance(step, Again):
            self.let_go(task)
        if isinstance(step, Send):
            task.lost = None
        return step

    def let_go(self, task: Task) -> None:
        """End the lookups of an invoice."""
        del self.open[task.position]

    async def _step(self, task: Task, lost: Lost) -> Step:
        if lost.form is not None and lost.form in self.forms:
            known = Classification(kind=EvidenceKind.FORM_KNOWN)
            return await self._decide(task, lambda _: known)
        settled = loop_time() >= lost.settles_at
        if lost.surely_not:
            moment = _Now(wall=self.clock(), pause=self._pause(lost), settled=settled)
            return await self._look(task, lost, moment)
        ended = await self._note_end(task, lost)
        candidates, at = await self.writer.run(lambda journal: _candidates(journal, task))
        self.observations.witnesses.note(candidates)
        witnessed = settled and ended and await self.observations.has_witness(task.entry.key, lost, at)
        may_wait = ended and not witnessed and self._may_wait(task, lost, at)
        moment = _Now(
            wall=self.clock(),
            pause=self._pause(lost),
            settled=settled,
            ended=ended,
            witnessed=witnessed,
            may_wait=may_wait,
        )
        if settled and may_wait and lost.asked:  # without a witness its absence would prove nothing
            return Again(moment.pause)
        return await self._look(task, lost, moment)

    async def _look(self, task: Task, lost: Lost, moment: _Now) -> Step:
        """Request the list of the invoice, once its witness was asked for, and decide."""
        dates = self.observations.dates_of(task.entry.key, lost)
        wanted = LookupQuery(task.entry.key, task.entry.amount, dates)
        answer = await self.observations.list_of(wanted)
        lost.asked += 1

        def judge(journal: Journal) -> Classification | Again | Send:
            matches = journal.evidence.ambiguous_matches(task.position, wanted.key)
            found = classify_list(answer, wanted, matches)
            if lost.changed and found.state is State.ACCEPTED:
                said = EvidenceKind.FORMER_VERSION.reading.reason
                return Classification(kind=EvidenceKind.FORMER_VERSION, status=found.status, detail=said)
            if lost.surely_not:
                return _once_more(found, lost, task)
            if found.kind is EvidenceKind.NOT_LISTED:
                return self._absent(task, lost, moment)
            return after_no(found, lost.said) if lost.says_no else found

        return await self._decide(task, judge)

    async def _decide(self, task: Task, judge: Callable[[Journal], Classification | Again | Send]) -> Step:
        """Classify and write in one transaction, so that no other send can change the result in between."""
        wall, form = self.clock(), task.lost.form if task.lost else None
        seconds = loop_time() - task.sent_at if task.sent_at else None

        def work(journal: Journal) -> Step:
            found = judge(journal)
            if not isinstance(found, Classification):
                return found
            journal.decide([decision_of(task, found, wall=wall, seconds=seconds)])
            confirmed = (
                form if found.kind is EvidenceKind.LISTED and _has_one_attempt(journal, task) else None
            )
            if confirmed is not None:
                journal.evidence.confirm_form(confirmed)
            return Decided(found, confirmed)

        step = await self.writer.run(work)
        match step:
            case Decided(confirmed=str(confirmed)):
                self.forms.add(confirmed)
            case Send() if task.lost is not None and not (task.lost.new or task.lost.surely_not):
                task.resends += 1
            case _:
                pass
        return step

    def _absent(self, task: Task, lost: Lost, moment: _Now) -> Classification | Again | Send:
        """Return what follows from a list that repeats what was asked, and does not show the invoice."""
        if not moment.settled:
            return Again(moment.pause)
        if not moment.ended:
            left = lost.ends_at - moment.wall
            return (
                Again(max(left, moment.pause))
                if left <= FAR
                else Classification(kind=EvidenceKind.NOT_ENDED, detail=_FAR)
            )
        if task.resends >= RESENDS and not lost.says_no:
            said = f"not listed after being sent {task.resends + 1} times"
            return Classification(kind=EvidenceKind.TOO_OFTEN, detail=said)
        trusts_time = task.entry.key.type != InvoiceType.REMINDER
        found = classify_absence(
            witnessed=moment.witnessed,
            on_unknown=self.options.on_unknown if trusts_time else Unknown.HOLD,
            says_no=lost.says_no,
            said=lost.said,
            new=lost.new,
        )
        if found.kind is EvidenceKind.NO_WITNESS and moment.may_wait:
            return Again(moment.pause)
        if found.state is not State.SENDING:
            return found
        task.unproven = task.unproven or found.kind is EvidenceKind.ABSENT_BY_TIME
        return Send()

    async def _failed(self, task: Task, lost: Lost, error: CallError) -> Step:
        """Try a failed lookup again, up to ``LOOKUPS`` times."""
        lost.failed += 1
        failed = classify_error(error)
        if lost.surely_not:
            if lost.failed >= LOOKUPS and error.phase is not Phase.NOT_SENT and not task.unsure:
                return Send()
            if lost.failed < LOOKUPS or error.phase is Phase.NOT_SENT:
                return Again(self.backoff(lost.failed), failed if error.phase is Phase.NOT_SENT else None)
        elif lost.failed < LOOKUPS:
            return Again(self.backoff(lost.failed), failed)
        trouble = f"the lookup failed: {failed.detail or error}"
        said = Classification(
            kind=EvidenceKind.NO_LIST, detail=held(trouble, lost.said) if lost.says_no else trouble,
            pause=failed.pause, cause=failed.cause,
        )  # fmt: skip
        return await self._decide(task, lambda _: said)

    # --- witnesses and time -------------------------------------------------------------------------

    async def _note_end(self, task: Task, lost: Lost) -> bool:
        """Say whether the lost attempt has surely ended, and note its end in the journal."""
        if lost.ends_after is None:
            return True
        if loop_time() < lost.ends_after or self.clock() < lost.ends_at:
            return False
        await self.writer.run(lambda journal: journal.evidence.ended(task.position))
        lost.ends_after, lost.settles_at = None, loop_time()  # a witness is waited for from here on
        return True

    def _may_wait(self, task: Task, lost: Lost, ended: int | None) -> bool:
        """Say whether the run waits on for a witness: one may still be sent, or be listed."""
        if lost.new or (self.options.on_unknown is Unknown.RESEND and not lost.says_no):
            return False
        if loop_time() >= lost.settles_at + self.options.settle_seconds:
            return False
        return self.more() or (
            ended is not None and self.observations.witnesses.may_come(task.entry.key, ended)
        )

    def _pause(self, lost: Lost) -> float:
        """Return the seconds until the next lookup: longer each time, and not beyond the settle time."""
        left, settle = lost.settles_at - loop_time(), self.options.settle_seconds
        return min(left, settle * 3.0 ** min(lost.asked, 4) / 180) if left > 0 else max(0.02, settle / 20)


_FAR = (
    "not listed, and by the journal its call may still be under way, long from now: a clock stands wrong, or "
    "did when it was sent. Set the clock right, or say what became of this invoice (resolve)"
)


_OF_OTHERS = frozenset({EvidenceKind.REMINDER, EvidenceKind.RIVAL, EvidenceKind.FORMER_ERROR})
"""Kinds of records that may be of another document: they do not show that this invoice was taken."""


def _once_more(found: Classification, lost: Lost, task: Task) -> Classification | Send:
    """Return what follows from the last lookup before an invoice that counts as not sent is sent again."""
    if found.kind in _OF_OTHERS or (found.kind is EvidenceKind.LISTED_IN_ERROR and lost.changed):
        return Send()
    if found.kind is EvidenceKind.NOT_LISTED or (found.kind.reading.of != "record" and not task.unsure):
        return Send()
    return found


def _candidates(journal: JournalReader, task: Task) -> tuple[Sequence[Row], int | None]:
    """Return the invoices that may be witnesses, and ``Row.ended`` of the lost invoice."""
    if task.entry.key.type == InvoiceType.REMINDER:  # a list may show it by the number of its invoice
        return (), None
    own = journal.find(task.entry.key)
    return journal.evidence.witnesses(
        task.position, _NEWEST
    ), own.ended if own is not None and own.position == task.position else None


def _has_one_attempt(journal: JournalReader, task: Task) -> bool:
    """Say whether an invoice was sent only once, so that a record of it can only be of that attempt."""
    own = journal.find(task.entry.key)
    return own is not None and own.attempts == 1 and not journal.evidence.has_previous_version(task.position)
