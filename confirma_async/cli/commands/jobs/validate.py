"""``confirma validate`` and ``submit --dry-run``: do everything but send."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import click
from attrs import define, evolve, field

from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal_places import JournalPlace, reading_if_there
from confirma_async.bulk.models import FINAL, Entry, RefusedRecord
from confirma_async.bulk.number_assignment import known_numbers, number_book
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.language.messages import problem_in_words, translated
from confirma_async.cli.options.inputs import Inputs, input_files
from confirma_async.cli.output import progress
from confirma_async.cli.output.render import (
    numbers_as_json,
    print_json,
    print_numbers,
    print_sayings,
    problem_as_json,
    record_in_words,
)
from confirma_async.cli.output.terminal import Terminal
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.errors import Problem
from confirma_async.formats import (
    AttachedUrl,
    BadRecord,
    Identity,
    Place,
    ReadInvoice,
    assign,
    scan_files,
)
from confirma_async.formats.files import read_each
from confirma_async.validation.prices import price_faults


@define
class _Findings:
    """The results of checking files: counts, refused records, remarks and warnings."""

    good: int = 0
    decided: int = 0
    unfetched: int = 0
    bad: list[RefusedRecord] = field(factory=list[RefusedRecord])
    remarks: list[tuple[Place, int, str]] = field(factory=list[tuple[Place, int, str]])
    warnings: list[tuple[Place, int, Problem]] = field(factory=list[tuple[Place, int, Problem]])


@click.command(short_help="Check files, send nothing.")
@input_files
@options.overrides
@options.language
@options.as_json
def validate(inputs: Inputs, overrides: Overrides, as_json: bool) -> Exit:
    """Check every invoice of the files against the rules that need no server; send nothing, fetch nothing.

    Exit code 0: all can be sent, maybe with a warning; 1: some cannot.
    """
    inputs = inputs.of(inputs.files)
    options.warn_of_unchecked()
    return inspect(inputs, Converter(overrides.names), journal_path=None, as_json=as_json)


def inspect(
    inputs: Inputs, converter: Converter, *, journal_path: JournalPlace | None, as_json: bool
) -> Exit:
    """Read and check all records, and print what a job would do with them."""
    with contextlib.ExitStack() as stack:
        journal = stack.enter_context(reading_if_there(journal_path)) if journal_path else None
        prepared = stack.enter_context(PreparedRecords(converter, inputs.checks))
        given = None
        if inputs.number_from is not None:
            seen = [each.identity for each in scan_files(inputs.files, inputs.reading, converter)]
            known = known_numbers(journal, seen) if journal else None
            in_use = journal.numbers.in_use if journal else None
            given = assign(seen, inputs.number_from, known, in_use=in_use)
        with number_book(journal_path, given) as book:
            faults = dict[int, Sequence[Problem]]()
            records = read_each(inputs.files, evolve(inputs.reading, numbers=book), converter)
            records = _with_price_faults(records, faults)
            prepared.take(progress.reading(records, visible=not as_json))
        findings = _Findings()
        for index, record in enumerate(prepared, 1):
            _classify(findings, record, faults.get(index, ()), journal)
    numbers = given.numbers if given else dict[Identity, int]()
    _show(
        findings,
        {who: number for who, number in numbers.items() if who.original != str(number)},
        as_json=as_json,
    )
    return Exit.REJECTED if findings.bad else Exit.ACCEPTED


def _with_price_faults(
    records: Iterator[ReadInvoice | BadRecord], faults: dict[int, Sequence[Problem]]
) -> Iterator[ReadInvoice | BadRecord]:
    """Yield the records, and put the faults of their prices into ``faults``, by index from 1 on."""
    for index, record in enumerate(records, 1):
        if isinstance(record, ReadInvoice) and (found := price_faults(record.request)):
            faults[index] = record.located(found)
        yield record


def _classify(
    findings: _Findings,
    prepared: Entry | RefusedRecord,
    faults: Sequence[Problem],
    journal: JournalReader | None,
) -> None:
    if isinstance(prepared, RefusedRecord):
        findings.bad.append(prepared)
        return
    findings.good += 1
    findings.unfetched += sum(isinstance(each.attached, AttachedUrl) for each in prepared.placeholders)
    known = journal.find(prepared.key) if journal else None
    if known is not None and known.key == prepared.key and known.state in FINAL:
        findings.decided += 1
    number = prepared.key.number
    findings.warnings += [(prepared.place, number, warning) for warning in (*prepared.warnings, *faults)]
    findings.remarks += [(prepared.place, number, remark) for remark in prepared.remarks]


def _show(findings: _Findings, given: dict[Identity, int], *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(findings, given))
        return
    console = Terminal()
    if findings.bad:
        said = [
            (record_in_words(bad.place, bad.number), problem_in_words(problem))
            for bad in findings.bad
            for problem in bad.problems
        ]
        print_sayings(console, _("Cannot be sent"), said)
    if findings.remarks:
        said = [
            (record_in_words(place, number), translated(remark)) for place, number, remark in findings.remarks
        ]
        print_sayings(console, _("Decided while reading"), said)
    if findings.warnings:
        said = [
            (record_in_words(place, number), problem_in_words(problem))
            for place, number, problem in findings.warnings
        ]
        print_sayings(console, _("Can be sent, but looks wrong"), said)
    print_numbers(console, given)
    if findings.unfetched:
        console.print(
            _(
                "Attachments by URL: {count}. They were not looked at; each is fetched when its invoice is "
                "sent."
            ).format(count=plain(count(findings.unfetched)))
        )
    good = _("Can be sent: {count}").format(count=plain(count(findings.good)))
    if findings.decided:
        good += ", " + _("{count} of them decided in an earlier run").format(
            count=plain(count(findings.decided))
        )
    bad = _("Cannot be sent: {count}").format(count=plain(count(len(findings.bad))))
    console.print(f"{good}. {bad}. {_('Nothing was sent.')}")
    if findings.bad:
        console.print(_("Correct what cannot be sent in the file, and give the same command again."))


def _as_json(findings: _Findings, given: dict[Identity, int]) -> dict[str, Any]:
    return {
        "valid": findings.good,
        "decided": findings.decided,
        "unfetched": findings.unfetched,
        "invalid": [
            {
                "place": str(bad.place),
                "number": bad.number,
                "problems": [problem_as_json(problem) for problem in bad.problems],
            }
            for bad in findings.bad
        ],
        "remarks": [
            {"place": str(place), "number": number, "remark": remark}
            for place, number, remark in findings.remarks
        ],
        "warnings": [
            {"place": str(place), "number": number, **problem_as_json(problem)}
            for place, number, problem in findings.warnings
        ],
        "numbers": numbers_as_json(given),
    }
