"""The port to payloads, kept only where an outbox asks for that, and until they are final."""

from __future__ import annotations

from typing import Protocol


class Payloads(Protocol):
    """The bodies of invoices and other writes; used within the transactions of their journal."""

    def keep(self, position: int, body: bytes) -> None:
        """Keep the body of an invoice; one that is there is replaced."""
        ...

    def keep_write(self, ident: int, body: bytes) -> None:
        """Keep the body of a write that is no invoice; one that is there is replaced."""
        ...

    def of(self, position: int) -> bytes | None:
        """Return the body of an invoice; None where it is not kept."""
        ...

    def of_write(self, ident: int) -> bytes | None:
        """Return the body of a write that is no invoice; None where it is not kept."""
        ...

    def forget_final(self) -> int:
        """Remove the bodies of accepted and rejected invoices and writes; return how many were removed."""
        ...
