"""The planning of a job that workers send, because its journal is in a database that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confirma_async.bulk import Placement
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.following import (
    PlannedRun,
    follow,
    patience_of,
    planning_bar,
)
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest
from confirma_async.cli.commands.jobs.status import show_status
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.output.render import print_json, print_sayings, record_in_words
from confirma_async.cli.output.result import plan_as_json
from confirma_async.cli.output.terminal import Terminal
from confirma_async.client import Confirma
from confirma_async.errors import ConfigurationError

if TYPE_CHECKING:
    from confirma_async.bulk.machines.planner import PlannedJob


async def plan_for_workers(
    client: Confirma,
    placement: Placement,
    records: PreparedRecords,
    request: SubmitRequest,
) -> Exit:
    """Plan a job, and show what came of it.

    Args:
        client: The way to the service.
        placement: The journal, which is a database.
        records: What is to be sent.
        request: How the job runs, whether to wait until workers have sent it, and how the result is printed.

    Raises:
        JournalError: the journal cannot be used; what was planned stays so, and the same command goes on.
    """
    if placement.path is None:
        raise ConfigurationError("the journal has no name")
    how = request.sending.for_workers
    bar = planning_bar(visible=not request.as_json)
    task = bar.add_task("plan", total=records.count, what="planned")
    with bar:
        planned = await client.bulk.plan(
            records,
            journal=placement,
            keep_days=how.keep_bodies,
            chunk_size=how.chunk_size,
            progress=lambda made: bar.update(task, completed=_count_read(made)),
            **request.arguments(records.count),
        )
    options.remark(planned.warnings)
    if not how.detach:
        run = PlannedRun(placement.path, planned.run, planned.planned, planned.elsewhere)
        (standing,) = await follow(
            [run],
            begin=f"confirma worker {placement.path}",
            patience_seconds=patience_of(request.sending.job.options),
            visible=not request.as_json,
        )
        show_status(standing.found, as_json=request.as_json)
        standing.warn_of_others()
        return standing.code
    _show(planned, as_json=request.as_json)
    return Exit.REJECTED if planned.refusals else Exit.ACCEPTED


def _count_read(planned: PlannedJob) -> int:
    return planned.planned + planned.known + planned.elsewhere + planned.refusals


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
    counted = ", ".join(
        f"{count} {word}" for word, count in counts.items() if count or word == "planned for workers"
    )
    console.print(f"{counted}; it is run {planned.run} of {planned.journal}", soft_wrap=True)
    said = [(record_in_words(bad.place, bad.number), bad.detail or "") for bad in planned.refused]
    if said:
        print_sayings(console, "Refused", said)
