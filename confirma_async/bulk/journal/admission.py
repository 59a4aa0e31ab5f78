"""Admits entries in batches: finds the journal's answer to each, and the rows to write."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from attrs import frozen

from confirma_async.bulk.journal.records import Admission, Admitted, Version
from confirma_async.bulk.journal.rules import admission_of, same_invoice
from confirma_async.bulk.journal.stored.keeper import StoredKeeper
from confirma_async.bulk.journal.stored.values import day, in_cents
from confirma_async.bulk.models import FINAL, Entry, Retry, Row, State
from confirma_async.schemas.identity import InvoiceKey

_CLAIMS = (Admission.CLAIMED, Admission.RETRIED)
"""Admissions after which this run sends the item. A tuple: an enum in a set would be hashed in Python."""
TAKEN_UP = (*_CLAIMS, Admission.UNKNOWN)
"""Admissions after which this run sends the item or looks it up."""


@frozen
class _New:
    """An item that this batch inserts. Its ``Row`` is made only when another entry of the batch needs it."""

    entry: Entry
    position: int

    @property
    def key(self) -> InvoiceKey:
        return self.entry.key

    def as_row(self, run: int, state: State, detail: str | None, ends_at: float | None = None) -> Row:
        return Row(
            position=self.position,
            key=self.key,
            source=str(self.entry.place),
            digest=self.entry.digest,
            state=state,
            run=run,
            detail=detail,
            ends_at=ends_at,
        )


class AdmissionBatch:
    """Entries that are admitted to the journal together, in one transaction.

    Args:
        journal: Gives positions and the numbers of stored texts, and keeps earlier versions of items.
        run: The number of the run.
        retry: Which rejected invoices are sent again.
        doubt: Why each invoice must be looked up before it is sent; None where no lookup is needed.
        ends_at: For a journal in doubt, the latest moment at which a call that it does not know could end.
        again: Whether the run may meet an invoice of its own again.
        planned: Whether the items are left pending, for workers to send.

    Attributes:
        new: Rows to insert.
        claimed_again: Changes of rows that this run claims.
        taken_up: Run, holder and position of the items that this run must look up.
        known: How many items the run met as accepted before.
        rejected: Positions of the items that the run met as rejected before.
        reopened: Items that were rejected and are sent again, in their rejected version.
    """

    def __init__(
        self,
        journal: StoredKeeper,
        run: int,
        retry: Retry,
        doubt: str | None,
        *,
        ends_at: float | None = None,
        again: bool = False,
        planned: bool = False,
    ) -> None:
        self.new: list[tuple[Any, ...]] = []
        self.claimed_again: list[tuple[Any, ...]] = []
        self.taken_up: list[tuple[int, int | None, int]] = []
        self.known: int = 0
        self.rejected: list[int] = []
        self.reopened: list[Row] = []
        self._journal = journal
        self._run = run
        self._retry = retry
        self._doubt = doubt
        self._ends_at = ends_at
        self._again = again
        self._surely_not_sent = State.PENDING if planned else State.CLAIMED
        self._claimed = self._surely_not_sent if doubt is None else State.UNKNOWN
        self._holder = None if planned else run
        self._known: defaultdict[tuple[int, str, str], list[Row | _New]] = defaultdict(list)

    def know(self, rows: Iterable[Row]) -> None:
        """Take note of the items that the journal has under the numbers of the batch."""
        for row in rows:
            self._known[row.key.number, row.key.type, row.key.repeat].append(row)

    def admit(self, entry: Entry) -> Admitted:
        """Return the journal's answer to one entry, and add the rows to write for it."""
        key = entry.key
        slot = self._known[key.number, key.type, key.repeat]
        known = same_invoice(slot, key)
        row = known.as_row(self._run, self._claimed, self._doubt) if isinstance(known, _New) else known
        admission = admission_of(entry, row, self._run, self._retry, again=self._again)
        if known is None or row is None:
            new = self._insert(entry, slot)
            return Admitted(self._taken(admission), new.position, self._in_doubt(new))
        if admission is Admission.RETRIED:
            changed = "unchanged" if row.digest == entry.digest else "with other contents"
            self._journal.keep_former(row.position, time.time(), f"sent again {changed}")
            self.reopened.append(row)
        elif admission is Admission.CLAIMED and row.attempts and row.digest != entry.digest:
            self._journal.keep_former(row.position, time.time(), "corrected before it was sent again")
        if admission is Admission.UNKNOWN:
            slot[slot.index(known)] = _New(entry, row.position)
            self.taken_up.append((self._run, self._holder, row.position))
        elif admission in _CLAIMS:
            new = _New(entry, row.position)
            slot[slot.index(known)] = new
            if (
                admission is Admission.CLAIMED
            ):  # what is pending in a journal in doubt was looked up, or is new
                self.claimed_again.append(self._claim(entry, row.position, self._surely_not_sent, None))
            else:
                self.claimed_again.append(self._claim(entry, row.position, self._claimed, self._doubt))
                taken, sent = self._taken(admission), None if self._doubt else self._sent(row)
                return Admitted(taken, row.position, self._in_doubt(new) or row, sent)
        elif admission is Admission.FINAL and row.run != self._run:
            self._meet(row)
        return Admitted(admission, row.position, row, self._sent(row))

    def _sent(self, row: Row) -> Version | None:
        is_open = row.state not in FINAL or row.says_no
        return self._journal.version_sent(row.position) if row.attempts and is_open else None

    def _taken(self, admission: Admission) -> Admission:
        return admission if self._doubt is None else Admission.UNKNOWN

    def _in_doubt(self, new: _New) -> Row | None:
        if self._doubt is None:
            return None
        return new.as_row(self._run, State.UNKNOWN, self._doubt, self._ends_at)

    def _meet(self, row: Row) -> None:
        if row.state is State.REJECTED:
            self.rejected.append(row.position)
        else:
            self.known += 1

    def _claim(self, entry: Entry, position: int, state: State, detail: str | None) -> tuple[Any, ...]:
        return (
            state, self._run, self._holder, entry.digest, day(entry.key.date), str(entry.place),
            in_cents(entry.amount), self._journal.word(entry.currency), detail, state is State.UNKNOWN,
            position,
        )  # fmt: skip

    def _insert(self, entry: Entry, slot: list[Row | _New]) -> _New:
        key, position, word = entry.key, self._journal.next_position(), self._journal.word
        self.new.append(
            (
                position, key.number, word(key.type), word(key.seller), day(key.repeat), day(key.date),
                str(entry.place), entry.digest, self._claimed, self._run, in_cents(entry.amount),
                word(entry.currency), self._doubt, self._holder,
            )
        )  # fmt: skip
        new = _New(entry, position)
        slot.append(new)
        return new
