"""The port to what a journal itself knows that bears on a lost invoice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from confirma_async.bulk.journal.records import AmbiguousMatches
from confirma_async.bulk.models import Row
from confirma_async.schemas.identity import InvoiceKey


class JournalEvidenceReader(Protocol):
    """What a journal knows of an item, of others like it, and of the forms of answers."""

    def ambiguous_matches(self, position: int, key: InvoiceKey) -> AmbiguousMatches:
        """Return what else a lookup by this item's number would find."""
        ...

    def has_previous_version(self, position: int) -> bool:
        """Say whether an item was sent before, and became something else: rejected, or what a person said."""
        ...

    def witnesses(self, position: int, limit: int) -> Sequence[Row]:
        """Return invoices accepted by attempts that began after the item's lost one had ended, newest first.

        They are of its type and seller, dated on its day or later, and were sent once: a record of one that
        was sent twice may be of the attempt before. Nothing else that was sent bears their number.

        None while it is not known that it has ended.
        """
        ...

    def confirmed_forms(self) -> frozenset[str]:
        """Return the forms of answers after which a lookup has found the invoice."""
        ...


class JournalEvidence(JournalEvidenceReader, Protocol):
    """The same, of a journal that is written."""

    def confirm_form(self, form: str) -> None:
        """Keep the form of an answer after which a lookup has found the invoice."""
        ...

    def ended(self, position: int) -> None:
        """Write down that the lost attempt of an item has surely ended by now."""
        ...
