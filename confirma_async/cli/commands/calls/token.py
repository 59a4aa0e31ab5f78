"""``confirma token``: check the key, or renew it."""

from __future__ import annotations

from pathlib import Path

import click

from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options import token_file
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.render import print_result
from confirma_async.client import Confirma
from confirma_async.credentials import FileTokenStore
from confirma_async.errors import TokenNotKeptError


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
    said = "The API key is valid." if validity.is_valid else "The API key is not valid."
    print_result(said, connection.converter.unstructure(validity), as_json=as_json)
    return Exit.ACCEPTED if validity.is_valid else Exit.REJECTED


@token.command(short_help="Exchange the API key for a new one.")
@token_file.save
@connected
@options.as_json
def renew(save: Path | None, connection: Connection, as_json: bool) -> None:
    """Exchange the API key for a new one, also when it has expired. The old one may die at once.

    The new one is written to a file before anything else, and never printed: to the --key-file that the old
    one came from, or to the one that --save names.

    \b
      confirma token renew --key-file ~/.confirma-key
      confirma token renew --save ~/.confirma-key
    """
    place = save or connection.key_file
    if place is None:
        raise click.UsageError("name the file to keep the new token in: --save FILE. Nothing was sent")
    is_its_own = place == connection.key_file
    token_file.check_place(place, replaced=is_its_own)
    store = None if is_its_own else FileTokenStore(place)  # the client has its key from there

    async def exchange(confirma: Confirma) -> None:
        try:
            await confirma.onboarding.renew_token(store=store)
        except TokenNotKeptError as error:
            raise _saved_from_loss(error, place) from None

    connection.send(exchange)
    said = f"The new token is in {place}; treat the old one as dead. To use it: --key-file {place}"
    print_result(said, {"token_file": str(place)}, as_json=as_json)


def _saved_from_loss(error: TokenNotKeptError, place: Path) -> TokenNotKeptError:
    if error.token is not None:
        return token_file.kept_elsewhere(error.token, f"{place} could not be written")
    if error.answer is not None:
        return token_file.kept_elsewhere(error.answer, "the answer has it where it is not looked for")
    return error
