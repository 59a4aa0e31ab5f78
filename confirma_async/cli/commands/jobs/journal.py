"""``confirma journal``: lists, checks, copies and archives journals."""

from __future__ import annotations

import contextlib
import datetime
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import click

from confirma_async import bounds
from confirma_async.accounts.folders import JOURNAL_NAME
from confirma_async.accounts.registry import Accounts
from confirma_async.bulk import State
from confirma_async.bulk.journal_places import JournalPlace, is_url, open_journal, reading
from confirma_async.bulk.sqlite.keeping import back_up, set_aside, verify
from confirma_async.cli import options
from confirma_async.cli.errors.exit_codes import Exit
from confirma_async.cli.journals import Whose, located, whose
from confirma_async.cli.output.printer import say
from confirma_async.cli.output.render import print_json, print_result, print_rows, table
from confirma_async.cli.output.terminal import Terminal
from confirma_async.errors import JournalError
from confirma_async.settings import Environment

_yes = click.option("--yes", is_flag=True, help="Do it without asking.")
_journal = click.argument("which", metavar="[JOURNAL]", required=False)


@click.group(short_help="Look after journals: list, verify, backup, trust, set-aside, archive, body.")
def journal() -> None:
    """Look after the journals of your accounts, which know what was sent.

    Each command is about the account's journal, unless JOURNAL names another one.
    """


@journal.command(name="list", short_help="Where the journals are.")
@options.as_json
def list_(as_json: bool) -> None:
    """List the accounts that are known here, and where the journal of each is."""
    accounts = Accounts()
    has_sent = {record.journal: record.proved for record in accounts.all()}
    found = sorted({*has_sent, *accounts.root.glob(f"*/*/{JOURNAL_NAME}")})  # that of the sandbox, too
    journals = [
        {
            "target": path.parent.parent.name,
            "account": path.parent.name,
            "journal": str(path),
            "exists": path.exists(),
            "gone": has_sent.get(path, False) and not path.exists(),
        }
        for path in found
    ]
    if as_json:
        print_json(journals)
    elif not journals:
        say(f"No account is known yet in {accounts.root}.")
    else:
        rows = ((one["target"], one["account"], f"{one['journal']}{_remark(one)}") for one in journals)
        print_rows(Terminal(), table("Journals", "Target", "Account", "Journal"), rows, len(journals))


def _remark(listed: Mapping[str, object]) -> str:
    """Return the remark behind the path of a journal in the list."""
    if listed["exists"]:
        return ""
    if listed["gone"]:
        return " (gone, and with it what was sent: put it back, or its latest copy)"
    return " (none yet)"


@journal.command(name="verify", short_help="Check every page of a journal.")
@_journal
@whose
@options.as_json
def verify_(which: str | None, whose: Whose, as_json: bool) -> Exit:
    """Check every page of a journal, and whether it may have forgotten something.

    Exit code 0: it is whole; 1: it may not know all that was sent; 2: it is damaged or cannot be read.
    """
    path = _path(which, whose)
    doubt = verify(path)
    if as_json:
        print_json({"journal": str(path), "whole": True, "doubt": doubt.reason if doubt else None})
    elif doubt:
        say(
            f"{path}: every page is in order, but it may not know all that was sent: {doubt.reason}. Jobs "
            "look up every invoice before they send it; confirma journal trust ends that."
        )
    else:
        say(f"{path}: whole.")
    return Exit.REJECTED if doubt else Exit.ACCEPTED


@journal.command(short_help="Copy a journal, also while a job runs.")
@click.argument("target", metavar="TO", type=options.FILE)
@click.option(
    "--journal", "which", metavar="JOURNAL", help="A journal of your own, instead of the account's."
)
@whose
@options.as_json
def backup(target: Path, which: str | None, whose: Whose, as_json: bool) -> None:
    """Copy a journal to the new file TO, also while a job runs on it.

    The copy knows what was sent until now. A job that goes on with it looks up every invoice before it sends
    it, because the journal may have known more.
    """
    path = _path(which, whose)
    back_up(path, target)
    print_result(
        f"{path} was copied to {target}.", {"journal": str(path), "copy": str(target)}, as_json=as_json
    )


@journal.command(short_help="Say that a journal knows all that was sent.")
@_journal
@whose
@_yes
@options.as_json
def trust(which: str | None, whose: Whose, yes: bool, as_json: bool) -> None:
    """Say that a copied or restored journal knows all that was sent.

    Be sure: what the journal does not know to be sent is sent by the next job, without being looked up.
    """
    path = _place(which, whose)
    with reading(path) as found:
        doubt, counts = found.trust.doubt(), found.figures.counts()
    if doubt is None:
        said = f"{path} is in no doubt; nothing was changed."
        print_result(said, {"journal": str(path), "freed": 0}, as_json=as_json)
        return
    unsent = counts[State.PENDING] + counts[State.UNKNOWN]
    say(
        f"{path} may not know all that was sent: {doubt.reason}.\n"
        f"It knows {counts[State.ACCEPTED]} accepted invoices, and {unsent} that it has not seen accepted. "
        "If you trust it, the next job sends what it does not know to be sent, without looking it up first. "
        "If such an invoice was sent after the copy was made, it is then sent twice.",
        err=True,
        lines=True,
    )
    _agree(yes, "Is it certain that nothing was sent which this journal does not know?")
    with contextlib.closing(open_journal(path, alone=True)) as opened, opened.transaction():
        freed = opened.trust.regain(time.time())
    said = f"Trusted. {freed} invoices that were waiting for a lookup may be sent."
    print_result(said, {"journal": str(path), "freed": freed}, as_json=as_json)


