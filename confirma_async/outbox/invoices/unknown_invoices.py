"""The invoices of earlier runs: looked up again, or sent from kept payloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice

from attrs import define

from confirma_async.bulk.journal import Journal, JournalReader
from confirma_async.bulk.models import Entry, Row, State, digest_of
from confirma_async.bulk.writer import JournalWriter
from confirma_async.formats.models import Place
from confirma_async.outbox.held import LONGEST_PAUSE, HeldWrites
from confirma_async.outbox.invoices.invoice_outcomes import HeldInvoice, InvoiceOutcome, held_invoice
from confirma_async.schemas.identity import InvoiceKey

AT_ONCE = 256
"""Invoices of unknown outcome of earlier runs that are taken up at a time."""


@define(eq=False)
class UnknownInvoices:
    """The invoices of unknown outcome, of this run or an earlier one, and those with kept payloads.

    Attributes:
        held: The invoices that are under way here, or looked up.
        writer: Writes the journal.
        settle_seconds: Seconds for which the service may still be at work on a call that has ended.
        bring: Brings an invoice to its outcome; one of unknown outcome is looked up first.
        is_halted: Says whether the outbox begins nothing new.
    """

    held: HeldWrites[HeldInvoice]
    writer: JournalWriter
    settle_seconds: float
    bring: Callable[[HeldInvoice], None]
    is_halted: Callable[[], bool]

    def look_again(self, held: HeldInvoice) -> None:
        """Set a timer to look up again an invoice that a lookup left unknown."""
        held.looks += 1
        if self.held.waits_too_many():
            self.held.forget(held)  # the journal has it, and ``look_up`` takes it up again
            return
        pause = min(LONGEST_PAUSE, max(1.0, self.settle_seconds) * 2.0 ** min(held.looks, 12))
        held.timer = asyncio.get_running_loop().call_later(pause, self._look, held)

    def _look(self, held: HeldInvoice) -> None:
        if held.stop_timer() and not self.is_halted():
            self.bring(held)

    async def look_up(self) -> Sequence[InvoiceOutcome]:
        """Look up at once all invoices of unknown outcome; return their outcomes after that.

        Raises:
            JournalError: the journal cannot be read.
        """
        asked: dict[InvoiceKey, HeldInvoice] = {}
        for held in self.held.all():
            if held.reported is not None or not held.entry.body:
                asked[held.entry.key] = held
                held.looks = 0
                self._look(held)
        await self._looked_up(asked.values())
        while taken_up := await self.take_up(asked):
            asked.update(taken_up)
            await self._looked_up(taken_up.values())
        return [held.reported for held in asked.values() if held.reported is not None]

    async def _looked_up(self, asked: Collection[HeldInvoice]) -> None:
        """Wait until each invoice was looked up once."""
        while any(self._is_looked_for(held) for held in asked):
            self.held.changed.clear()
            await self.held.changed.wait()

    def _is_looked_for(self, held: HeldInvoice) -> bool:
        return self.held.holds(held) and held.timer is None and not self.is_halted()

    async def take_up(self, asked: Collection[InvoiceKey] = ()) -> Mapping[InvoiceKey, HeldInvoice]:
        """Begin to look up invoices that earlier runs left unknown; their bodies are not needed.

        Args:
            asked: The keys of invoices that were looked up just now, which are left out.
        """
        skipped = {*(held.entry.key for held in self.held.all()), *asked}

        def unknown(journal: Journal) -> Sequence[Entry]:
            others = (row for row in journal.rows(State.UNKNOWN) if row.key not in skipped)
            return [_entry_of(row, journal) for row in islice(others, AT_ONCE)]

        taken_up: dict[InvoiceKey, HeldInvoice] = {}
        for entry in await self.writer.run(unknown):
            if entry.key in self.held:
                continue
            taken_up[entry.key] = held = self.held.hold(held_invoice(entry))
            self.bring(held)
        return taken_up

    async def send_kept(self) -> None:
        """Send the invoices that earlier runs surely have not sent, and whose payloads they kept."""

        def kept(journal: Journal) -> Sequence[Entry]:
            entries = [_entry_of(row, journal) for row in [*journal.rows(State.PENDING)]]
            return [entry for entry in entries if entry.body]

        for entry in await self.writer.run(kept):
            if entry.key not in self.held:
                self.bring(self.held.hold(held_invoice(entry)))

    async def wanted(self) -> Sequence[Row]:
        """Return the invoices that surely were not sent, and that no caller has given again.

        Raises:
            JournalError: the journal cannot be read.
        """
        rows = await self.writer.run(lambda journal: [*journal.rows(State.PENDING)])
        return [row for row in rows if row.key not in self.held]


def _entry_of(row: Row, journal: JournalReader) -> Entry:
    """Return an entry as the journal has it, with its body where that was kept.

    A body that was kept before a correction of the invoice is left out.
    """
    kept = journal.payloads.of(row.position)
    body = kept if kept is not None and digest_of(kept) == row.digest else b""
    return Entry(
        place=Place(row.source), key=row.key, digest=row.digest, body=body, amount=row.amount,
        currency=row.currency,
    )  # fmt: skip
