"""The lease of a run: the time for which nobody takes over what the run has in its hands."""

from __future__ import annotations

import math
import time

from confirma_async.bulk.postgres.connection.failures import expired

LEASE = 90.0
"""Seconds of a lease after each renewal; more where calls may be so long (``CALLS_IN_LEASE``)."""

CALLS_IN_LEASE = 3
"""How many times the longest call a lease lasts, at least. A call begins only if it fits into what is
left."""

PATIENCE = 10.0
"""Seconds for which a lost connection is tried again, at least, before the job fails."""


class Lease:
    """The lease that a session holds for a run, by the clock of this machine.

    Args:
        name: The name of the database, for messages.

    Attributes:
        run: The number of the run; 0 while there is none.
        seconds: How long the lease lasts after each renewal.
        holds_until: The moment of ``time.monotonic`` until which it surely lasts.
    """

    def __init__(self, name: str) -> None:
        self.run: int = 0
        self.seconds: float = LEASE
        self.holds_until: float = math.inf
        self._name = name
        self._renewed: float | None = None

    def begin(self) -> None:
        """Begin a transaction, which has not renewed the lease yet."""
        self._renewed = None

    def lengthen(self, run: int, longest_call_seconds: float) -> bool:
        """Make this the lease of a run whose calls take so many seconds at most.

        Returns:
            Whether the run or the length changed, so that the lease must be renewed.
        """
        if run == self.run and self.seconds >= CALLS_IN_LEASE * longest_call_seconds:
            return False
        self.run = run
        self.seconds = max(self.seconds, CALLS_IN_LEASE * longest_call_seconds)
        return True

    def renew(self, asked: float) -> None:
        """Take note that this transaction renews the lease; ``asked`` is when, by ``time.monotonic``."""
        self._renewed = asked + self.seconds

    def commit(self) -> None:
        """Take note that the transaction is durable, and the renewal with it."""
        if self._renewed is not None:
            self.holds_until = self._renewed
        if not self.run:
            self.holds_until = math.inf

    def let_go(self) -> None:
        """Give up the lease, because its run has ended in this transaction."""
        self.run, self._renewed = 0, None

    def check(self, longest_call_seconds: float) -> None:
        """Check that a call may begin: it ends before anybody may take over what the run has in its hands.

        Raises:
            JournalError: it may not.
        """
        if time.monotonic() + longest_call_seconds >= self.holds_until:
            raise expired(self._name)

    @property
    def patience_seconds(self) -> float:
        """Seconds for which a lost connection is tried again from now on: the rest of the lease, or more."""
        if math.isinf(self.holds_until):
            return PATIENCE
        return max(PATIENCE, self.holds_until - time.monotonic())
