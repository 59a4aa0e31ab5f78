"""``confirma mirror events``: delivers what has changed to a consumer."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import click
from attrs import frozen

from confirma_async.cli import options
from confirma_async.cli.commands.mirror.place import account_name, db as db_option, mirrored
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.output.printer import say
from confirma_async.cli.running.stopping import signals
from confirma_async.credentials import FileTokenStore
from confirma_async.errors import ConfigurationError
from confirma_async.mirror.events.consumers import Consumer, Event, named
from confirma_async.mirror.events.delivery import CommandReceiver, Delivery, Receiver, UrlReceiver


class _Printer:
    """Prints each event as a line of JSON."""

    async def take(self, event: Event) -> str | None:
        sys.stdout.buffer.write(event.as_json() + b"\n")
        sys.stdout.flush()  # it counts as taken only once it is out
        return None


def _named(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    try:
        return named(value)
    except ConfigurationError:
        said = "it takes letters, digits, '.', '_' and '-', 64 at most"
        raise click.BadParameter(said, param=parameter) from None


@frozen(kw_only=True)
class _Sink:
    """The receiver of events: a command, a URL, or standard output.

    Attributes:
        command: The command to run for each event.
        url: The URL to post each event to.
        secret_file: The file that holds the secret shared with the receiver at the URL.
        jsonl: Whether to print the events.
    """

    command: str | None
    url: str | None
    secret_file: Path | None
    jsonl: bool

    def __attrs_post_init__(self) -> None:
        if sum((self.command is not None, self.url is not None, self.jsonl)) != 1:
            raise click.UsageError("say where to: one of --exec, --url and --jsonl")
        if (self.url is None) != (self.secret_file is None):
            raise click.UsageError("--url and --secret-file go together: each delivery is signed")

    @contextlib.asynccontextmanager
    async def receiver(self) -> AsyncGenerator[Receiver]:
        """Open the receiver for the block."""
        if self.command is not None:
            yield CommandReceiver.of(self.command)
        elif self.url is not None and self.secret_file is not None:
            from confirma_async.session.connection.http import AiohttpTransport

            secret = await FileTokenStore(self.secret_file).load()
            transport = AiohttpTransport(connections=1)
            try:
                yield UrlReceiver(self.url, secret, transport)
            finally:
                await transport.close()
        else:
            yield _Printer()


@click.command(short_help="Deliver what changed to a command, a URL, or standard output.")
@bundle(
    "sink",
    _Sink,
    click.option(
        "--exec", "command", metavar="CMD", help="Run a command for each, which gets it on standard input."
    ),
    click.option("--url", metavar="URL", help="Post each to a URL, signed with the secret of --secret-file."),
    click.option(
        "--secret-file",
        type=options.FILE,
        help="A file that holds the secret shared with the receiver, and that only you can read.",
    ),
    click.option("--jsonl", is_flag=True, help="Print each as a line of JSON."),
)
@click.option(
    "--consumer",
    default="default",
    show_default=True,
    callback=_named,
    metavar="NAME",
    help="Who takes them: each consumer gets every event, and is remembered by its name.",
)
@click.option("--new-only", is_flag=True, help="A consumer that is new takes only what happens from now on.")
@db_option
@account_name
def events(sink: _Sink, consumer: str, new_only: bool, db: str | None, account: str | None) -> None:
    """Deliver the events that a consumer has not taken yet, in order, each at least once.

    An event that is not taken holds up those after it: the next run goes on with it. Its id is the same at
    every delivery.

    \b
    Exit codes beside those of every command:
      0    all were taken, or there were none
      3    one was not taken; the same command goes on with it
      6    the same consumer is being served by another run

    \b
    Examples:
      confirma mirror events --jsonl
      confirma mirror events --exec ./book-payment --consumer books
      confirma mirror events --url https://books.example/events --secret-file books.secret
    """

    async def deliver() -> int:
        async with sink.receiver() as receiver:
            with mirrored(db, account, of=f"events-{consumer}") as (database, mine):
                served = Consumer(database, mine, consumer)
                served.begin(new_only=new_only)
                return await Delivery(served).run(receiver)

    count = signals.run(deliver)
    if not sink.jsonl:
        say(f"{count} events were taken")
