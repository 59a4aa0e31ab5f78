"""A group of commands that imports a command only when it is used."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches
from keyword import iskeyword
from typing import Any

import click

from confirma_async.cli.language.help_texts import translated


class CommandGroup(click.Group):
    """Imports a command only when it is used, so that it does not wait for the imports of others.

    Args:
        modules: Every command, in the order of the help text, and its module below ``cli.commands``.
        options: The arguments of ``click.Group``.
    """

    def __init__(self, *, modules: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self._modules = modules

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Return the names of all commands."""
        return [*self._modules]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (likewise)
        """Import a command, and return it with its help in the language of the user."""
        if cmd_name not in self._modules:
            return None
        home = importlib.import_module(f"confirma_async.cli.commands.{self._modules[cmd_name]}")
        name = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name.replace("-", "_")
        command: click.Command = getattr(home, name)
        return translated(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that a command line names, or end with a message that suggests others."""
        name = args[0]
        if name not in self._modules and not name.startswith("-"):
            near = get_close_matches(name, self._modules)
            there = f"{ctx.command_path} --help lists those there are"
            meant = f"did you mean {' or '.join(near)}?" if near else there
            ctx.fail(f"there is no command {name}; {meant}")
        return super().resolve_command(ctx, args)
