"""``confirma sandbox`` and ``confirma openapi``: run the sandbox, and print the contract that it serves."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import click

from confirma_async import bounds
from confirma_async.cli import options
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.running.stopping import signals
from confirma_async.contract import Overrides
from confirma_async.sandbox import Sandbox, VirtualClock
from confirma_async.sandbox.openapi import document


@click.command(short_help="Run the sandbox until it is stopped.")
@click.option(
    "--port", type=options.WholeRange(bounds.PORT), default=0, help="The port; any free one unless given."
)
@click.option(
    "--db",
    type=options.FILE,
    help="A file that keeps its state; kept in memory unless given.",
)
@options.overrides
@options.as_json
def sandbox(port: int, db: Path | None, overrides: Overrides, as_json: bool) -> None:
    """Run the service on this machine, on loopback only, until Ctrl-C.

    It is this project's reading of the vendor's documentation, not the vendor's service.
    """
    signals.run(_serve, port, db, overrides, as_json)


async def _serve(port: int, db: Path | None, overrides: Overrides, as_json: bool) -> None:
    stop = asyncio.Event()
    stopping = partial(asyncio.get_running_loop().call_soon_threadsafe, stop.set)
    with signals.answered(stopping):
        async with Sandbox(
            port=port, db=db, clock=VirtualClock(ticking=True), overrides=overrides
        ) as running:
            _announce(running, as_json=as_json)
            await stop.wait()


def _announce(running: Sandbox, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "url": running.url,
                "api_key": running.api_key,
                "provisioning_token": running.provisioning_token,
            }
        )
        return
    say("A sandbox of the Confirma Finance Integrations API. Not the vendor's service: our reading of it.")
    say(f"  export CONFIRMA_BASE_URL={running.url}")
    say(f"  export CONFIRMA_API_KEY={running.api_key}")
    say(f"  export CONFIRMA_PROVISIONING_TOKEN={running.provisioning_token}")
    say(f"Time, payments, faults: POST to {running.url}/_sandbox/ (see the docs).")
    say("Ctrl-C stops it.")


@click.command(short_help="Print the contract as an OpenAPI document.")
@options.overrides
def openapi(overrides: Overrides) -> None:
    """Print the contract as an OpenAPI 3.1 document, as the sandbox serves it.

    It is this project's reading of the vendor's documentation: x-evidence says of every path and name how
    well it is known.
    """
    print_json(document(overrides))
