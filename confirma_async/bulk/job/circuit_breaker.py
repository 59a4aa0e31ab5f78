"""The circuit breaker of a job: it counts failures in a row, and says when the job must pause."""

from __future__ import annotations

from attrs import define, field

from confirma_async.bulk.evidence.classification import Classification
from confirma_async.bulk.models import State
from confirma_async.bulk.reporting.outcomes import cause_of

UNKNOWN_STREAK = 20
"""Unknown outcomes in a row that pause a job, or twice as many as calls may be under way at once, if that is
more: one short failure may hit them all."""


@define
class CircuitBreaker:
    """Counts unknown outcomes and rejections in a row, and says when the job must pause.

    Attributes:
        under_way: Calls that may be under way at once.
        max_consecutive_rejections: Rejections in a row of the same cause that pause the job; None for no
            such limit.
    """

    under_way: int
    max_consecutive_rejections: int | None
    _unknown: int = field(init=False, default=0)
    _rejected: int = field(init=False, default=0)
    _cause: str = field(init=False, default="")

    @property
    def limit(self) -> int:
        """Unknown outcomes in a row that pause the job."""
        return max(UNKNOWN_STREAK, 2 * self.under_way)

    def note(self, found: Classification) -> str | None:
        """Count an outcome; return why the job must pause, None where it need not."""
        state = found.state
        if state is State.UNKNOWN:
            return self._note_unknown(found)
        self._unknown = 0
        if state is State.REJECTED:
            return self._note_rejected(found)
        self._rejected = 0
        return None

    def _note_unknown(self, found: Classification) -> str | None:
        self._unknown += 1
        if self._unknown < self.limit:
            return None
        return f"{self._unknown} outcomes in a row are unknown; the last: {found.detail}"

    def _note_rejected(self, found: Classification) -> str | None:
        cause = cause_of(found.detail)
        self._rejected = self._rejected + 1 if cause == self._cause else 1
        self._cause = cause
        if self.max_consecutive_rejections is None or self._rejected < self.max_consecutive_rejections:
            return None
        return (
            f"the service rejected {self._rejected} invoices in a row for the same reason ({found.detail}); "
            "mend it and retry them, or run the job again to go on with the others"
        )
