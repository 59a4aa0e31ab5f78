"""``confirma explain``: a person says why a difference is as it should be."""

from __future__ import annotations

import datetime

import click

from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import account_name, db as db_option, mirrored
from confirma_async.cli.output.render import tell
from confirma_async.mirror.reconciliation.keeping import explain as explained


@click.command(short_help="Say why a difference of the reconciliation is as it should be.")
@click.argument("difference")
@click.option("--note", required=True, help="Why; whoever reads the reconciliation sees it.")
@db_option
@account_name
@options.as_json
def explain(difference: str, note: str, db: str | None, account: str | None, as_json: bool) -> None:
    """Say why a difference is as it should be. It holds as long as what differs does not change.

    \b
    Example:
      confirma explain d-0f8fad5bd9cb469f --note "paid in cash"
    """
    if not note.strip():
        raise click.BadParameter("it is empty; say why", param_hint="--note")
    with mirrored(db, account) as (database, mine):
        explained(database, mine, difference, note, datetime.datetime.now(datetime.UTC))
    tell(f"{difference} is explained", {"id": difference, "note": note}, as_json=as_json)
