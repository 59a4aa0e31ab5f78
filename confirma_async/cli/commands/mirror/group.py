"""``confirma mirror``: a copy of what became of the invoices, and what can be asked of it."""

from __future__ import annotations

import importlib
from collections.abc import Mapping

import click

_COMMANDS: Mapping[str, str] = {
    "sync": "sync",
    "query": "query",
    "events": "events",
    "rebuild": "rebuild",
}


class _Mirror(click.Group):
    """Loads a command when it is called for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names of all commands."""
        return [*_COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (likewise)
        """Load one."""
        if cmd_name not in _COMMANDS:
            return None
        home = importlib.import_module(f"confirma_async.cli.commands.mirror.{_COMMANDS[cmd_name]}")
        command: click.Command = getattr(home, cmd_name)
        return command


@click.group(cls=_Mirror, short_help="Keep a copy of what became of the invoices, and ask it.")
def mirror() -> None:
    """Keep a copy of what became of the invoices, and ask it.

    It lies in one file beside the journals, unless --db or CONFIRMA_MIRROR names another, or a PostgreSQL
    database (postgresql://...).
    """
