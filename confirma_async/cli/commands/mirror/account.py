"""Which account of a mirror a command is about, and which journals are that account's; no key is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from pathlib import Path

from confirma_async.accounts.registry import Accounts
from confirma_async.errors import ConfigurationError
from confirma_async.mirror.store.accounts import MirroredAccount, chosen
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.opening import open_mirror


@contextlib.contextmanager
def mirrored(
    db: str | None, account: str | None, *, of: str = "run"
) -> Generator[tuple[MirrorDatabase, MirroredAccount]]:
    """Open a mirror that is there, keep other runs out, and find the account.

    Raises:
        MirrorError: there is no mirror, or it is not clear which account is meant.
        MirrorBusyError: a run is at work on it.
    """
    database = open_mirror(db)
    try:
        with database.alone(of):
            yield database, chosen(database, account)
    finally:
        database.close()


def own_journals(account: MirroredAccount) -> Sequence[Path]:
    """Return the account's own journal, where it is there."""
    try:
        records = list(Accounts().all())
    except ConfigurationError:
        return []
    mine = [
        record.journal
        for record in records
        if record.target == account.target
        and (record.name == account.name or not set(record.keys).isdisjoint(account.prints))
    ]
    return [journal for journal in mine if journal.exists()][:1]
