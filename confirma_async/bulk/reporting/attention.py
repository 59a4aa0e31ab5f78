"""Gathers the invoices that need attention: names each with all its problems, and counts the reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from attrs import define, field, frozen

from confirma_async.bulk.models import Verdict
from confirma_async.errors import Problem
from confirma_async.formats.facts import InvoiceFacts

NAMED = 200
"""Invoices of each verdict that a report names one by one, at most; the export has them all."""

REASONS = 100
"""Reasons that a report counts one by one, at most; all others count as one."""

OTHER_REASONS = "other reasons"


@frozen(kw_only=True)
class NeedsAttention:
    """An invoice that needs attention.

    Attributes:
        verdict: Its outcome. An accepted invoice needs attention if a later version of it was refused.
        number: Its number; empty where the file gives none.
        place: Its file and line.
        facts: The buyer's name and the amount, as far as they are known.
        problems: What is wrong with it: where in the file, the rule, and what to do.
    """

    verdict: Verdict
    number: str
    place: str
    facts: InvoiceFacts = field(factory=InvoiceFacts)
    problems: Sequence[Problem] = ()


@define
class Attention:
    """Gathers what needs attention, in bounded memory.

    Attributes:
        counts: How many invoices need attention, by verdict.
        named: The first ``NAMED`` of each verdict.
        reasons: How many invoices there are for each reason, by verdict.
    """

    counts: Counter[Verdict] = field(factory=Counter[Verdict])
    named: list[NeedsAttention] = field(factory=list[NeedsAttention])
    reasons: dict[Verdict, Counter[str]] = field(factory=dict[Verdict, "Counter[str]"])

    def add(self, found: NeedsAttention, reasons: Iterable[str]) -> None:
        """Add an invoice, and count it for each of its reasons."""
        self.counts[found.verdict] += 1
        if self.counts[found.verdict] <= NAMED:
            self.named.append(found)
        known = self.reasons.setdefault(found.verdict, Counter())
        for reason in {*reasons}:
            known[reason if reason in known or len(known) < REASONS else OTHER_REASONS] += 1
