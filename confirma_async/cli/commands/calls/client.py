"""``confirma client``: onboard a company."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
from attrs import evolve

from confirma_async.bulk import Verdict
from confirma_async.cli import options
from confirma_async.cli.commands.calls.written_once import Once, Written, exit_of, give_once, once_options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.options import token_file
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.contract import CREATE_CLIENT
from confirma_async.errors import ConfigurationError
from confirma_async.outbox import Outbox, WriteOutcome
from confirma_async.schemas import ClientCreated, ClientRequest
from confirma_async.settings import API_KEY_VARIABLE, PROVISIONING_TOKEN_VARIABLE


@click.group(short_help="Make a company a client.")
def client() -> None:
    """Make a company a client, for partners who hold a provisioning token."""


def _connection(provisioning_file: Path | None, connection: Connection) -> Connection:
    return evolve(connection, provisioning_file=provisioning_file)


@client.command(short_help="Onboard a client.")
@options.json_file
@token_file.save
@once_options
@bundle(
    "connection",
    _connection,
    click.option(
        "--provisioning-token-file",
        "provisioning_file",
        type=options.FILE,
        help=f"A file that holds the provisioning token, instead of {PROVISIONING_TOKEN_VARIABLE}.",
    ),
    connected,
)
@options.as_json
def create(file: Path, save: Path | None, once: Once, connection: Connection, as_json: bool) -> Exit:
    """Onboard a client: FILE holds the wire form of "Create a new client" as JSON; - is standard input.

    The client's token is in the answer and nowhere else. It is written to the file that --save names before
    anything else, and never printed. The partner's own journal knows the client by its business code, or by
    --key: run again, the command makes no client twice.

    \b
      confirma client create seller.json --save seller.key

    Exit code 0: made; 1: refused or rejected; 2: it was made before; 3: not sent; 4: it may have been made,
    and is not asked for again.
    """
    if save is None:
        raise click.UsageError("name the file to keep the client's token in: --save FILE. Nothing was sent")
    token_file.check_place(save, replaced=False)
    request = options.judged(file, ClientRequest, connection.converter, once.checks)

    async def onboard(outbox: Outbox) -> WriteOutcome[ClientCreated]:
        outcome = await outbox.onboarding.create_client(request, key=once.key, **once.arguments)
        if outcome.unread is not None:
            raise token_file.kept_elsewhere(outcome.unread, "its answer cannot be read")
        if outcome.receipt is not None:
            await token_file.keep(outcome.receipt.api_access_token, save)
        return outcome

    code = request.client.business_code
    partner = _with_partners_token(connection)
    written = give_once(onboard, f"client {code}", connection=partner, once=once)
    _show(written, code, save, as_json=as_json)
    return exit_of(written.outcome)


def _with_partners_token(connection: Connection) -> Connection:
    """Return the connection without a client's key: clients are only in the partner's own journal.

    Raises:
        ConfigurationError: there is no provisioning token.
    """
    variables = dict(connection.variables)
    if connection.provisioning_file is None and not variables.get(PROVISIONING_TOKEN_VARIABLE):
        raise ConfigurationError(
            f"there is no provisioning token: set {PROVISIONING_TOKEN_VARIABLE}, or name a file that holds "
            "it (--provisioning-token-file). Nothing was sent"
        )
    variables.pop(API_KEY_VARIABLE, None)
    return evolve(connection, variables=variables, key_file=None)


def _show(written: Written, code: str, save: Path, *, as_json: bool) -> None:
    outcome: WriteOutcome[ClientCreated] = written.outcome
    created = outcome.receipt
    if created is not None:
        _show_created(created, save, as_json=as_json)
    elif as_json:
        print_json({"verdict": outcome.verdict.value, "key": outcome.key, "detail": outcome.detail})
    match outcome.verdict:
        case Verdict.ACCEPTED if created is None:
            raise ConfigurationError(
                f"client {code} was made by an earlier call, and its token is in the file that --save named "
                "then. Nothing was sent. Should the token be lost, ask the vendor for another one"
            )
        case Verdict.NOT_SENT if outcome.error is not None:
            raise outcome.error
        case Verdict.REJECTED if not as_json:
            say(f"The service has rejected client {code}: {outcome.detail or 'no reason was given'}")
        case Verdict.UNKNOWN if not as_json:
            say(f"Whether the service has made client {code} is not known: {outcome.detail}")
            say("It is not asked for again. Ask the vendor, then say what became of it:")
            which = f"{shlex.quote(written.journal)} --write {CREATE_CLIENT.name}"
            key = shlex.quote(outcome.key or "")
            say(f"  confirma resolve {which} {key} --is absent --because WHY")
        case Verdict.NOT_SENT if not as_json:
            say(f"client {code} was not sent: {outcome.detail}. The same command sends it.")
        case _:
            pass


def _show_created(created: ClientCreated, save: Path, *, as_json: bool) -> None:
    if as_json:  # all of the answer but the token
        print_json(
            {
                "client_identifier": created.client_identifier,
                "confirma_finance_customer_code": created.confirma_finance_customer_code,
                "payment_reference_prefix": created.payment_reference_prefix,
                "token_file": str(save),
            }
        )
        return
    say(
        f"Client {created.client_identifier} was made, with customer code "
        f"{created.confirma_finance_customer_code} and payment reference prefix "
        f"{created.payment_reference_prefix}."
    )
    say(f"Its token is in {save}. To use it: --key-file {save}")
