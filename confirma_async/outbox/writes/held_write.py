"""A write that an open outbox holds."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from confirma_async.bulk.models import Verdict
from confirma_async.outbox.held import Held
from confirma_async.outbox.outcomes import WriteOutcome


@define(eq=False, kw_only=True)
class HeldWrite(Held):
    """A write that is under way in this outbox, or that is looked up.

    Attributes:
        digest: SHA-256 of its payload, shortened like an item's.
        body: Its payload; empty where only the journal knew of it.
        looking: Whether it is being looked up.
    """

    digest: bytes
    body: bytes = b""
    looking: bool = field(init=False, default=False)

    def outcome(self, verdict: Verdict, **more: Any) -> WriteOutcome[Any]:
        """Return its outcome; ``more`` is what else there is to tell, by the names of ``WriteOutcome``."""
        return WriteOutcome(verdict=verdict, subject=self.subject, key=self.key, **more)
