"""``confirma mirror sync``: reads what has changed at the service; it is to be run daily."""

from __future__ import annotations

import contextlib
import datetime
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import click
from attrs import frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress as Bar, TextColumn, TimeElapsedColumn

from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import db as db_option, journal_files
from confirma_async.cli.errors.error_messages import explained, failed_in_words
from confirma_async.cli.errors.exit_codes import Exit, foremost, of_error
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.figures import count, plain
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection
from confirma_async.cli.options.destination import connected_for_account
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.running.stopping import signals
from confirma_async.errors import ConfirmaError
from confirma_async.mirror import SyncProgress, SyncReport


@frozen(kw_only=True)
class _SyncRequest:
    """What to read for one account.

    Attributes:
        first: The first day of a period to read once; None to read what is due.
        last: The last day of the period; None for tomorrow.
        journals: The journals that say what was sent; empty for the account's own.
    """

    first: datetime.date | None
    last: datetime.date | None
    journals: Sequence[JournalPlace]

    def __attrs_post_init__(self) -> None:
        if self.last is not None and self.first is None:
            raise click.UsageError("--to needs --from: both name a period to read once")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise click.UsageError("--from is after --to; swap them")


@click.command(short_help="Read what has changed since the last run.")
@db_option
@bundle(
    "wanted",
    _SyncRequest,
    click.option(
        "--from", "first", type=options.date, metavar="YYYY-MM-DD", help="Read a period once: its first day."
    ),
    click.option(
        "--to", "last", type=options.date, metavar="YYYY-MM-DD", help="Its last day; tomorrow unless given."
    ),
    journal_files,
)
@options.profiles
@connected_for_account
@options.language
@options.as_json
def sync(
    db: str | None,
    wanted: _SyncRequest,
    profiles: options.ChosenProfiles | None,
    connection: Connection,
    as_json: bool,
) -> Exit:
    """Read what has changed at the service since the last run; once a day is enough.

    What cannot be proved to be whole is told, and read again by the next run.

    \b
    Exit codes beside those of every command:
      0    all that was due was read
      3    some was not; the same command goes on
      6    another run is at work on the same mirror

    \b
    Examples:
      confirma mirror sync
      confirma mirror sync --from 2025-01-01 --to 2025-12-31
      confirma mirror sync --profiles profiles.toml
    """
    if profiles is not None:
        if wanted.first is not None or wanted.journals:
            raise click.UsageError(
                "--profiles names the journals, and reads what is due; leave --from and "
                "--journal out, or name one account"
            )
        return _sync_all(db, profiles, connection, as_json=as_json)

    async def run(on_progress: Callable[[SyncProgress], None]) -> SyncReport:
        async with connection.client() as confirma:
            return await confirma.mirror.sync(
                db,
                from_date=wanted.first,
                to_date=wanted.last,
                journal=wanted.journals or None,
                progress=on_progress,
            )

    with _bar(visible=not as_json and sys.stderr.isatty()) as on_progress:
        report = signals.run(run, on_progress)
    if as_json:
        print_json(_as_json(report))
    else:
        _show(Terminal(), report)
    return _exit_of(report)


def _exit_of(found: SyncReport | ConfirmaError) -> Exit:
    if isinstance(found, ConfirmaError):
        return of_error(found)
    if found.error is not None:
        return of_error(found.error)
    return Exit.ACCEPTED if found.complete else Exit.PAUSED


def _sync_all(
    db: str | None, profiles: options.ChosenProfiles, connection: Connection, *, as_json: bool
) -> Exit:
    """Make a run for each account in turn; an error of one does not stop the others."""

    async def run() -> Mapping[str, SyncReport | ConfirmaError]:
        async with connection.creditors(profiles) as creditors:
            return await creditors.sync(db)

    reports = signals.run(run)
    failed = {name: found for name, found in reports.items() if isinstance(found, ConfirmaError)}
    done = {name: found for name, found in reports.items() if isinstance(found, SyncReport)}
    if as_json:
        accounts = {name: _as_json(report) for name, report in done.items()}
        reasons = {name: explained(error).message for name, error in failed.items()}
        print_json({"accounts": accounts, "failed": reasons})
    else:
        for report in done.values():
            _show(Terminal(), report)
        for name, error in failed.items():
            say(f"{name}: {failed_in_words(error)}")
    return foremost({_exit_of(found) for found in reports.values()})


@contextlib.contextmanager
def _bar(*, visible: bool) -> Generator[Callable[[SyncProgress], None]]:
    """Show the progress of a run on standard error, while the block runs."""
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Terminal(stderr=True),
        disable=not visible,
        transient=True,
    )
    tasks: dict[str, Any] = {}

    def advance(progress: SyncProgress) -> None:
        if progress.stream not in tasks:
            tasks[progress.stream] = bar.add_task(progress.stream, total=None)
        bar.update(tasks[progress.stream], completed=progress.done, total=progress.total)

    with bar:
        yield advance


def _show(console: Console, report: SyncReport) -> None:
    made = table(
        _("Account {name}").format(name=report.account),
        "",
        _("Seen"),
        _("New"),
        _("Changed"),
        _("Gone"),
        _("Back"),
    )
    for name, found in report.streams.items():
        counts = (found.records, found.new, found.changed, found.gone, found.back)
        made.add_row(translated(name), *(plain(count(number)) if number else "-" for number in counts))
    made.caption = _("Calls: {count}").format(count=plain(count(report.calls)))
    console.print(made)
    for name, found in report.streams.items():
        for what, reason in found.open[:_TOLD]:
            days = translated(what).replace(" to ", "–")  # noqa: RUF001 (from one day to another)
            say(f"{_('Not proved')}: {translated(name)}, {days}: {translated(reason)}")
        if len(found.open) > _TOLD:
            more = _("... and {count} more; --json lists them").format(count=len(found.open) - _TOLD)
            say(f"{_('Not proved')}: {translated(name)} {more}")
        if found.left:
            say(_("Cases that wait for a later run: {count}").format(count=plain(count(found.left))))
    if report.stopped is not None:
        say(_("Stopped: {reason}").format(reason=translated(report.stopped)))
    say(_("Mirror: {mirror}").format(mirror=report.mirror))
    if not report.complete:
        say(_("The next run reads again what was not proved."))


_TOLD = 5
"""What was not proved of each kind of record, as far as it is shown."""


def _as_json(report: SyncReport) -> dict[str, Any]:
    return {
        "mirror": report.mirror,
        "account": report.account,
        "run": report.run,
        "began_at": report.began_at.isoformat(),
        "complete": report.complete,
        "stopped": report.stopped,
        "calls": report.calls,
        "journal": report.journal,
        "streams": {
            name: {
                "read": found.read,
                "records": found.records,
                "new": found.new,
                "changed": found.changed,
                "gone": found.gone,
                "back": found.back,
                "left": found.left,
                "open": [{"what": what, "reason": reason} for what, reason in found.open],
            }
            for name, found in report.streams.items()
        },
    }
