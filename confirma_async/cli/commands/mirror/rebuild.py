"""``confirma mirror rebuild``: fills the typed columns again, after a name was corrected."""

from __future__ import annotations

import contextlib
import datetime

import click

from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import db as db_option
from confirma_async.cli.output.render import print_result
from confirma_async.contract import Overrides
from confirma_async.converters import Converter
from confirma_async.mirror.rebuilding import rebuild as rebuilt
from confirma_async.mirror.store.opening import open_mirror


@click.command(short_help="Make the typed columns anew, after a name was corrected.")
@db_option
@options.overrides
@options.as_json
def rebuild(db: str | None, overrides: Overrides, as_json: bool) -> None:
    """Make the typed columns anew from what the service told, which is kept as it came.

    \b
    Example:
      confirma mirror rebuild --overrides corrections.toml
    """
    converter = Converter(overrides.names)
    with contextlib.closing(open_mirror(db)) as database, database.alone():
        count = rebuilt(database, converter, datetime.datetime.now(datetime.UTC))
    print_result(
        f"{database.name}: {count} records made anew",
        {"mirror": database.name, "records": count},
        as_json=as_json,
    )
