"""``confirma token``: is the key valid, and a new one in its place."""

from __future__ import annotations

import click

from confirma_async.cli import options
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.exits import Exit
from confirma_async.cli.render import print_json


@click.group(short_help="Check the API key, or exchange it for a new one.")
def token() -> None:
    """Check the API key, or exchange it for a new one."""


@token.command(short_help="Ask whether the API key is valid.")
@connected
@options.as_json
def check(connection: Connection, as_json: bool) -> Exit:
    """Ask the service whether the API key is valid.

    Exit code 0: it is; 1: the service says that it is not; 2: the service does not accept it at all.
    """
    validity = connection.ask(lambda confirma: confirma.onboarding.validate_token())
    if as_json:
        print_json(connection.converter.unstructure(validity))
    else:
        click.echo("The API key is valid." if validity.is_valid else "The API key is not valid.")
    return Exit.ACCEPTED if validity.is_valid else Exit.REJECTED
