"""Prints the report of a job: counts and amounts, what needs attention, and what to do next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import asdict
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from confirma_async.bulk import Outcome, Report
from confirma_async.bulk.models import Verdict
from confirma_async.cli.errors.exit_codes import Exit, of_report
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, lasting, money, plain, short
from confirma_async.cli.language.messages import problem_in_words, translated
from confirma_async.cli.output.distribution_status import DistributionStatus
from confirma_async.cli.output.next_steps import NextSteps, in_words
from confirma_async.cli.output.render import (
    numbers_as_json,
    print_numbers,
    print_rows,
    print_sayings,
    print_table,
    problem_as_json,
    record_in_words,
    table,
)
from confirma_async.cli.output.standings import COLOURS, wording
from confirma_async.cli.output.terminal import Terminal
from confirma_async.formats import Identity
from confirma_async.privacy import visible

if TYPE_CHECKING:  # asked for only where the extra ``postgres`` is installed
    from confirma_async.bulk.machines.planner import PlannedJob

StandingRow: TypeAlias = tuple[str, int, str, Mapping[str, Decimal]]
"""The name of a state, the number of its invoices, its colour, and their sum by currency."""


_LONG = 60.0
"""The least duration in seconds that is shown in minutes or hours."""


def show_report(
    report: Report,
    statuses: Sequence[DistributionStatus] | None = None,
    numbers: Mapping[Identity, int] = MappingProxyType({}),
    *,
    what: str | None = None,
    steps: NextSteps | None = None,
) -> None:
    """Print the report of a job for people, and what to do next.

    Args:
        report: The report of the job.
        statuses: The statuses of its invoices at the service; None if these were not asked for.
        numbers: The numbers that were assigned to documents.
        what: The word for its records if they are no invoices.
        steps: The parts of the commands to run next; None if there are none.
    """
    console = Terminal()
    _print_counts(console, report, _("Invoices") if what is None else _("Actions"))
    print_issues(console, report.issues, what)
    _print_remarks(console, report)
    print_numbers(console, numbers)
    if statuses:
        _print_distribution_statuses(console, statuses)
    for line in _what_next(report, steps):
        console.print(escape(visible(line)), soft_wrap=True, highlight=False)


def print_standings(
    console: Console,
    title: str,
    rows: Sequence[StandingRow],
    caption: str | None,
    heading: str | None = None,
) -> None:
    """Print the number and the sum of the invoices in each state that has any."""
    shown = [each for each in rows if each[1]]
    with_money = any(sums for *_rest, sums in shown)
    made = table(title, "", heading or _("Invoices"), *([_("Amount")] if with_money else []))
    for column in made.columns[1:]:
        column.justify = "right"
        column.no_wrap = True
    cells: list[list[str]] = []
    for name, number, colour, sums in shown:
        words = f"[{colour}]{escape(name)}[/]" if colour else escape(name)
        amounts = ", ".join(plain(money(total, currency)) for currency, total in sorted(sums.items()))
        cells.append([words, plain(count(number)), *([amounts] if with_money else [])])
    if cells:
        print_table(console, made, cells)
    if caption:
        console.print(Text(caption, style="dim"), soft_wrap=True)


def standing(verdict: Verdict, number: int, sums: Mapping[str, Decimal] | None = None) -> StandingRow:
    """Return a row for ``print_standings``."""
    words = wording(verdict)
    return words.name, number, COLOURS[words.kind], sums or {}


def _print_counts(console: Console, report: Report, heading: str) -> None:
    amounts = report.amounts
    rows: list[StandingRow] = [
        standing(Verdict.ACCEPTED, report.accepted, amounts.get(Verdict.ACCEPTED.value)),
        (f"  {_('known to the service before')}", report.duplicates, "", {}),
        standing(Verdict.REFUSED, report.refused, amounts.get(Verdict.REFUSED.value)),
        standing(Verdict.REJECTED, report.rejected, amounts.get(Verdict.REJECTED.value)),
        standing(Verdict.UNKNOWN, report.unknown, amounts.get(Verdict.UNKNOWN.value)),
        standing(Verdict.NOT_SENT, report.pending),
        (_("Decided in an earlier run"), report.resumed, "dim", {}),
    ]
    took = lasting(report.seconds) if report.seconds >= _LONG else short(round(report.seconds, 1))
    caption = _("{time}, {rate} a second").format(time=took, rate=count(round(report.per_second)))
    print_standings(console, _("Result"), rows, plain(caption), heading)


def _what_next(report: Report, steps: NextSteps | None) -> Iterator[str]:
    """Yield how the job ended, and what to do next about each kind of invoice that is not accepted."""
    is_over = not (report.paused or report.interrupted)
    if report.paused:
        yield _("Paused: {reason}").format(reason=translated(report.paused))
    elif report.interrupted:
        yield _("Interrupted.")
    if steps is None:
        yield from _in_general(report, is_over=is_over)
    else:
        is_for_good = bool(report.paused) and of_report(report) is Exit.USAGE
        yield from in_words(report, steps, is_over=is_over, is_for_good=is_for_good)
    if is_over and not (report.rejected or report.refused or report.unknown or report.pending):
        yield _("Nothing is left to do. Given again, the same command sends nothing twice.")
    yield _("Run {run} in the journal {journal}").format(run=report.run, journal=report.journal)


def _in_general(report: Report, *, is_over: bool) -> Iterator[str]:
    """Yield what to do about records for which no other command is suggested."""
    if not is_over:
        yield f"{_('The rest of the files was not sent.')} {_('Give the same command again.')}"
    counted = (
        (Verdict.REJECTED, report.rejected),
        (Verdict.REFUSED, report.refused),
        (Verdict.UNKNOWN, report.unknown),
        (Verdict.NOT_SENT, report.pending),
    )
    for verdict, number in counted:
        if number and (is_over or verdict is not Verdict.NOT_SENT):
            words = wording(verdict)
            yield f"{words.name}: {plain(count(number))}. {words.advice}"


def print_issues(console: Console, issues: Sequence[Outcome], what: str | None = None) -> None:
    """Print the records that need attention; ``what`` is the word for records that are no invoices."""
    said = [
        (record_in_words(issue.place, issue.number, wording(issue.verdict).short, what=what), reason)
        for issue in issues
        for reason in (
            [problem_in_words(problem) for problem in issue.problems] or [translated(issue.detail or "")]
        )
    ]
    print_sayings(console, _("Needs attention"), said)


def _print_remarks(console: Console, report: Report) -> None:
    """Print the remarks of the reader, and the warnings about records that were sent."""
    said = [
        (record_in_words(outcome.place, outcome.number), translated(remark))
        for outcome in report.remarked
        for remark in outcome.remarks
    ]
    print_sayings(console, _("Decided while reading"), said)
    said = [
        (record_in_words(outcome.place, outcome.number), problem_in_words(problem))
        for outcome in report.with_warnings
        for problem in outcome.warnings
    ]
    print_sayings(console, _("Sent, but looks wrong"), said)
    if report.allowed:
        allowed = _("Allowed to be broken: {rules}").format(rules=", ".join(report.allowed))
        console.print(allowed, highlight=False)


def _print_distribution_statuses(console: Console, statuses: Sequence[DistributionStatus]) -> None:
    counts = Counter(each.status for each in statuses)
    summary = ", ".join(f"{count(number)} {status}" for status, number in counts.most_common())
    made = table(
        plain(_("Distribution: {summary}").format(summary=summary)),
        _("Number"),
        _("Type"),
        _("Status"),
        _("Method"),
        _("Detail"),
    )
    notable = sorted(statuses, key=lambda each: each.detail is None)
    rows = ((each.number, each.type, each.status, each.method, each.detail) for each in notable)
    print_rows(console, made, rows, len(statuses))


def plan_as_json(planned: PlannedJob) -> dict[str, Any]:
    """Return as JSON how many invoices are planned for workers, and what was refused."""
    return {
        "journal": planned.journal,
        "run": planned.run,
        "planned": planned.planned,
        "known": planned.known,
        "elsewhere": planned.elsewhere,
        "refused": planned.refusals,
        "refusals": [
            {"place": str(bad.place), "number": bad.number, "detail": bad.detail} for bad in planned.refused
        ],
    }


def report_as_json(
    report: Report,
    statuses: Sequence[DistributionStatus] | None = None,
    numbers: Mapping[Identity, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the report of a job as JSON, with the statuses of its invoices at the service."""
    return {
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "refused": report.refused,
        "rejected": report.rejected,
        "unknown": report.unknown,
        "pending": report.pending,
        "resumed": report.resumed,
        "amounts": report.amounts,
        "seconds": round(report.seconds, 3),
        "rate": round(report.per_second, 1),
        "paused": report.paused,
        "interrupted": report.interrupted,
        "complete": report.complete,
        "journal": str(report.journal),
        "run": report.run,
        "warnings": list(report.warnings),
        "issues": [outcome_as_json(outcome) for outcome in report.issues],
        "remarks": [
            {"place": str(outcome.place), "number": outcome.number, "remark": remark}
            for outcome in report.remarked
            for remark in outcome.remarks
        ],
        "warned": dict(report.warned),
        "with_warnings": [
            {"place": str(outcome.place), "number": outcome.number, **problem_as_json(problem)}
            for outcome in report.with_warnings
            for problem in outcome.warnings
        ],
        "allowed": list(report.allowed),
        "numbers": numbers_as_json(numbers),
        "distribution": None if statuses is None else [asdict(each) for each in statuses],
    }


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome of one record as JSON."""
    return {
        "verdict": outcome.verdict.value,
        "place": str(outcome.place),
        "number": outcome.number,
        "type": outcome.type,
        "status": outcome.status,
        "detail": outcome.detail,
        "problems": [problem_as_json(problem) for problem in outcome.problems],
    }
