"""The report of a run: counts, and the outcomes that need attention."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal

from attrs import asdict, evolve, field, frozen

from confirma_async.bulk.models import Outcome, Verdict
from confirma_async.errors import CallError
from confirma_async.schemas.showing import as_text, facts
from confirma_async.schemas.values import ZERO
from confirma_async.validation.sums import EXACT

KEPT = 1000
"""Outcomes that a report names one by one, at most; the journal has them all."""


@frozen(kw_only=True)
class Report:
    """The result of a run.

    Attributes:
        journal: The name of the journal: the path of its file, or the URL of its database without password.
        run: The number of the run in it; 0 before it has begun.
        accepted: Invoices that the service has, duplicates included.
        duplicates: Of these, how many it had already.
        rejected: Invoices that the service rejected.
        refused: Records that were not sent. The next run tries those again that lack only a document.
        unknown: Invoices that may have arrived; run the job again to look them up.
        pending: Invoices that are in the journal, and were neither sent nor refused.
        unproven: Of all, how many were sent again only because the settle time had passed
            (``on_unknown="resend"``).
        resumed: Of all, how many were decided in earlier runs.
        seconds: How long the run took.
        paused: Why the job stopped before its end; None where it came to its end.
        paused_by: The error of the call for which it paused; None where it was no single call.
        interrupted: Whether the job was asked to stop.
        ended: Whether the run came to an end of its own; False after an error, or while it goes on.
        issues: Rejected, refused and unknown outcomes, at most ``KEPT`` of them.
        resent: The outcomes of those that ``unproven`` counts, at most ``KEPT`` of them.
        remarked: Outcomes with decisions that a reader took by itself, at most ``KEPT`` of them.
        warned: How many invoices broke a rule and were sent all the same, by the rule's id.
        with_warnings: The outcomes of these invoices, at most ``KEPT`` of them.
        allowed: The ids of the rules that invoices were allowed to break.
        warnings: Warnings about the journal: that it is in doubt, or does not last.
        amounts: The exact sum of what the invoices ask for (Decimal), by verdict (``accepted``, ...), then by
            currency. Invoices without an amount are left out.
    """

    journal: str
    run: int = 0
    accepted: int = 0
    duplicates: int = 0
    rejected: int = 0
    refused: int = 0
    unknown: int = 0
    pending: int = 0
    unproven: int = 0
    resumed: int = 0
    seconds: float = 0.0
    paused: str | None = None
    paused_by: CallError | None = None
    interrupted: bool = False
    ended: bool = True
    issues: Sequence[Outcome] = ()
    resent: Sequence[Outcome] = ()
    remarked: Sequence[Outcome] = ()
    warned: Mapping[str, int] = field(factory=dict[str, int])
    with_warnings: Sequence[Outcome] = ()
    allowed: Sequence[str] = ()
    warnings: Sequence[str] = ()
    amounts: Mapping[str, Mapping[str, Decimal]] = field(factory=dict[str, "dict[str, Decimal]"])

    @property
    def per_second(self) -> float:
        """Invoices decided per second in this run."""
        decided = self.accepted + self.rejected - self.resumed
        return decided / self.seconds if self.seconds > 0 else 0.0

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do for this job."""
        open_ends = self.paused or self.interrupted or self.unknown or self.pending
        return self.ended and not open_ends

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return facts(self)


@frozen(kw_only=True)
class RunResult:
    """The end of a run: what it left open, why it stopped early, how long it took."""

    unknown: int
    pending: int
    paused: str | None
    paused_by: CallError | None
    interrupted: bool
    seconds: float

    @property
    def in_words(self) -> str:
        """The end of the run in a few words, for the list of runs."""
        if self.interrupted:
            return "interrupted"
        if self.paused:
            return f"paused: {self.paused}"
        if self.unknown or self.pending:
            return f"not finished: {self.unknown} unknown, {self.pending} pending"
        return "finished"


@frozen
class ReportBuilder:
    """Counts outcomes as they come, in bounded memory."""

    counts: Counter[str] = field(factory=Counter[str])
    issues: list[Outcome] = field(factory=list[Outcome])
    resent: list[Outcome] = field(factory=list[Outcome])
    remarked: list[Outcome] = field(factory=list[Outcome])
    with_warnings: list[Outcome] = field(factory=list[Outcome])
    warned: Counter[str] = field(factory=Counter[str])
    amounts: dict[str, dict[str, Decimal]] = field(factory=dict[str, "dict[str, Decimal]"])

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        verdict = outcome.verdict.value
        self.counts[verdict] += 1
        self.counts["duplicates"] += outcome.duplicate
        self.counts["resumed"] += outcome.resumed
        if outcome.amount is not None:
            sums = self.amounts.setdefault(verdict, {})
            sums[outcome.currency] = EXACT.add(sums.get(outcome.currency, ZERO), outcome.amount)
        if outcome.verdict is not Verdict.ACCEPTED and len(self.issues) < KEPT:
            self.issues.append(outcome)
        if outcome.unproven:
            self.counts["unproven"] += 1
            if len(self.resent) < KEPT:
                self.resent.append(outcome)
        if outcome.remarks and len(self.remarked) < KEPT:
            self.remarked.append(outcome)
        if outcome.warnings:
            self.warned.update({problem.rule for problem in outcome.warnings})
            if len(self.with_warnings) < KEPT:
                self.with_warnings.append(outcome)

    def report(self, journal: str, ending: RunResult | None, seconds: float) -> Report:
        """Return the report of what was counted; without a result, of a run that goes on or has failed."""
        report = Report(
            journal=journal,
            accepted=self.counts[Verdict.ACCEPTED.value],
            duplicates=self.counts["duplicates"],
            rejected=self.counts[Verdict.REJECTED.value],
            refused=self.counts[Verdict.REFUSED.value],
            unknown=self.counts[Verdict.UNKNOWN.value],
            unproven=self.counts["unproven"],
            resumed=self.counts["resumed"],
            seconds=seconds,
            ended=False,
            issues=tuple(self.issues),
            resent=tuple(self.resent),
            remarked=tuple(self.remarked),
            warned=dict(self.warned),
            with_warnings=tuple(self.with_warnings),
            amounts={verdict: dict(sums) for verdict, sums in self.amounts.items()},
        )
        return report if ending is None else evolve(report, ended=True, **asdict(ending, recurse=False))
