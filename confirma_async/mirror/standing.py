"""How a mirror stands: how old it is, and what in it is not proved."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.mirror.store.accounts import accounts_of
from confirma_async.mirror.store.database import MirrorDatabase


@frozen(kw_only=True)
class MirrorStatus:
    """How the mirror of one account stands.

    Attributes:
        account: The account's name.
        target: What it is an account of.
        synced_at: When the last run began that came to its end, in UTC; None where none did.
        open: How many windows are not proved.
        open_since: When the longest open one was proved last, in UTC; None where none is, or it never was.
        drift: How many places of records the contract does not describe.
    """

    account: str
    target: str
    synced_at: str | None
    open: int
    open_since: str | None
    drift: int


def standing_of(database: MirrorDatabase) -> Sequence[MirrorStatus]:
    """Return how the mirror of each account stands."""
    found: list[MirrorStatus] = []
    for account in accounts_of(database):
        ((synced,),) = database.rows(
            "SELECT max(began_at) FROM run WHERE account = ? AND ending = 'done'", (account.id,)
        )
        ((count, since),) = database.rows(
            "SELECT count(*), min(proved_at) FROM reading WHERE account = ? AND reason IS NOT NULL",
            (account.id,),
        )
        ((drift,),) = database.rows("SELECT count(*) FROM drift WHERE account = ?", (account.id,))
        found.append(
            MirrorStatus(
                account=account.name,
                target=account.target,
                synced_at=synced,
                open=count,
                open_since=since,
                drift=drift,
            )
        )
    return found
