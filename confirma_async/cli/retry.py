"""``confirma retry``: rejected invoices once more, corrected, under the same number."""

from __future__ import annotations

from pathlib import Path

import click

from confirma_async.bulk import Retry
from confirma_async.bulk.journal import JobName
from confirma_async.bulk.sqlite_journal import reading as reading_journal
from confirma_async.cli import options
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.exits import Exit, of_report
from confirma_async.cli.running import Running, running
from confirma_async.cli.stopping import signals
from confirma_async.cli.submit import SANDBOX_TARGET, Order, send
from confirma_async.errors import JournalError
from confirma_async.formats import ReadOptions, expand


@click.command(short_help="Send rejected invoices again, after correction, under the same number.")
@click.argument("journal", metavar="JOURNAL", type=options.NamedPath(path_type=Path))
@click.argument("files", nargs=-1, metavar="[FILE]...", type=options.NamedPath(path_type=Path))
@click.option(
    "--rejected", is_flag=True, required=True, help="Those that the service rejected: nothing else can be."
)
@click.option(
    "--unchanged", is_flag=True, help="Also those whose record is as it was: the cause was not in it."
)
@running
@options.reading
@connected
@options.as_json
def retry(
    connection: Connection,
    journal: Path,
    files: tuple[Path, ...],
    rejected: bool,  # noqa: ARG001 (said so that the command reads as what it does)
    unchanged: bool,
    running: Running,
    number_from: int | None,
    reading: ReadOptions,
    as_json: bool,
) -> Exit:
    """Send rejected invoices of a job again, under the same number.

    Correct the records in the job's files first. The files are those of the job unless FILE names others
    (with the same records, wherever they stand). Each corrected record takes the place of the one that was
    rejected; the journal keeps what that was. What was accepted stays as it is, and what was not sent yet is
    sent as well.

    \b
    Example:
      confirma retry invoices.csv.journal --rejected
    """  # noqa: D301 (click's own mark for a paragraph to leave as it is)
    job = _job_of(journal)
    options.warn_of_unchecked()
    order = Order(
        connection=connection,
        files=expand(files or [Path(name) for name in job.inputs]),
        journal=journal,
        sandbox=job.target == SANDBOX_TARGET,
        running=running,
        retry=Retry.ALL if unchanged else Retry.CHANGED,
        number_from=number_from,
        reading=reading,
        as_json=as_json,
    )
    return of_report(signals.run(send, order))


def _job_of(path: Path) -> JobName:
    with reading_journal(path) as journal:
        job = journal.job()
    if job is None or not job.inputs:
        raise JournalError(f"the journal {path} names no files; name them after it")
    return job
