"""The option that names the mirror."""

from __future__ import annotations

import click

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
