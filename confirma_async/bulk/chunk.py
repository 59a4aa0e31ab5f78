"""Entries on their way into the file together: what the journal says to each, and the rows to write."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from attrs import frozen

from confirma_async.bulk.items import Entry, InvoiceKey, Retry, Row, State
from confirma_async.bulk.journal import Admission, Admitted, admission_of, same_invoice

_LARGEST = 2**63 - 1
_TAKEN = frozenset({Admission.CLAIMED, Admission.RETRIED, Admission.UNKNOWN})
"""Admissions after which the item is this run's, and a second record of it a clash."""


def in_cents(amount: Decimal | None) -> int | None:
    """Hundredths, which SQLite adds up exactly; None for what is none of that many."""
    if amount is None or not amount.is_finite():
        return None
    cents = int(amount.scaleb(2))
    return cents if abs(cents) <= _LARGEST and Decimal(cents).scaleb(-2) == amount else None


@frozen
class _New:
    """An item that this chunk has brought; seldom asked for, so that no row is made of it before it is."""

    entry: Entry
    position: int

    @property
    def key(self) -> InvoiceKey:
        return self.entry.key

    def as_row(self, run: int) -> Row:
        return Row(
            position=self.position,
            key=self.key,
            source=str(self.entry.place),
            digest=self.entry.digest,
            state=State.CLAIMED,
            run=run,
        )


class Chunk:
    """Entries on their way into the journal together.

    Attributes:
        new: Rows to insert.
        claimed_again: Changes of rows that this run claims.
        taken_up: Run and position of items that this run has to look up.
    """

    def __init__(
        self,
        next_position: Callable[[], int],
        keep_former: Callable[[int, float, str], None],
        run: int,
        retry: Retry,
    ) -> None:
        self.new: list[tuple[Any, ...]] = []
        self.claimed_again: list[tuple[Any, ...]] = []
        self.taken_up: list[tuple[int, int]] = []
        self._next_position = next_position
        self._keep_former = keep_former
        self._run = run
        self._retry = retry
        self._known: defaultdict[tuple[int, str, str], list[Row | _New]] = defaultdict(list)

    def know(self, rows: Iterable[Row]) -> None:
        """Takes note of what the journal has under the numbers of the chunk."""
        for row in rows:
            self._known[row.key.number, row.key.type, row.key.repeat].append(row)

    def admit(self, entry: Entry) -> Admitted:
        """Answers one entry, and puts down what is to be written for it."""
        key = entry.key
        slot = self._known[key.number, key.type, key.repeat]
        known = same_invoice(slot, key)
        row = known.as_row(self._run) if isinstance(known, _New) else known
        admission = admission_of(entry, row, self._run, self._retry)
        if known is None or row is None:
            return Admitted(admission, self._insert(entry, slot))
        if admission is Admission.RETRIED:
            changed = "unchanged" if row.digest == entry.digest else "with other contents"
            self._keep_former(row.position, time.time(), f"sent again {changed}")
        if admission in _TAKEN:
            slot[slot.index(known)] = _New(entry, row.position)
            if admission is Admission.UNKNOWN:
                self.taken_up.append((self._run, row.position))
            else:
                self.claimed_again.append(
                    (
                        State.CLAIMED, self._run, entry.digest, key.date, str(entry.place),
                        in_cents(entry.amount), entry.currency, row.position,
                    )
                )  # fmt: skip
        return Admitted(admission, row.position, row)

    def _insert(self, entry: Entry, slot: list[Row | _New]) -> int:
        key, position = entry.key, self._next_position()
        self.new.append(
            (
                position, key.number, key.type, key.seller, key.repeat, key.date, str(entry.place),
                entry.digest, State.CLAIMED, self._run, in_cents(entry.amount), entry.currency,
            )
        )  # fmt: skip
        slot.append(_New(entry, position))
        return position
