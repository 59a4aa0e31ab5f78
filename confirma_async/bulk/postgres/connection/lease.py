"""The lease of a run: until when it is sure that nobody takes over what the run has in its hands."""

from __future__ import annotations

import math
import time

from confirma_async.bulk.postgres.connection.failures import expired

LEASE = 90.0
"""Seconds for which a job is taken to be alive after its last renewal; longer where its calls may be."""

CALLS_IN_LEASE = 3
"""The least lease, in longest calls: one may begin until the rest of the lease is shorter than it."""

PATIENCE = 10.0
"""Seconds for which a connection is sought again at least, before a job fails for want of it."""


class Lease:
    """The lease that a session holds for a run, by the clock of this machine.

    Args:
        name: What names the database to people.

    Attributes:
        run: The run; 0 while there is none.
        seconds: How long it lasts after each renewal.
        holds_until: The moment of ``time.monotonic`` until which it surely lasts.
    """

    def __init__(self, name: str) -> None:
        self.run: int = 0
        self.seconds: float = LEASE
        self.holds_until: float = math.inf
        self._name = name
        self._renewed: float | None = None

    def begin(self) -> None:
        """Take note that a transaction begins."""
        self._renewed = None

    def lengthen(self, run: int, longest_call_seconds: float) -> bool:
        """Have the lease be of a run, whose calls may take so many seconds.

        Returns:
            Whether that changes anything, so that it is to be renewed.
        """
        if run == self.run and self.seconds >= CALLS_IN_LEASE * longest_call_seconds:
            return False
        self.run = run
        self.seconds = max(self.seconds, CALLS_IN_LEASE * longest_call_seconds)
        return True

    def renew(self, asked: float) -> None:
        """Take note that this transaction renews it, as it was asked at a moment of ``time.monotonic``."""
        self._renewed = asked + self.seconds

    def commit(self) -> None:
        """Take note that the transaction is durable."""
        if self._renewed is not None:
            self.holds_until = self._renewed
        if not self.run:
            self.holds_until = math.inf

    def let_go(self) -> None:
        """Have the transaction let go of the run, which has ended."""
        self.run, self._renewed = 0, None

    def check(self, longest_call_seconds: float) -> None:
        """Check that a call may begin: it ends before anybody takes over what the run has in its hands.

        Raises:
            JournalError: it may not.
        """
        if time.monotonic() + longest_call_seconds >= self.holds_until:
            raise expired(self._name)

    @property
    def patience_seconds(self) -> float:
        """Seconds for which a connection is sought from now on: as long as the lease runs, at least."""
        if math.isinf(self.holds_until):
            return PATIENCE
        return max(PATIENCE, self.holds_until - time.monotonic())
