"""``confirma submit --workers``: the waiting for workers, on any machines, that send what was planned."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence

from attrs import frozen
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from confirma_async.bulk import State
from confirma_async.bulk.models import FINAL
from confirma_async.bulk.places import JournalPlace, reading
from confirma_async.cli.commands.jobs.status import exit_of
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.status.reading import RunStatus, read_status

LOOK_SECONDS = 1.0
"""Seconds between two looks at how far the workers are."""


@frozen
class PlannedRun:
    """A run that workers send.

    Attributes:
        place: Its journal.
        number: Its number there.
        planned: How many invoices were planned.
    """

    place: JournalPlace
    number: int
    planned: int


@frozen
class Standing:
    """How a run stands that workers have sent.

    Attributes:
        found: How it stands.
        elsewhere: Invoices that were planned, and that do not count for it any more: another job has taken
            them up, or the database was put back.
    """

    found: RunStatus
    elsewhere: int

    @property
    def code(self) -> Exit:
        """The exit code that it stands for."""
        return Exit.PAUSED if self.elsewhere else exit_of(self.found)

    def tell_of_others(self) -> None:
        """Say how many invoices do not count for the run any more, if there are any."""
        if self.elsewhere and self.found.run is not None:
            say(
                f"{self.elsewhere} of the invoices that were planned do not count for run "
                f"{self.found.run.number} any more: another job has taken them up since, or the database was "
                "put back. Run the same command again to see what becomes of them",
                err=True,
            )


def planning_bar(*, visible: bool) -> Progress:
    """Return a bar that says how many there are, and how long it took."""
    return Progress(
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.completed} {task.fields[what]}"),
        TimeElapsedColumn(),
        console=Terminal(file=sys.stderr),
        disable=not visible,
    )


async def follow(runs: Sequence[PlannedRun], *, begin: str, visible: bool) -> Sequence[Standing]:
    """Show how far the workers are, until nothing of the runs is open or a person stops the waiting.

    Args:
        runs: What they send.
        begin: The command that begins a worker for them.
        visible: Whether the bar is shown.

    Returns:
        How each run stands then.

    Raises:
        asyncio.CancelledError: a person stopped it; the workers go on.
        JournalError: a database cannot be asked; the workers go on as soon as it can.
    """
    bar = planning_bar(visible=visible)
    task = bar.add_task("send", total=None, what="sent by workers")
    with bar:
        warned = False
        while True:
            counts, alive = await asyncio.to_thread(_look, runs)
            done, total = sum(counts[state] for state in FINAL), counts.total()
            what = f"of {total} sent, {counts[State.UNKNOWN]} unknown, by {alive} workers"
            bar.update(task, completed=done, total=total, what=what)
            if done == total:
                break
            if not alive and not warned:
                warned = True
                say(f"No worker runs; begin one: {begin}. Ctrl-C ends the waiting.", err=True)
            await asyncio.sleep(LOOK_SECONDS)
    return await asyncio.to_thread(lambda: [_standing(run) for run in runs])


def _look(runs: Sequence[PlannedRun]) -> tuple[Counter[State], int]:
    """Return how many invoices of the runs are in each state, and how many workers are alive."""
    from confirma_async.bulk.machines.alive import workers_of

    counts, alive = Counter[State](), 0
    for run in runs:
        with reading(run.place) as journal:
            counts.update(journal.counts(run.number))
            alive += sum(worker.alive for worker in workers_of(journal))
    return counts, alive


def _standing(run: PlannedRun) -> Standing:
    with reading(run.place) as journal:
        found = read_status(Chosen(path=run.place, journal=journal, run=journal.run(run.number)))
        return Standing(found, elsewhere=max(0, run.planned - sum(journal.counts(run.number).values())))
