"""Results as tables for people and JSON for machines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from confirma_async.cli.errors.exit_codes import Exit, of_report
from confirma_async.cli.output.printer import json_document
from confirma_async.cli.output.terminal import Terminal
from confirma_async.errors import Problem
from confirma_async.privacy import visible

if TYPE_CHECKING:
    from confirma_async.bulk import Outcome, Report
    from confirma_async.cli.output.distribution_status import DistributionStatus
    from confirma_async.formats import Identity

_GO_ON = "The rest of the files was not read. Run the same command again to go on."
_CORRECT_AND_GO_ON = (
    "The rest of the files was not read. Put that right, then run the same command again to go on."
)

ROWS = 20
"""Rows of a table for people; --json and the journal have them all."""


def print_json(value: object) -> None:
    """Print one JSON document; decimals are numbers, exactly as they are."""
    click.echo(json_document(value))  # bytes: UTF-8, whatever the terminal takes


def show_report(
    report: Report,
    target: str,
    statuses: Sequence[DistributionStatus] | None,
    numbers: Mapping[Identity, int],
    *,
    as_json: bool,
    what: str = "invoice",
) -> None:
    """Show what came of a job, and where its invoices stand; ``what`` says what each of its records is."""
    if as_json:
        print_json({"target": target, **report_as_json(report, statuses, numbers)})
        return
    console = Terminal()
    console.print(_summary(report, what))
    print_issues(console, report.issues, what)
    _print_remarks(console, report.remarked)
    _print_warnings(console, report)
    print_numbers(console, numbers)
    if statuses:
        _print_distribution_statuses(console, statuses)
    console.print(_what_next(report), soft_wrap=True)


def table(title: str, *columns: str) -> Table:
    """Return a table in the one style."""
    made = Table(title=title, title_justify="left", header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def print_rows(console: Console, made: Table, rows: Iterable[Sequence[object]], total: int) -> None:
    """Print a table of at most ``ROWS`` rows, and say how many more there are."""
    for count, row in enumerate(rows):
        if count == ROWS:
            break
        made.add_row(*(escape("" if cell is None else visible(str(cell))) for cell in row))
    console.print(made)
    _print_left_out(console, total)


def _print_left_out(console: Console, total: int) -> None:
    if total > ROWS:
        console.print(f"... and {total - ROWS} more; --json lists them", highlight=False)


def print_sayings(console: Console, title: str, said: Sequence[tuple[str, str]]) -> None:
    """Print what there is to say of records: at most ``ROWS`` sentences, each below the place it is about.

    Lines, not a table: a place stays whole, to be copied or clicked on, and a sentence has all of the width.
    """
    console.print(title, style="bold")
    before = None
    for record, sentence in said[:ROWS]:
        if record != before:
            console.print(Text(visible(record)), soft_wrap=True)
        before = record
        console.print(Padding(Text(visible(sentence)), (0, 0, 0, 2)))
    _print_left_out(console, len(said))


def record_in_words(place: object, number: object, *more: str, what: str = "invoice") -> str:
    """Return a record as a person finds it: its place, its number, and what else there is to say."""
    return ", ".join((str(place), *([] if number is None else [f"{what} {number}"]), *more))


def print_numbers(console: Console, numbers: Mapping[Identity, int]) -> None:
    """Print which whole numbers stand for which numbers of the files."""
    if numbers:
        rows = ((who.original, str(who.type), number) for who, number in numbers.items())
        print_rows(console, table("Numbers given", "In the file", "Type", "Sent as"), rows, len(numbers))


def problem_as_json(problem: Problem) -> dict[str, Any]:
    """Return a problem, without what is empty."""
    return {"path": problem.path, "rule": problem.rule, "message": problem.message}


def numbers_as_json(numbers: Mapping[Identity, int]) -> list[dict[str, Any]]:
    """Return the numbers given."""
    return [
        {"seller": who.seller, "type": str(who.type), "original": who.original, "number": number}
        for who, number in numbers.items()
    ]


def _summary(report: Report, what: str) -> Table:
    made = table("Result", "", f"{what}s")
    for name, count in (
        ("accepted", report.accepted),
        ("  of these duplicates: the service had them already", report.duplicates),
        ("  of these decided in an earlier run", report.resumed),
        ("refused before sending", report.refused),
        ("rejected by the service", report.rejected),
        ("unknown: may have arrived", report.unknown),
        ("not sent, of those read", report.pending),
    ):
        made.add_row(name, str(count))
    made.caption = f"{report.rate:.0f} a second, {report.seconds:.1f} s"
    return made


def _what_next(report: Report) -> str:
    journal = f"Run {report.run} in the journal {escape(visible(str(report.journal)))}"
    if report.paused:
        go_on = _CORRECT_AND_GO_ON if of_report(report) is Exit.USAGE else _GO_ON
        return f"Paused: {escape(report.paused)}\n{go_on}\n{journal}"
    if report.interrupted:
        return f"Interrupted.\n{_GO_ON}\n{journal}"
    if not report.complete:
        return f"Run the same command again to look up what is unknown.\n{journal}"
    return f"{journal}\nRun again, the same command sends nothing twice."


def print_issues(console: Console, issues: Sequence[Outcome], what: str = "invoice") -> None:
    """Print what needs attention."""
    said = [
        (record_in_words(issue.place, issue.number, issue.verdict.value, what=what), reason)
        for issue in issues
        for reason in (map(str, issue.problems) if issue.problems else [issue.detail or ""])
    ]
    if said:
        print_sayings(console, "Needs attention", said)


def _print_remarks(console: Console, remarked: Sequence[Outcome]) -> None:
    said = [
        (record_in_words(outcome.place, outcome.number), remark)
        for outcome in remarked
        for remark in outcome.remarks
    ]
    if said:
        print_sayings(console, "Decided while reading", said)


def _print_warnings(console: Console, report: Report) -> None:
    said = [
        (record_in_words(outcome.place, outcome.number), str(problem))
        for outcome in report.with_warnings
        for problem in outcome.warnings
    ]
    if said:
        print_sayings(console, "Sent, but looks wrong", said)
    if report.allowed:
        console.print(f"Allowed to be broken: {', '.join(report.allowed)}", highlight=False)


def _print_distribution_statuses(console: Console, statuses: Sequence[DistributionStatus]) -> None:
    counts = Counter(each.status for each in statuses)
    summary = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    made = table(f"Distribution: {summary}", "Number", "Type", "Status", "Method", "Detail")
    notable = sorted(statuses, key=lambda each: each.detail is None)
    rows = ((each.number, each.type, each.status, each.method, each.detail) for each in notable)
    print_rows(console, made, rows, len(statuses))


def report_as_json(
    report: Report,
    statuses: Sequence[DistributionStatus] | None = None,
    numbers: Mapping[Identity, int] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return the report of a job, and where its invoices stand."""
    return {
        "accepted": report.accepted,
        "duplicates": report.duplicates,
        "refused": report.refused,
        "rejected": report.rejected,
        "unknown": report.unknown,
        "pending": report.pending,
        "resumed": report.resumed,
        "seconds": round(report.seconds, 3),
        "rate": round(report.rate, 1),
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
        "distribution": None
        if statuses is None
        else [
            {
                "number": each.number,
                "type": each.type,
                "status": each.status,
                "method": each.method,
                "detail": each.detail,
            }
            for each in statuses
        ],
    }


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what became of one record."""
    return {
        "verdict": outcome.verdict.value,
        "place": str(outcome.place),
        "number": outcome.number,
        "type": outcome.type,
        "status": outcome.status,
        "detail": outcome.detail,
        "problems": [problem_as_json(problem) for problem in outcome.problems],
    }
