"""The status of a mirror: how old it is, and which windows are not proved."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.mirror.store.accounts import accounts_of
from confirma_async.mirror.store.database import MirrorDatabase


@frozen(kw_only=True)
class MirrorStatus:
    """The status of one account's mirror.

    Attributes:
        account: The account's name.
        target: The base URL, or the sandbox, that it is an account of.
        synced_at: When the last complete run began, in UTC; None where no run was complete.
        open: How many windows are not proved.
        open_since: When the window that is open longest was last proved, in UTC; None where no window is
            open, or where it was never proved.
        drift: At how many places records differ from the contract.
    """

    account: str
    target: str
    synced_at: str | None
    open: int
    open_since: str | None
    drift: int


def standing_of(database: MirrorDatabase) -> Sequence[MirrorStatus]:
    """Return the status of each account's mirror."""
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
