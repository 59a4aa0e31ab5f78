"""Which journal and which run a command is about: the account's latest run, unless another one is named."""

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
"""What a journal is bound to when the invoices go to an embedded sandbox, whose port changes every run."""

_SANDBOX_FOLDER = "sandbox"


@frozen(kw_only=True)
class Whose(Access):
    """Whose journal is meant, where none is named.

    Attributes:
        sandbox: Whether it is the one of the embedded sandbox.
    """

    sandbox: bool = False

    def journal(self, *, gone_too: bool = False) -> Path:
        """Return the account's journal; it need not be there yet.

        Args:
            gone_too: Whether it may be one that is gone, and with it what was sent.

        Raises:
            UnknownAccountError: it is not clear which account is meant, or there is none of that name.
            ConfigurationError: there is no place for journals.
            JournalError: it is gone.
        """
        if self.sandbox:
            return sandbox_journal(self.account)
        _, base_url = target_from_env(self.variables)
        record = Accounts().find(target_of(base_url), signals.run(self.key), self.account.name)
        if record.proved and not record.journal.exists() and not gone_too:
            raise gone(record.journal)
        return record.journal


def sandbox_journal(account: AccountName) -> Path:
    """Return the journal of the embedded sandbox, which keeps its state beside it."""
    return Accounts().root / _SANDBOX_FOLDER / (account.name or FIRST_ACCOUNT) / JOURNAL_NAME


def _whose(account: str | None, sandbox: bool, access: Access) -> Whose:
    said = AccountName(account or None)
    return Whose(variables=access.variables, account=said, sandbox=sandbox, key_file=access.key_file)


whose: Decorator = bundle("whose", _whose, account_option, of_sandbox, access)
"""Gives a command that only looks at a journal the options that say whose; it takes ``whose``."""

which: Decorator = click.argument("which", metavar="[RUN|JOURNAL]", required=False)
"""A run of the account's journal by its number, or a journal by its path or URL."""


@frozen(kw_only=True)
class Chosen:
    """What a command looks at.

    Attributes:
        path: The journal.
        journal: The same, open for looking.
        run: The run; None for all that the journal holds.
    """

    path: JournalPlace
    journal: JournalReader
    run: Run | None

    @property
    def latest(self) -> Run | None:
        """The run, or the journal's latest."""
        return self.run or self.journal.runs.latest()

    @property
    def name(self) -> str:
        """What names it to a person."""
        account = self.journal.ownership.account()
        whole = self.path.name.removesuffix(".journal")
        if account:
            whole = _("account {name}").format(name=account)
        return (
            whole if self.run is None else _("run {run} of {whole}").format(run=self.run.number, whole=whole)
        )


@contextlib.contextmanager
def chosen(which: str | None, whose: Whose) -> Generator[Chosen]:
    """Open for looking what a command is about.

    Args:
        which: The number of a run, the path or URL of a journal, or nothing for the account's latest run.
        whose: Whose journal is meant, where none is named.

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
    """Return the journal that is meant, and the number of the run where one is named."""
    if which is None:
        return whose.journal(), None
    if names_a_run(which):
        return whose.journal(), int(which)
    return place_of(which), None


def names_a_run(word: str) -> bool:
    """Say whether a word of the command line is the number of a run, and not a path."""
    return word.isdigit() and word.isascii()


def is_journal(path: Path) -> bool:
    """Say whether a file says of itself that it is a journal."""
    try:
        with path.open("rb") as file:
            header = file.read(72)
    except OSError:
        return False
    return header.startswith(b"SQLite format 3\0") and header[68:72] == APPLICATION_ID.to_bytes(4, "big")


def is_run_or_journal(word: str) -> bool:
    """Say whether a word of the command line names a run or a journal, and not a file of invoices."""
    if is_url(word):
        return True
    return (names_a_run(word) and not Path(word).exists()) or is_journal(Path(word))
