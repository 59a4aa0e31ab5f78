"""``confirma retry``: sends rejected invoices again, after correction, under the same number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from attrs import frozen

from confirma_async.bulk import Retry
from confirma_async.cli import options
from confirma_async.cli.commands.jobs.sending.submit import carry_out
from confirma_async.cli.commands.jobs.sending.submit_request import SubmitRequest
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import SANDBOX_TARGET, Chosen, Whose, chosen, is_run_or_journal, names_a_run
from confirma_async.cli.marking.copies import corrected
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.destination import Destination, connected_for_account, of_sandbox
from confirma_async.cli.options.inputs import Inputs, input_options
from confirma_async.cli.options.send_mode import Sending, sending_options
from confirma_async.cli.remembered import from_text
from confirma_async.errors import JournalError


@frozen(kw_only=True)
class _RetryRequest:
    """What to send again.

    Attributes:
        which: The run or the journal that the user names; None for the latest run.
        files: The files that the user names; empty for those of the run.
        retry: Which rejected invoices to send again.
    """

    which: str | None
    files: Sequence[str]
    retry: Retry


def _again(words: tuple[str, ...], unchanged: bool) -> _RetryRequest:
    if "-" in words or "" in words:
        raise click.UsageError("standard input (-) will not do here; name a file")
    which, files = (words[0], words[1:]) if words and is_run_or_journal(words[0]) else (None, words)
    return _RetryRequest(which=which, files=files, retry=Retry.ALL if unchanged else Retry.CHANGED)


@click.command(short_help="Send rejected invoices again, after correction, under the same number.")
@bundle(
    "again",
    _again,
    click.argument("words", nargs=-1, metavar="[RUN|JOURNAL] [FILE]..."),
    click.option(
        "--unchanged", is_flag=True, help="Also those whose record is as it was: the cause was not in it."
    ),
)
@of_sandbox
@sending_options
@input_options
@connected_for_account
@options.language
@options.as_json
@bundle("destination", Destination, parameters=("connection", "sandbox"))
def retry(
    again: _RetryRequest, destination: Destination, inputs: Inputs, sending: Sending, as_json: bool
) -> Exit:
    """Send rejected invoices of a run again, under the same number: of the latest run, unless one is named.

    Correct the records in its files first, or in the marked copy that confirma export --marked has made.
    The files are those of the run unless FILE names others (with the same records, wherever they stand).
    Each corrected record takes the place of the one that was rejected; the journal keeps what that was.
    What was accepted stays as it is, and what was not sent yet is sent as well.

    \b
    Examples:
      confirma retry
      confirma retry 7
      confirma retry own.journal corrected.csv
    """
    connection = destination.connection
    whose = Whose(
        variables=connection.variables,
        account=connection.account,
        sandbox=destination.sandbox,
        key_file=connection.key_file,
    )
    with chosen(again.which, whose) as found:
        files = [Path(name) for name in again.files or _files_of(found)]
        to_sandbox = found.journal.ownership.target() == SANDBOX_TARGET
        named = None if again.which is None or names_a_run(again.which) else found.path
        before = from_text(found.latest.reading if found.latest else "")
    options.warn_of_unchecked()
    request = SubmitRequest(
        destination=Destination(connection=connection, journal=named, sandbox=to_sandbox),
        inputs=inputs.of(files, before),
        sending=sending,
        retry=again.retry,
        as_json=as_json,
    )
    return carry_out(request)


def _files_of(found: Chosen) -> Sequence[str]:
    """Return the files of a run, with their marked copies in place of them.

    Raises:
        JournalError: the run names no files, or has read standard input.
    """
    run = found.latest
    if run is not None and any(not Path(name).is_absolute() for name in run.inputs):
        raise JournalError(f"{found.name} read standard input; name a file of the same records after it")
    if run is None or not run.inputs:
        raise JournalError(f"{found.name} names no files; name them after it")
    return corrected(found.path, run.number, run.inputs)
