"""``confirma submit``: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from pathlib import Path

import click
from attrs import evolve, field, frozen

from confirma_async.bulk import Report, Retry
from confirma_async.bulk.numbers import give_numbers, numbers_given
from confirma_async.bulk.sqlite_journal import reading_if_there
from confirma_async.cli import options
from confirma_async.cli.connection import Connection, connected
from confirma_async.cli.exits import Exit, of_report
from confirma_async.cli.progress import progress
from confirma_async.cli.render import show_report
from confirma_async.cli.running import Running
from confirma_async.cli.running import running as running_options
from confirma_async.cli.standing import numbers_of, standing
from confirma_async.cli.validate import inspect
from confirma_async.client import Confirma
from confirma_async.contract import CREATE_INVOICE
from confirma_async.errors import ConfigurationError
from confirma_async.formats import Clashes, ReadOptions, Spooled, expand, look_through, read_files
from confirma_async.sandbox import Fault, Sandbox
from confirma_async.settings import Environment

SANDBOX_TARGET = "the sandbox"
"""What a journal is bound to when the invoices go to an embedded sandbox, whose port changes every run."""


@frozen(kw_only=True)
class Order:
    """What the user ordered."""

    connection: Connection
    files: Sequence[Path | Spooled]
    journal: Path
    sandbox: bool
    running: Running
    retry: Retry = Retry.NONE
    number_from: int | None
    reading: ReadOptions
    as_json: bool
    faults: Mapping[Fault, int] = field(factory=dict[Fault, int])


@click.command(short_help="Send every invoice of the files, each exactly once.")
@options.files
@click.option("--sandbox", is_flag=True, help="Send to a sandbox on this machine, not to the service.")
@click.option(
    "--journal",
    type=options.NamedPath(path_type=Path, dir_okay=False),
    help="Where the job's journal is kept.  [default: FILE.journal beside the first file, "
    "FILE.sandbox.journal with --sandbox]",
)
@click.option("--dry-run", is_flag=True, help="Check everything, send nothing.")
@running_options
@options.reading
@connected
@options.as_json
def submit(
    connection: Connection,
    files: tuple[Path | Spooled, ...],
    sandbox: bool,
    journal: Path | None,
    running: Running,
    dry_run: bool,
    number_from: int | None,
    reading: ReadOptions,
    as_json: bool,
) -> Exit:
    """Send every invoice of the files, each exactly once.

    FILE is a table (CSV, Excel, Parquet, Arrow), JSON Lines, UBL 2.1 or Finvoice, or a folder of such
    files. Run again, the command sends nothing twice; interrupted, it goes on where it was.
    """
    found = expand(files)
    options.warn_of_unchecked()
    order = Order(
        connection=connection,
        files=found,
        journal=journal or _beside(found[0], sandbox=sandbox),
        sandbox=sandbox,
        running=running,
        number_from=number_from,
        reading=reading,
        as_json=as_json,
    )
    if dry_run:
        return inspect(
            order.files,
            order.reading,
            connection.converter,
            number_from=number_from,
            journal_path=order.journal,
            as_json=as_json,
        )
    return of_report(asyncio.run(send(order)))


def _name(file: Path | Spooled) -> str:
    """The name under which a journal knows a file."""
    return file.name if isinstance(file, Spooled) else str(file.resolve())


def _beside(file: Path | Spooled, *, sandbox: bool) -> Path:
    """Where a journal is kept unless said otherwise: a trial on the sandbox is a job of its own."""
    if isinstance(file, Spooled):
        raise click.UsageError("standard input has no place for a journal beside it; name one with --journal")
    return file.with_name(f"{file.name}.sandbox.journal" if sandbox else f"{file.name}.journal")


def _in_words(target: str) -> str:
    """A target as a person knows it: the vendor's environments by their names."""
    names = {environment.value: environment.name.lower() for environment in Environment}
    return f"{names[target]}, {target}" if target in names else target


async def send(order: Order) -> Report:
    """Sends what was ordered, shows its progress, and says what came of it."""
    with reading_if_there(order.journal):
        pass  # first of all: beside a file that is no journal, no sandbox is made
    async with contextlib.AsyncExitStack() as stack:
        client, sandbox = await stack.enter_async_context(_service(order))
        converter = order.connection.converter
        target = SANDBOX_TARGET if order.sandbox else client.settings.base_url
        named = tuple(_name(file) for file in order.files)
        if not order.as_json:
            click.echo(f"Sending to {_in_words(target)}", err=True)
        clashes = stack.enter_context(Clashes())
        documents = clashes.watch(look_through(order.files, order.reading, converter))
        if order.number_from is None:
            expected = sum(1 for _ in documents)
            book = numbers_given(order.journal)
        else:
            book = give_numbers(order.journal, target, named, documents, order.number_from)
            expected = len(book.numbers)
        reading = evolve(order.reading, numbers=book)
        stop = asyncio.Event()
        stream = client.bulk.stream(
            read_files(order.files, reading, converter, clashes=clashes),
            journal=order.journal,
            settle_seconds=order.running.settle,
            on_unknown=order.running.on_unknown,
            retry=order.retry,
            wave=order.running.wave,
            until=order.running.until,
            target=target,
            inputs=named,
            expected=expected,
            stop=stop,
        )
        with _stopping(stop), progress(visible=not order.as_json) as advance:
            async for outcome in stream:
                advance(outcome)
        told = None
        if sandbox is not None and not stop.is_set():
            sandbox.clock.advance(hours=2)  # long enough to be validated and distributed there
            told = await standing(client, order.journal)
    show_report(stream.report, target, told, numbers_of(order.journal), as_json=order.as_json)
    return stream.report


@contextlib.asynccontextmanager
async def _service(order: Order) -> AsyncGenerator[tuple[Confirma, Sandbox | None]]:
    """Where the invoices go: the service that the user named, or a sandbox beside the journal."""
    limit = order.running.limit
    if not order.sandbox:
        async with order.connection.client(limit) as client:
            yield client, None
        return
    db = order.journal.with_name(f"{order.journal.name}.sandbox.db")
    try:
        db.touch(mode=0o600)  # it holds the invoices
    except OSError as error:
        raise ConfigurationError(
            f"the sandbox cannot keep its state in {db} ({error.strerror}); check that the folder exists and "
            "is writable, or name another place with --journal"
        ) from error
    async with Sandbox(db=db, overrides=order.connection.overrides) as sandbox:
        for fault, times in order.faults.items():
            sandbox.faults.add(fault, operation=CREATE_INVOICE.name, times=times)
        async with order.connection.to(sandbox.url, sandbox.api_key).client(limit) as client:
            yield client, sandbox


@contextlib.contextmanager
def _stopping(stop: asyncio.Event) -> Generator[None]:
    """Ctrl-C, or a signal to end, stops the job gently; a second one stops it at once."""
    loop = asyncio.get_running_loop()
    job = asyncio.current_task()

    def on_signal() -> None:
        if stop.is_set() and job is not None:
            job.cancel()
            return
        stop.set()
        click.echo("confirma: stopping after what is under way; once more stops at once", err=True)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