@journal.command(name="set-aside", short_help="Begin a new journal, and keep the old one.")
@_journal
@whose
@click.option(
    "--confirm", metavar="NAME", help="The account's name, where invoices of production are at stake."
)
@_yes
@options.as_json
def set_aside_(which: str | None, whose: Whose, confirm: str | None, yes: bool, as_json: bool) -> None:
    """Give a journal another name; the next job begins a new one, which knows nothing of what was sent.

    That is for trials on staging, where the same invoices are sent again on purpose. The old journal is kept
    beside the new one.
    """
    path = whose.journal(gone_too=True) if which is None else _named(which)
    production = _is_production(path)
    name = path.parent.name if which is None else path.name
    say(
        f"The next job will know nothing of what {path} knows: the same invoices would be sent again.",
        err=True,
    )
    if production and confirm != name:
        if confirm is not None or not _is_asked("Type the account's name", name):
            raise click.UsageError(f"this is production: name the account with --confirm {name}")
    elif not production:
        _agree(yes, "Set it aside?")
    aside = set_aside(path, datetime.datetime.now(datetime.UTC))
    said = (
        f"It is kept as {aside}."
        if aside
        else "There was no journal; what was remembered of it is forgotten."
    )
    print_result(said, {"journal": str(path), "kept_as": str(aside) if aside else None}, as_json=as_json)


@journal.command(short_help="Make a journal smaller: keep only the numbers of old invoices.")
@_journal
@whose
@click.option(
    "--before",
    type=options.date,
    required=True,
    metavar="YYYY-MM-DD",
    help="Invoices that were accepted before this day.",
)
@options.as_json
def archive(which: str | None, whose: Whose, before: datetime.date, as_json: bool) -> None:
    """Keep of invoices that were accepted before a day only what stops them from being sent again.

    Their amounts, times and texts go; export them first if they are needed. Their numbers stay for good.
    """
    path = _place(which, whose)
    moment = datetime.datetime.combine(before, datetime.time.min).astimezone().timestamp()
    with contextlib.closing(open_journal(path, alone=True)) as opened:
        with opened.transaction():
            count = opened.archive(moment)
        opened.shrink()
    said = f"{count} invoices accepted before {before} were archived in {path}."
    print_result(said, {"journal": str(path), "archived": count}, as_json=as_json)


@journal.command(short_help="Print what was planned of an invoice, as long as it is kept.")
@click.argument("which", metavar="JOURNAL")
@click.argument("number", type=options.WholeRange(bounds.NUMBER), metavar="NUMBER")
@whose
def body(which: str, whose: Whose, number: int) -> None:
    """Print what was planned of an invoice by its NUMBER: as JSON, the request as it is or was sent.

    JOURNAL is the postgresql:// URL that it was planned in. A body is kept there until its invoice is final
    and a worker is through with its chunk, and for as many days more as --keep-bodies of confirma submit
    said. It holds personal data.
    """
    place = _place(which, whose)
    if isinstance(place, Path):
        raise JournalError(
            f"{place} is a file, which keeps no bodies; a database keeps what was planned there"
        )
    from confirma_async.bulk.machines.kept_bodies import bodies_of

    with reading(place) as found:
        kept = bodies_of(found, number)
    if not kept:
        raise JournalError(
            f"no body of invoice {number} is kept in {place}: it was not planned there, or it is final and "
            "its days are over"
        )
    for each in kept:
        say(each.decode())


def _place(which: str | None, whose: Whose) -> JournalPlace:
    place, _ = located(which, whose)
    if isinstance(place, Path) and not place.is_file() and which is not None:
        raise JournalError(f"there is no journal {place}")
    return place


def _path(which: str | None, whose: Whose) -> Path:
    """Return the file of a journal, or raise an error for a database, since the command needs a file."""
    place = _place(which, whose)
    if not isinstance(place, Path):
        raise JournalError(
            f"{place} is a database; copy it, check it or rename it with the tools of PostgreSQL (pg_dump, "
            "pg_amcheck, ALTER SCHEMA)"
        )
    return place


def _named(which: str) -> Path:
    """Return the file of a journal that the user names, which need not exist."""
    if is_url(which):
        raise JournalError(
            "a journal in a database is set aside with the tools of PostgreSQL: ALTER SCHEMA "
            "confirma_journal RENAME TO another name"
        )
    return Path(which)


def _is_production(path: Path) -> bool:
    """Say whether a journal is one of production, or may be because it cannot be read."""
    if not path.exists():
        return path.parent.parent.name in Environment.PRODUCTION.value
    try:
        with reading(path) as found:
            return found.ownership.target() == Environment.PRODUCTION.value
    except JournalError:
        return path.parent.parent.name not in {"sandbox", "localhost"}


def _agree(yes: bool, question: str) -> None:
    if not yes and not _is_asked(question, None):
        raise click.UsageError("nothing was changed; say --yes")


def _is_asked(question: str, answer: str | None) -> bool:
    """Ask the user at the terminal; without a terminal, the answer is no."""
    if not sys.stdin or not sys.stdin.isatty():
        return False
    if answer is None:
        return click.confirm(question)
    given: str = click.prompt(question)
    return given == answer
