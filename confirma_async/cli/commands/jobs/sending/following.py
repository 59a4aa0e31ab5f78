"""Waits for workers, on any machines, that send what was planned."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from attrs import field, frozen

from confirma_async.bulk import JobOptions, State
from confirma_async.bulk.journal_places import JournalPlace, reading
from confirma_async.bulk.models import FINAL, VERDICTS, Verdict
from confirma_async.cli.commands.jobs.status import exit_of
from confirma_async.cli.errors.error_messages import told
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Chosen
from confirma_async.cli.language.choice import gettext as _, ngettext
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import counting_bar
from confirma_async.cli.run_status.reading import RunStatus, read_status
from confirma_async.errors import JournalError

LOOK_SECONDS = 1.0
"""Seconds between two readings of the workers' progress."""

_TOLD = (State.ACCEPTED, State.REJECTED, State.UNKNOWN)
"""The states that are shown while workers send."""


@frozen
class PlannedRun:
    """A run whose invoices workers send.

    Attributes:
        place: The place of its journal.
        number: The number of the run in its journal.
        planned: How many invoices were planned.
        elsewhere: How many invoices were in the hands of another run.
    """

    place: JournalPlace
    number: int
    planned: int
    elsewhere: int


@frozen
class RunStanding:
    """The result of a run whose invoices workers have sent.

    Attributes:
        run: The run that was planned.
        found: The status of the run.
        taken_up: How many of the planned invoices no longer count for the run.
    """

    run: PlannedRun
    found: RunStatus
    taken_up: int

    @property
    def code(self) -> Exit:
        """The exit code for the result."""
        return Exit.PAUSED if self.taken_up or self.run.elsewhere else exit_of(self.found)

    def warn_of_others(self) -> None:
        """Warn of invoices that belong to another run, if there are any."""
        taken_up = _(
            "Invoices that do not count for run {run} any more: {count}. Another job has taken them up "
            "since, or the database was put back. Give the same command again to see what becomes of them."
        )
        elsewhere = _(
            "Invoices that were in the hands of another run when run {run} was planned: {count}. Give the "
            "same command again to see what became of them."
        )
        for number, said in ((self.taken_up, taken_up), (self.run.elsewhere, elsewhere)):
            if number:
                say(said.format(count=plain(count(number)), run=self.run.number), err=True)


@frozen
class _Look:
    """The progress of a run: its invoices by state, and its living workers; or the error of reading them."""

    counts: Counter[State] = field(factory=Counter[State])
    alive: int = 0
    error: JournalError | None = None

    @property
    def open(self) -> int:
        return self.counts.total() - sum(self.counts[state] for state in FINAL)


def patience_of(options: JobOptions) -> float:
    """Return the seconds within which every lookup of a job is made, by its options."""
    return 2.0 * options.settle_seconds


async def follow(
    runs: Sequence[PlannedRun], *, begin: str, patience_seconds: float, visible: bool
) -> Sequence[RunStanding]:
    """Show the progress of workers, until they have decided every invoice that they can decide.

    Args:
        runs: The runs whose invoices they send.
        begin: The command that begins a worker for the runs.
        patience_seconds: Seconds within which every lookup is made. It does not wait longer for an invoice
            that is still unknown then, since that needs a person.
        visible: Whether to show the progress bar.

    Returns:
        The result of each run.

    Raises:
        asyncio.CancelledError: the user stopped the waiting; the workers go on.
        JournalError: no database can be read; the workers go on as soon as they can reach theirs.
    """
    counted, loop = dict[Verdict | None, int](), asyncio.get_running_loop()
    bar = counting_bar(counted, visible=visible)
    task = bar.add_task("", total=0)
    warned = dict[int, str | None]()
    unknown, since = 0, loop.time()
    with bar:
        while True:
            looks = await asyncio.to_thread(lambda: [_look(run) for run in runs])
            if looks and all(look.error is not None for look in looks):
                raise next(look.error for look in looks if look.error is not None)
            counts = sum((look.counts for look in looks), Counter[State]())
            left, total = sum(look.open for look in looks), counts.total()
            counted.update({VERDICTS[state]: counts[state] for state in _TOLD})
            bar.update(task, completed=total - left, total=total, description=_workers(looks))
            if not left and not any(look.error for look in looks):
                break
            if left != counts[State.UNKNOWN] or left != unknown:
                unknown, since = counts[State.UNKNOWN], loop.time()
            elif loop.time() - since > patience_seconds:  # else it would wait for a person who waits for it
                break
            _warn(runs, looks, warned, begin)
            await asyncio.sleep(LOOK_SECONDS)
    return await asyncio.to_thread(lambda: [_standing(run) for run in runs])


def _workers(looks: Sequence[_Look]) -> str:
    alive = sum(look.alive for look in looks)
    return ngettext("{count} worker", "{count} workers", alive).format(count=count(alive))


def _warn(
    runs: Sequence[PlannedRun], looks: Sequence[_Look], warned: dict[int, str | None], begin: str
) -> None:
    """Warn once of each reason why a run makes no progress."""
    for index, (run, look) in enumerate(zip(runs, looks, strict=True)):
        fault = None
        if look.error is not None:
            fault = _("{reason}. It is asked again. Ctrl-C ends the waiting.").format(reason=told(look.error))
        elif look.open and not look.alive:
            fault = _(
                "No worker runs on {journal}; begin one ({command}), or end this one and send from here (the "
                "same command with --here). Ctrl-C ends the waiting."
            ).format(journal=run.place, command=begin)
        if fault is not None and warned.get(index) != fault:
            say(fault, err=True)
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
