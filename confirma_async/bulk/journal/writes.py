"""The interface to writes other than invoices: actions, ledgers, payments and clients, each with a key.

The states are those of invoices, and so are the rules: the intent is durable before the first byte leaves,
and what was being sent when its process died is unknown. No payload is kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol

from attrs import field, frozen

from confirma_async.bulk.journal.records import Admission
from confirma_async.bulk.journal.rules import admission_by_state
from confirma_async.bulk.models import SETTLE_SECONDS, Retry, State

Fact = Mapping[str, Any]
"""The values by which a later read can recognise a part of a write: numbers, codes and amounts, no texts."""


@frozen(kw_only=True)
class Write:
    """A write that is to be sent once.

    Attributes:
        operation: The name of its operation, such as ``accounting.submit_ledger``.
        key: The caller's own name for it, or one made of its contents; no other write of the operation has
            it.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body.
        names: The identifiers in it that no other write of the operation may bear, such as those of payments.
        facts: The values by which a later read can recognise it, one for each part.
    """

    operation: str
    key: str
    digest: bytes = field(repr=False)
    names: Sequence[str] = ()
    facts: Sequence[Fact] = ()


@frozen(kw_only=True)
class WriteRow:
    """A write as the journal holds it.

    Attributes:
        id: The number of the write in the journal.
        operation: The name of its operation.
        key: Its key.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body.
        facts: The values by which a later read can recognise it, one for each part.
        state: Its state.
        run: The run that last claimed it, and that has it in its hands while it is under way.
        attempts: How often it was sent.
        attempted_at: When it was first sent in its present form; seconds since 1970.
        ends_at: The latest moment at which its last call could end, while it is open; seconds since 1970.
        decided_at: When it came to a final state; seconds since 1970.
        status: The status that the service gave, in its own word.
        detail: The reason, in words.
        form: The form of the answer to its last attempt, while a read has to confirm that form.
    """

    id: int
    operation: str
    key: str
    digest: bytes = field(repr=False)
    facts: Sequence[Fact] = ()
    state: State
    run: int
    attempts: int = 0
    attempted_at: float | None = None
    ends_at: float | None = None
    decided_at: float | None = None
    status: str | None = None
    detail: str | None = None
    form: str | None = None


@frozen(kw_only=True)
class WriteDecision:
    """What became of a write.

    Attributes:
        id: The number of the write in the journal.
        state: Its new state.
        status: The status that the service gave, in its own word.
        detail: The reason, in words.
        form: The form of its answer, where a read has to confirm that form.
        at: The current time; seconds since 1970.
    """

    id: int
    state: State
    status: str | None = None
    detail: str | None = None
    form: str | None = None
    at: float


@frozen
class Claim:
    """The journal's answer to a write that a run wants to send.

    Attributes:
        admission: The answer.
        row: The write as the journal holds it; for CHANGED, the other write that bears its key or a name.
    """

    admission: Admission
    row: WriteRow


UNDER_WAY = frozenset({State.CLAIMED, State.SENDING})
"""The states in which a run has a write in its hands."""


def claim_of(write: Write, row: WriteRow | None, run: int, retry: Retry) -> Admission:
    """Return the journal's answer to a write.

    Args:
        write: The write to send.
        row: The write in the journal that has its key or one of its names; None where there is none.
        run: The number of the run that wants to send it.
        retry: Whether it is sent again where it was rejected.
    """
    if row is None:
        return Admission.CLAIMED
    if row.key != write.key:
        return Admission.CHANGED
    if row.state in UNDER_WAY and row.run != run:
        return Admission.ELSEWHERE
    return admission_by_state(row.state, row.digest != write.digest, retry)


def may_show_the_same(one: Sequence[Fact], other: Sequence[Fact]) -> bool:
    """Say whether a later read could take one write for the other.

    A case can be named by its own number or by its invoice. So a value that only one of the two has is no
    difference. Amounts are compared as numbers.

    Args:
        one: The facts of one write.
        other: The facts of the other.
    """
    return any(_fits(each, another) for each in one for another in other)


def _fits(one: Fact, other: Fact) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and all(_is_same(name, one[name], other[name]) for name in shared)


def _is_same(name: str, one: object, other: object) -> bool:
    return Decimal(str(one)) == Decimal(str(other)) if name == "amount" else one == other


class Writes(Protocol):
    """The durable states of writes other than invoices. Use it within the transactions of the journal.

    What a dead run left under way is released as its items are: claims become pending, sends unknown.
    """

    def claim(self, write: Write, run: int, retry: Retry = Retry.NONE) -> Claim:
        """Claim a write for a run if ``claim_of`` allows it.

        A journal in doubt claims nothing: it may have lost the intent of an earlier send.
        """
        ...

    def sending(self, ident: int, run: int, now: float, ends_at: float) -> None:
        """Write down the intent to send a write. Its first byte may leave only after this is durable.

        Args:
            ident: The number of the write in the journal.
            run: The run that has it in its hands.
            now: The current time; seconds since 1970.
            ends_at: The latest moment at which its call can end.

        Raises:
            JournalError: another run has taken it over.
        """
        ...

    def decide(self, decision: WriteDecision, run: int) -> None:
        """Write down what became of a write that a run has in its hands.

        Raises:
            JournalError: another run has taken it over.
        """
        ...

    def confirm(self, ident: int, at: float) -> bool:
        """Accept a write of unknown outcome that a read has shown; return False where it was decided before.

        Args:
            ident: The number of the write in the journal.
            at: The current time; seconds since 1970.
        """
        ...

    def put_back(self, run: int) -> None:
        """Make pending again what a run has claimed and not sent."""
        ...

    def resolve(
        self, ident: int, state: State, note: str, at: float, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        """Write down what a person found out about a write of unknown outcome.

        ACCEPTED also confirms the form of its answer: other writes with such an answer were taken.

        Args:
            ident: The number of the write in the journal.
            state: ACCEPTED if the service has it, REJECTED if it is in error, PENDING if it surely has not.
            note: How the person knows.
            at: The current time; seconds since 1970.
            settle_seconds: Seconds for which the service may still be at work on a call that has ended.

        Raises:
            JournalError: it is not accepted, and may still arrive.
        """
        ...

    def find(self, operation: str, key: str) -> WriteRow | None:
        """Return the write of a key; None where there is none."""
        ...

    def names(self, ident: int) -> Sequence[str]:
        """Return the names of a write; see ``Write.names``."""
        ...

    def rows(self, *states: State, run: int | None = None) -> Iterator[WriteRow]:
        """Yield writes in the order in which they were claimed: those of the given states, or all."""
        ...

    def has_rival(self, ident: int) -> bool:
        """Say whether a read could take another write that was sent for this one (``may_show_the_same``)."""
        ...

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """Count the writes by state: all of them, or those that a run took up last."""
        ...
