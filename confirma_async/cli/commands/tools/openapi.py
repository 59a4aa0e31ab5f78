"""``confirma openapi``: the contract as an OpenAPI document."""

from __future__ import annotations

from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.output.render import print_json
from confirma_async.sandbox.openapi import document


@click.command(short_help="Print the contract as an OpenAPI document.")
@options.overrides_file
def openapi(overrides: Path | None) -> Exit:
    """Print the contract as an OpenAPI 3.1 document, as the sandbox serves it.

    It is this project's reading of the vendor's documentation: x-evidence says of every path and name how
    well it is known.
    """
    print_json(document(options.read_overrides(overrides)))
    return Exit.ACCEPTED
