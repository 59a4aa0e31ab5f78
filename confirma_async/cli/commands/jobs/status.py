"""``confirma status``: the state of a run, also while it goes on."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen
from rich.markup import escape

from confirma_async.bulk import State
from confirma_async.bulk.journal.records import Doubt, Refused, Run
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import Row
from confirma_async.bulk.places import JournalPlace, PostgresPlace
from confirma_async.bulk.reporting.progress import Progress, progress_of
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen, Whose, chosen, which, whose
from confirma_async.cli.output.render import (
    numbers_as_json,
    print_json,
    print_numbers,
    print_sayings,
    record_in_words,
    table,
)
from confirma_async.cli.output.terminal import Terminal
from confirma_async.formats import Identity
from confirma_async.privacy import visible

if TYPE_CHECKING:
    from confirma_async.bulk.postgres.reading import WorkerRow

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
        refused=list(islice(journal.refusals(last), LISTED)),
        rejected=rejected,
        unknown=_first(journal.rows(State.UNKNOWN, State.SENDING, run=run)),
        writes=journal.writes.counts(run),
        open_writes=list(islice(journal.writes.rows(*_NOT_TAKEN, run=run), LISTED)),
        numbers=journal.renumbered(last),
        progress=progress_of(journal, latest, time.time()) if latest else None,
        workers=_workers(chosen),
    )


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
        others = table("Other writes", "State", "actions, ledgers, payments, clients")
        for state, count in writes.items():
            if count:
                others.add_row(state.name.lower(), str(count))
        console.print(others)


def _show(found: _Status) -> None:
    console = Terminal()
    made = table("Journal", "State", "invoices")
    for name, count in found.counts.items():
        made.add_row("refused before sending" if name == "refused" else name, str(count))
    made.caption = _progress_caption(found.progress) if found.progress else None
    console.print(made)
    _show_writes(console, found.writes)
    console.print(escape(visible(_in_words(found))), soft_wrap=True)
    for worker in found.workers:
        how = f"{'alive' if worker.alive else 'dead'}, {worker.held} in hand"
        console.print(escape(visible(f"Worker {worker.name}: {how}")), soft_wrap=True)
    if found.doubt is not None:
        console.print(
            f"The journal may not know all that was sent: {escape(found.doubt.reason)}. Every invoice is "
            "looked up before it is sent. If you know that it is whole: confirma journal trust",
            soft_wrap=True,
        )
    if found.refused:
        parts = [
            (record_in_words(bad.source, bad.number), f"{bad.message} [{bad.rule}]") for bad in found.refused
        ]
        print_sayings(console, "Refused", parts)
    for title, items in (("Rejected", found.rejected), ("Unknown", found.unknown)):
        if items:
            parts = [(f"{row.source}, {row.key}, {_attempted(row)}", row.detail or "") for row in items]
            print_sayings(console, title, parts)
    if found.open_writes:
        told = [
            (f"{row.operation} {row.key}, {row.state.name.lower()}", row.detail or "")
            for row in found.open_writes
        ]
        print_sayings(console, "Other writes that were not taken, or may not have been", told)
    print_numbers(console, found.numbers)


def _progress_caption(progress: Progress) -> str | None:
    if progress.left == 0 and progress.oldest_unknown is None:
        return None  # the job is done
    parts = [f"{progress.rate:.1f} a second in the last minute"]
    if progress.expected is not None:
        parts.append(f"{progress.left} of {progress.expected} left")
    if progress.seconds_left is not None:
        parts.append(f"about {datetime.timedelta(seconds=round(progress.seconds_left))} to go")
    if progress.oldest_unknown is not None:
        parts.append(f"unknown for up to {datetime.timedelta(seconds=round(progress.oldest_unknown))}")
    return ", ".join(parts)


def _in_words(found: _Status) -> str:
    run, name = found.run, found.name[:1].upper() + found.name[1:]
    if run is None:
        return name
    parts = [f"begun {moment(run.began_at)}", run.ending or "not ended: it goes on, or its process died"]
    if run.inputs:
        more = f" and {len(run.inputs) - 1} more" if len(run.inputs) > 1 else ""
        parts.append(f"from {run.inputs[0]}{more}")
    return f"{name}{'' if found.of_run else f'; its latest run, {run.number}'}: {', '.join(parts)}"


def moment(seconds: float) -> str:
    """Return a moment as clocks here show it, to the minute."""
    return f"{datetime.datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M}"


def _attempted(row: Row) -> str:
    if row.attempted_at is None:
        return "not sent yet"
    return f"sent {max(0.0, time.time() - row.attempted_at):.0f} s ago"


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
