"""``confirma submit``: sends the invoices of files, each exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import click
from attrs import evolve

from confirma_async.accounts.folders import target_of
from confirma_async.accounts.registry import Accounts
from confirma_async.bulk import Placement, Report, Verdict
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace, reading_if_there
from confirma_async.bulk.number_assignment import JournalBook, give_numbers, number_book
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.bulk.sqlite.file.marks import remove_marks
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.planning import plan_for_workers
from confirma_async.cli.commands.jobs.sending.submit_many import plan_many, submit_many
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest, target_in_words
from confirma_async.cli.commands.jobs.validate import inspect
from confirma_async.cli.errors.exit_codes import Exit, of_creditors, of_report
from confirma_async.cli.journals import SANDBOX_TARGET, is_journal, sandbox_journal
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.destination import Destination, connected_for_account, own_journal, to_sandbox
from confirma_async.cli.options.inputs import Inputs, input_files
from confirma_async.cli.options.send_mode import Sending, sending_options
from confirma_async.cli.output.distribution_status import distribution_statuses
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress, reading
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.result import report_as_json, show_report
from confirma_async.cli.running.stopping import signals
from confirma_async.client import Confirma
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError
from confirma_async.files import make_private
from confirma_async.formats import Spooled, scan_files
from confirma_async.formats.files import read_each
from confirma_async.sandbox import Sandbox

_SANDBOX = "sandbox"
"""The account name of the embedded sandbox."""


@click.command(short_help="Send every invoice of the files, each exactly once.")
@to_sandbox
@own_journal
@options.profiles
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing.")
@sending_options
@input_files
@connected_for_account
@options.language
@options.as_json
@bundle("destination", Destination)
def submit(destination: Destination, inputs: Inputs, sending: Sending, dry_run: bool, as_json: bool) -> Exit:
    """Send every invoice of the files, each exactly once.

    FILE is a table (CSV, Excel, Parquet, Arrow), JSON Lines, UBL 2.1 or Finvoice, or a folder of such
    files. The account's journal knows what was sent before, whatever the files are called and wherever they
    are. Run again, the command sends nothing twice; interrupted, it goes on where it was. Where the journal
    is in a database (postgresql://), workers send what is planned there.
    """
    profiles = destination.profiles
    by_workers = sending.for_workers.needed(destination.journals)
    inputs = inputs.of(inputs.files)
    refuse_older_journals(inputs.files, destination)
    options.warn_of_unchecked()
    request = SubmitRequest(destination=destination, inputs=inputs, sending=sending, as_json=as_json)
    if profiles is not None:
        _refuse_beside_profiles(request)
        if by_workers and not dry_run:
            return signals.run(plan_many, request, profiles)
        if not dry_run:
            return of_creditors(signals.run(submit_many, request, profiles))
        documents = scan_files(inputs.files, inputs.reading, destination.connection.converter)
        profiles.all.count(documents)  # refuses an invoice that no profile sends
    if dry_run:
        return inspect(
            inputs,
            destination.connection.converter,
            journal_path=None if profiles else signals.run(_journal_if_known, destination),
            as_json=as_json,
        )
    return carry_out(request)


def carry_out(request: SubmitRequest) -> Exit:
    """Send the invoices, or have workers send them if the journal is in a database.

    Raises:
        click.UsageError: an option is for workers, and the journal is not in a database.
    """
    if request.sending.for_workers.needed([request.destination.journal]):
        return signals.run(_plan, request)
    return of_report(signals.run(send, request))


def _refuse_beside_profiles(request: SubmitRequest) -> None:
    """Refuse options that are for one account only, beside --profiles.

    Raises:
        click.UsageError: there is such an option.
    """
    given = {
        "--sandbox": request.destination.sandbox,
        "--journal": request.destination.journal is not None,
        "--number-from": request.inputs.number_from is not None,
    }
    for option in (name for name, is_given in given.items() if is_given):
        raise click.UsageError(
            f"{option} is about one account, and --profiles names many; leave one of them out"
        )


def refuse_older_journals(files: Sequence[Path | Spooled], destination: Destination) -> None:
    """Refuse to send files beside which an earlier version kept a journal of what was sent.

    A user who names a journal has decided which one knows what was sent.

    Raises:
        click.UsageError: there is one.
    """
    if destination.journal is not None:
        return
    for file in files:
        if not isinstance(file, Spooled):
            ending = ".sandbox.journal" if destination.sandbox else ".journal"
            beside = file.with_name(f"{file.name}{ending}")
            if is_journal(beside):
                raise click.UsageError(
                    f"{beside} is the journal of an earlier version, and knows what was sent from {file}; "
                    f"go on with it (--journal {shlex.quote(str(beside))}), or move it away if nothing of it "
                    "is to be sent again"
                )


async def _journal_if_known(destination: Destination) -> JournalPlace | None:
    """Return the place of the journal that a job would use; it need not exist, and is not made.

    Raises:
        ConfigurationError: a job would not begin, because its key belongs to no account that is known.
    """
    connection = destination.connection
    account = connection.account
    if destination.journal is not None or destination.sandbox:
        return destination.journal or sandbox_journal(account)
    async with connection.client() as client:
        target = target_of(client.settings.base_url)
    return Accounts().find(target, await connection.key(), None if account.new else account.name).journal


async def send(request: SubmitRequest) -> Report:
    """Send the invoices, show the progress, and print the report."""
    async with contextlib.AsyncExitStack() as stack:
        client, sandbox, placement = await stack.enter_async_context(_service(request))
        path = _place_of(placement)
        target = SANDBOX_TARGET if sandbox is not None else client.settings.base_url
        if not request.as_json:
            say(_("Sending to {target}").format(target=target_in_words(target)), err=True)
        records, book = _input(request, placement, stack)
        stop = asyncio.Event()
        arguments = request.arguments(records.count)
        stream = client.bulk.stream(records, journal=placement, stop=stop, **arguments)
        with signals.gently(stop), progress(records.count, visible=not request.as_json) as advance:
            warned, accepted = False, set[int]()
            async for outcome in stream:
                if not warned:
                    options.remark(stream.report.warnings)
                    warned = True
                if sandbox is not None and outcome.verdict is Verdict.ACCEPTED:
                    accepted.add(int(outcome.number or 0))
                advance(outcome)
        report = stream.report
        statuses = None
        if sandbox is not None and not stop.is_set():
            sandbox.clock.advance(hours=2)  # long enough to be validated and distributed there
            statuses = await distribution_statuses(client, path, accepted)
    if request.as_json:
        print_json({"target": target, **report_as_json(report, statuses, book.used)})
    else:
        show_report(report, statuses, book.used, steps=request.next_steps())
    return report


def _input(
    request: SubmitRequest, placement: Placement, stack: contextlib.ExitStack | contextlib.AsyncExitStack
) -> tuple[PreparedRecords, JournalBook]:
    """Read all files; return their records, and the numbers that were assigned to them."""
    inputs, converter, given = request.inputs, request.destination.connection.converter, None
    prepared = stack.enter_context(PreparedRecords(converter, inputs.checks))
    with signals.interrupting():  # it reads all of the files, and waits for nothing
        if inputs.number_from is not None:
            seen = scan_files(inputs.files, inputs.reading, converter)
            given = give_numbers(placement, (each.identity for each in seen), inputs.number_from)
        with number_book(_place_of(placement), given) as book:
            records = read_each(inputs.files, evolve(inputs.reading, numbers=book), converter)
            prepared.take(reading(records, visible=not request.as_json))
    return prepared, book


async def _plan(request: SubmitRequest) -> Exit:
    """Plan the invoices for workers, and show the workers' progress, or only the plan with --detach."""
    async with contextlib.AsyncExitStack() as stack:
        client, _sandbox, placement = await stack.enter_async_context(_service(request))
        if not request.as_json:
            target = target_in_words(client.settings.base_url)
            say(_("Planning for {target}").format(target=target), err=True)
        records, _book = _input(request, placement, stack)
        return await plan_for_workers(client, placement, records, request)


def _place_of(placement: Placement) -> JournalPlace:
    if placement.path is None:
        raise ConfigurationError("the journal has no name")
    return placement.path


@contextlib.asynccontextmanager
async def _service(request: SubmitRequest) -> AsyncGenerator[tuple[Confirma, Sandbox | None, Placement]]:
    """Open the client for the invoices, find the journal, and start the embedded sandbox if it is meant.

    The sandbox keeps its state beside its journal.
    """
    destination, limit = request.destination, request.sending.job.limit
    connection, named = destination.connection, destination.journal
    if not destination.sandbox:
        async with connection.client(limit) as client:
            yield client, None, await client.bulk.place(named)
        return
    journal = named or sandbox_journal(connection.account)
    if isinstance(journal, PostgresPlace):
        raise click.UsageError(
            "the sandbox of --sandbox keeps its state beside its journal, a file; for a journal in a "
            "database start one (confirma sandbox) and name it with --base-url"
        )
    db = journal.with_name(f"{journal.name}.sandbox.db")
    try:
        if named is None:
            make_private(journal.parent)
        if not db.exists() and not journal.exists():
            remove_marks(journal)  # both were removed, to begin anew
        with reading_if_there(journal):
            pass  # beside a file that is no journal, no sandbox is made
        db.touch(mode=0o600)  # it holds the invoices
    except OSError as error:
        raise ConfigurationError(
            f"the sandbox cannot keep its state in {db} ({error.strerror}); check that the folder exists and "
            "is writable, or name another place with --journal"
        ) from error
    async with Sandbox(db=db, overrides=connection.overrides) as sandbox:
        for fault, times in request.faults.items():
            sandbox.faults.add(fault, operation=CREATE_INVOICE.name, times=times)
        async with connection.to(sandbox.url, sandbox.api_key).client(limit) as client:
            placement = await client.bulk.place(journal, target=SANDBOX_TARGET)
            yield client, sandbox, evolve(placement, owner=evolve(placement.owner, account=_SANDBOX))
