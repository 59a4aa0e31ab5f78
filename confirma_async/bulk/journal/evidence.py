"""The port to the evidence of a journal: what it knows that helps to decide about a lost invoice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from confirma_async.bulk.journal.records import AmbiguousMatches
from confirma_async.bulk.models import Row
from confirma_async.schemas.identity import InvoiceKey


class JournalEvidenceReader(Protocol):
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


class JournalEvidence(JournalEvidenceReader, Protocol):
    """``JournalEvidenceReader`` with the methods that write."""

    def confirm_form(self, form: str) -> None:
        """Keep the form of an answer after which a lookup has found the invoice."""
        ...

    def ended(self, position: int) -> None:
        """Note that the lost attempt of an item has surely ended by now."""
        ...
