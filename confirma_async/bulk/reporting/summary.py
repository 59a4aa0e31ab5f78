"""A whole journal in figures, gathered in bounded memory: the data of the HTML report."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from attrs import define, field, frozen

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.models import FINAL, Row, State
from confirma_async.bulk.reporting.outcomes import cause_of

NAMED = 200
"""Invoices that a group names one by one; the export has them all."""

REASONS = 100
"""Reasons that have a group of their own in a report; the others share one."""

OTHER_REASONS = "other reasons"

BARS = 48
"""Bars of the throughput over time at most."""

LATENCY_EDGES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the latency distribution, in seconds; what took longer stands above the last one."""


@define
class Total:
    """Invoices of one state and currency.

    Attributes:
        count: How many.
        amount: What they ask for together, exactly.
        without_amount: How many of them do not say what they ask for.
    """

    count: int = 0
    amount: Decimal = Decimal(0)
    without_amount: int = 0

    def add(self, row: Row) -> None:
        """Count one in."""
        self.count += 1
        if row.amount is None:
            self.without_amount += 1
        else:
            self.amount += row.amount


@define
class Group:
    """Invoices with the same trouble.

    Attributes:
        title: The rule that they break, or the reason that they share.
        example: The words of the first of them.
        count: How many.
        named: Number and place of the first ``NAMED`` of them.
    """

    title: str
    example: str
    count: int = 0
    named: list[tuple[str, str]] = field(factory=list[tuple[str, str]])

    def add(self, number: str, place: str) -> None:
        """Count one in."""
        self.count += 1
        if len(self.named) < NAMED:
            self.named.append((number, place))


@frozen(kw_only=True)
class Bar:
    """A stretch of time and how many invoices were decided in it.

    Attributes:
        start: Seconds since 1970.
        seconds: How long it is.
        count: How many.
    """

    start: float
    seconds: float
    count: int


@frozen(kw_only=True)
class Summary:
    """A journal in figures.

    Attributes:
        target: Where the invoices went; None before the first run.
        run: The run that is reported; None for all of them.
        totals: By state and currency.
        duplicates: Of the accepted, how many the service had already.
        rejected: What the service rejected, by reason, the largest group first.
        refused: What the job refused before sending, by rule, likewise.
        unknown: What may have arrived, by reason, likewise.
        refused_records: How many records the job refused; one may have several problems.
        withheld: How many of these are in the totals as pending, for want of a document.
        decided: First and last moment of a decision, in seconds since 1970; None before the first.
        throughput: Invoices decided over time.
        latency: Invoices by how long the service took to answer: one count for each of ``LATENCY_EDGES``, and
            one for what took longer.
        quantiles: Seconds within which that share of the answers came, in hundredths: 50, 95, 99.
        resolved: How many outcomes a person has decided.
        retried: How many invoices were sent again after a rejection.
        writes: How many writes that are no invoices stand in each state, by the name of their operation.
            Those that were rejected or are unknown stand among the groups, under their keys.
    """

    target: str | None
    run: Run | None
    totals: Mapping[tuple[State, str], Total]
    duplicates: int
    rejected: Sequence[Group]
    refused: Sequence[Group]
    unknown: Sequence[Group]
    refused_records: int
    withheld: int
    decided: tuple[float, float] | None
    throughput: Sequence[Bar]
    latency: Sequence[int]
    quantiles: Mapping[int, float]
    resolved: int
    retried: int
    writes: Mapping[tuple[str, State], int] = field(factory=dict[tuple[str, State], int])

    @property
    def count(self) -> int:
        """All invoices of the journal."""
        return sum(total.count for total in self.totals.values())


