"""What the sandbox assumes where no table says it: sentences, each with its basis in the contract."""

from __future__ import annotations

from attrs import frozen

from confirma_async.schemas.wire import Evidence


@frozen(kw_only=True)
class Assumption:
    """One thing that the sandbox does.

    Attributes:
        what: What it does.
        basis: The sentence of the contract behind it; "assumed" where there is none.
        evidence: How well that is known; None where it is assumed.
    """

    what: str
    basis: str
    evidence: Evidence | None = None
