"""The port to writes that are no invoices: actions, ledgers, payments and clients, each known by a key.

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
"""What one part of a write can be found by in a later read, as JSON: numbers, codes, amounts; no texts."""


@frozen(kw_only=True)
class Write:
    """A write that is to be sent once.

    Attributes:
        operation: The name of its operation, such as ``accounting.submit_ledger``.
        key: What makes it this write of that operation and no other.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body.
        names: What it bears that no other write of the operation may: the identifiers of its payments.
        facts: What it can be found by in a later read.
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
        id: The journal's name for it.
        operation: The name of its operation.
        key: Its key.
        digest: The first ``DIGEST_BYTES`` of the SHA-256 of the body.
        facts: What it can be found by in a later read.
        state: Where it stands.
        run: The run that last claimed it, and that has it in its hands while it is under way.
        attempts: How often it was sent.
        attempted_at: When it was first sent in its present form; seconds since 1970.
        ends_at: The latest moment at which its last call could end, while it is open; seconds since 1970.
        decided_at: When it came to a final state; seconds since 1970.
        status: The service's own word.
        detail: Why, in words.
        form: The form of the answer to its last attempt, while that has to be confirmed.
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
        id: The write.
        state: Its new state.
        status: The service's own word.
        detail: Why, in words.
        form: The form of its answer, where that has to be confirmed.
        at: Now; seconds since 1970.
    """

    id: int
    state: State
    status: str | None = None
    detail: str | None = None
    form: str | None = None
    at: float


@frozen
class Claim:
    """The answer to a write that somebody wants to send.

    Attributes:
        admission: What the journal says.
        row: The write as it stands; for CHANGED the one that stands in the way.
    """

    admission: Admission
    row: WriteRow


UNDER_WAY = frozenset({State.CLAIMED, State.SENDING})
"""States in which a write is in the hands of a run."""


def claim_of(write: Write, row: WriteRow | None, run: int, retry: Retry) -> Admission:
    """Return the rule of admission of a write, the same for every form of the journal.

    Args:
        write: What is to be sent.
        row: What the journal has under its key, or under one of its names; None where there is nothing.
        run: Who wants to send it.
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
    """Say whether a later read could show one write where the other was meant.

    A case can be named by its own number or by its invoice. So a value that only one of two facts has is no
    difference. Amounts are compared as numbers.

    Args:
        one: What one write can be found by.
        other: What the other can be found by.
    """
    return any(_fits(each, another) for each in one for another in other)


def _fits(one: Fact, other: Fact) -> bool:
    shared = one.keys() & other.keys()
    return bool(shared) and all(_is_same(name, one[name], other[name]) for name in shared)


def _is_same(name: str, one: object, other: object) -> bool:
    return Decimal(str(one)) == Decimal(str(other)) if name == "amount" else one == other


class Writes(Protocol):
    """The states of writes that are no invoices; used within the transactions of their journal.

    What a dead run left under way is released as its items are: claims were not sent, sends may have been.
    """

    def claim(self, write: Write, run: int, retry: Retry = Retry.NONE) -> Claim:
        """Claim a write for a run where ``claim_of`` allows it.

        A journal in doubt claims nothing: it may have lost the note that the write was sent.
        """
        ...

    def sending(self, ident: int, run: int, now: float, ends_at: float) -> None:
        """Write down the intent to send a write: its first byte leaves after this.

        Args:
            ident: The write.
            run: The run that has it in its hands.
            now: Seconds since 1970.
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
        """Write down that a read has shown a write; return False where its outcome is not unknown any more.

        Args:
            ident: The write.
            at: Now; seconds since 1970.
        """
        ...

    def put_back(self, run: int) -> None:
        """Release what a run has claimed and not sent: it is pending again."""
        ...

    def resolve(
        self, ident: int, state: State, note: str, at: float, settle_seconds: float = SETTLE_SECONDS
    ) -> None:
        """Write down what a person found out about a write of unknown outcome.

        ACCEPTED confirms the form of its answer as well: what was answered so was taken.

        Args:
            ident: The write.
            state: ACCEPTED if the service has it, REJECTED if it is in error, PENDING if it surely has not.
            note: How the person knows.
            at: Now; seconds since 1970.
            settle_seconds: Seconds for which the service may still be at work on a call that has ended.

        Raises:
            JournalError: it is said to be absent, and may still arrive.
        """
        ...

    def find(self, operation: str, key: str) -> WriteRow | None:
        """Return the write of a key; None where there is none."""
        ...

    def names(self, ident: int) -> Sequence[str]:
        """Return the names that a write bears."""
        ...

    def rows(self, *states: State, run: int | None = None) -> Iterator[WriteRow]:
        """Return the writes in the given states, in the order in which they came; all where none is given."""
        ...

    def has_rival(self, ident: int) -> bool:
        """Say whether another write that was sent could be shown by the same read (``may_show_the_same``)."""
        ...

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """Return how many writes are in each state: all, or those that a run took up last."""
        ...
