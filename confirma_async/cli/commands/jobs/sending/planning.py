"""``confirma submit --workers`` and ``--detach``: the planning of a job that workers send."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from confirma_async.bulk import JobArguments, Placement, Source, State
from confirma_async.bulk.models import FINAL
from confirma_async.bulk.places import JournalPlace, reading
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.status import show_status
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen
from confirma_async.cli.options.workers import ForWorkers
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_sayings, record_in_words
from confirma_async.cli.output.result import plan_as_json
from confirma_async.cli.output.terminal import Terminal
from confirma_async.client import Confirma
from confirma_async.errors import ConfigurationError

if TYPE_CHECKING:
    from confirma_async.bulk.machines.planner import PlannedJob

LOOK_SECONDS = 1.0
"""Seconds between two looks at how far the workers are."""

_OF_ANOTHER = (
    "{count} of the invoices that were planned do not count for run {run} any more: another job has taken "
    "them up since, or the database was put back. Run the same command again to see what becomes of them"
)


async def plan_for_workers(
    client: Confirma,
    placement: Placement,
    records: Source,
    arguments: JobArguments,
    how: ForWorkers,
    *,
    as_json: bool,
) -> Exit:
    """Plan a job, and show what came of it.

    Args:
        client: The way to the service.
        placement: The journal, which is a database.
        records: What is to be sent.
        arguments: How the job runs.
        how: Whether to wait until workers have sent it, and for how long what they sent is kept.
        as_json: Whether the result is printed for machines.

    Raises:
        JournalError: the journal cannot be used; what was planned stays so, and the same command goes on.
    """
    if placement.path is None:
        raise ConfigurationError("the journal has no name")
    bar = _bar(visible=not as_json)
    task = bar.add_task("plan", total=arguments.get("expected"), what="planned")
    with bar:
        planned = await client.bulk.plan(
            records,
            journal=placement,
            keep_bodies=how.keep_bodies,
            progress=lambda made: bar.update(task, completed=_told(made)),
            **arguments,
        )
    options.remark(planned.warnings)
    if not how.detach:
        sent = await _follow(placement.path, planned.run, visible=not as_json)
        with reading(placement.path) as journal:
            found = Chosen(path=placement.path, journal=journal, run=journal.run(planned.run))
            code = show_status(found, as_json=as_json)
        if sent < planned.planned:
            say(_OF_ANOTHER.format(count=planned.planned - sent, run=planned.run), err=True)
            return Exit.PAUSED
        return code
    _show(planned, as_json=as_json)
    return Exit.REJECTED if planned.refusals else Exit.ACCEPTED


def _told(planned: PlannedJob) -> int:
    return planned.planned + planned.known + planned.elsewhere + planned.refusals


def _bar(*, visible: bool) -> Progress:
    return Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.completed} {task.fields[what]}"),
        TimeElapsedColumn(),
        console=Terminal(file=sys.stderr),
        disable=not visible,
    )


async def _follow(place: JournalPlace, run: int, *, visible: bool) -> int:
    """Show how far the workers are, until nothing of a run is open or a person stops the waiting.

    Returns:
        How many invoices count for the run then.

    Raises:
        asyncio.CancelledError: a person stopped it; the workers go on.
    """
    bar = _bar(visible=visible)
    task = bar.add_task("send", total=None, what="sent by workers")
    with bar:
        warned = False
        while True:
            counts, alive = await asyncio.to_thread(_look, place, run)
            done, total = sum(counts[state] for state in FINAL), sum(counts.values())
            what = f"of {total} sent, {counts[State.UNKNOWN]} unknown, by {alive} workers"
            bar.update(task, completed=done, total=total, what=what)
            if done == total:
                return total
            if not alive and not warned:
                warned = True
                say("No worker runs; begin one: confirma worker JOURNAL. Ctrl-C ends the waiting.", err=True)
            await asyncio.sleep(LOOK_SECONDS)


def _look(place: JournalPlace, run: int) -> tuple[dict[State, int], int]:
    """Return how many invoices of a run are in each state, and how many workers are alive."""
    from confirma_async.bulk.machines.alive import workers_of

    with reading(place) as journal:
        return dict(journal.counts(run)), sum(worker.alive for worker in workers_of(journal))


def _show(planned: PlannedJob, *, as_json: bool) -> None:
    if as_json:
        print_json(plan_as_json(planned))
        return
    console = Terminal()
    counts = {
        "planned for workers": planned.planned,
        "decided before": planned.known,
        "in the hands of another run": planned.elsewhere,
        "refused": planned.refusals,
    }
    told = ", ".join(
        f"{count} {word}" for word, count in counts.items() if count or word == "planned for workers"
    )
    console.print(f"{told}; it is run {planned.run} of {planned.journal}", soft_wrap=True)
    said = [(record_in_words(bad.place, bad.number), bad.detail or "") for bad in planned.refused]
    if said:
        print_sayings(console, "Refused", said)
