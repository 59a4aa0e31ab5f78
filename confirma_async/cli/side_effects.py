"""The note that a command has changed something at the service, and must not be repeated."""

from __future__ import annotations

import click


class SideEffects:
    """What a run of the command line has done so far.

    Attributes:
        made: Whether the service has taken something.
    """

    made: bool = False


def note() -> None:
    """Take note that the service has taken something."""
    context = click.get_current_context(silent=True)
    if context is not None:
        context.ensure_object(SideEffects).made = True
