"""The interface of a journal: what a job asks of it, whether it is kept in a file or in a database.

A journal knows the state of every invoice of an account. Each start of a job is a run in it.
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
    """The part of a journal that only reads.

    Every method raises ``JournalError`` when the journal cannot be read.
    """

    @property
    def name(self) -> str:
        """The name of the journal in messages, such as the path of its file."""
        ...

    @property
    def payloads(self) -> Payloads:
        """The payloads that an outbox was told to keep."""
        ...

    @property
    def writes(self) -> Writes:
        """The writes other than invoices: actions, ledgers, payments and clients."""
        ...

    @property
    def runs(self) -> RunsReader:
        """The runs of the journal, past and present."""
        ...

    @property
    def figures(self) -> Figures:
        """The numbers of items, and the sums of their amounts."""
        ...

    @property
    def ownership(self) -> Ownership:
        """The target and the account that the journal is tied to."""
        ...

    @property
    def evidence(self) -> JournalEvidence:
        """What the journal knows that helps to decide an invoice of unknown outcome."""
        ...

    @property
    def numbers(self) -> Numbers:
        """The whole numbers that were assigned to documents whose own number is not a whole one."""
        ...

    @property
    def trust(self) -> Trust:
        """Whether the journal is in doubt, so that it may not know all that was sent."""
        ...

    def find(self, key: InvoiceKey) -> Row | None:
        """Find the item of this key, or of the same number where only one of the two names its seller."""
        ...

    def rows(self, *states: State, run: int | None = None) -> Iterator[Row]:
        """Yield items in the order in which they were admitted.

        Args:
            states: The states of the items; any state where none is given.
            run: The run that took them up last; None is all runs.
        """
        ...

    def previous_versions(self) -> Iterator[PreviousVersion]:
        """Yield the earlier versions of items that were sent again, or resolved by a person; oldest first."""
        ...


class Journal(JournalReader, Protocol):
    """The durable states of all invoices of an account.

    Every method raises ``JournalError`` when the journal cannot be read or written.
    """

    @property
    def runs(self) -> Runs:
        """The runs of the journal, with the methods that begin and end one."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Make all writes of the block durable together when it ends, or none of them if it fails."""
        ...

    def write_put_off(self) -> None:
        """Write what was put off until the next change. Call it outside of a transaction."""
        ...

    def close(self) -> None:
        """Close the journal. Closing twice is fine."""
        ...

    def admit(
        self, entries: Sequence[Entry], run: int, retry: Retry = Retry.NONE, *, again: bool = False
    ) -> list[Admitted]:
        """Claim those entries for this run that ``admission_of`` allows it to claim.

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
        """Write down the intent to send items. Their first byte may leave only after this is durable.

        Args:
            positions: The items; each attempt gets the next place in the order of all attempts.
            now: The current time; seconds since 1970.
            ends_at: The latest moment at which their calls can end.
        """
        ...

    def check_hold(self, longest_call_seconds: float) -> None:
        """Check that a call may begin: it surely ends before another run may take over this run's invoices.

        Any thread may call this method. It uses neither the disk nor the network.

        Args:
            longest_call_seconds: Seconds within which the call surely ends.

        Raises:
            JournalError: the call must not begin.
        """
        ...

    def decide(self, decisions: Sequence[Decision]) -> None:
        """Write the outcomes of items, in their order."""
        ...

    def resolve(self, resolution: Resolution) -> None:
        """Write what a person found out about an item, and keep the version that it had before."""
        ...

    def archive(self, before: float) -> int:
        """Archive the invoices accepted before a moment: keep only what prevents that they are sent again.

        Args:
            before: The moment, in seconds since 1970.

        Returns:
            How many invoices were archived.
        """
        ...

    def shrink(self) -> None:
        """Free the space of removed rows. Call this outside of a transaction."""
        ...
