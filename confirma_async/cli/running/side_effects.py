"""What a run of the command line was called with, and whether it has changed something at the service."""

from __future__ import annotations

from collections.abc import Sequence

import click
from attrs import define


@define
class SideEffects:
    """What a run of the command line has done so far.

    Attributes:
        arguments: What it was called with.
        made: Whether the service has taken something.
    """

    arguments: Sequence[str] = ()
    made: bool = False


def command_line() -> Sequence[str]:
    """Return what the command line was called with; nothing outside of one."""
    context = click.get_current_context(silent=True)
    return () if context is None else context.ensure_object(SideEffects).arguments


def note() -> None:
    """Take note that the service has taken something."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.ensure_object(SideEffects).made = True
