"""Gathers a whole journal in figures, in bounded memory: the data of the HTML report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from itertools import chain, groupby, islice
from typing import TypeAlias

from attrs import define, field, frozen

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run, StoredProblem
from confirma_async.bulk.models import FINAL, VERDICTS, Row, State, Verdict
from confirma_async.bulk.reporting.attention import Attention, NeedsAttention
from confirma_async.bulk.reporting.outcomes import cause_of
from confirma_async.bulk.reporting.timing import Timing, TimingRecorder
from confirma_async.errors import Problem
from confirma_async.formats.facts import InvoiceFacts

_TROUBLED = frozenset({Verdict.REJECTED, Verdict.REFUSED, Verdict.UNKNOWN})
_AT_ONCE = 500
"""Refused records whose numbers are looked up in one query, at most."""


@define
class Total:
    """The number and the sum of the invoices of one verdict and currency.

    Attributes:
        count: The number of invoices.
        amount: The exact sum of their amounts.
        without_amount: How many of them have no amount.
    """

    count: int = 0
    amount: Decimal = Decimal(0)
    without_amount: int = 0

    def add(self, amount: Decimal | None) -> None:
        """Add one invoice."""
        self.count += 1
        if amount is None:
            self.without_amount += 1
        else:
            self.amount += amount


@frozen(kw_only=True)
class Summary:
    """A journal in figures: each invoice is counted once, by its present state.

    Attributes:
        target: Where the invoices were sent; None before the first run.
        run: The run that is reported; None for all of them.
        totals: The totals, by verdict and currency.
        duplicates: How many of the accepted invoices the service had already.
        before: How many invoices of the run earlier runs had brought to acceptance. They are not in the
            totals, since the journal does not say which they were.
        corrected: How many invoices were refused in this run and taken up by a later one.
        attention: The rejected, refused and unknown invoices.
        timing: How fast they were decided, and how long the service took to answer.
        resolved: How many outcomes a person has decided.
        retried: How many invoices were sent again after a rejection.
        writes: The number of other writes by state, by the name of their operation. Those that were rejected
            or are unknown need attention; they are named by their keys.
    """

    target: str | None
    run: Run | None
    totals: Mapping[tuple[Verdict, str], Total]
    duplicates: int = 0
    before: int = 0
    corrected: int = 0
    attention: Attention = field(factory=Attention)
    timing: Timing = field(factory=Timing)
    resolved: int = 0
    retried: int = 0
    writes: Mapping[tuple[str, State], int] = field(factory=dict[tuple[str, State], int])

    @property
    def count(self) -> int:
        """The number of all invoices that are reported."""
        return sum(total.count for total in self.totals.values()) + self.before

    def counted(self, verdict: Verdict) -> int:
        """Count the invoices of a verdict; the accepted ones include those of earlier runs."""
        found = sum(total.count for (each, _), total in self.totals.items() if each is verdict)
        return found + (self.before if verdict is Verdict.ACCEPTED else 0)


def summarize(journal: JournalReader, run: Run | None = None) -> Summary:
    """Read a whole journal once, and return its summary.

    Args:
        journal: The journal, open for reading.
        run: The run to report; None reports all invoices of the journal, and what its latest run refused.
    """
    number = run.number if run else None
    refusing = journal.runs.latest() if run is None else run
    gathered = _Gathered()
    suspects: _Suspects = defaultdict(list)
    for records in _refused_records(journal, refusing.number if refusing else 0):
        used = journal.numbers.in_use([int(each.number) for each in records if each.is_whole])
        for each in records:
            if each.is_whole and int(each.number) in used:
                suspects[each.slot].append(each)
            else:
                gathered.add_refused(each)
    archived = journal.figures.archived(number)
    if archived:
        gathered.totals[Verdict.ACCEPTED, ""] = Total(count=archived, without_amount=archived)
    for row in journal.rows(run=number):
        gathered.add_row(row, suspects.pop(_slot_of(row), ()))
    if run is not None:
        for row in journal.runs.known(run.number):
            gathered.add_row(row, suspects.pop(_slot_of(row), ()))
    corrected = _corrected(journal, run, suspects) if run is not None and suspects else []
    for row in corrected:
        gathered.add_row(row)
    for each in chain.from_iterable(suspects.values()):
        gathered.add_refused(each)
    former = Counter(one.state for one in journal.previous_versions())
    return Summary(
        target=journal.ownership.target(),
        run=run,
        totals=dict(sorted(gathered.totals.items(), key=lambda each: each[0][1])),
        duplicates=gathered.duplicates,
        before=run.known if run else 0,
        corrected=len(corrected),
        attention=gathered.attention,
        timing=gathered.timing.timing(),
        resolved=sum(count for state, count in former.items() if state not in FINAL),
        retried=former[State.REJECTED],
        writes=dict(sorted(_other_writes(journal, number, gathered.attention).items())),
    )


def _other_writes(
    journal: JournalReader, run: int | None, attention: Attention
) -> Mapping[tuple[str, State], int]:
    """Count the writes other than invoices, and note those that need attention."""
    counts = Counter[tuple[str, State]]()
    for write in journal.writes.rows(run=run):
        counts[write.operation, write.state] += 1
        verdict = VERDICTS[write.state]
        if verdict in _TROUBLED:
            reason = Problem("", "", write.detail or "")
            found = NeedsAttention(
                verdict=verdict, number=write.key, place=write.operation, problems=[reason]
            )
            attention.add(found, [cause_of(write.detail)])
    return counts


@frozen
class _KeptRecord:
    """A record that a run refused, with all its problems."""

    number: str
    place: str
    problems: Sequence[StoredProblem]

    @property
    def is_whole(self) -> bool:
        """Whether its number is a whole one, as an invoice in the journal has it."""
        return self.number.isascii() and self.number.isdigit() and len(self.number) <= 18

    @property
    def slot(self) -> _Slot:
        return file_of(self.place), self.number


_Slot: TypeAlias = tuple[str, str]
"""A file, and a number of a record in it."""

_Suspects: TypeAlias = defaultdict[_Slot, list[_KeptRecord]]
"""Refused records whose number is in the journal: each may be a version of an invoice that is counted
already.

