"""Reads the items of a journal from its tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from confirma_async.bulk.journal.stored.tables import Tables
from confirma_async.bulk.journal.stored.values import date_of, seconds
from confirma_async.bulk.models import Row, State
from confirma_async.schemas.identity import InvoiceKey

ITEM_COLUMNS = (
    "position, seller, type, number, repeat, date, source, digest, state, attempts, attempted_at, run, "
    "sequence, ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no, form, "
    "holder"
)
"""The columns of an item, in the order in which ``row`` takes them."""

ARCHIVED_COLUMNS = "number, type, seller, repeat, digest, date"
"""The columns of an archived invoice, in the order in which ``archived_row`` takes them."""

_STATES = {int(state): state for state in State}


class StoredItems:
    """Reads the items of a journal.

    Args:
        tables: Runs the statements on the database of the journal.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def query(self, rest: str, *values: Any) -> Iterator[Row]:
        """Yield the items of a query, of which there may be millions.

        Args:
            rest: The statement from WHERE on.
            values: The values for its places, in order.
        """
        return map(self.row, self._tables.many(f"SELECT {ITEM_COLUMNS} FROM item {rest}", *values))

    def archived(self, rest: str, *values: Any) -> Iterator[Row]:
        """Yield what is kept of archived invoices; the same as ``query`` for the table of these."""
        found = self._tables.few(f"SELECT {ARCHIVED_COLUMNS} FROM archived {rest}", *values)
        return map(self.archived_row, found)

    def of_number(self, number: int) -> Sequence[Row]:
        """Yield the items of a number, and what is kept of archived invoices of that number."""
        where = "WHERE number = ?"
        return [*self.query(where, number), *self.archived(where, number)]

    def row(self, found: tuple[Any, ...]) -> Row:
        """Return the item of a row with ``ITEM_COLUMNS``."""
        (position, seller, kind, number, repeat, date, source, digest, state, attempts, at, run, sequence,
         ended, ends_at, status, detail, duplicate, amount, currency, decided_at, took, says_no,
         form, holder) = found  # fmt: skip
        text = self._tables.text
        return Row(
            position=position,
            key=InvoiceKey(text(seller), text(kind), number, date_of(repeat), date_of(date)),
            source=source,
            digest=digest,
            state=_STATES[state],
            attempts=attempts,
            attempted_at=seconds(decided_at - took if at is None and None not in {decided_at, took} else at),
            run=run,
            sequence=sequence or 0,
            ended=ended,
            ends_at=seconds(ends_at),
            status=None if status is None else text(status),
            detail=detail,
            duplicate=bool(duplicate),
            amount=None if amount is None else Decimal(amount).scaleb(-2),
            currency=text(currency),
            decided_at=seconds(decided_at),
            seconds=seconds(took),
            says_no=bool(says_no),
            form=None if form is None else text(form),
            holder=holder,
        )

    def archived_row(self, found: tuple[Any, ...]) -> Row:
        """Return the item of a row with ``ARCHIVED_COLUMNS``, as far as it is kept."""
        number, kind, seller, repeat, digest, date = found
        text = self._tables.text
        return Row(
            position=0,
            key=InvoiceKey(text(seller), text(kind), number, date_of(repeat), date_of(date)),
            source="the archive of the journal",
            digest=digest,
            state=State.ACCEPTED,
            run=0,
        )
