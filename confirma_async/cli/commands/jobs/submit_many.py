"""``confirma submit --profiles``: the invoices of many sellers, each under the key of its account."""

from __future__ import annotations

import asyncio
import contextlib

from confirma_async.bulk import JobArguments
from confirma_async.bulk.prepared import PreparedRecords
from confirma_async.cli.commands.jobs.submit_request import SubmitRequest, name_of, target_in_words
from confirma_async.cli.options import ChosenProfiles
from confirma_async.cli.output.creditors_report import show_creditors_report
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress, reading
from confirma_async.cli.remembered import as_text
from confirma_async.cli.stopping import signals
from confirma_async.creditors import CreditorsReport
from confirma_async.formats import scan_files
from confirma_async.formats.files import read_each


def check_sellers(request: SubmitRequest, profiles: ChosenProfiles) -> None:
    """Refuse files with an invoice that no profile sends; for a dry run.

    Raises:
        RequestInvalidError: there is one.
    """
    profiles.all.count(scan_files(request.files, request.reading, request.connection.converter))


async def submit_many(request: SubmitRequest, profiles: ChosenProfiles) -> CreditorsReport:
    """Send what is wanted, show its progress, and say what came of it."""
    connection, limit = request.connection, request.job.limit
    creditors = connection.creditors(profiles.all, limit, new_accounts=profiles.new_accounts)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(creditors)
        target = creditors.settings.base_url
        if not request.as_json:
            say(f"Sending to {target_in_words(target)}", err=True)
        converter = connection.converter
        prepared = stack.enter_context(PreparedRecords(converter, request.checks))
        with signals.interrupting():  # it reads all of the files, and waits for nothing
            records = read_each(request.files, request.reading, converter)
            records = reading(records, visible=not request.as_json)
            counts = profiles.all.count(prepared.documents(records))
        stop = asyncio.Event()
        arguments: JobArguments = {
            **request.job.arguments,
            "validate": request.checks.validate,
            "allow": request.checks.allow,
            "retry": request.retry,
            "inputs": [name_of(file) for file in request.files],
            "reading": as_text(request.files, request.reading),
        }
        with signals.gently(stop), progress(sum(counts.values()), visible=not request.as_json) as advance:
            report = await creditors.submit(
                lambda: prepared,
                counts=counts,
                stop=stop,
                told=lambda _account, outcome: advance(outcome),
                **arguments,
            )
    show_creditors_report(report, target, as_json=request.as_json)
    return report
