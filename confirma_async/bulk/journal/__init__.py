"""The port to a journal: the operations that a job needs, in whatever form it is kept.

A journal says of every invoice of an account where it stands, and holds no payload. Jobs are runs in it.
``bulk.sqlite`` keeps one in a file; another form has to pass the same tests (``tests/bulk/journal``).
A journal belongs to one thread, the writer's (``writer.py``), and what is written within ``transaction`` is
durable when it ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from confirma_async.bulk.journal.evidence import JournalEvidence, JournalEvidenceReader
from confirma_async.bulk.journal.figures import Figures
from confirma_async.bulk.journal.numbers import Numbers, NumbersReader
from confirma_async.bulk.journal.ownership import Ownership, OwnershipReader
from confirma_async.bulk.journal.payloads import Payloads
from confirma_async.bulk.journal.records import (
    Admitted,
    Decision,
    PreviousVersion,
    Resolution,
)
from confirma_async.bulk.journal.runs import Runs, RunsReader
from confirma_async.bulk.journal.trust import Trust, TrustReader
from confirma_async.bulk.journal.writes import Writes
from confirma_async.bulk.models import Entry, Retry, Row, State
from confirma_async.schemas.identity import InvoiceKey


class JournalReader(Protocol):
    """What a journal says.

    Every method raises ``JournalError`` when the journal cannot be read.
    """

    @property
    def name(self) -> str:
        """What names it to people, such as the path of its file."""
        ...

    @property
    def payloads(self) -> Payloads:
        """The payloads that an outbox has asked to keep."""
        ...

    @property
    def writes(self) -> Writes:
        """The writes that are no invoices."""
        ...

    @property
    def runs(self) -> RunsReader:
        """The runs that there were."""
        ...

    @property
    def figures(self) -> Figures:
        """How many items there are, and what they ask for."""
        ...

    @property
    def ownership(self) -> OwnershipReader:
        """The target and the account that it is tied to."""
        ...

    @property
    def evidence(self) -> JournalEvidenceReader:
        """What it knows that bears on a lost invoice."""
        ...

    @property
    def numbers(self) -> NumbersReader:
        """The whole numbers that were given to documents whose own is none."""
        ...

    @property
    def trust(self) -> TrustReader:
        """Whether it may be trusted to know all that was sent."""
        ...

    def find(self, key: InvoiceKey) -> Row | None:
        """Find the item of this key, or of the same number where only one of the two names its seller."""
        ...

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """Yield the items in the given states, in the order in which they came; all when none is given.

        Args:
            states: The states.
            run: The run that took them up last; None is all runs.
        """
        ...

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """Return what items were before they were sent again, or resolved by a person; oldest first."""
        ...


class Journal(JournalReader, Protocol):
    """The states of a job's invoices, durable.

    Every method raises ``JournalError`` when the journal cannot be read or written.
    """

    @property
    def runs(self) -> Runs:
        """The runs, with their beginning and their end."""
        ...

    @property
    def ownership(self) -> Ownership:
        """The target and the account that it is tied to."""
        ...

    @property
    def evidence(self) -> JournalEvidence:
        """What it knows that bears on a lost invoice."""
        ...

    @property
    def numbers(self) -> Numbers:
        """The whole numbers that were given to documents whose own is none."""
        ...

    @property
    def trust(self) -> Trust:
        """Whether it may be trusted to know all that was sent."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make what is written inside durable together when the block ends, or not at all."""
        ...

    def close(self) -> None:
        """Let go of it. Closing twice is fine."""
        ...

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """Claim each entry for this run, unless ``admission_of`` has something to say against it."""
        ...

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """Write down the intent to send these items: their first byte leaves after this.

        Args:
            positions: The items; each attempt gets the next place in the order of all attempts.
            now: Seconds since 1970.
            ends_at: The latest moment at which their calls can end.
        """
        ...

    def check_hold(self, longest_call: float) -> None:
        """Check that a call may begin now: nobody takes over what the run has in its hands before it ends.

        The one method that any thread may call, and that asks nothing of the disk or the network.

        Args:
            longest_call: Seconds within which the call surely ends.

        Raises:
            JournalError: it may not; nothing must be sent.
        """
        ...

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Write down what became of items, in this order."""
        ...

    def resolve(self, resolution: Resolution) -> None:
        """Write down what a person found out about an item, and keep what it was before."""
        ...

    def archive(self, before: float) -> int:
        """Keep of the invoices accepted before a moment only what stops them from being sent again.

        Returns:
            How many invoices that are.
        """
        ...

    def shrink(self) -> None:
        """Give back the space of what was removed; not within a transaction."""
        ...
