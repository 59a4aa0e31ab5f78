"""The interfaces of a journal's parts: its runs, owner, figures, numbers, evidence, doubt and payloads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from confirma_async.accounts.owner import Owner
from confirma_async.bulk.journal.records import AmbiguousMatches, Doubt, JobName, Run, StoredProblem
from confirma_async.bulk.models import RefusedRecord, Row, State
from confirma_async.formats.models import Identity
from confirma_async.schemas.identity import InvoiceKey


class RunsReader(Protocol):
    """Reads the runs of a journal."""

    def all(self) -> Iterator[Run]:
        """Return the runs, the latest first."""
        ...

    def latest(self) -> Run | None:
        """Return the latest run; None before the first."""
        ...

    def find(self, number: int) -> Run | None:
        """Return a run; None where there is none of that number."""
        ...

    def known(self, run: int) -> Iterator[Row]:
        """Yield the items that a run found rejected by an earlier run, and that are still rejected."""
        ...

    def problems(self, run: int) -> Iterator[StoredProblem]:
        """Yield the problems of the records that a run refused.

        Kept for the last ``RUNS_WITH_REFUSALS`` runs.
        """
        ...


class Runs(RunsReader, Protocol):
    """``RunsReader`` with the methods that write."""

    def begin(
        self, job: JobName, *, now: float, owner: Owner | None = None, expected: int | None = None
    ) -> int:
        """Begin a run, if the journal is of its target and its owner; return the number of the run.

        What dead runs left under way is released: what was claimed was surely not sent, and is pending; what
        was being sent is unknown.
        In a journal that is in doubt for the first time, nothing counts as surely not sent any more.

        Args:
            job: Where the invoices go, and the names of the inputs.
            now: The current time; seconds since 1970.
            owner: The account whose key the calls bear; None where the journal is not to check that.
            expected: How many records the whole input has; None where they were not counted.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...

    def refuse(self, refusals: Sequence[RefusedRecord], run: int) -> None:
        """Write down the records that a run refuses, so that reports can name them."""
        ...

    def put_back(self, run: int) -> None:
        """Make pending again what a run has claimed and not sent."""
        ...

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """Write how a run ended.

        Args:
            run: The number of the run.
            ending: How it ended, in words.
            now: The current time; seconds since 1970.
            owner: The account, with the key of the last calls; it may have been renewed during the run.
        """
        ...


class Ownership(Protocol):
    """The target and the account that a journal is tied to."""

    def target(self) -> str | None:
        """Return the target that its invoices are sent to; None before the first run."""
        ...

    def account(self) -> str:
        """Return the name of the account that it belongs to; empty where none was given."""
        ...

    def fingerprints(self) -> tuple[bytes, Sequence[str]]:
        """Return the salt of the fingerprints, and the fingerprints of all keys that its calls had."""
        ...

    def has_sent(self) -> bool:
        """Say whether the service may have an invoice of the journal. Before that, no key is bound to it."""
        ...

    def tie(self, target: str, owner: Owner | None, *, now: float) -> None:
        """Check that the journal belongs to a target and an owner; tie a new journal to both.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...


class Figures(Protocol):
    """Counts the items of all runs or of one, and adds up their amounts."""

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """Count the items by state: all of them, or those that a run took up last."""
        ...

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """Count the items by each state that is not final. This is quick for a large journal, too."""
        ...

    def amounts(self, run: int) -> Mapping[State, Mapping[str, Decimal]]:
        """Return the exact sums of the amounts of the items that a run took up last, by state and currency.

        Items without an amount are left out, as are those that were archived.
        """
        ...

    def decided_since(self, run: int | None, moment: float) -> int:
        """Count the items that were decided since a moment, in all or by one run.

        The moment is in seconds since 1970; it counts to ten seconds.
        """
        ...

    def archived(self, run: int | None = None) -> int:
        """Count the accepted invoices that were archived, in all or of one run."""
        ...

    def refused(self, run: int) -> int:
        """Count the records that a run refused."""
        ...

    def withheld(self, run: int) -> int:
        """Count the refused records of a run that are pending items: a document was missing at sending."""
        ...


class Numbers(Protocol):
    """Keeps the whole numbers that are assigned to documents whose own number is not a whole one."""

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """Return the whole numbers that were assigned to these documents so far, by their own numbers."""
        ...

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """Return those of these numbers that an invoice bears or that are assigned to a document."""
        ...

    def given_by(self, run: int) -> Mapping[Identity, int]:
        """Return the assignments of a run, smallest whole number first."""
        ...

    def keep(self, given: Mapping[Identity, int]) -> None:
        """Keep whole numbers that are assigned to documents; a number that is kept never changes.

        They count as assigned by the next run that begins.
        """
        ...


class JournalEvidence(Protocol):
    """What a journal knows that helps to decide an invoice of unknown outcome."""

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """Return the other documents that a lookup by this item's number could find."""
        ...

    def has_previous_version(self, position: int) -> bool:
        """Say whether an earlier version of the item was sent: it was rejected, or a person resolved it."""
        ...

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """Return possible witnesses of an item: invoices accepted by attempts begun after its own had ended.

        The newest are first. They are of its type and seller, dated on its day or later, and were sent once:
        a record of an invoice that was sent twice may be of the attempt before. No other document that was
        sent bears their number.

        The result is empty while it is not known that the lost attempt has ended.
        """
        ...

    def confirmed_forms(self) -> frozenset[str]:
        """Return the confirmed forms of answers: after one of each form a lookup has found the invoice."""
        ...

    def confirm_form(self, form: str) -> None:
        """Keep the form of an answer as confirmed: a lookup has found the invoice after it."""
        ...

    def ended(self, position: int) -> None:
        """Write down that the lost attempt of an item has surely ended by now."""
        ...


class Trust(Protocol):
    """Says whether a journal is in doubt, and ends the doubt."""

    def doubt(self) -> Doubt | None:
        """Return why the journal may not know all that was sent; None where it does."""
        ...

    def note_service_time(self, moment: float) -> None:
        """Keep the time that the service named in its first answer after the doubt arose.

        Args:
            moment: That time, in seconds since 1970.
        """
        ...

    def regain(self, now: float) -> int:
        """Trust the journal again, so that items it never sent may be sent; return their number."""
        ...


class Payloads(Protocol):
    """Keeps the bodies of invoices and other writes until they are final, where an outbox was told to.

    They are used within the transactions of their journal.
    """

    def keep(self, position: int, body: bytes) -> None:
        """Keep the body of an invoice, in place of one that was kept before."""
        ...

    def keep_write(self, ident: int, body: bytes) -> None:
        """Keep the body of a write other than an invoice, in place of one that was kept before."""
        ...

    def of(self, position: int) -> bytes | None:
        """Return the body of an invoice; None where it is not kept."""
        ...

    def of_write(self, ident: int) -> bytes | None:
        """Return the body of a write other than an invoice; None where it is not kept."""
        ...

    def forget_final(self) -> int:
        """Remove the bodies of accepted and rejected invoices and writes; return how many were removed."""
        ...
