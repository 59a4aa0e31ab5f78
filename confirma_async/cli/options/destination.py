"""The options for the target of invoices: service or sandbox, account and journal."""

from __future__ import annotations

from collections.abc import Sequence

import click
from attrs import evolve, frozen

from confirma_async.accounts.owner import AccountName
from confirma_async.accounts.registry import ACCOUNT_VARIABLE
from confirma_async.bulk.journal_places import JournalPlace
from confirma_async.cli.options import ChosenProfiles, JournalName
from confirma_async.cli.options.bundle import Decorator, bundle
from confirma_async.cli.options.connection import Connection, connected

account: Decorator = click.option(
    "--account",
    envvar=ACCOUNT_VARIABLE,
    metavar="NAME",
    help=f"The account, instead of {ACCOUNT_VARIABLE}; found by the key unless given.",
)
"""Gives a command the option --account; it takes ``account``, the name, or None."""


def _with_account(account: str | None, new_account: str | None, connection: Connection) -> Connection:
    if account and new_account:
        raise click.UsageError("--account and --new-account exclude each other")
    return evolve(connection, account=AccountName(new_account or account, bool(new_account)))


connected_for_account: Decorator = bundle(
    "connection",
    _with_account,
    account,
    click.option(
        "--new-account", metavar="NAME", help="The same, for an account that is not known here yet."
    ),
    connected,
)
"""Gives a command the options of a connection for one account; it takes ``connection``."""

to_sandbox: Decorator = click.option(
    "--sandbox", is_flag=True, help="Send to a sandbox on this machine, not to the service."
)
"""Gives a command that sends the option --sandbox; it takes ``sandbox``."""

of_sandbox: Decorator = click.option(
    "--sandbox", is_flag=True, help="The journal of the sandbox on this machine."
)
"""Gives a command that reads a journal the option --sandbox; it takes ``sandbox``."""

own_journal: Decorator = click.option(
    "--journal",
    type=JournalName(),
    help="A journal of your own: a file, or a postgresql:// URL.  [default: the account's, in your data "
    "directory]",
)
"""Gives a command the option --journal; it takes ``journal``, the journal that the user names, or None."""


@frozen(kw_only=True)
class Destination:
    """The target of invoices: service or sandbox, account and journal.

    Attributes:
        connection: The service, the key and the account.
        sandbox: Whether they are sent to a sandbox on this machine instead.
        journal: The journal that the user named; None for the account's own.
        profiles: The accounts of the sellers, if each seller's invoices are sent under an account of its own.
    """

    connection: Connection
    sandbox: bool = False
    journal: JournalPlace | None = None
    profiles: ChosenProfiles | None = None

    @property
    def journals(self) -> Sequence[JournalPlace | None]:
        """The journals that the user named, one for each account; None for an account's own journal."""
        return (
            [self.journal] if self.profiles is None else [each.journal for each in self.profiles.all.values()]
        )
