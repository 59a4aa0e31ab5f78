"""``confirma status``: the state of a run, also while it goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen
from rich.markup import escape

from confirma_async.bulk import State
from confirma_async.bulk.journal.records import Doubt, Refused, Run
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import Row, Verdict
from confirma_async.bulk.places import JournalPlace, PostgresPlace
from confirma_async.bulk.reporting.progress import Progress, progress_of
from confirma_async.bulk.reporting.summary import STANDINGS
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen, Whose, chosen, which, whose
from confirma_async.cli.language.choice import gettext as _, ngettext
from confirma_async.cli.language.figures import ago, count, lasting, local, moment, plain, rate
from confirma_async.cli.language.messages import problem_in_words, told
from confirma_async.cli.output.render import (
    numbers_as_json,
    print_json,
    print_numbers,
    print_sayings,
    record_in_words,
    table,
)
from confirma_async.cli.output.result import Standing, print_standings, standing
from confirma_async.cli.output.standings import in_short, wording
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.remembered import from_text
from confirma_async.errors import Problem
from confirma_async.formats import ColumnMapping, Identity
from confirma_async.privacy import visible

if TYPE_CHECKING:
    from confirma_async.bulk.postgres.reading import WorkerRow

_TOLD_FILES = 5
"""Tables of a run whose reading is told."""

LISTED = 1000
"""Refused, rejected and unknown items that --json lists, each."""

_NOT_TAKEN = tuple(state for state in State if state is not State.ACCEPTED)


@frozen(kw_only=True)
class _Status:
    name: str
    path: JournalPlace
    of_run: bool
    run: Run | None
    target: str | None
    doubt: Doubt | None
    counts: dict[str, int]
    amounts: Mapping[State, Mapping[str, Decimal]]
    refused: list[Refused]
    rejected: list[Row]
    unknown: list[Row]
    writes: Mapping[State, int]
    open_writes: list[WriteRow]
    numbers: Mapping[Identity, int]
    progress: Progress | None
    workers: Sequence[WorkerRow]


@click.command(short_help="Say how a run stands: the latest one, unless another is named.")
@which
@whose
@options.language
@options.as_json
def status(which: str | None, whose: Whose, as_json: bool) -> Exit:
    """Say how a run stands, also while it goes on: the latest one, unless a run or a whole journal is named.

    What earlier runs had decided already counts as decided.

    Exit code 0: all accepted; 1: some refused or rejected; 3: not finished.

    \b
    Examples:
      confirma status
      confirma status 7
      confirma status own.journal
    """
    with chosen(which, whose) as chosen_:
        return show_status(chosen_, as_json=as_json)


def show_status(chosen: Chosen, *, as_json: bool) -> Exit:
    """Show how a run, or a whole journal, stands; return the exit code that this is."""
    found = _read(chosen)
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found)
    if any(
        found.counts[state.name.lower()] or found.writes.get(state)
        for state in State
        if state not in {State.ACCEPTED, State.REJECTED}
    ):
        return Exit.PAUSED
    bad = found.counts["refused"] or found.counts["rejected"] or found.writes.get(State.REJECTED)
    return Exit.REJECTED if bad else Exit.ACCEPTED


def _read(chosen: Chosen) -> _Status:
    journal, latest = chosen.journal, chosen.latest
    run, last = chosen.run.number if chosen.run else None, latest.number if latest else 0
    counts = {state.name.lower(): count for state, count in journal.counts(run).items()}
    counts["pending"] -= journal.withheld(last)  # counted as refused
    counts["refused"] = journal.refused(last)
    rejected = _first(journal.rows(State.REJECTED, run=run))
    if chosen.run is not None:
        met = list(journal.known(chosen.run.number))
        counts["accepted"] += chosen.run.known
        counts["rejected"] += len(met)
        rejected = (rejected + met)[:LISTED]
    return _Status(
        name=chosen.name,
        path=chosen.path,
        of_run=chosen.run is not None,
        run=latest,
        target=journal.target(),
        doubt=journal.doubt(),
        counts=counts,
        amounts=_amounts(chosen),
        refused=list(islice(journal.refusals(last), LISTED)),
        rejected=rejected,
        unknown=_first(journal.rows(State.UNKNOWN, State.SENDING, run=run)),
        writes=journal.writes.counts(run),
        open_writes=list(islice(journal.writes.rows(*_NOT_TAKEN, run=run), LISTED)),
        numbers=journal.renumbered(last),
        progress=progress_of(journal, latest, time.time()) if latest else None,
        workers=_workers(chosen),
    )


def _amounts(chosen: Chosen) -> Mapping[State, Mapping[str, Decimal]]:
    """Return what the invoices of a run ask for together in each state, where all that are counted so say it.

    Of a whole journal, which grows for years, nothing is added up.
    """
    run = chosen.run
    if run is None:
        return {}
    found = dict(chosen.journal.amounts(run.number))
    if run.known:  # earlier runs brought these about, and are not told apart
        found.pop(State.ACCEPTED, None)
    if any(True for _row in chosen.journal.known(run.number)):
        found.pop(State.REJECTED, None)
    return found


def _workers(chosen: Chosen) -> Sequence[WorkerRow]:
    """Return the workers of a journal, where it is in a database."""
    if not isinstance(chosen.path, PostgresPlace):
        return ()
    from confirma_async.bulk.machines.alive import workers_of

    return workers_of(chosen.journal)


def _first(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, LISTED))


def _show_writes(console: Terminal, writes: Mapping[State, int]) -> None:
    if any(writes.values()):
        others = table(_("Other writes"), _("State"), _("Writes"))
        for state, number in writes.items():
            if number:
                others.add_row(in_short(STANDINGS[state]), str(number))
        console.print(others)


def _show(found: _Status) -> None:
    console = Terminal()
    caption = _progress_caption(found.progress) if found.progress else None
    print_standings(console, _("Journal"), _standings(found), caption)
    _show_writes(console, found.writes)
    console.print(escape(visible(_in_words(found))), soft_wrap=True, highlight=False)
    for line in _reading_in_words(found.run):
        console.print(escape(visible(line)), soft_wrap=True, highlight=False)
    for worker in found.workers:
        how = f"{'alive' if worker.alive else 'dead'}, {worker.held} in hand"
        console.print(escape(visible(f"Worker {worker.name}: {how}")), soft_wrap=True)
    if found.doubt is not None:
        doubt = _(
            "The journal may not know all that was sent: {reason}. Every invoice is looked up before it is "
            "sent. If you know that it is whole: confirma journal trust"
        ).format(reason=told(found.doubt.reason))
        console.print(escape(visible(doubt)), soft_wrap=True)
    if found.refused:
        parts = [
            (
                record_in_words(bad.source, bad.number),
                problem_in_words(Problem(bad.path, bad.rule, bad.message)),
            )
            for bad in found.refused
        ]
        print_sayings(console, wording(Verdict.REFUSED).name, parts)
    for verdict, items in ((Verdict.REJECTED, found.rejected), (Verdict.UNKNOWN, found.unknown)):
        if items:
            parts = [(f"{row.source}, {row.key}, {_attempted(row)}", told(row.detail or "")) for row in items]
            print_sayings(console, wording(verdict).name, parts)
    if found.open_writes:
        parts = [
            (f"{row.operation} {row.key}, {in_short(STANDINGS[row.state])}", told(row.detail or ""))
            for row in found.open_writes
        ]
        print_sayings(console, _("Other writes that were not taken, or may not have been"), parts)
    print_numbers(console, found.numbers)


def _standings(found: _Status) -> list[Standing]:
    counts, amounts = found.counts, found.amounts
    sending = counts["claimed"] + counts["sending"]
    return [
        standing(Verdict.ACCEPTED, counts["accepted"], amounts.get(State.ACCEPTED)),
        standing(Verdict.REFUSED, counts["refused"]),
        standing(Verdict.REJECTED, counts["rejected"], amounts.get(State.REJECTED)),
        standing(Verdict.UNKNOWN, counts["unknown"], amounts.get(State.UNKNOWN)),
        (_("Being sent"), sending, "", {}),
        standing(Verdict.NOT_SENT, counts["pending"]),
    ]


def _reading_in_words(run: Run | None) -> Iterator[str]:
    """Yield how each table of a run was read, where its columns have names of their own."""
    mappings = _mappings(run)
    for name, mapping in islice(mappings.items(), _TOLD_FILES):
        parts = [] if mapping.sheet is None else [_("sheet {sheet}").format(sheet=mapping.sheet)]
        if mapping.header_row is not None:
            parts.append(_("names of columns in row {row}").format(row=mapping.header_row))
        parts.append(_("columns read: {count}").format(count=len(mapping.columns)))
        if mapping.ignore:
            parts.append(_("passed over: {titles}").format(titles=", ".join(mapping.ignore)))
        yield f"{Path(name).name}: {'; '.join(parts)}"


def _mappings(run: Run | None) -> Mapping[str, ColumnMapping]:
    return {} if run is None else from_text(run.reading).mappings


def _reading_as_json(run: Run | None) -> list[dict[str, Any]]:
    mappings = _mappings(run)
    return [
        {
            "file": name,
            "sheet": mapping.sheet,
            "header_row": mapping.header_row,
            "columns": dict(mapping.columns),
            "passed_over": list(mapping.ignore),
        }
        for name, mapping in mappings.items()
    ]


def _progress_caption(progress: Progress) -> str | None:
    if progress.left == 0 and progress.oldest_unknown is None:
        return None  # the job is done
    parts = [_("{rate} a second in the last minute").format(rate=rate(progress.rate))]
    if progress.expected is not None and progress.left is not None:
        parts.append(
            _("{left} of {total} left").format(left=count(progress.left), total=count(progress.expected))
        )
    if progress.seconds_left is not None:
        parts.append(_("about {time} left").format(time=lasting(progress.seconds_left)))
    if progress.oldest_unknown is not None:
        parts.append(_("unknown for up to {time}").format(time=lasting(progress.oldest_unknown)))
    return plain(", ".join(parts))


def _in_words(found: _Status) -> str:
    run, name = found.run, found.name[:1].upper() + found.name[1:]
    if run is None:
        return name
    began, since = moment(local(run.began_at)), ago(time.time() - run.began_at)
    parts = [
        _("begun {moment} ({ago})").format(moment=began, ago=since),
        told(run.ending) if run.ending else _("not ended: it goes on, or its process died"),
    ]
    if run.inputs:
        parts.append(_("from {files}").format(files=inputs_in_words(run.inputs)))
    of_run = "" if found.of_run else "; " + _("its latest run, {run}").format(run=run.number)
    return plain(f"{name}{of_run}: {', '.join(parts)}")


def inputs_in_words(names: Sequence[str]) -> str:
    """Return the first of the files of a run, and how many more there are."""
    more = len(names) - 1
    if not more:
        return names[0]
    return f"{names[0]} " + ngettext("and {count} more file", "and {count} more files", more).format(
        count=count(more)
    )


def _attempted(row: Row) -> str:
    if row.attempted_at is None:
        return _("not sent yet")
    return _("sent {ago}").format(ago=plain(ago(time.time() - row.attempted_at)))


def _as_json(found: _Status) -> dict[str, Any]:
    def item(row: Row) -> dict[str, Any]:
        return {
            "place": row.source,
            "number": row.key.number,
            "type": row.key.type,
            "state": row.state.name.lower(),
            "attempts": row.attempts,
            "attempted_at": row.attempted_at,
            "status": row.status,
            "detail": row.detail,
        }

    return {
        "journal": str(found.path),
        "run": found.run.number if found.run else None,
        "inputs": list(found.run.inputs) if found.run else [],
        "ending": found.run.ending if found.run else None,
        "target": found.target,
        "doubt": found.doubt.reason if found.doubt else None,
        "counts": found.counts,
        "amounts": {state.name.lower(): dict(sums) for state, sums in found.amounts.items()},
        "reading": _reading_as_json(found.run),
        "refused": [
            {
                "place": bad.source,
                "number": bad.number,
                "rule": bad.rule,
                "path": bad.path,
                "message": bad.message,
            }
            for bad in found.refused
        ],
        "rejected": [item(row) for row in found.rejected],
        "unknown": [item(row) for row in found.unknown],
        "writes": {state.name.lower(): count for state, count in found.writes.items()},
        "open_writes": [
            {
                "operation": row.operation,
                "key": row.key,
                "state": row.state.name.lower(),
                "attempts": row.attempts,
                "attempted_at": row.attempted_at,
                "status": row.status,
                "detail": row.detail,
            }
            for row in found.open_writes
        ],
        "workers": [
            {"name": worker.name, "run": worker.run, "alive": worker.alive, "in_hand": worker.held}
            for worker in found.workers
        ],
        "numbers": numbers_as_json(found.numbers),
        "rate": round(found.progress.rate, 2) if found.progress else 0,
        "expected": found.progress.expected if found.progress else None,
        "seconds_left": found.progress.seconds_left if found.progress else None,
        "oldest_unknown_seconds": found.progress.oldest_unknown if found.progress else None,
    }
