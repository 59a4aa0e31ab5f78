"""``confirma submit``: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import click
from attrs import evolve

from confirma_async.accounts.folders import target_of
from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import Accounts
from confirma_async.bulk import JobArguments, Placement, Report, Verdict
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace, reading_if_there
from confirma_async.bulk.number_assignment import JournalBook, give_numbers, number_book
from confirma_async.bulk.scratch_file import PreparedRecords
from confirma_async.bulk.sqlite.file.marks import remove_marks
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.planning import plan_for_workers
from confirma_async.cli.commands.jobs.sending.submit_many import check_sellers, plan_many, submit_many
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest, name_of, target_in_words
from confirma_async.cli.commands.jobs.validate import inspect
from confirma_async.cli.errors.exit_codes import Exit, of_creditors, of_report
from confirma_async.cli.journals import SANDBOX_TARGET, account_options, is_journal, sandbox_journal
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.options.inputs import input_options
from confirma_async.cli.options.jobs import JobSettings, job_options
from confirma_async.cli.options.workers import ForWorkers, worker_options
from confirma_async.cli.output.distribution_status import distribution_statuses
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress, reading
from confirma_async.cli.output.result import show_report
from confirma_async.cli.remembered import as_text, with_mappings
from confirma_async.cli.running.stopping import signals
from confirma_async.client import Confirma
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError
from confirma_async.files import make_private
from confirma_async.formats import ReadOptions, Spooled, expand, scan_files
from confirma_async.formats.files import read_each
from confirma_async.sandbox import Sandbox
from confirma_async.validation import Checks

_SANDBOX = "sandbox"
"""The name of a sandbox's account."""


@click.command(short_help="Send every invoice of the files, each exactly once.")
@options.files
@click.option("--sandbox", is_flag=True, help="Send to a sandbox on this machine, not to the service.")
@click.option(
    "--journal",
    type=options.JournalName(),
    help="A journal of your own: a file, or a postgresql:// URL.  [default: the account's, in your data "
    "directory]",
)
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing.")
@worker_options
@account_options
@options.profiles
@job_options
@options.checks
@input_options
@connected
@options.language
@options.as_json
def submit(
    connection: Connection,
    files: tuple[Path | Spooled, ...],
    sandbox: bool,
    journal: JournalPlace | None,
    account: AccountName,
    profiles: options.ChosenProfiles | None,
    job: JobSettings,
    dry_run: bool,
    for_workers: ForWorkers,
    number_from: int | None,
    reading: ReadOptions,
    checks: Checks,
    as_json: bool,
) -> Exit:
    """Send every invoice of the files, each exactly once.

    FILE is a table (CSV, Excel, Parquet, Arrow), JSON Lines, UBL 2.1 or Finvoice, or a folder of such
    files. The account's journal knows what was sent before, whatever the files are called and wherever they
    are. Run again, the command sends nothing twice; interrupted, it goes on where it was. Where the journal
    is in a database (postgresql://), workers send what is planned there.
    """
    journals = [journal] if profiles is None else [each.journal for each in profiles.all.values()]
    by_workers = for_workers.needed(journals)
    found = expand(files)
    if journal is None:
        refuse_older_journals(found, sandbox=sandbox)
    options.warn_of_unchecked()
    request = SubmitRequest(
        connection=evolve(connection, account=account),
        files=found,
        journal=journal,
        sandbox=sandbox,
        job=job,
        number_from=number_from,
        reading=with_mappings(found, reading),
        checks=checks,
        as_json=as_json,
    )
    if profiles is not None:
        _refuse_beside_profiles(request)
        if by_workers and not dry_run:
            return signals.run(plan_many, request, profiles, for_workers)
        if not dry_run:
            return of_creditors(signals.run(submit_many, request, profiles))
        check_sellers(request, profiles)
    if dry_run:
        return inspect(
            request.files,
            request.reading,
            connection.converter,
            number_from=number_from,
            journal_path=None if profiles else signals.run(_journal_if_known, request),
            checks=checks,
            as_json=as_json,
        )
    return carry_out(request, for_workers)


def carry_out(request: SubmitRequest, for_workers: ForWorkers) -> Exit:
    """Send what is wanted, or have workers send it where the journal is in a database.

    Raises:
        click.UsageError: an option is about workers, and there are none.
    """
    if for_workers.needed([request.journal]):
        return signals.run(_plan, request, for_workers)
    return of_report(signals.run(send, request))


def _refuse_beside_profiles(request: SubmitRequest) -> None:
    """Refuse the options that are about one account alone.

    Raises:
        click.UsageError: there is one.
    """
    given = {
        "--sandbox": request.sandbox,
        "--journal": request.journal is not None,
        "--number-from": request.number_from is not None,
    }
    for option in (name for name, is_given in given.items() if is_given):
        raise click.UsageError(
            f"{option} is about one account, and --profiles names many; leave one of them out"
        )


