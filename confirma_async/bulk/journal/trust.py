"""The port to the doubt of a journal: whether it may not know all that was sent."""

from __future__ import annotations

from typing import Protocol

from confirma_async.bulk.journal.records import Doubt


class TrustReader(Protocol):
    """Whether a journal is in doubt."""

    def doubt(self) -> Doubt | None:
        """Return why the journal may not know all that was sent; None where it does."""
        ...


class Trust(TrustReader, Protocol):
    """``TrustReader`` with the methods that write."""

    def note_service_time(self, moment: float) -> None:
        """Keep the service's time in its first answer after the journal fell into doubt.

        Args:
            moment: Seconds since 1970.
        """
        ...

    def regain(self, now: float) -> int:
        """Trust the journal again: items that it never sent may be sent; return how many these are."""
        ...
