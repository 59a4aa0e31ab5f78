"""Combines two limiters: that of one account, and the one that all accounts of a client share."""

from __future__ import annotations

from attrs import frozen

from confirma_async.session.rate.ratelimit import Limiter


@frozen
class NestedLimiter:
    """A ``Limiter`` that admits what both of two limiters admit.

    Attributes:
        own: The limiter of some calls alone.
        shared: The one that they share with others.
    """

    own: Limiter
    shared: Limiter

    @property
    def concurrency(self) -> int:
        """How many calls it admits at once."""
        return min(self.own.concurrency, self.shared.concurrency)

    async def acquire(self, deadline: float) -> None:
        """Wait for this call's turn in both, its own first, so that no place of the others is held for it.

        Raises:
            TimeoutError: the turn did not come by the deadline; nothing is held.
        """
        await self.own.acquire(deadline)
        try:
            await self.shared.acquire(deadline)
        except BaseException:
            self.own.release()
            raise

    def release(self) -> None:
        """End a call that was admitted."""
        self.shared.release()
        self.own.release()

    def answered(
        self, started: float, *, throttled: bool = False, quiet_seconds: float | None = None
    ) -> None:
        """Tell both that the service answered a call; whose limit it met is not documented.

        Args:
            started: When the call started.
            throttled: Whether the service throttled it (429, 503).
            quiet_seconds: Seconds from now in which the service wants no calls, where it said so.
        """
        self.own.answered(started, throttled=throttled, quiet_seconds=quiet_seconds)
        self.shared.answered(started, throttled=throttled, quiet_seconds=quiet_seconds)
