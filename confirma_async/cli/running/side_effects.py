"""Keeps the arguments of a command, and whether it has changed something at the service."""

from __future__ import annotations

from collections.abc import Sequence

import click
from attrs import define


@define
class SideEffects:
    """The arguments of a command, and whether it has changed something.

    Attributes:
        arguments: The arguments of the command line.
        made: Whether the service has accepted a change.
    """

    arguments: Sequence[str] = ()
    made: bool = False


def command_line() -> Sequence[str]:
    """Return the arguments of the command line; none if no command runs."""
    context = click.get_current_context(silent=True)
    return () if context is None else context.ensure_object(SideEffects).arguments


def note() -> None:
    """Note that the service has accepted a change."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.ensure_object(SideEffects).made = True