def summarize(journal: JournalReader, run: Run | None = None) -> Summary:
    """Read a journal through once.

    Args:
        journal: The journal.
        run: The run to report; None reports all that the journal holds, and what its latest run refused.
    """
    number = run.number if run else None
    refusing = next(journal.runs(), None) if run is None else run
    refused_by = refusing.number if refusing else 0
    totals: defaultdict[tuple[State, str], Total] = defaultdict(Total)
    seconds, milliseconds = Counter[int](), Counter[int]()
    rejected, unknown, refused = _Groups(), _Groups(), _Groups()
    duplicates = 0
    archived = journal.archived(number)
    if archived:
        totals[State.ACCEPTED, ""] = Total(count=archived, without_amount=archived)
    for row in journal.rows(run=number):
        totals[row.state, row.currency].add(row)
        duplicates += row.duplicate and row.state is State.ACCEPTED
        if row.decided_at is not None:
            seconds[math.floor(row.decided_at)] += 1
            if row.seconds is not None:
                milliseconds[round(row.seconds * 1000)] += 1
        if row.state is State.REJECTED:
            rejected.add(cause_of(row.detail), row.detail or "", str(row.key.number), row.source)
        elif row.state in {State.UNKNOWN, State.SENDING}:
            unknown.add(cause_of(row.detail), row.detail or "", str(row.key.number), row.source)
    for bad in journal.refusals(refused_by):
        refused.add(bad.rule, f"{bad.path}: {bad.message}", bad.number or "", bad.source)
    writes = _other_writes(journal, number, rejected, unknown)
    former = Counter(one.state for one in journal.previous_versions())
    return Summary(
        target=journal.target(),
        run=run,
        totals=dict(sorted(totals.items())),
        duplicates=duplicates,
        rejected=rejected.largest_first(),
        refused=refused.largest_first(),
        unknown=unknown.largest_first(),
        refused_records=journal.refused(refused_by),
        withheld=journal.withheld(refused_by),
        decided=(min(seconds), max(seconds) + 1) if seconds else None,
        throughput=_bars(seconds),
        latency=_by_edge(milliseconds),
        quantiles={share: _quantile(milliseconds, share) for share in (50, 95, 99)} if milliseconds else {},
        resolved=sum(count for state, count in former.items() if state not in FINAL),
        retried=former[State.REJECTED],
        writes=dict(sorted(writes.items())),
    )


@define
class _Groups:
    _found: dict[str, Group] = field(init=False, factory=dict[str, Group])

    def add(self, title: str, example: str, number: str, place: str) -> None:
        if title not in self._found and len(self._found) >= REASONS:
            title, example = OTHER_REASONS, OTHER_REASONS
        self._found.setdefault(title, Group(title, example)).add(number, place)

    def largest_first(self) -> list[Group]:
        return sorted(self._found.values(), key=lambda group: -group.count)


def _other_writes(
    journal: JournalReader, run: int | None, rejected: _Groups, unknown: _Groups
) -> Mapping[tuple[str, State], int]:
    """Count the writes that are no invoices, and put those that were not taken into the groups."""
    counts = Counter[tuple[str, State]]()
    groups = {State.REJECTED: rejected, State.UNKNOWN: unknown, State.SENDING: unknown}
    for write in journal.writes.rows(run=run):
        counts[write.operation, write.state] += 1
        if write.state in groups:
            groups[write.state].add(cause_of(write.detail), write.detail or "", write.key, write.operation)
    return counts


def _bars(seconds: Mapping[int, int]) -> list[Bar]:
    """Return at most ``BARS`` stretches of the same length, from the first to the last decision."""
    if not seconds:
        return []
    first, last = min(seconds), max(seconds) + 1
    length = math.ceil((last - first) / BARS)
    counts = Counter[int]()
    for moment, count in seconds.items():
        counts[(moment - first) // length] += count
    return [
        Bar(start=first + index * length, seconds=length, count=counts[index])
        for index in range(math.ceil((last - first) / length))
    ]


def _by_edge(milliseconds: Mapping[int, int]) -> list[int]:
    counts = [0] * (len(LATENCY_EDGES) + 1)
    for value, count in milliseconds.items():
        counts[_edge(value / 1000, LATENCY_EDGES)] += count
    return counts


def _edge(value: float, edges: Iterable[float]) -> int:
    return sum(value > edge for edge in edges)


def _quantile(milliseconds: Mapping[int, int], share: int) -> float:
    """Return the smallest value within which so many hundredths of all lie."""
    wanted = sum(milliseconds.values()) * share / 100
    reached = 0
    for value in sorted(milliseconds):
        reached += milliseconds[value]
        if reached >= wanted:
            return value / 1000
    return 0.0
