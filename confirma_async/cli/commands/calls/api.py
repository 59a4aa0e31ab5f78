"""``confirma api``: sends a request that the user writes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click
from attrs import field, frozen

from confirma_async.cli import options
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection, connected
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.client import Confirma
from confirma_async.formats.json.document import read_json
from confirma_async.session.answers.raw import RawResponse

_READS = frozenset({"GET", "HEAD"})


@frozen(kw_only=True)
class _OwnRequest:
    """A request that the user writes.

    Attributes:
        method: The HTTP method.
        path: The path, without that of the API.
        query: The query parameters, by name.
        headers: The headers, by name.
        body_file: The file that holds the JSON to send; None to send no body.
        repeatable: Whether it may be sent again if no answer came; None to decide this by the path.
        provisioning: Whether to send it with the provisioning token.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = field(repr=False)  # a secret may be among them
    body_file: Path | None
    repeatable: bool | None
    provisioning: bool


@click.command(short_help="Send a request of your own.")
@bundle(
    "request",
    _OwnRequest,
    click.argument("method", metavar="METHOD"),
    click.argument("path", metavar="PATH"),
    click.option(
        "-q",
        "--query",
        multiple=True,
        metavar="NAME=VALUE",
        callback=options.name_and_value,
        help="A parameter of the query; may be given several times.",
    ),
    click.option(
        "-H",
        "--header",
        "headers",
        multiple=True,
        metavar="NAME=VALUE",
        callback=options.name_and_value,
        help="A header; may be given several times.",
    ),
    click.option(
        "--body",
        "body_file",
        type=options.NamedPath(path_type=Path, allow_dash=True),
        help="A file that holds the JSON to send; - is standard input.",
    ),
    click.option(
        "--repeatable/--not-repeatable",
        default=None,
        help="Whether it may be sent again when no answer came.  [default: what is known of the path]",
    ),
    click.option("--provisioning", is_flag=True, help="Send the provisioning token, not the client's key."),
)
@click.option("-i", "--include", is_flag=True, help="Print status and headers on standard error.")
@connected
def api(request: _OwnRequest, include: bool, connection: Connection) -> None:
    """Send a request to PATH, below /api/v1/partner, with your key, and print the JSON of the answer.

    Exit code 0: it was answered; 1: refused; 4: it may have taken effect.

    \b
      confirma api GET /payments -q fromDate=2026-11-01 -q toDate=2026-11-30
      confirma api POST /invoice/action --body actions.json
    """
    body = None if request.body_file is None else read_json(request.body_file, connection.converter)

    async def asked(confirma: Confirma) -> RawResponse[object]:
        return await confirma.request(
            request.method,
            request.path,
            body=body,
            query=request.query,
            headers=request.headers,
            repeatable=request.repeatable,
            token="provisioning" if request.provisioning else "client",
        )

    answer = connection.ask(asked) if request.method.upper() in _READS else connection.send(asked)
    if include:
        say(f"HTTP {answer.status}", err=True)
        for name, value in answer.headers.items():
            say(f"{name}: {value}", err=True)
    print_json(answer.parse())
