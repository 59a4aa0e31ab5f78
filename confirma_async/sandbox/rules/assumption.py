"""What the sandbox lives by where no table says it: sentences, each with its source."""

from __future__ import annotations

from attrs import frozen

from confirma_async.schemas.wire import Evidence


@frozen(kw_only=True)
class Principle:
    """One thing that the sandbox does.

    Attributes:
        what: What it does.
        lives_by: The sentence of the contract behind it; "ours" where there is none.
        evidence: How well that is known; None where it is ours.
    """

    what: str
    lives_by: str
    evidence: Evidence | None = None
