"""Combines the limiter of one account and the one that all accounts of a client share."""

from __future__ import annotations

from attrs import frozen

from confirma_async.session.rate.ratelimit import Limiter


@frozen
class NestedLimiter:
    """A ``Limiter`` that admits a call once both of its limiters do.

    Attributes:
        own: The limiter of these calls alone.
        shared: The limiter that they share with others.
    """

    own: Limiter
    shared: Limiter

    @property
    def concurrency(self) -> int:
        """How many calls may be under way at once."""
        return min(self.own.concurrency, self.shared.concurrency)

    async def acquire(self, deadline: float) -> None:
        """Wait for this call's turn in both: in its own first, so that it does not block the shared one.

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
        """Tell both limiters that the service answered a call: whose limit it met is not documented.

        Args:
            started: The loop time at which the call started.
            throttled: Whether the service throttled it (429, 503).
            quiet_seconds: Seconds from now in which the service wants no calls; None where it named none.
        """
        self.own.answered(started, throttled=throttled, quiet_seconds=quiet_seconds)
        self.shared.answered(started, throttled=throttled, quiet_seconds=quiet_seconds)
