"""Sends one write that is no invoice, exactly once, by the journal of the account."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

import click
from attrs import evolve, field, fields, frozen

from confirma_async.bulk import JobOptions, Retry, Verdict
from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit, of_error
from confirma_async.cli.options.attributes import OptionOf
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.connection import Connection
from confirma_async.cli.options.destination import own_journal
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.cli.running import side_effects
from confirma_async.cli.running.stopping import signals
from confirma_async.contract import Operation
from confirma_async.outbox import Outbox, WriteOutcome
from confirma_async.outbox.write_options import WriteArguments
from confirma_async.validation import Checks

Verb: TypeAlias = Callable[[Outbox], Coroutine[Any, Any, WriteOutcome[Any]]]

_EXITS: Mapping[Verdict, Exit] = {
    Verdict.ACCEPTED: Exit.ACCEPTED,
    Verdict.REJECTED: Exit.REJECTED,
    Verdict.UNKNOWN: Exit.UNKNOWN,
}


@frozen(kw_only=True)
class Once:
    """How a write is identified and checked.

    Attributes:
        key: The user's own key for it; None for its own identifier.
        retry: Whether to send it again if the service has rejected it before.
        journal: The journal that the user named; None for the account's own.
        checks: How strictly the rules are applied.
    """

    key: str | None
    retry: Retry = field(converter=Retry)
    journal: JournalPlace | None
    checks: Checks

    @property
    def arguments(self) -> WriteArguments:
        """The arguments for the outbox."""
        return {"validate": self.checks.validate, "allow": self.checks.allow, "retry": self.retry}


once_options: Decorator = bundle(
    "once",
    Once,
    click.option("--key", metavar="TEXT", help="Your own name for it; made of its identifiers unless given."),
    OptionOf(
        fields(JobOptions).retry,
        "Whether it is sent again under its key where the service rejected it before.",
    ),
    own_journal,
    options.checks,
)
"""Gives a command the options for a write that is sent once; it takes ``once``, the ``Once``."""


@frozen
class WriteDescription:
    """The words for a write in messages.

    Attributes:
        operation: The operation that sends it.
        what: Its name for people: ``ledger 2026-11``.
        next_command: The command that shows its status at the service.
    """

    operation: Operation[Any]
    what: str
    next_command: str


@frozen
class Written:
    """A write with its outcome.

    Attributes:
        outcome: What became of it.
        target: The base URL to which it was sent.
        journal: The name of the journal.
    """

    outcome: WriteOutcome[Any]
    target: str
    journal: str


def write_once(
    verb: Verb, description: WriteDescription, *, connection: Connection, once: Once, as_json: bool
) -> Exit:
    """Send a write, print its outcome, and return the exit code.

    Args:
        verb: Sends the write by an outbox.
        description: The words for it in messages.
        connection: The service, the key and the account.
        once: How it is identified and checked.
        as_json: Whether to print JSON for machines.
    """
    written = give_once(verb, description.what, connection=connection, once=once)
    outcome = written.outcome
    if as_json:
        print_json(_as_json(written, connection))
    elif outcome.verdict is Verdict.NOT_SENT and outcome.error is not None:
        raise outcome.error
    else:
        _show(outcome, description)
        say(f"To see how it stands: {description.next_command}")
    return exit_of(outcome)


def give_once(verb: Verb, what: str, *, connection: Connection, once: Once) -> Written:
    """Send a write. After a signal it sends nothing new, and ends once the answer has come.

    Args:
        verb: Sends the write by an outbox.
        what: Its name for people.
        connection: The service, the key and the account.
        once: How it is identified and checked.
    """
    with signals.changing():
        written = signals.run(_written, connection, once, verb, what)
        side_effects.note()
    return written


async def _written(connection: Connection, once: Once, verb: Verb, what: str) -> Written:
    async with connection.client() as client, client.outbox(journal=once.journal, inputs=[what]) as outbox:
        options.remark(outbox.warnings)
        journal, target = outbox.journal, client.settings.base_url
        giving = asyncio.ensure_future(verb(outbox))
        try:
            outcome = await asyncio.shield(giving)
            if outcome.verdict is Verdict.UNKNOWN:  # the read that shows it may do so already
                await outbox.opened().writes.look_up()
                outcome = evolve(await verb(outbox), resumed=outcome.resumed, receipt=outcome.receipt)
        except asyncio.CancelledError:  # asked to end: the answer to what is under way counts all the same
            await outbox.aclose()
            outcome = await giving
    return Written(outcome, target, journal)


def _show(outcome: WriteOutcome[Any], description: WriteDescription) -> None:
    what = description.what
    match outcome.verdict:
        case Verdict.ACCEPTED:
            before = " before; nothing was sent now" if outcome.resumed else ""
            say(f"The service has taken {what}{before}.")
        case Verdict.REJECTED:
            say(f"The service has rejected {what}: {outcome.detail or 'no reason was given'}")
        case Verdict.NOT_SENT:
            say(f"{what} was not sent: {outcome.detail}. The same command sends it.")
        case _:
            say(f"Whether the service has taken {what} is not known: {outcome.detail}")
            say("It is not sent again. The same command looks for it again; if you know what became of it:")
            key = shlex.quote(outcome.key or "")
            say(f"  confirma resolve --write {description.operation.name} {key} --is accepted --because WHY")


def _as_json(written: Written, connection: Connection) -> dict[str, Any]:
    outcome, receipt = written.outcome, written.outcome.receipt
    return {
        "target": written.target,
        "verdict": outcome.verdict.value,
        "key": outcome.key,
        "status": outcome.status,
        "detail": outcome.detail,
        "resumed": outcome.resumed,
        "receipt": None if receipt is None else connection.converter.unstructure(receipt),
    }


def exit_of(outcome: WriteOutcome[Any]) -> Exit:
    """Return the exit code for an outcome."""
    if outcome.verdict in _EXITS:
        return _EXITS[outcome.verdict]
    return Exit.PAUSED if outcome.error is None else of_error(outcome.error)
