"""``confirma validate``, and what ``submit --dry-run`` does: everything but sending."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from attrs import evolve, field, frozen
from rich.console import Console

from confirma_async.bulk import InvoiceKey, journal
from confirma_async.bulk.intake import prepare
from confirma_async.bulk.items import FINAL, Entry, Refusal
from confirma_async.cli import inputs, options
from confirma_async.cli.exits import Exit
from confirma_async.cli.render import (
    numbers_as_json,
    print_json,
    print_numbers,
    print_rows,
    problem_as_json,
    table,
)
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import Identity, Place, ReadOptions, assign


@frozen
class _Findings:
    """What is found in the files."""

    good: list[Entry] = field(factory=list[Entry])
    bad: list[Refusal] = field(factory=list[Refusal])
    seen: dict[InvoiceKey, Place] = field(factory=dict[InvoiceKey, Place])


@click.command(short_help="Check files, send nothing.")
@options.files
@options.reading
@options.overrides_file
@options.as_json
def validate(
    files: tuple[Path, ...],
    number_from: int | None,
    decimal: str | None,
    due_days: int,
    overrides: Path | None,
    as_json: bool,
) -> Exit:
    """Check every invoice of the files against the rules that need no server; send nothing.

    Exit code 0: all can be sent; 1: some cannot.
    """
    return inspect(
        inputs.expand(files),
        ReadOptions(decimal_comma=options.MARKS[decimal] if decimal else None, due_days=due_days),
        Converter(options.read_overrides(overrides).names),
        number_from=number_from,
        journal_path=None,
        as_json=as_json,
    )


def inspect(
    files: Sequence[Path],
    reading: ReadOptions,
    converter: Converter,
    *,
    number_from: int | None,
    journal_path: Path | None,
    as_json: bool,
) -> Exit:
    """Reads and checks everything, and says what a job would do with it."""
    known, decided = _from_journal(journal_path)
    numbers = dict(known)
    if number_from is not None:
        documents = inputs.all_identities(files, reading, converter)
        book = assign(documents, number_from, known)
        reading, numbers = evolve(reading, numbers=book), dict(book.numbers)
    given = {who: number for who, number in numbers.items() if who.original != str(number)}
    findings = _Findings()
    for index, record in enumerate(inputs.records(files, reading, converter), 1):
        _sort(findings, prepare(record, index, converter, validate=True))
    _show(findings, given, sum(entry.key in decided for entry in findings.good), as_json=as_json)
    return Exit.REJECTED if findings.bad else Exit.ACCEPTED


def _from_journal(path: Path | None) -> tuple[dict[Identity, int], set[InvoiceKey]]:
    if path is None or not path.exists():
        return {}, set()
    with journal.reading(path) as connection:
        return journal.numbered(connection), {row.key for row in journal.rows(connection, *FINAL)}


def _sort(findings: _Findings, prepared: Entry | Refusal) -> None:
    if isinstance(prepared, Refusal):
        findings.bad.append(prepared)
        return
    first = findings.seen.setdefault(prepared.key, prepared.place)
    if first is prepared.place:
        findings.good.append(evolve(prepared, body=b""))
        return
    message = (
        f"{prepared.key} stands twice, at {first} and at {prepared.place}; "
        "give one a number of its own or remove it"
    )
    problem = Problem("$.invoice.header.number", "job.clash", message)
    findings.bad.append(Refusal(place=prepared.place, problems=[problem], number=str(prepared.key.number)))


def _show(findings: _Findings, given: dict[Identity, int], decided: int, *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(findings, given, decided))
        return
    console = Console()
    if findings.bad:
        rows = [(bad.place, bad.number, problem) for bad in findings.bad for problem in bad.problems]
        print_rows(console, table("Cannot be sent", "Place", "Number", "Why"), rows, len(rows))
    remarks = [(good.place, good.key.number, remark) for good in findings.good for remark in good.remarks]
    if remarks:
        made = table("Decided while reading", "Place", "Number", "Remark")
        print_rows(console, made, remarks, len(remarks))
    print_numbers(console, given)
    earlier = f", {decided} of them decided in an earlier run" if decided else ""
    console.print(
        f"{len(findings.good)} invoices can be sent{earlier}; {len(findings.bad)} records cannot. "
        "Nothing was sent."
    )


def _as_json(findings: _Findings, given: dict[Identity, int], decided: int) -> dict[str, Any]:
    return {
        "valid": len(findings.good),
        "decided": decided,
        "invalid": [
            {
                "place": str(bad.place),
                "number": bad.number,
                "problems": [problem_as_json(problem) for problem in bad.problems],
            }
            for bad in findings.bad
        ],
        "remarks": [
            {"place": str(good.place), "number": good.key.number, "remark": remark}
            for good in findings.good
            for remark in good.remarks
        ],
        "numbers": numbers_as_json(given),
    }
