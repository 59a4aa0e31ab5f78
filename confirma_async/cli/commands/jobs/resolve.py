"""``confirma resolve``: record what a person found out about an invoice of unknown outcome."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from confirma_async import bounds
from confirma_async.bulk import Journal, State
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.journal_places import JournalPlace, open_journal
from confirma_async.bulk.models import SETTLE_SECONDS, Row
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Whose, located, whose
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json
from confirma_async.contract import CREATE_INVOICE, OPERATIONS
from confirma_async.schemas.identity import same_seller

_STATES: Mapping[str, State] = {
    "accepted": State.ACCEPTED,
    "rejected": State.REJECTED,
    "absent": State.PENDING,
}

WRITES = frozenset(
    operation.name
    for operation in OPERATIONS.values()
    if operation.method == "POST" and operation is not CREATE_INVOICE
)
"""The operations of the writes that are no invoices."""

_NEXT: Mapping[str, str] = {
    "accepted": "it is not sent again",
    "rejected": "it is not sent again, unless you correct and retry it",
    "absent": "the next run of the job sends it",
}


@click.command(short_help="Record what you found out about an invoice that may have arrived.")
@click.argument("words", nargs=-1, metavar="[RUN|JOURNAL] [NUMBER]")
@click.option(
    "--listed",
    is_flag=True,
    help="Instead of NUMBER: all whose number a restored journal has found listed, without a type.",
)
@click.option(
    "--is",
    "found",
    type=click.Choice([*_STATES]),
    required=True,
    help="The service has it; has it in error; or surely has not got it.",
)
@click.option("--because", metavar="TEXT", required=True, help="How you know; kept in the journal.")
@click.option(
    "--type", "kind", metavar="TYPE", help="INVOICE, CREDIT_NOTE, ...: where several bear the number."
)
@click.option("--seller", metavar="ID", help="The seller's business id, likewise.")
@click.option(
    "--write",
    "operation",
    type=click.Choice(sorted(WRITES)),
    help="Instead of an invoice: the write of an outbox whose key stands in the place of NUMBER.",
)
@click.option(
    "--settle",
    type=options.FiniteRange(bounds.SETTLE),
    default=SETTLE_SECONDS,
    show_default=True,
    help="Seconds after its last call for which it may still arrive; until then only accepted is taken.",
)
@whose
@options.as_json
def resolve(
    words: tuple[str, ...],
    listed: bool,
    whose: Whose,
    found: str,
    because: str,
    kind: str | None,
    seller: str | None,
    operation: str | None,
    settle: float,
    as_json: bool,
) -> Exit:
    """Record what you found out about an invoice that may have arrived.

    Only invoices that the journal lists as unknown can be resolved, and none that a job is looking up just
    then. Be sure before you say "absent": the next run sends the invoice again. While it may still arrive,
    only "accepted" is taken, and you are told when to look again.

    After a journal was restored, many invoices may be held whose number is listed: by the list alone they
    could be other documents of those numbers, which the journal has forgotten. Where no two documents of your
    account bear the same number, resolve all of them with --listed.

    \b
    Examples:
      confirma resolve 1042 --is accepted --because "seen in the portal"
      confirma resolve --listed --is accepted --because "one series of numbers"
      confirma resolve --write accounting.submit_ledger 2026-11 --is accepted --because "in the books"
    """
    note = because.strip()
    if not note:
        raise click.BadParameter("it is empty; say how you know", param_hint="--because")
    if operation is not None and (listed or kind or seller):
        raise click.UsageError("--write goes with a key, and with none of --listed, --type and --seller")
    before = _before(words, found, listed=listed)
    number = None if listed or operation is not None else options.whole_number(words[-1])
    path, run = located(before, whose)
    if isinstance(path, Path) and not path.is_file():
        raise click.BadParameter(f"there is no journal {path}", param_hint="JOURNAL")
    if operation is not None:
        _resolve_write(path, operation, words[-1], found, note, settle, as_json=as_json)
        return Exit.ACCEPTED
    with contextlib.closing(open_journal(path)) as journal, journal.transaction():
        fitting = _fitting(journal, run, kind, seller)
        rows = _listed(fitting) if number is None else [_the_one(journal, fitting, number)]
        for row in rows:
            journal.resolve(
                Resolution(
                    position=row.position,
                    state=_STATES[found],
                    note=note,
                    at=time.time(),
                    settle_seconds=settle,
                )
            )
    if as_json:
        resolved = [
            {"number": row.key.number, "type": row.key.type, "is": found, "because": note} for row in rows
        ]
        print_json({"resolved": resolved} if listed else resolved[0])
    elif not rows:
        say("No invoice is held because its record names no type; nothing was changed.")
    elif listed:
        say(f"{len(rows)} invoices: {found}, because {note}; they are not sent again")
    else:
        say(f"{rows[0].key}: {found}, because {note}; {_NEXT[found]}")
    return Exit.ACCEPTED


def _before(words: Sequence[str], found: str, *, listed: bool) -> str | None:
    """Check the words, and return what stands before the number: a run or a journal."""
    if listed and found != "accepted":
        raise click.UsageError("what is listed is there: --listed goes with --is accepted")
    if not listed and not words:
        raise click.UsageError("name an invoice by its number, or all that are listed with --listed")
    before = words if listed else words[:-1]
    if len(before) > 1:
        raise click.UsageError("name one invoice, after a run or a journal if need be")
    return before[0] if before else None


def _resolve_write(
    path: JournalPlace, operation: str, key: str, found: str, note: str, settle: float, *, as_json: bool
) -> None:
    """Write down, and say, what a person found out about a write of unknown outcome that is no invoice."""
    with contextlib.closing(open_journal(path)) as journal, journal.transaction():
        row = journal.writes.find(operation, key)
        if row is None or row.state not in {State.UNKNOWN, State.SENDING}:  # the latter may be a dead run's
            unknown = [one.key for one in journal.writes.rows(State.UNKNOWN) if one.operation == operation]
            those = f"; those are {', '.join(unknown[:20])}" if unknown else ""
            raise click.UsageError(f"the journal holds no {operation} {key} of unknown outcome{those}")
        journal.writes.resolve(row.id, _STATES[found], note, time.time(), settle)
    if as_json:
        print_json({"operation": operation, "key": key, "is": found, "because": note})
        return
    following = "it is sent once it is given again" if found == "absent" else "it is not sent again"
    say(f"{operation} {key}: {found}, because {note}; {following}")


def _fitting(journal: Journal, run: int | None, kind: str | None, seller: str | None) -> list[Row]:
    """Return the invoices of unknown outcome that fit the options."""
    return [
        row
        for row in journal.rows(State.UNKNOWN, State.SENDING, run=run)
        if (kind is None or row.key.type == kind.upper())
        and (seller is None or row.key.seller == same_seller(seller))
    ]


def _listed(rows: Sequence[Row]) -> list[Row]:
    """Return those that are held because their record names no type."""
    return [row for row in rows if (row.detail or "").startswith(EvidenceKind.UNTYPED.reading.detail)]


def _the_one(journal: Journal, rows: Sequence[Row], number: int) -> Row:
    fitting = [row for row in rows if row.key.number == number]
    if not fitting:
        raise click.UsageError(
            f"the journal holds no invoice {number} of unknown outcome; confirma status {journal.name} "
            "lists those"
        )
    if len(fitting) > 1:
        choices = ", ".join(f"{row.key} of {row.key.seller or 'the client'}" for row in fitting)
        raise click.UsageError(
            f"several are unknown under this number ({choices}); name --type, --seller or both"
        )
    return fitting[0]
