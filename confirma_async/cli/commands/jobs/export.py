"""``confirma export``: writes all that a journal knows, for spreadsheets and other programs."""

from __future__ import annotations

import datetime
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from confirma_async.bulk.journal.records import StoredProblem
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import Row
from confirma_async.cli import options
from confirma_async.cli.flags import in_flags
from confirma_async.cli.journals import Chosen, Whose, chosen, which, whose
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.marking import messages
from confirma_async.cli.marking.marked import Marked, write_marked
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.output.printer import json_line, say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.tables import excel_option, print_csv
from confirma_async.cli.output.workbook import write_rows
from confirma_async.contract import Overrides
from confirma_async.converters import Converter

_STATE: Mapping[str, Callable[[Row | WriteRow], Any]] = {
    "state": lambda row: row.state.name.lower(),
    "status": lambda row: row.status,
}
_HISTORY: Mapping[str, Callable[[Row | WriteRow], Any]] = {
    "detail": lambda row: row.detail,
    "run": lambda row: row.run,
    "attempts": lambda row: row.attempts,
    "attempted_at": lambda row: _moment(row.attempted_at),
    "decided_at": lambda row: _moment(row.decided_at),
}
_OF_WRITE: Mapping[str, Callable[[WriteRow], Any]] = {
    "number": lambda row: row.key,
    "type": lambda row: row.operation,
    **_STATE,
    **_HISTORY,
}
"""The exported columns of a write that is no invoice, and how each is read."""

_COLUMNS: Mapping[str, Callable[[Row], Any]] = {
    "place": lambda row: row.source,
    "number": lambda row: row.key.number,
    "type": lambda row: row.key.type,
    "seller": lambda row: row.key.seller,
    "date": lambda row: row.key.date,
    "amount": lambda row: row.amount,
    "currency": lambda row: row.currency,
    **_STATE,
    "duplicate": lambda row: row.duplicate,
    "rule": lambda _: None,
    **_HISTORY,
    "seconds": lambda row: None if row.seconds is None else round(row.seconds, 3),
}
"""The exported columns of an invoice, and how each is read."""


@frozen(kw_only=True)
class _ExportOutput:
    """The form of the export.

    Attributes:
        as_csv: Whether the user has asked for CSV, which is also the default.
        as_json: Whether to print JSON Lines.
        as_excel: Whether to print CSV as Excel opens it in Finland.
        workbook: The Excel file to write instead; None to write none.
    """

    as_csv: bool
    as_json: bool
    as_excel: bool
    workbook: Path | None

    def __attrs_post_init__(self) -> None:
        if self.as_csv + self.as_json + self.as_excel + (self.workbook is not None) > 1:
            raise click.UsageError("--json, --csv, --excel and --xlsx exclude each other")


@frozen(kw_only=True)
class _Copy:
    """The marked copy to write, if any.

    Attributes:
        target: The path of the copy; None to write none.
        of: The table to copy, if the run has read several.
        overrides: The user's corrections, with which invoices are compared with what was sent.
    """

    target: Path | None
    of: Path | None
    overrides: Overrides

    def __attrs_post_init__(self) -> None:
        if self.of is not None and self.target is None:
            raise click.UsageError("--of says what to mark; it needs --marked")


@click.command(short_help="Print all that a journal knows, as CSV or JSON Lines.")
@which
@bundle(
    "output",
    _ExportOutput,
    click.option(
        "--csv", "as_csv", is_flag=True, help="CSV for spreadsheets; so it is unless said otherwise."
    ),
    click.option("--json", "as_json", is_flag=True, help="JSON Lines for machines."),
    excel_option,
    click.option(
        "--xlsx",
        "workbook",
        type=options.FILE,
        metavar="FILE",
        help="Write an Excel file instead; none that is there already.",
    ),
)
@bundle(
    "copy",
    _Copy,
    click.option(
        "--marked",
        "target",
        type=options.FILE,
        metavar="FILE",
        help="Write a copy of the table that was sent, with what became of each line, to be corrected.",
    ),
    click.option(
        "--of",
        type=options.FILE,
        metavar="TABLE",
        help="The table to mark, where the run has read several.",
    ),
    options.overrides,
)
@whose
@options.language
def export(which: str | None, whose: Whose, output: _ExportOutput, copy: _Copy) -> None:
    """Print all that a journal knows of a run, one line per invoice, other write or refused problem.

    That is the latest run, unless one or a whole journal is named. Amounts are exact, times are UTC. A record
    that was refused before sending has the state "refused" and the rule that it breaks. Of an action, a
    ledger, a payment or a client, the number is its key, and the type the name of the operation.

    With --marked, the table that was sent (CSV or Excel) is written to a new file, as it is, with two columns
    more: what became of each line, and why. In Excel, the cells that are wrong are red. Correct them there,
    save the file, and give confirma retry.

    \b
    Examples:
      confirma export --csv > outcomes.csv
      confirma export --xlsx outcomes.xlsx
      confirma export --marked corrections.xlsx
    """
    if copy.target is not None and (output.as_csv or output.as_excel or output.workbook is not None):
        raise click.UsageError("--csv, --excel and --xlsx exclude --marked")
    with chosen(which, whose) as found:
        if copy.target is not None:
            written = write_marked(found, copy.target, copy.of, Converter(copy.overrides.names))
            retry = [*([which] if which else []), *whose.words(sandbox=whose.sandbox)]
            _say(written, retry, as_json=output.as_json)
        elif output.as_json:
            records = (dict(zip(_COLUMNS, values, strict=True)) for values in _lines(found))
            sys.stdout.buffer.writelines(json_line(record) for record in records)
            sys.stdout.flush()  # here, where its failure can still be reported
        elif output.workbook is not None:
            write_rows(output.workbook, "Invoices", [*_COLUMNS], _lines(found))
        else:
            print_csv([*_COLUMNS], _lines(found), for_excel=output.as_excel)


def _say(marked: Marked, retry: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"copy": str(marked.file), "accepted": marked.accepted, "open": marked.open})
    else:
        say(_(messages.MARKED).format(file=marked.file, accepted=marked.accepted, open=marked.open))
        correct = _(messages.CORRECT).format(command=shlex.join(["confirma", "retry", *retry]))
        say(correct if marked.open else _(messages.NOTHING_TO_CORRECT))


def _lines(found: Chosen) -> Iterator[list[Any]]:
    values, latest = _COLUMNS.values(), found.latest
    for row in found.journal.rows(run=found.run.number if found.run else None):
        yield [of(row) for of in values]
    for write in found.journal.writes.rows(run=found.run.number if found.run else None):
        yield [_OF_WRITE[name](write) if name in _OF_WRITE else None for name in _COLUMNS]
    for problem in found.journal.runs.problems(latest.number) if latest else ():
        yield _of_problem(problem)


def _of_problem(problem: StoredProblem) -> list[Any]:
    values = {
        "place": problem.source,
        "number": problem.number,
        "state": "refused",
        "rule": problem.rule,
        "detail": in_flags(f"{problem.path}: {problem.message}"),
    }
    return [values.get(name) for name in _COLUMNS]


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="milliseconds")
