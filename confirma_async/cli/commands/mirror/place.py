"""The options that say which mirror is meant, whose part of it, and against which journals."""

from __future__ import annotations

import click

from confirma_async.accounts.registry import ACCOUNT_VARIABLE
from confirma_async.cli import options
from confirma_async.cli.options.bundle import Decorator
from confirma_async.mirror.store.opening import MIRROR_VARIABLE


def _named(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty name, of a variable that is not set."""
    if value == "":
        raise click.BadParameter("it is empty; name a file or a URL", param=parameter)
    return value


db: Decorator = click.option(
    "--db",
    envvar=MIRROR_VARIABLE,
    metavar="FILE|URL",
    callback=_named,
    help=f"The mirror, instead of {MIRROR_VARIABLE}; a file beside the journals unless given.",
)
"""Which mirror is meant."""

account_name: Decorator = click.option(
    "--account", envvar=ACCOUNT_VARIABLE, metavar="NAME", help="The account, where there are several."
)
"""Whose part of the mirror is meant."""

journal_files: Decorator = click.option(
    "--journal",
    "journals",
    multiple=True,
    type=options.JournalName(exists=True),
    help="A journal of the account, a file or a postgresql:// URL, as often as there are several; the "
    "account's own unless given.",
)
"""Which journals say what was sent."""
