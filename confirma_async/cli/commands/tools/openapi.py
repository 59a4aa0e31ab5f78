"""``confirma openapi``: the contract as an OpenAPI document."""

from __future__ import annotations

import click

from confirma_async.cli import options
from confirma_async.cli.output.render import print_json
from confirma_async.contract import Overrides
from confirma_async.sandbox.openapi import document


@click.command(short_help="Print the contract as an OpenAPI document.")
@options.overrides
def openapi(overrides: Overrides) -> None:
    """Print the contract as an OpenAPI 3.1 document, as the sandbox serves it.

    It is this project's reading of the vendor's documentation: x-evidence says of every path and name how
    well it is known.
    """
    print_json(document(overrides))