Those that are left in the end belong to none of these invoices.
"""


def _slot_of(row: Row) -> _Slot:
    return file_of(row.source), str(row.key.number)


def file_of(place: str) -> str:
    """Return the file of a place, without its line."""
    file, _, line = place.rpartition(":")
    return file if line.isdigit() else place


def _refused_records(journal: JournalReader, run: int) -> Iterator[list[_KeptRecord]]:
    """Yield the records that a run refused, in slices of ``_AT_ONCE``."""
    grouped = groupby(journal.runs.problems(run), key=lambda bad: (bad.source, bad.number or ""))
    records = (_KeptRecord(number, place, tuple(problems)) for (place, number), problems in grouped)
    while some := list(islice(records, _AT_ONCE)):
        yield some


@define
class _Gathered:
    totals: defaultdict[tuple[Verdict, str], Total] = field(init=False, factory=lambda: defaultdict(Total))
    attention: Attention = field(init=False, factory=Attention)
    timing: TimingRecorder = field(init=False, factory=TimingRecorder)
    duplicates: int = field(init=False, default=0)

    def add_row(self, row: Row, refused: Sequence[_KeptRecord] = ()) -> None:
        """Count an invoice of the journal, and the records that were refused under its number."""
        verdict = VERDICTS[row.state]
        if refused and verdict is Verdict.NOT_SENT:
            verdict = Verdict.REFUSED  # for want of a document: the journal knew it before
        self.totals[verdict, row.currency].add(row.amount)
        self.duplicates += row.duplicate and row.state is State.ACCEPTED
        self.timing.add(row)
        if verdict not in _TROUBLED and not refused:
            return
        problems = [_problem(bad) for record in refused for bad in record.problems]
        reasons = [problem.rule for problem in problems]
        if verdict in {Verdict.REJECTED, Verdict.UNKNOWN}:
            problems.insert(0, Problem("", "", row.detail or ""))
            reasons = [cause_of(row.detail)]
        self.attention.add(
            NeedsAttention(
                verdict=verdict,
                number=str(row.key.number),
                place=row.source,
                facts=InvoiceFacts(amount=row.amount, currency=row.currency),
                problems=problems,
            ),
            reasons,
        )

    def add_refused(self, record: _KeptRecord) -> None:
        """Count a refused record whose number no invoice of the journal has."""
        self.totals[Verdict.REFUSED, ""].add(None)
        found = NeedsAttention(
            verdict=Verdict.REFUSED,
            number=record.number,
            place=record.place,
            problems=[_problem(bad) for bad in record.problems],
        )
        self.attention.add(found, [bad.rule for bad in record.problems])


def _problem(bad: StoredProblem) -> Problem:
    return Problem(bad.path, bad.rule, bad.message)


def _corrected(journal: JournalReader, run: Run, suspects: _Suspects) -> list[Row]:
    """Return those refused records whose invoices a later run sent: they were corrected.

    A record that the later run refused again is left out: the invoice may be another seller's, of the same
    number.
    """

    @cache
    def refused_in(later: int) -> frozenset[_Slot]:
        return frozenset((file_of(bad.source), bad.number or "") for bad in journal.runs.problems(later))

    return [
        row
        for row in journal.rows()
        if row.run > run.number
        and _slot_of(row) not in refused_in(row.run)
        and suspects.pop(_slot_of(row), [])
    ]
