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

from confirma_async.bulk.journal.parts import (
    Figures,
    JournalEvidence,
    Numbers,
    Ownership,
    Payloads,
    Runs,
    RunsReader,
    Trust,
)
from confirma_async.bulk.journal.records import Admitted, Decision, PreviousVersion, Resolution
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
    def ownership(self) -> Ownership:
        """The target and the account that it is tied to."""
        ...

    @property
    def evidence(self) -> JournalEvidence:
        """What the journal knows that helps to decide about a lost invoice."""
        ...

    @property
    def numbers(self) -> Numbers:
        """The whole numbers that were given to documents whose own is none."""
        ...

    @property
    def trust(self) -> Trust:
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

    def transaction(self) -> AbstractContextManager[None]:
        """Make what is written inside durable together when the block ends, or not at all."""
        ...

    def close(self) -> None:
        """Close the journal. Closing twice is fine."""
        ...

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """Claim each entry for this run where ``admission_of`` allows it.

        Args:
            entries: What the run wants to send.
            run: The number of the run.
            retry: Which rejected invoices are sent again.
            again: Whether the run may meet an invoice of its own again, as an outbox does.

        Returns:
            The answer to each entry, in order.
        """
        ...

    def sending(self, positions: Sequence[int], now: float, ends_at: float) -> None:
        """Write down the intent to send these items: their first byte leaves after this.

        Args:
            positions: The items; each attempt gets the next place in the order of all attempts.
            now: Seconds since 1970.
            ends_at: The latest moment at which their calls can end.
        """
        ...

    def check_hold(self, longest_call_seconds: float) -> None:
        """Check that a call may begin now: it will end before another run may take over this run's invoices.

        Any thread may call this method. It uses neither the disk nor the network.

        Args:
            longest_call_seconds: Seconds within which the call surely ends.

        Raises:
            JournalError: the call must not begin.
        """
        ...

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Write the outcomes of items, in the given order."""
        ...

    def resolve(self, resolution: Resolution) -> None:
        """Write what a person found out about an item, and keep the item's earlier version."""
        ...

    def archive(self, before: float) -> int:
        """Archive the invoices accepted before a moment: keep only what stops them from being sent again.

        Args:
            before: Seconds since 1970.

        Returns:
            How many invoices were archived.
        """
        ...

    def shrink(self) -> None:
        """Free the space of removed rows. Call it outside of a transaction."""
        ...
