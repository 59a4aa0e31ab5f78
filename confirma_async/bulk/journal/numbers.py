"""The port to number assignments: whole numbers for documents whose own number is not a whole one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from confirma_async.formats.models import Identity


class NumbersReader(Protocol):
    """The numbers that a journal knows."""

    def of(self, identities: Sequence[Identity]) -> Mapping[Identity, int]:
        """Return the whole numbers given so far to these documents, whose own is none."""
        ...

    def in_use(self, numbers: Sequence[int]) -> frozenset[int]:
        """Return which of these numbers are in use: by an invoice, or given to a document."""
        ...

    def given_by(self, run: int) -> Mapping[Identity, int]:
        """Return the whole numbers that a run gave to documents whose own is none, smallest first."""
        ...


class Numbers(NumbersReader, Protocol):
    """``NumbersReader`` with the methods that write."""

    def keep(self, given: Mapping[Identity, int]) -> None:
        """Keep the whole numbers given to documents whose own number is none; kept numbers never change.

        They count as given by the next run that begins.
        """
        ...
