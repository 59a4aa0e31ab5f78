"""``confirma client``: onboard a company."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import evolve

from confirma_async.cli import options, token_file
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.client import Confirma
from confirma_async.errors import ResponseDecodeError
from confirma_async.formats import read_document
from confirma_async.privacy import Secret
from confirma_async.schemas import ClientCreated, ClientRequest
from confirma_async.settings import PROVISIONING_TOKEN_VARIABLE
from confirma_async.validation import Checks


@click.group(short_help="Make a company a client.")
def client() -> None:
    """Make a company a client, for partners who hold a provisioning token."""


@client.command(short_help="Onboard a client.")
@options.json_file
@click.option(
    "--provisioning-token-file",
    "provisioning_file",
    type=options.NamedPath(path_type=Path, dir_okay=False),
    help=f"A file that holds the provisioning token, instead of {PROVISIONING_TOKEN_VARIABLE}.",
)
@token_file.save
@options.checks
@connected
@options.as_json
def create(
    file: Path,
    provisioning_file: Path | None,
    save: Path | None,
    checks: Checks,
    connection: Connection,
    as_json: bool,
) -> Exit:
    """Onboard a client: FILE holds the wire form of "Create a new client" as JSON; - is standard input.

    The client's token is in the answer and nowhere else. It is written to the file that --save names before
    anything else, and never printed.

    \b
      confirma client create seller.json --save seller.key
    """
    if save is None:
        raise click.UsageError("name the file to keep the client's token in: --save FILE. Nothing was sent")
    token_file.check_place(save, replaced=False)
    document = read_document(file, ClientRequest, connection.converter)
    options.judge(document, checks)

    async def onboard(confirma: Confirma) -> ClientCreated:
        try:
            created = await confirma.onboarding.create_client(
                document.value, validate=checks.validate, allow=checks.allow
            )
        except ResponseDecodeError as error:
            if not error.body:
                raise
            raise token_file.kept_elsewhere(Secret(error.body), "its answer cannot be read") from None
        await token_file.keep(created.api_access_token, save)
        return created

    created = evolve(connection, provisioning_file=provisioning_file).send(onboard)
    if as_json:
        print_json(_as_json(created, save))
    else:
        say(
            f"Client {created.client_identifier} was made, with customer code "
            f"{created.confirma_finance_customer_code} and payment reference prefix "
            f"{created.payment_reference_prefix}."
        )
        say(f"Its token is in {save}. To use it: --key-file {save}")
    return Exit.ACCEPTED


def _as_json(created: ClientCreated, save: Path) -> dict[str, object]:
    """Return all of the answer but the token."""
    return {
        "client_identifier": created.client_identifier,
        "confirma_finance_customer_code": created.confirma_finance_customer_code,
        "payment_reference_prefix": created.payment_reference_prefix,
        "token_file": str(save),
    }
