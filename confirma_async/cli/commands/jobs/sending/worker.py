"""``confirma worker``: sends what was planned, together with workers on any number of machines."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from attrs import evolve, frozen

from confirma_async import bounds
from confirma_async.bulk import State
from confirma_async.bulk.journal_places import JournalPlace, PostgresPlace
from confirma_async.bulk.models import Verdict
from confirma_async.cli import options
from confirma_async.cli.errors.error_messages import explained, failed_in_words
from confirma_async.cli.errors.exit_codes import Exit, foremost, of_error, of_pause
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.language.messages import translated
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.options.connection import Connection
from confirma_async.cli.options.destination import connected_for_account
from confirma_async.cli.options.jobs import JobSettings, job_options
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.output.standings import counted
from confirma_async.cli.running.processes import in_processes
from confirma_async.cli.running.stopping import signals
from confirma_async.errors import ConfirmaError
from confirma_async.session.rate.ratelimit import RateLimit

if TYPE_CHECKING:
    from confirma_async.bulk.machines.health import HealthPort
    from confirma_async.bulk.machines.worker import WorkerEnd, WorkerHealth


@frozen(kw_only=True)
class WorkerRequest:
    """The options of a worker.

    Attributes:
        connection: The service, the key and the account.
        job: The rate of calls, how many are made at once, and how lookups are made.
        until_empty: Whether it ends once no invoice is left to send, and no worker holds any.
        health: The port at which it reports its health; None for no port.
        as_json: Whether to print JSON for machines.
    """

    connection: Connection
    job: JobSettings
    until_empty: bool
    health: int | None
    as_json: bool


@click.command(short_help="Send what was planned, together with other workers.")
@click.argument("journal", type=options.JournalName(), metavar="[JOURNAL]", required=False)
@click.option(
    "--processes",
    type=options.WholeRange(bounds.PROCESSES),
    default=1,
    show_default=True,
    metavar="N",
    help="Be so many workers on this machine, from 1 to 64: about as many as it has cores.",
)
@click.option(
    "--until-empty",
    is_flag=True,
    help="End once there is nothing to send for now; what other workers have is waited for.",
)
@click.option(
    "--health",
    type=options.WholeRange(evolve(bounds.PORT, least=1)),
    metavar="PORT",
    help="Answer /healthz and /metrics on this port, on all addresses; more processes on the ports after it.",
)
@options.profiles
@job_options
@connected_for_account
@options.language
@options.as_json
@bundle("request", WorkerRequest)
def worker(
    journal: JournalPlace | None,
    processes: int,
    profiles: options.ChosenProfiles | None,
    request: WorkerRequest,
) -> Exit:
    """Send what was planned (submit --detach), together with workers on any number of machines.

    JOURNAL is the postgresql:// URL that the invoices were planned in. The key is this machine's own; the
    database has none. --rate is the rate of all workers together: the one that was said last holds. With
    --profiles one process works for many accounts, each with the journal, the key and the rate of its
    profile; --rate is then what this process sends at most.

    --processes N begins N workers, waits for them, and asks all of them to end when it is asked itself. One
    that ends is not begun again; the exit code is the highest of theirs. --concurrency is each one's own,
    and --json prints a document for each.

    The first Ctrl-C or SIGTERM ends the worker after what is under way; what it has not sent is for the
    others. What a worker leaves that was killed is taken over by them, and looked up where it may have been
    sent.

    Exit code 0: asked to stop, or nothing left with --until-empty; 3 or 5: it cannot go on for now, and a
    supervisor may begin it again; 2: beginning it again is of no use.

    \b
    Examples:
      confirma worker postgresql://confirma@db.example/invoices --rate 50
      confirma worker postgresql://confirma@db.example/invoices --processes 4 --health 9100
      confirma worker --profiles profiles.toml
    """
    work: Callable[[WorkerRequest], Coroutine[Any, Any, Exit]]
    if profiles is not None:
        if journal is not None:
            raise click.UsageError("JOURNAL is that of one account, and --profiles names many; leave one out")
        work = partial(_work_for_many, profiles=profiles)
    elif journal is None:
        raise click.UsageError("Missing argument 'JOURNAL', or --profiles")
    elif isinstance(journal, Path):
        raise click.UsageError(
            f"workers share a journal in a PostgreSQL database (postgresql://HOST/DATABASE); {journal} is a "
            "file"
        )
    else:
        work = partial(_work, journal=journal)
    health = request.health
    if health and health + processes - 1 > bounds.PORT.most:
        raise click.UsageError(
            f"--health {health} leaves no ports for {processes} processes; the highest is {bounds.PORT.most}"
        )

    def one(place: int) -> Exit:
        return signals.run(work, evolve(request, health=health + place if health else health))

    return in_processes(processes, one)


async def _work(request: WorkerRequest, journal: PostgresPlace) -> Exit:
    from confirma_async.bulk.machines.health import HealthPort

    limit, stop = request.job.limit, asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        client = await stack.enter_async_context(
            request.connection.client(RateLimit(concurrency=limit.concurrency))
        )
        health = stack.enter_context(HealthPort.on(request.health))
        stack.enter_context(signals.gently(stop))
        ended = await client.bulk.work(
            journal=journal,
            stop=stop,
            per_second=limit.per_second,
            until_empty=request.until_empty,
            begun=partial(_begun, health, visible=not request.as_json),
            **request.job.options.as_arguments(),
        )
    if request.as_json:
        print_json(_as_json(ended))
    else:
        _show(ended)
    return of_worker(ended)


async def _work_for_many(request: WorkerRequest, profiles: options.ChosenProfiles) -> Exit:
    from confirma_async.bulk.machines.health import HealthPort

    stop = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        creditors = await stack.enter_async_context(request.connection.creditors(profiles, request.job.limit))
        health = stack.enter_context(HealthPort.on(request.health))
        stack.enter_context(signals.gently(stop))
        ended = await creditors.work(
            stop=stop,
            until_empty=request.until_empty,
            begun=lambda account, worker: _begun(health, worker, account, visible=not request.as_json),
            stopped=lambda account, ended: _stopped(health, account, ended, visible=not request.as_json),
            **request.job.options.as_arguments(),
        )
    if request.as_json:
        print_json({"accounts": {name: _as_json(each) for name, each in ended.items()}})
    return foremost({of_worker(each) for each in ended.values()})


def _as_json(ended: WorkerEnd | ConfirmaError) -> dict[str, Any]:
    if isinstance(ended, ConfirmaError):
        return {"failed": explained(ended).message}
    return {
        "worker": ended.name,
        "accepted": ended.counts.get(State.ACCEPTED, 0),
        "rejected": ended.counts.get(State.REJECTED, 0),
        "chunks": ended.chunks,
        "paused": ended.paused,
    }


def _show(ended: WorkerEnd | ConfirmaError, whose: str = "") -> None:
    if isinstance(ended, ConfirmaError):
        say(f"{whose}{failed_in_words(ended)}", err=True)
        return
    accepted = counted(Verdict.ACCEPTED, ended.counts.get(State.ACCEPTED, 0))
    rejected = counted(Verdict.REJECTED, ended.counts.get(State.REJECTED, 0))
    done = _("{accepted}, {rejected} by this worker").format(accepted=accepted, rejected=rejected)
    say(f"{whose}{done}", err=True)
    if ended.paused:
        say(f"{whose}{_('Paused: {reason}').format(reason=translated(ended.paused))}", err=True)


def of_worker(ended: WorkerEnd | ConfirmaError) -> Exit:
    """Return the exit code for the end of a worker."""
    if isinstance(ended, ConfirmaError):
        return of_error(ended)
    return of_pause(ended.paused_by) if ended.paused else Exit.ACCEPTED


def _begun(health: HealthPort, worker: WorkerHealth, account: str = "", *, visible: bool) -> None:
    health.add_worker(worker, account)
    if visible:
        whose = f"{account}: " if account else ""
        taking = _("Taking chunks; Ctrl-C or SIGTERM ends it after what is under way")
        say(f"{whose}{taking}", err=True)


def _stopped(health: HealthPort, account: str, ended: WorkerEnd | ConfirmaError, *, visible: bool) -> None:
    health.note_stopped(account)
    if visible:
        _show(ended, f"{account}: ")
