"""Finds the journal and the run that a command is about: by default the account's latest run."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from pathlib import Path

import click
from attrs import frozen

from confirma_async.accounts.folders import JOURNAL_NAME, target_of
from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import FIRST_ACCOUNT, Accounts
from confirma_async.bulk.journal import JournalReader
from confirma_async.bulk.journal.records import Run
from confirma_async.bulk.journal_places import JournalPlace, is_url, place_of, reading
from confirma_async.bulk.sqlite.file.guard import examine_missing, gone
from confirma_async.bulk.sqlite.migrations import APPLICATION_ID
from confirma_async.cli.language.choice import gettext as _
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.connection import Access, access
from confirma_async.cli.options.destination import account as account_option, of_sandbox
from confirma_async.cli.running.stopping import signals
from confirma_async.errors import JournalError
from confirma_async.settings import target_from_env

SANDBOX_TARGET = "the sandbox"
"""The target of a journal of the embedded sandbox, whose URL has another port at each run."""

_SANDBOX_FOLDER = "sandbox"


@frozen(kw_only=True)
class Whose(Access):
    """The account whose journal a command is about if it names no journal.

    Attributes:
        sandbox: Whether it is the embedded sandbox's account.
    """

    sandbox: bool = False

    def journal(self, *, gone_too: bool = False) -> Path:
        """Return the path of the account's journal, which need not exist yet.

        Args:
            gone_too: Whether to return the path also if the journal was there before and is gone.

        Raises:
            UnknownAccountError: it is not clear which account is meant, or there is none of that name.
            ConfigurationError: there is no place for journals.
            JournalError: the journal was there before, and is gone.
        """
        if self.sandbox:
            return sandbox_journal(self.account)
        _, base_url = target_from_env(self.variables)
        record = Accounts().find(target_of(base_url), signals.run(self.key), self.account.name)
        if record.proved and not record.journal.exists() and not gone_too:
            raise gone(record.journal)
        return record.journal


def sandbox_journal(account: AccountName) -> Path:
    """Return the path of the embedded sandbox's journal; the sandbox keeps its state beside it."""
    return Accounts().root / _SANDBOX_FOLDER / (account.name or FIRST_ACCOUNT) / JOURNAL_NAME


def _whose(account: str | None, sandbox: bool, access: Access) -> Whose:
    said = AccountName(account or None)
    return Whose(variables=access.variables, account=said, sandbox=sandbox, key_file=access.key_file)


whose: Decorator = bundle("whose", _whose, account_option, of_sandbox, access)
"""Gives a command that only reads a journal the options that say whose; it takes ``whose``."""

which: Decorator = click.argument("which", metavar="[RUN|JOURNAL]", required=False)
"""Gives a command the argument for a run, by its number, or a journal, by its path or URL; it takes
``which``."""


@frozen(kw_only=True)
class Chosen:
    """The journal and the run that a command is about.

    Attributes:
        path: The place of the journal.
        journal: The journal, open for reading.
        run: The run; None for all that the journal holds.
    """

    path: JournalPlace
    journal: JournalReader
    run: Run | None

    @property
    def latest(self) -> Run | None:
        """The run, or else the latest one of the journal; None if it has no run."""
        return self.run or self.journal.runs.latest()

    @property
    def name(self) -> str:
        """The name of the run or journal for people."""
        account = self.journal.ownership.account()
        whole = self.path.name.removesuffix(".journal")
        if account:
            whole = _("account {name}").format(name=account)
        return (
            whole if self.run is None else _("run {run} of {whole}").format(run=self.run.number, whole=whole)
        )


@contextlib.contextmanager
def chosen(which: str | None, whose: Whose) -> Generator[Chosen]:
    """Open for reading the journal that a command is about, and find the run.

    Args:
        which: The number of a run, the path or URL of a journal, or nothing for the account's latest run.
        whose: The account whose journal it is if none is named.

    Raises:
        JournalError: there is no such journal or run.
    """
    path, number = located(which, whose)
    if isinstance(path, Path) and number is None and which is None and not path.exists():
        examine_missing(path)
        raise JournalError(f"nothing has been sent yet: there is no journal {path}")
    with reading(path) as journal:
        run = None
        if which is None:
            run = journal.runs.latest()
            if run is None:
                raise JournalError(f"the journal {journal.name} has had no run yet")
        elif number is not None:
            run = journal.runs.find(number)
            if run is None:
                raise JournalError(f"there is no run {number} in {journal.name}; confirma jobs lists them")
        yield Chosen(path=path, journal=journal, run=run)


def located(which: str | None, whose: Whose) -> tuple[JournalPlace, int | None]:
    """Return the journal that a command is about, and the number of the run if one is named."""
    if which is None:
        return whose.journal(), None
    if names_a_run(which):
        return whose.journal(), int(which)
    return place_of(which), None


def names_a_run(word: str) -> bool:
    """Say whether a word of the command line is the number of a run, rather than a path."""
    return word.isdigit() and word.isascii()


def is_journal(path: Path) -> bool:
    """Say whether a file is a journal, by its header."""
    try:
        with path.open("rb") as file:
            header = file.read(72)
    except OSError:
        return False
    return header.startswith(b"SQLite format 3\0") and header[68:72] == APPLICATION_ID.to_bytes(4, "big")


def is_run_or_journal(word: str) -> bool:
    """Say whether a word of the command line names a run or a journal, rather than a file of invoices."""
    if is_url(word):
        return True
    return (names_a_run(word) and not Path(word).exists()) or is_journal(Path(word))
