"""The port to whose a journal is: the target that its invoices go to, and the account that sends them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from confirma_async.accounts.owner import Owner


class OwnershipReader(Protocol):
    """The target and the account that a journal is tied to."""

    def target(self) -> str | None:
        """Return where its invoices go; None before the first run."""
        ...

    def account(self) -> str:
        """Return the name of the account that it belongs to; empty where none was given."""
        ...

    def fingerprints(self) -> tuple[bytes, Sequence[str]]:
        """Return the salt of the fingerprints of its keys, and the fingerprints."""
        ...

    def has_sent(self) -> bool:
        """Say whether the service has, or may have, an invoice of the journal; no key is bound before."""
        ...


class Ownership(OwnershipReader, Protocol):
    """The same, of a journal that is written."""

    def tie(self, target: str, owner: Owner | None, *, now: float) -> None:
        """Check that the journal belongs to a target and an owner; tie a new journal to both.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...
