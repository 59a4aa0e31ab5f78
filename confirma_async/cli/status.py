"""``confirma status``: what a journal knows."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import click
from attrs import frozen

from confirma_async.bulk import State
from confirma_async.bulk.items import Row
from confirma_async.bulk.journal import Refused
from confirma_async.bulk.numbers import renumbered
from confirma_async.bulk.pace import Pace, pace_of
from confirma_async.bulk.sqlite_journal import reading
from confirma_async.cli import options
from confirma_async.cli.exits import Exit
from confirma_async.cli.render import (
    numbers_as_json,
    print_json,
    print_numbers,
    print_sayings,
    record_in_words,
    table,
)
from confirma_async.cli.terminal import Terminal
from confirma_async.formats import Identity

LISTED = 1000
"""Refused, rejected and unknown items that --json lists, each."""


@frozen(kw_only=True)
class _Status:
    counts: dict[str, int]
    refused: list[Refused]
    rejected: list[Row]
    unknown: list[Row]
    numbers: dict[Identity, int]
    pace: Pace


@click.command(short_help="Say what a journal knows of its job.")
@click.argument("journal_path", metavar="JOURNAL", type=options.NamedPath(path_type=Path))
@options.as_json
def status(journal_path: Path, as_json: bool) -> Exit:
    """Say what a journal knows of its job, also while the job runs.

    Exit code 0: all accepted; 1: some refused or rejected; 3: not finished.
    """
    found = _read(journal_path)
    if as_json:
        print_json(_as_json(found, journal_path))
    else:
        _show(found)
    if any(
        found.counts[state.name.lower()] for state in State if state not in {State.ACCEPTED, State.REJECTED}
    ):
        return Exit.PAUSED
    return Exit.REJECTED if found.refused or found.rejected else Exit.ACCEPTED


def _read(path: Path) -> _Status:
    with reading(path) as journal:
        counts = {state.name.lower(): count for state, count in journal.counts().items()}
        counts["pending"] -= journal.withheld()  # counted as refused
        counts["refused"] = journal.refused()
        refused = list(islice(journal.refusals(), LISTED))
        rejected = _first(journal.rows(State.REJECTED))
        unknown = _first(journal.rows(State.UNKNOWN, State.SENDING))
        numbers = renumbered(journal.numbered())
        pace = pace_of(journal, time.time())
    return _Status(
        counts=counts, refused=refused, rejected=rejected, unknown=unknown, numbers=numbers, pace=pace
    )


def _first(rows: Iterator[Row]) -> list[Row]:
    return list(islice(rows, LISTED))


def _show(found: _Status) -> None:
    console = Terminal()
    made = table("Journal", "State", "invoices")
    for name, count in found.counts.items():
        made.add_row("refused before sending" if name == "refused" else name, str(count))
    made.caption = _paced(found.pace)
    console.print(made)
    if found.refused:
        told = [
            (record_in_words(bad.source, bad.number), f"{bad.message} [{bad.rule}]") for bad in found.refused
        ]
        print_sayings(console, "Refused", told)
    for title, items in (("Rejected", found.rejected), ("Unknown", found.unknown)):
        if items:
            told = [(f"{row.source}, {row.key}, {_attempted(row)}", row.detail or "") for row in items]
            print_sayings(console, title, told)
    print_numbers(console, found.numbers)


def _paced(pace: Pace) -> str | None:
    if pace.left == 0 and pace.oldest_unknown is None:
        return None  # the job is done
    told = [f"{pace.rate:.1f} a second in the last minute"]
    if pace.expected is not None:
        told.append(f"{pace.left} of {pace.expected} left")
    if pace.seconds_left is not None:
        told.append(f"about {datetime.timedelta(seconds=round(pace.seconds_left))} to go")
    if pace.oldest_unknown is not None:
        told.append(f"unknown for up to {datetime.timedelta(seconds=round(pace.oldest_unknown))}")
    return ", ".join(told)


def _attempted(row: Row) -> str:
    if row.attempted_at is None:
        return "not sent yet"
    return f"sent {max(0.0, time.time() - row.attempted_at):.0f} s ago"


def _as_json(found: _Status, path: Path) -> dict[str, Any]:
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
        "journal": str(path),
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
        "numbers": numbers_as_json(found.numbers),
        "rate": round(found.pace.rate, 2),
        "expected": found.pace.expected,
        "seconds_left": found.pace.seconds_left,
        "oldest_unknown_seconds": found.pace.oldest_unknown,
    }
