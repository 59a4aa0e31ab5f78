"""The ports to the parts of a journal: its runs, owner, figures, numbers, evidence, doubt and payloads."""

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
    """The runs that there were."""

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
        """Return the items that a run met as rejected by an earlier run, and that still are."""
        ...

    def problems(self, run: int) -> Iterator[StoredProblem]:
        """Return the problems of the records that a run refused.

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
            now: Seconds since 1970.
            owner: Whose key the calls bear; None asks nothing.
            expected: How many records the whole input has; None where they were not counted.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...

    def refuse(self, refusals: Sequence[RefusedRecord], run: int) -> None:
        """Write down records that a run will not send, so that reports can name them."""
        ...

    def put_back(self, run: int) -> None:
        """Release what a run has claimed and not sent: it is pending again."""
        ...

    def end(self, run: int, ending: str, *, now: float, owner: Owner | None = None) -> None:
        """Write how a run ended.

        Args:
            run: The number of the run.
            ending: How it ended, in words.
            now: Seconds since 1970.
            owner: Whose key its last calls had; the key may have been renewed during the run.
        """
        ...


class Ownership(Protocol):
    """The target and the account that a journal is tied to."""

    def target(self) -> str | None:
        """Return where its invoices go; None before the first run."""
        ...

    def account(self) -> str:
        """Return the name of the account that it belongs to; empty where none was given."""
        ...

    def fingerprints(self) -> tuple[bytes, Sequence[str]]:
        """Return the salt of the fingerprints of its keys, and the fingerprints."""
        ...

    def has_sent(self) -> bool:
        """Say whether the service has, or may have, an invoice of the journal; no key is bound before."""
        ...

    def tie(self, target: str, owner: Owner | None, *, now: float) -> None:
        """Check that the journal belongs to a target and an owner; tie a new journal to both.

        Raises:
            JournalMismatchError: it belongs to another target or another account.
        """
        ...


class Figures(Protocol):
    """How many items there are, of all runs or of one, and what they ask for."""

    def counts(self, run: int | None = None) -> Mapping[State, int]:
        """Return how many items are in each state: all, or those that a run took up last."""
        ...

    def open_counts(self, run: int | None = None) -> Mapping[State, int]:
        """Return how many items are in each state that is not final; it is quick also for a large journal."""
        ...

    def amounts(self, run: int) -> Mapping[State, Mapping[str, Decimal]]:
        """Return what the items that a run took up last ask for together, exactly, by state and currency.

        Items that do not say what they ask for are left out, as are those that were archived.
        """
        ...

    def decided_since(self, run: int | None, moment: float) -> int:
        """Return how many items were decided since a moment, in seconds since 1970, to ten seconds.

        All are counted, or those of a run.
        """
        ...

    def archived(self, run: int | None = None) -> int:
        """Return how many accepted invoices were archived: in all, or of a run."""
        ...

    def refused(self, run: int) -> int:
        """Return how many records a run refused."""
        ...

    def withheld(self, run: int) -> int:
        """Return how many of a run's refused records are pending items: a document was missing at sending."""
        ...


class Numbers(Protocol):
    """The whole numbers for documents whose own number is not a whole one."""

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """Return the whole numbers given so far to these documents, whose own is none."""
        ...

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """Return which of these numbers are in use: by an invoice, or given to a document."""
        ...

    def given_by(self, run: int) -> Mapping[Identity, int]:
        """Return the whole numbers that a run gave to documents whose own is none, smallest first."""
        ...

    def keep(self, given: Mapping[Identity, int]) -> None:
        """Keep the whole numbers given to documents whose own number is none; kept numbers never change.

        They count as given by the next run that begins.
        """
        ...


class JournalEvidence(Protocol):
    """What a journal knows about an item, similar items, and the forms of answers."""

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """Return which other documents a lookup by this item's number could find."""
        ...

    def has_previous_version(self, position: int) -> bool:
        """Say whether an earlier version of the item was sent: it was rejected, or a person resolved it."""
        ...

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """Return invoices accepted by attempts that began after the item's lost one had ended, newest first.

        They are of its type and seller, dated on its day or later, and were sent once: a record of one that
        was sent twice may be of the attempt before. Nothing else that was sent bears their number.

        The result is empty while it is not known that the lost attempt has ended.
        """
        ...

    def confirmed_forms(self) -> frozenset[str]:
        """Return the forms of answers after which a lookup has found the invoice."""
        ...

    def confirm_form(self, form: str) -> None:
        """Keep the form of an answer after which a lookup has found the invoice."""
        ...

    def ended(self, position: int) -> None:
        """Note that the lost attempt of an item has surely ended by now."""
        ...


class Trust(Protocol):
    """Whether a journal is in doubt."""

    def doubt(self) -> Doubt | None:
        """Return why the journal may not know all that was sent; None where it does."""
        ...

    def note_service_time(self, moment: float) -> None:
        """Keep the service's time in its first answer after the journal fell into doubt.

        Args:
            moment: Seconds since 1970.
        """
        ...

    def regain(self, now: float) -> int:
        """Trust the journal again: items that it never sent may be sent; return how many these are."""
        ...


class Payloads(Protocol):
    """The bodies of invoices and other writes, where an outbox asks for that, and until they are final.

    They are used within the transactions of their journal.
    """

    def keep(self, position: int, body: bytes) -> None:
        """Keep the body of an invoice; one that is there is replaced."""
        ...

    def keep_write(self, ident: int, body: bytes) -> None:
        """Keep the body of a write that is no invoice; one that is there is replaced."""
        ...

    def of(self, position: int) -> bytes | None:
        """Return the body of an invoice; None where it is not kept."""
        ...

    def of_write(self, ident: int) -> bytes | None:
        """Return the body of a write that is no invoice; None where it is not kept."""
        ...

    def forget_final(self) -> int:
        """Remove the bodies of accepted and rejected invoices and writes; return how many were removed."""
        ...
