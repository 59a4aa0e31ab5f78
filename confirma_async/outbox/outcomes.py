"""The outcome of a write, and what happens next."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import frozen

from confirma_async.bulk.models import Verdict
from confirma_async.errors import CallError
from confirma_async.privacy import Secret

R = TypeVar("R")

_NEXT = {
    Verdict.ACCEPTED: None,
    Verdict.REJECTED: "correct it, and give it again with retry='changed'",
    Verdict.NOT_SENT: "give it again, which is safe; wanted() names it until then",
    Verdict.UNKNOWN: "do not send it by other means: it is looked up from now on, and where that tells "
    "nothing it waits for a later witness, or for a person (outbox.resolve(), or journal.resolve() "
    "for an invoice)",
}


@frozen(kw_only=True)
class WriteOutcome(Generic[R]):
    """The outcome of one write, as it is durable in the journal.

    Attributes:
        verdict: Accepted, rejected, unknown or not sent.
        subject: What was written, in words: ``invoice 1042``.
        key: The caller's own name for it, where it was given one.
        receipt: The service's answer, where this process got it and it was an acceptance; else None.
        status: The status in the service's answer (``PAUSED``, ...), where it gave one.
        detail: Why, in words; None for a plain acceptance.
        duplicate: Whether the service had it already; this counts as acceptance.
        resumed: Whether the outcome is from an earlier call: nothing was sent for this one.
        unproven: Whether it was sent again after the settle time, though nothing proved that it had not
            arrived.
        error: The error of the call that was not sent, where there is one.
        unread: The JSON of the answer as a ``Secret``, where the contract does not describe it. For a new
            client, it may be the only place that has the client's key.
    """

    verdict: Verdict
    subject: str
    key: str | None = None
    receipt: R | None = None
    status: str | None = None
    detail: str | None = None
    duplicate: bool = False
    resumed: bool = False
    unproven: bool = False
    error: CallError | None = None
    unread: Secret | None = None

    @property
    def accepted(self) -> bool:
        """Whether the service has accepted the write."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def next_step(self) -> str | None:
        """What happens next, or what to do, in words; None where nothing is left to do."""
        return _NEXT[self.verdict]

    def __str__(self) -> str:
        text = f"{self.subject}: {self.verdict.value}"
        why = f" ({self.detail})" if self.detail else ""
        return f"{text}{why}" + (f"; {self.next_step}" if self.next_step else "")
