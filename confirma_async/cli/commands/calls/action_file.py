"""``confirma invoice action --file``: the actions of a file, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import click
from attrs import evolve, frozen

from confirma_async.accounts.owner import AccountName
from confirma_async.bulk import Report
from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.bulk.models import Refusal
from confirma_async.bulk.reporting import outcomes
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit, of_report
from confirma_async.cli.journals import account_options
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.result import outcome_as_json, print_issues, show_report
from confirma_async.cli.output.terminal import Terminal
from confirma_async.cli.running.stopping import signals
from confirma_async.formats import (
    ACTION_COLUMNS,
    ActionMapping,
    BadRecord,
    FileFormat,
    ReadAction,
    ReadOptions,
    read_actions,
)
from confirma_async.outbox.action_batches import checked_actions
from confirma_async.validation import Checks


@frozen(kw_only=True)
class ActionFile:
    """A file of actions that the user wants to have sent.

    Attributes:
        connection: Where calls go, and for which account.
        file: The file.
        reading: How it is read.
        journal: The journal that the user named; None for the account's own.
        checks: How strictly actions are held against the rules.
        dry_run: Whether everything is checked, and nothing sent.
        as_json: Whether the result is printed for machines.
    """

    connection: Connection
    file: Path
    reading: ReadOptions
    journal: JournalPlace | None
    checks: Checks
    dry_run: bool
    as_json: bool

    def read(self) -> Iterable[ReadAction | BadRecord]:
        """Begin to read it."""
        return read_actions(self.file, self.reading, self.connection.converter)


def _action_file(
    file: Path | None,
    journal: JournalPlace | None,
    form: str | None,
    mapping: Path | None,
    decimal_comma: bool | None,
    dry_run: bool,
    account: AccountName,
    checks: Checks,
    connection: Connection,
    as_json: bool,
) -> ActionFile | None:
    if file is None:
        return None
    return ActionFile(
        connection=evolve(connection, account=account),
        file=file,
        reading=ReadOptions(
            file_format=None if form is None else FileFormat(form),
            mapping=None if mapping is None else ActionMapping.from_toml(mapping),
            decimal_comma=decimal_comma,
        ),
        journal=journal,
        checks=checks,
        dry_run=dry_run,
        as_json=as_json,
    )


action_file_options: Decorator = bundle(
    "batch",
    _action_file,
    click.option(
        "--file",
        type=options.FILE,
        help=f"A file of actions, with the columns {', '.join(ACTION_COLUMNS.required)} and what each needs: "
        f"{', '.join(name for name in ACTION_COLUMNS.by_name if name not in ACTION_COLUMNS.required)}.",
    ),
    click.option(
        "--journal",
        type=options.JournalName(),
        help="A journal of your own: a file, or a postgresql:// URL.  [default: the account's, in your data "
        "directory]",
    ),
    click.option(
        "--format",
        "form",
        type=click.Choice([form.value for form in FileFormat if form is not FileFormat.XML]),
        help="What the file is; found out unless given.",
    ),
    click.option(
        "--mapping",
        type=options.FILE,
        help="A TOML file that names the columns of your own tables.",
    ),
    click.option(
        "--decimal-comma/--no-decimal-comma",
        default=None,
        help="How numbers are written as text in tables; found out unless given.",
    ),
    click.option("--dry-run", is_flag=True, help="Check everything, send nothing."),
    account_options,
    options.checks,
    connected,
    options.as_json,
)
"""Gives a command the options of a file of actions; it takes ``batch``, the ``ActionFile`` or None."""


def send_action_file(batch: ActionFile) -> Exit:
    """Send the actions of a file, or only check them."""
    if batch.dry_run:
        return _inspect(batch)
    report, target = signals.run(_send, batch)
    show_report(report, target, None, {}, as_json=batch.as_json, what=_("action"))
    return of_report(report)


def _inspect(batch: ActionFile) -> Exit:
    checked = list(checked_actions(batch.read, batch.connection.converter, batch.checks))
    bad = [outcomes.refused(record) for record in checked if isinstance(record, Refusal)]
    good = len(checked) - len(bad)
    if batch.as_json:
        print_json({"good": good, "refused": len(bad), "issues": [outcome_as_json(each) for each in bad]})
    else:
        print_issues(Terminal(), bad, _("action"))
        say(f"{good} actions can be sent, {len(bad)} cannot. Nothing was sent.")
    return Exit.REJECTED if bad else Exit.ACCEPTED


async def _send(batch: ActionFile) -> tuple[Report, str]:
    stop = asyncio.Event()
    async with batch.connection.client() as client:
        outbox = client.outbox(journal=batch.journal, inputs=[str(batch.file.resolve())])
        with signals.gently(stop), progress(None, visible=not batch.as_json, what=_("actions")) as advance:
            async with outbox:
                options.remark(outbox.warnings)
                report = await outbox.submit_actions(
                    batch.read,
                    validate=batch.checks.validate,
                    allow=batch.checks.allow,
                    stop=stop,
                    on_outcome=advance,
                )
    return report, client.settings.base_url
