"""``confirma jobs``: lists the runs of an account's journal."""

from __future__ import annotations

import datetime
import time
from itertools import islice
from pathlib import Path
from typing import Any

import click

from confirma_async.bulk import State
from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.journal_places import reading_if_there
from confirma_async.cli import options
from confirma_async.cli.journals import Whose, located, whose
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, plain, when
from confirma_async.cli.language.messages import translated
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_rows, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.run_status.words import inputs_in_words

LISTED = 1000
"""The greatest number of runs that --json lists."""

SHOWN = 20
"""The greatest number of runs in a table."""


@click.command(short_help="List the runs of an account's journal, the latest first.")
@click.argument("which", metavar="[JOURNAL]", required=False)
@whose
@options.language
@options.as_json
def jobs(which: str | None, whose: Whose, as_json: bool) -> None:
    """List the runs of an account's journal, the latest first, or those of JOURNAL.

    The other commands take the number of a run: confirma status 7, report 7, export 7, retry 7.
    """
    path, _run = located(which, whose)
    with reading_if_there(path) as journal:
        found = [] if journal is None else list(islice(journal.runs.all(), LISTED if as_json else SHOWN + 1))
        if as_json:
            print_json({"journal": str(path), "runs": [_as_json(journal, run) for run in found if journal]})
            return
        made = table(
            _("Runs in {journal}").format(journal=path),
            _("Run"),
            _("Began"),
            _("Accepted"),
            _("Rejected"),
            _("Refused"),
            _("Open"),
            _("How it ended"),
            _("From"),
        )
        rows = [_as_row(journal, run) for run in found[:SHOWN] if journal]
    if not rows:
        say(_("There has been no run yet in {journal}.").format(journal=path))
        return
    print_rows(Terminal(), made, rows, len(rows))
    if len(found) > SHOWN:
        say(_("Earlier runs are listed with --json."))


def _counts(journal: JournalReader, run: Run) -> dict[str, int]:
    counts = journal.figures.counts(run.number)
    return {
        "accepted": counts[State.ACCEPTED] + run.known,
        "rejected": counts[State.REJECTED] + sum(1 for _ in journal.runs.known(run.number)),
        "refused": journal.figures.refused(run.number),
        "open": sum(journal.figures.open_counts(run.number).values()) - journal.figures.withheld(run.number),
    }


def _as_row(journal: JournalReader, run: Run) -> list[object]:
    return [
        run.number,
        plain(when(run.began_at, time.time())),
        *(plain(count(number)) if number else None for number in _counts(journal, run).values()),
        translated(run.ending) if run.ending else _("not ended"),
        inputs_in_words([Path(name).name for name in run.inputs]) if run.inputs else "",
    ]


def _as_json(journal: JournalReader, run: Run) -> dict[str, Any]:
    return {
        "run": run.number,
        "began_at": _iso(run.began_at),
        "ended_at": None if run.ended_at is None else _iso(run.ended_at),
        "ending": run.ending,
        "inputs": list(run.inputs),
        "expected": run.expected,
        **_counts(journal, run),
    }


def _iso(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")
