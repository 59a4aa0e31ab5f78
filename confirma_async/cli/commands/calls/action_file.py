"""``confirma invoice action --file``: the actions of a file, each exactly once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import click
from attrs import fields, frozen

from confirma_async.bulk import Report
from confirma_async.bulk.models import RefusedRecord
from confirma_async.bulk.reporting import outcomes
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit, of_report
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.options.attributes import OptionOf
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.destination import Destination, connected_for_account, own_journal
from confirma_async.cli.options.inputs import Inputs, format_option, mapping_option
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.progress import progress
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.result import outcome_as_json, print_issues, report_as_json, show_report
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
    """A file of actions to send.

    Attributes:
        file: The path of the file.
        inputs: How the file is read and checked.
        destination: The service, the account and the journal.
        dry_run: Whether everything is checked, and nothing is sent.
        as_json: Whether to print JSON for machines.
    """

    file: Path
    inputs: Inputs
    destination: Destination
    dry_run: bool
    as_json: bool

    def read(self) -> Iterable[ReadAction | BadRecord]:
        """Return an iterable that reads the actions from the file."""
        return read_actions(self.file, self.inputs.reading, self.destination.connection.converter)


def _inputs(
    file_format: FileFormat | None, mapping: Path | None, decimal_comma: bool | None, checks: Checks
) -> Inputs:
    reading = ReadOptions(
        file_format=file_format,
        mapping=None if mapping is None else ActionMapping.from_toml(mapping),
        decimal_comma=decimal_comma,
    )
    return Inputs(reading=reading, checks=checks)


def _action_file(
    file: Path | None, inputs: Inputs, destination: Destination, dry_run: bool, as_json: bool
) -> ActionFile | None:
    if file is None:
        return None
    return ActionFile(file=file, inputs=inputs, destination=destination, dry_run=dry_run, as_json=as_json)


action_file_options: Decorator = bundle(
    "batch",
    _action_file,
    click.option(
        "--file",
        type=options.FILE,
        help=f"A file of actions, with the columns {', '.join(ACTION_COLUMNS.required)} and what each needs: "
        f"{', '.join(name for name in ACTION_COLUMNS.by_name if name not in ACTION_COLUMNS.required)}.",
    ),
    bundle(
        "inputs",
        _inputs,
        format_option("What the file is; found out unless given.", without=FileFormat.XML),
        mapping_option,
        OptionOf(
            fields(ReadOptions).decimal_comma,
            "How numbers are written as text in tables; found out unless given.",
        ),
        options.checks,
    ),
    click.option("--dry-run", is_flag=True, help="Check everything, send nothing."),
    bundle(
        "destination",
        Destination,
        own_journal,
        connected_for_account,
        parameters=("connection", "journal"),
    ),
    options.as_json,
)
"""Gives a command the options for a file of actions; it takes ``batch``, the ``ActionFile`` or None."""


def send_action_file(batch: ActionFile) -> Exit:
    """Send the actions of a file, or only check them."""
    if batch.dry_run:
        return _inspect(batch)
    report, target = signals.run(_send, batch)
    if batch.as_json:
        print_json({"target": target, **report_as_json(report)})
    else:
        show_report(report, what=_("action"))
    return of_report(report)


def _inspect(batch: ActionFile) -> Exit:
    converter = batch.destination.connection.converter
    checked = list(checked_actions(batch.read, converter, batch.inputs.checks))
    bad = [outcomes.refused(record) for record in checked if isinstance(record, RefusedRecord)]
    good = len(checked) - len(bad)
    if batch.as_json:
        print_json({"good": good, "refused": len(bad), "issues": [outcome_as_json(each) for each in bad]})
    else:
        print_issues(Terminal(), bad, _("action"))
        say(f"{good} actions can be sent, {len(bad)} cannot. Nothing was sent.")
    return Exit.REJECTED if bad else Exit.ACCEPTED


async def _send(batch: ActionFile) -> tuple[Report, str]:
    stop, checks = asyncio.Event(), batch.inputs.checks
    async with batch.destination.connection.client() as client:
        outbox = client.outbox(journal=batch.destination.journal, inputs=[str(batch.file.resolve())])
        with signals.gently(stop), progress(None, visible=not batch.as_json, what=_("actions")) as advance:
            async with outbox:
                options.remark(outbox.warnings)
                report = await outbox.submit_actions(
                    batch.read,
                    validate=checks.validate,
                    allow=checks.allow,
                    stop=stop,
                    on_outcome=advance,
                )
    return report, client.settings.base_url
