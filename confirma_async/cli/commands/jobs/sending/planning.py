"""Plans a job for workers, because its journal is in a database that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confirma_async.bulk import Placement
from confirma_async.bulk.models import Verdict
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.following import PlannedRun, follow, patience_of
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest
from confirma_async.cli.commands.jobs.status import show_status
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import counting_bar
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.result import (
    StandingRow,
    plan_as_json,
    print_issues,
    print_standings,
    standing,
)
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
    """Plan a job, wait for the workers unless they are not to be waited for, and print the result.

    Args:
        client: The client of the account.
        placement: The journal, which is in a database.
        records: The records to send.
        request: How the job runs, whether to wait for workers, and how to print the result.

    Raises:
        JournalError: the journal cannot be used; what was planned stays planned, and the same command goes
            on.
    """
    if placement.path is None:
        raise ConfigurationError("the journal has no name")
    how = request.sending.for_workers
    bar = counting_bar({}, visible=not request.as_json)
    task = bar.add_task("", total=records.count)
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
    rows: list[StandingRow] = [
        (_("Planned for workers"), planned.planned, "", {}),
        (_("Decided in an earlier run"), planned.known, "dim", {}),
        (_("In the hands of another run"), planned.elsewhere, "", {}),
        standing(Verdict.REFUSED, planned.refusals),
    ]
    print_standings(console, _("Planned"), rows, None)
    print_issues(console, planned.refused)
    say(_("Run {run} in the journal {journal}").format(run=planned.run, journal=planned.journal))
