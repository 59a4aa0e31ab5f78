"""``confirma mirror``: the group of the commands for the mirror."""

from __future__ import annotations

import click

from confirma_async.cli.command_group import CommandGroup

_COMMANDS = {
    "sync": "mirror.sync",
    "query": "mirror.query",
    "events": "mirror.events",
    "rebuild": "mirror.rebuild",
}


@click.group(
    cls=CommandGroup, modules=_COMMANDS, short_help="Keep a copy of what became of the invoices, and ask it."
)
def mirror() -> None:
    """Keep a copy of what became of the invoices, and ask it.

    It lies in one file beside the journals, unless --db or CONFIRMA_MIRROR names another, or a PostgreSQL
    database (postgresql://...).
    """
