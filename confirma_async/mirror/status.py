"""The status of a mirror: how old it is, and how many windows are not proved."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from confirma_async.mirror.store.database import MirrorDatabase


@frozen
class MirrorStatus:
    """The status of one account's mirror.

    Attributes:
        account: The account's name.
        target: The base URL, or the sandbox, that it is an account of.
        synced_at: When the last complete run began, in UTC; None where no run was complete.
        open: The number of windows that are not proved.
        drift: The number of places at which records differ from the contract.
    """

    account: str
    target: str
    synced_at: str | None
    open: int
    drift: int


def standing_of(database: MirrorDatabase) -> Sequence[MirrorStatus]:
    """Return the status of each account's mirror."""
    rows = database.rows(
        "SELECT a.name, a.target, "
        "(SELECT max(began_at) FROM run WHERE account = a.id AND ending = 'done'), "
        "(SELECT count(*) FROM reading WHERE account = a.id AND reason IS NOT NULL), "
        "(SELECT count(*) FROM drift WHERE account = a.id) FROM account a ORDER BY a.id"
    )
    return [MirrorStatus(*row) for row in rows]
