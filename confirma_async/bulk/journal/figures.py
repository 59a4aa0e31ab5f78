"""The port to the figures of a journal: how many, and how much."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Protocol

from confirma_async.bulk.models import State


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
