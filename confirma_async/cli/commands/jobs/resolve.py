"""``confirma resolve``: records what a person found out about an invoice of unknown outcome."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from attrs import fields, frozen

from confirma_async.bulk import JobOptions, Journal, State
from confirma_async.bulk.evidence.kinds import EvidenceKind
from confirma_async.bulk.journal.records import Resolution
from confirma_async.bulk.journal_places import JournalPlace, open_journal
from confirma_async.bulk.models import Row
from confirma_async.cli import options
from confirma_async.cli.journals import Whose, located, whose
from confirma_async.cli.options.attributes import OptionOf
from confirma_async.cli.options.bundle import bundle
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_result
from confirma_async.contract import CREATE_INVOICE, OPERATIONS
from confirma_async.schemas.identity import same_seller

_FOUND: Mapping[str, tuple[State, str]] = {
    "accepted": (State.ACCEPTED, "it is not sent again"),
    "rejected": (State.REJECTED, "it is not sent again, unless you correct and retry it"),
    "absent": (State.PENDING, "the next run of the job sends it"),
}
"""What a person can have found out, with the state that it leads to, and what happens next."""

WRITES = frozenset(
    operation.name
    for operation in OPERATIONS.values()
    if operation.method == "POST" and operation is not CREATE_INVOICE
)
"""The operations of the writes that are no invoices."""


@frozen(kw_only=True)
class _Unresolved:
    """The invoices, or the other write, that a person found something out about.

    Attributes:
        words: The run or journal, if one is named, and the number of the invoice or the key of the write.
        listed: Whether it means every invoice whose number a restored journal has found listed.
        kind: The type of the invoice.
        seller: The seller of the invoice.
        operation: The operation of the write, if it is no invoice.
    """

    words: Sequence[str]
    listed: bool
    kind: str | None
    seller: str | None
    operation: str | None

    def __attrs_post_init__(self) -> None:
        if self.operation is not None and (self.listed or self.kind or self.seller):
            raise click.UsageError("--write goes with a key, and with none of --listed, --type and --seller")
        if not self.listed and not self.words:
            raise click.UsageError("name an invoice by its number, or all that are listed with --listed")
        if len(self._leading) > 1:
            raise click.UsageError("name one invoice, after a run or a journal if need be")

    @property
    def _leading(self) -> Sequence[str]:
        return self.words if self.listed else self.words[:-1]

    @property
    def which(self) -> str | None:
        """The run or the journal that the user names; None if there is none."""
        return self._leading[0] if self._leading else None

    @property
    def number(self) -> int | None:
        """The number of the invoice, if it is a single one."""
        is_one = not self.listed and self.operation is None
        return options.whole_number(self.words[-1]) if is_one else None

    def fitting(self, journal: Journal, run: int | None) -> list[Row]:
        """Return the invoices of unknown outcome that fit the options."""
        return [
            row
            for row in journal.rows(State.UNKNOWN, State.SENDING, run=run)
            if (self.kind is None or row.key.type == self.kind.upper())
            and (self.seller is None or row.key.seller == same_seller(self.seller))
        ]


@frozen(kw_only=True)
class _Knowledge:
    """What a person found out.

    Attributes:
        found: What became of it, as a word of the command line.
        note: How the person knows.
        settle_seconds: Seconds after the last call for which it may still arrive.
    """

    found: str
    note: str
    settle_seconds: float

    @property
    def state(self) -> State:
        """The state that follows from it."""
        return _FOUND[self.found][0]


def _knowledge(found: str, because: str, settle_seconds: float) -> _Knowledge:
    note = because.strip()
    if not note:
        raise click.BadParameter("it is empty; say how you know", param_hint="--because")
    return _Knowledge(found=found, note=note, settle_seconds=settle_seconds)


@click.command(short_help="Record what you found out about an invoice that may have arrived.")
@bundle(
    "known",
    _knowledge,
    click.option(
        "--is",
        "found",
        type=click.Choice([*_FOUND]),
        required=True,
        help="The service has it; has it in error; or surely has not got it.",
    ),
    click.option("--because", metavar="TEXT", required=True, help="How you know; kept in the journal."),
    OptionOf(
        fields(JobOptions).settle_seconds,
        "Seconds after its last call for which it may still arrive; until then only accepted is taken.",
    ),
)
@bundle(
    "subject",
    _Unresolved,
    click.argument("words", nargs=-1, metavar="[RUN|JOURNAL] [NUMBER]"),
    click.option(
        "--listed",
        is_flag=True,
        help="Instead of NUMBER: all whose number a restored journal has found listed, without a type.",
    ),
    click.option(
        "--type", "kind", metavar="TYPE", help="INVOICE, CREDIT_NOTE, ...: where several bear the number."
    ),
    click.option("--seller", metavar="ID", help="The seller's business id, likewise."),
    click.option(
        "--write",
        "operation",
        type=click.Choice(sorted(WRITES)),
        help="Instead of an invoice: the write of an outbox whose key stands in the place of NUMBER.",
    ),
)
@whose
@options.as_json
def resolve(subject: _Unresolved, known: _Knowledge, whose: Whose, as_json: bool) -> None:
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
    if subject.listed and known.found != "accepted":
        raise click.UsageError("what is listed is there: --listed goes with --is accepted")
    number = subject.number
    path, run = located(subject.which, whose)
    if isinstance(path, Path) and not path.is_file():
        raise click.BadParameter(f"there is no journal {path}", param_hint="JOURNAL")
    if subject.operation is not None:
        _resolve_write(path, subject.operation, subject.words[-1], known, as_json=as_json)
        return
    with contextlib.closing(open_journal(path)) as journal, journal.transaction():
        rows = subject.fitting(journal, run)
        if number is None:  # those that are held because their record names no type
            untyped = EvidenceKind.UNTYPED.reading.detail
            rows = [row for row in rows if (row.detail or "").startswith(untyped)]
        else:
            rows = [_the_one(journal, rows, number)]
        for row in rows:
            journal.resolve(
                Resolution(
                    position=row.position,
                    state=known.state,
                    note=known.note,
                    at=time.time(),
                    settle_seconds=known.settle_seconds,
                )
            )
    if as_json:
        resolved = [
            {"number": row.key.number, "type": row.key.type, "is": known.found, "because": known.note}
            for row in rows
        ]
        print_json({"resolved": resolved} if subject.listed else resolved[0])
    elif not rows:
        say("No invoice is held because its record names no type; nothing was changed.")
    elif subject.listed:
        say(f"{len(rows)} invoices: {known.found}, because {known.note}; they are not sent again")
    else:
        say(f"{rows[0].key}: {known.found}, because {known.note}; {_FOUND[known.found][1]}")


def _resolve_write(path: JournalPlace, operation: str, key: str, known: _Knowledge, *, as_json: bool) -> None:
    """Record and print what a person found out about a write of unknown outcome that is no invoice."""
    with contextlib.closing(open_journal(path)) as journal, journal.transaction():
        row = journal.writes.find(operation, key)
        if row is None or row.state not in {State.UNKNOWN, State.SENDING}:  # the latter may be a dead run's
            unknown = [one.key for one in journal.writes.rows(State.UNKNOWN) if one.operation == operation]
            those = f"; those are {', '.join(unknown[:20])}" if unknown else ""
            raise click.UsageError(f"the journal holds no {operation} {key} of unknown outcome{those}")
        journal.writes.resolve(row.id, known.state, known.note, time.time(), known.settle_seconds)
    following = "it is sent once it is given again" if known.found == "absent" else "it is not sent again"
    print_result(
        f"{operation} {key}: {known.found}, because {known.note}; {following}",
        {"operation": operation, "key": key, "is": known.found, "because": known.note},
        as_json=as_json,
    )


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
