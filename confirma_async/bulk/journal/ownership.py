"""The port to the owner of a journal: the target of its invoices, and the account that sends them."""

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
    """``OwnershipReader`` with the methods that write."""

    def tie(self, target: str, owner: Owner | None, *, now: float) -> None:
        """Check that the journal belongs to a target and an owner; tie a new journal to both.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...
