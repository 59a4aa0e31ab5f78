"""``confirma submit --profiles``: sends the invoices of many sellers, each under the key of its account."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.cli.commands.jobs.sending.following import PlannedRun, follow, patience_of
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest, target_in_words
from confirma_async.cli.errors.error_messages import failed_in_words
from confirma_async.cli.errors.exit_codes import Exit, foremost, of_error
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.options import ChosenProfiles
from confirma_async.cli.output.creditors_report import (
    show_creditors_plan,
    show_creditors_report,
    show_creditors_standing,
    warn_of,
)
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress, reading
from confirma_async.cli.running.stopping import signals
from confirma_async.creditors import CreditorsReport
from confirma_async.errors import ConfigurationError
from confirma_async.formats.files import read_each

if TYPE_CHECKING:
    from confirma_async.bulk.machines.planner import PlannedJob


async def submit_many(request: SubmitRequest, profiles: ChosenProfiles) -> CreditorsReport:
    """Send the invoices, show the progress, and print the report of each account."""
    connection, limit = request.destination.connection, request.sending.job.limit
    async with contextlib.AsyncExitStack() as stack:
        creditors = await stack.enter_async_context(connection.creditors(profiles, limit))
        target = creditors.settings.base_url
        if not request.as_json:
            say(_("Sending to {target}").format(target=target_in_words(target)), err=True)
        prepared, counts = _read(request, profiles, stack)
        stop = asyncio.Event()
        with signals.gently(stop), progress(prepared.count, visible=not request.as_json) as advance:
            report = await creditors.submit(
                lambda: prepared,
                counts=counts,
                stop=stop,
                on_outcome=lambda _account, outcome: advance(outcome),
                **request.arguments(),
            )
    show_creditors_report(report, target, as_json=request.as_json)
    return report


async def plan_many(request: SubmitRequest, profiles: ChosenProfiles) -> Exit:
    """Plan the invoices for workers, each account's in its own database.

    It shows the workers' progress until all invoices are decided, or only the plan with --detach.
    """
    how, limit = request.sending.for_workers, request.sending.job.limit
    async with contextlib.AsyncExitStack() as stack:
        creditors = await stack.enter_async_context(request.destination.connection.creditors(profiles, limit))
        if not request.as_json:
            target = target_in_words(creditors.settings.base_url)
            say(_("Planning for {target}").format(target=target), err=True)
        prepared, counts = _read(request, profiles, stack)
        planned = await creditors.plan(
            lambda: prepared,
            counts=counts,
            keep_days=how.keep_bodies,
            chunk_size=how.chunk_size,
            **request.arguments(),
        )
    codes = {of_error(error) for error in planned.failed.values()}
    if planned.refused or any(each.refusals for each in planned.accounts.values()):
        codes.add(Exit.REJECTED)
    if how.detach:
        show_creditors_plan(planned, as_json=request.as_json)
        return foremost(codes)
    for account, error in planned.failed.items():  # printed again at the end, which may be far away
        say(f"{account}: {failed_in_words(error)}", err=True)
    warn_of(planned.accounts)
    runs = {name: _run(profiles, name, each) for name, each in planned.accounts.items()}
    ended = await follow(
        [*runs.values()],
        begin="confirma worker --profiles FILE",
        patience_seconds=patience_of(request.sending.job.options),
        visible=not request.as_json,
    )
    standings = dict(zip(runs, ended, strict=True))
    show_creditors_standing(
        planned, {name: one.found for name, one in standings.items()}, as_json=request.as_json
    )
    for standing in standings.values():
        standing.warn_of_others()
    return foremost(codes | {standing.code for standing in standings.values()})


def _run(profiles: ChosenProfiles, account: str, planned: PlannedJob) -> PlannedRun:
    place = profiles.all[account].journal
    if place is None:
        raise ConfigurationError(f"the profile {account} names no journal")
    return PlannedRun(place, planned.run, planned.planned, planned.elsewhere)


def _read(
    request: SubmitRequest, profiles: ChosenProfiles, stack: contextlib.AsyncExitStack
) -> tuple[PreparedRecords, Mapping[str, int]]:
    """Read all files; return the records, and the number of each account's."""
    inputs, converter = request.inputs, request.destination.connection.converter
    prepared = stack.enter_context(PreparedRecords(converter, inputs.checks))
    with signals.interrupting():  # it waits for nothing
        records = read_each(inputs.files, inputs.reading, converter)
        records = reading(records, visible=not request.as_json)
        return prepared, profiles.all.count(prepared.documents(records))