def refuse_older_journals(files: Sequence[Path | Spooled], *, sandbox: bool) -> None:
    """Refuse to send files beside which an earlier version kept a journal of what was sent.

    Raises:
        click.UsageError: there is one.
    """
    for file in files:
        if not isinstance(file, Spooled):
            beside = file.with_name(f"{file.name}.sandbox.journal" if sandbox else f"{file.name}.journal")
            if is_journal(beside):
                raise click.UsageError(
                    f"{beside} is the journal of an earlier version, and knows what was sent from {file}; "
                    "go on "
                    f"with it (--journal {shlex.quote(str(beside))}), or move it away if nothing of it is to "
                    "be sent again"
                )


async def _journal_if_known(request: SubmitRequest) -> JournalPlace | None:
    """Return the journal that a job would use, where there is one yet; a dry run makes nothing.

    Raises:
        ConfigurationError: a job would not begin, because its key belongs to no account that is known.
    """
    if request.journal is not None or request.sandbox:
        return request.journal or sandbox_journal(request.connection.account)
    account = request.connection.account
    async with request.connection.client() as client:
        target = target_of(client.settings.base_url)
    return (
        Accounts().find(target, await request.connection.key(), None if account.new else account.name).journal
    )


async def send(request: SubmitRequest) -> Report:
    """Send what is wanted, show its progress, and say what came of it."""
    async with contextlib.AsyncExitStack() as stack:
        client, sandbox, placement = await stack.enter_async_context(_service(request))
        path = _place_of(placement)
        target = SANDBOX_TARGET if request.sandbox else client.settings.base_url
        if not request.as_json:
            words = _("Sending to {target}").format(target=translated(target_in_words(target)))
            say(words, err=True)
        records, book, arguments = _input(request, placement, stack)
        stop = asyncio.Event()
        stream = client.bulk.stream(records, journal=placement, stop=stop, **arguments)
        visible = not request.as_json
        with signals.gently(stop), progress(arguments.get("expected"), visible=visible) as advance:
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
    show_report(report, target, statuses, book.used, as_json=request.as_json, steps=request.next_steps())
    return report


def _input(
    request: SubmitRequest, placement: Placement, stack: contextlib.ExitStack | contextlib.AsyncExitStack
) -> tuple[PreparedRecords, JournalBook, JobArguments]:
    """Return the records of the files, the numbers given to them, and how the job runs; reads all of them."""
    files, converter, given = request.files, request.connection.converter, None
    prepared = stack.enter_context(PreparedRecords(converter, request.checks))
    with signals.interrupting():  # it reads all of the files, and waits for nothing
        if request.number_from is not None:
            seen = scan_files(files, request.reading, converter)
            given = give_numbers(placement, (each.identity for each in seen), request.number_from)
        with number_book(_place_of(placement), given) as book:
            records = read_each(files, evolve(request.reading, numbers=book), converter)
            prepared.take(reading(records, visible=not request.as_json))
    arguments: JobArguments = {
        **request.job.arguments,
        "validate": request.checks.validate,
        "allow": request.checks.allow,
        "retry": request.retry,
        "inputs": [name_of(file) for file in request.files],
        "expected": prepared.count,
        "reading": as_text(request.files, request.reading),
    }
    return prepared, book, arguments


async def _plan(request: SubmitRequest, how: ForWorkers) -> Exit:
    """Have workers send what is wanted; show how far they are, or only what is planned."""
    async with contextlib.AsyncExitStack() as stack:
        client, _, placement = await stack.enter_async_context(_service(request))
        if not request.as_json:
            say(f"Planning for {target_in_words(client.settings.base_url)}", err=True)
        records, _, arguments = _input(request, placement, stack)
        return await plan_for_workers(client, placement, records, arguments, how, as_json=request.as_json)


def _place_of(placement: Placement) -> JournalPlace:
    if placement.path is None:
        raise ConfigurationError("the journal has no name")
    return placement.path


@contextlib.asynccontextmanager
async def _service(request: SubmitRequest) -> AsyncGenerator[tuple[Confirma, Sandbox | None, Placement]]:
    """Return where the invoices go, and which journal they go into.

    That is the service that the user named, or a sandbox that keeps its state beside its journal.
    """
    limit = request.job.limit
    if not request.sandbox:
        async with request.connection.client(limit) as client:
            yield client, None, await client.bulk.place(request.journal)
        return
    journal = request.journal or sandbox_journal(request.connection.account)
    if isinstance(journal, PostgresPlace):
        raise click.UsageError(
            "the sandbox of --sandbox keeps its state beside its journal, a file; for a journal in a "
            "database start one (confirma sandbox) and name it with --base-url"
        )
    db = journal.with_name(f"{journal.name}.sandbox.db")
    try:
        if request.journal is None:
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
    async with Sandbox(db=db, overrides=request.connection.overrides) as sandbox:
        for fault, times in request.faults.items():
            sandbox.faults.add(fault, operation=CREATE_INVOICE.name, times=times)
        async with request.connection.to(sandbox.url, sandbox.api_key).client(limit) as client:
            placement = await client.bulk.place(journal, target=SANDBOX_TARGET)
            yield client, sandbox, evolve(placement, owner=evolve(placement.owner, account=_SANDBOX))
