"""The waiting for workers, on any machines, that send what was planned."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Sequence

from attrs import field, frozen
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from confirma_async.bulk import JobOptions, State
from confirma_async.bulk.journal_places import JournalPlace, reading
from confirma_async.bulk.models import FINAL
from confirma_async.cli.commands.jobs.status import exit_of
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.run_status.reading import RunStatus, read_status
from confirma_async.errors import JournalError

LOOK_SECONDS = 1.0
"""Seconds between two looks at how far the workers are."""

_TAKEN_UP = (
    "{count} of the invoices that were planned do not count for run {run} any more: another job has taken "
    "them up since, or the database was put back. Run the same command again to see what becomes of them"
)
_ELSEWHERE = (
    "{count} of the invoices were in the hands of another run when run {run} was planned. Run the same "
    "command again to see what became of them"
)


@frozen
class PlannedRun:
    """A run that workers send.

    Attributes:
        place: Its journal.
        number: Its number there.
        planned: How many invoices were planned.
        elsewhere: How many another run had in its hands.
    """

    place: JournalPlace
    number: int
    planned: int
    elsewhere: int


@frozen
class RunStanding:
    """How a run stands that workers have sent.

    Attributes:
        run: The run.
        found: How it stands.
        taken_up: Invoices that were planned, and that do not count for it any more.
    """

    run: PlannedRun
    found: RunStatus
    taken_up: int

    @property
    def code(self) -> Exit:
        """The exit code that it stands for."""
        return Exit.PAUSED if self.taken_up or self.run.elsewhere else exit_of(self.found)

    def warn_of_others(self) -> None:
        """Say how many invoices are another run's, if there are any."""
        for count, said in ((self.taken_up, _TAKEN_UP), (self.run.elsewhere, _ELSEWHERE)):
            if count:
                say(said.format(count=count, run=self.run.number), err=True)


@frozen
class _Look:
    """What was seen of a run: how many invoices are in each state, how many workers live, or why nothing."""

    counts: Counter[State] = field(factory=Counter[State])
    alive: int = 0
    error: JournalError | None = None

    @property
    def open(self) -> int:
        return self.counts.total() - sum(self.counts[state] for state in FINAL)


def patience_of(options: JobOptions) -> float:
    """Return the seconds after which a lookup has surely come, of a job that runs so."""
    return 2.0 * options.settle_seconds


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


async def follow(
    runs: Sequence[PlannedRun], *, begin: str, patience_seconds: float, visible: bool
) -> Sequence[RunStanding]:
    """Show how far the workers are, until nothing of the runs is open that they can bring to its end.

    Args:
        runs: What they send.
        begin: The command that begins a worker for them.
        patience_seconds: Seconds after which every lookup has surely come. What is still unknown then needs a
            person, and is waited for no longer.
        visible: Whether the bar is shown.

    Returns:
        How each run stands then.

    Raises:
        asyncio.CancelledError: a person stopped it; the workers go on.
        JournalError: no database can be asked; the workers go on as soon as one can.
    """
    bar, loop = planning_bar(visible=visible), asyncio.get_running_loop()
    task = bar.add_task("send", total=None, what="sent by workers")
    warned = dict[int, str | None]()
    unknown, since = 0, loop.time()
    with bar:
        while True:
            looks = await asyncio.to_thread(lambda: [_look(run) for run in runs])
            if looks and all(look.error is not None for look in looks):
                raise next(look.error for look in looks if look.error is not None)
            counts = sum((look.counts for look in looks), Counter[State]())
            left, total = sum(look.open for look in looks), counts.total()
            workers = sum(look.alive for look in looks)
            what = f"of {total} sent, {counts[State.UNKNOWN]} unknown, by {workers} workers"
            bar.update(task, completed=total - left, total=total, what=what)
            if not left and not any(look.error for look in looks):
                break
            if left != counts[State.UNKNOWN] or left != unknown:
                unknown, since = counts[State.UNKNOWN], loop.time()
            elif loop.time() - since > patience_seconds:  # else it would wait for a person who waits for it
                break
            _warn(runs, looks, warned, begin)
            await asyncio.sleep(LOOK_SECONDS)
    return await asyncio.to_thread(lambda: [_standing(run) for run in runs])


def _warn(
    runs: Sequence[PlannedRun], looks: Sequence[_Look], warned: dict[int, str | None], begin: str
) -> None:
    """Say of each run, once, why it does not go on."""
    for index, (run, look) in enumerate(zip(runs, looks, strict=True)):
        fault = None if look.error is None else f"{look.error}. It is asked again"
        if fault is None and look.open and not look.alive:
            fault = (
                f"No worker runs on {run.place}; begin one ({begin}), or end this one and send from here "
                "(the same command with --here)"
            )
        if fault is not None and warned.get(index) != fault:
            say(f"{fault}. Ctrl-C ends the waiting.", err=True)
        warned[index] = fault


def _look(run: PlannedRun) -> _Look:
    from confirma_async.bulk.postgres.reader import workers_of

    try:
        with reading(run.place) as journal:
            alive = sum(worker.alive for worker in workers_of(journal))
            return _Look(Counter(journal.figures.counts(run.number)), alive)
    except JournalError as error:
        return _Look(error=error)


def _standing(run: PlannedRun) -> RunStanding:
    with reading(run.place) as journal:
        found = read_status(Chosen(path=run.place, journal=journal, run=journal.runs.find(run.number)))
        counted = sum(journal.figures.counts(run.number).values())
        return RunStanding(run, found, taken_up=max(0, run.planned - counted))
