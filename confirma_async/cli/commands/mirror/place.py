"""Options for the mirror, the account and the journals of a command that needs no key."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

import click

from confirma_async.accounts.registry import ACCOUNT_VARIABLE, Accounts
from confirma_async.cli import options
from confirma_async.cli.options.bundle import Decorator
from confirma_async.errors import ConfigurationError
from confirma_async.mirror.store.accounts import MirroredAccount, chosen
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.opening import MIRROR_VARIABLE, open_mirror


def _named(_context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Refuse an empty name, which an unset variable of the shell gives."""
    if value == "":
        raise click.BadParameter("it is empty; name a file or a URL", param=parameter)
    return value


db: Decorator = click.option(
    "--db",
    envvar=MIRROR_VARIABLE,
    metavar="FILE|URL",
    callback=_named,
    help=f"The mirror, instead of {MIRROR_VARIABLE}; a file beside the journals unless given.",
)
"""The option for the mirror."""

account_name: Decorator = click.option(
    "--account", envvar=ACCOUNT_VARIABLE, metavar="NAME", help="The account, where there are several."
)
"""The option for the account in the mirror."""

journal_files: Decorator = click.option(
    "--journal",
    "journals",
    multiple=True,
    type=options.JournalName(exists=True),
    help="A journal of the account, a file or a postgresql:// URL, as often as there are several; the "
    "account's own unless given.",
)
"""The option for the journals, which say what was sent."""


@contextlib.contextmanager
def mirrored(
    db: str | None, account: str | None, *, of: str = "run"
) -> Generator[tuple[MirrorDatabase, MirroredAccount]]:
    """Open an existing mirror, lock out other runs, and find the account.

    Raises:
        MirrorError: there is no mirror, or it is not clear which account is meant.
        MirrorBusyError: another run is at work on the mirror.
    """
    with contextlib.closing(open_mirror(db)) as database, database.alone(of):
        yield database, chosen(database, account)


def own_journals(account: MirroredAccount) -> Sequence[Path]:
    """Return the account's own journal; none if it does not exist."""
    try:
        records = list(Accounts().all())
    except ConfigurationError:
        return []
    return [
        record.journal
        for record in records
        if record.target == account.target
        and (record.name == account.name or not set(record.keys).isdisjoint(account.prints))
        and record.journal.exists()
    ][:1]
