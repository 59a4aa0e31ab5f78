"""Witnesses: accepted invoices that are listed, and so show that the list is up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from confirma_async.bulk.models import Row
from confirma_async.schemas.identity import InvoiceKey

_POOL = 128
"""Possible witnesses that are remembered at most."""


@define
class Witnesses:
    """Remembers which accepted invoices the service's list has shown.

    An invoice is a witness for invoices of its kind whose attempts had ended before its own began: a list
    that shows the witness would show those too. A witness that was seen once serves all later lookups.

    Attributes:
        ask: Requests the list of an invoice, and says whether it shows the invoice.
        pause: Seconds between the first two questions that found nothing; later pauses are longer.
        longest: The longest pause, in seconds.
    """

    ask: Callable[[Row], Awaitable[bool]]
    pause: float
    longest: float
    _seen: dict[tuple[str, str, str], Row] = field(init=False, factory=dict[tuple[str, str, str], Row])
    _pool: dict[int, Row] = field(init=False, factory=dict[int, Row])
    _in_vain: dict[int, int] = field(init=False, factory=dict[int, int])
    _lock: asyncio.Lock = field(init=False, factory=asyncio.Lock)
    _asks: int = field(init=False, default=0)
    _next_at: float = field(init=False, default=0.0)

    def note(self, rows: Sequence[Row]) -> None:
        """Remember invoices that may be witnesses. Those that were sent first are listed first."""
        for row in rows:
            self._pool.setdefault(row.sequence, row)
        if len(self._pool) > _POOL:
            for sequence in sorted(self._pool)[1::2]:
                del self._pool[sequence]

    def may_come(self, lost: InvoiceKey, ended: int) -> bool:
        """Say whether a possible witness is known that the list may still show."""
        return any(_serves(row, lost, ended) for row in self._pool.values())

    async def has(self, lost: InvoiceKey, ended: int) -> bool:
        """Say whether the list shows a witness.

        Args:
            lost: The key of the invoice that may have arrived.
            ended: The place of the last attempt of all that had begun when its own had ended.

        Raises:
            CallError: the list could not be asked.
        """
        if self._has_seen(lost, ended):
            return True
        async with self._lock:
            if not self._has_seen(lost, ended) and self._next_at <= asyncio.get_running_loop().time():
                await self._look(lost, ended)
        return self._has_seen(lost, ended)

    def _has_seen(self, lost: InvoiceKey, ended: int) -> bool:
        return any(_serves(row, lost, ended) for row in self._seen.values())

    async def _look(self, lost: InvoiceKey, ended: int) -> None:
        """Request the list of the oldest possible witness among those that were requested least often."""
        fit = [at for at, row in self._pool.items() if _serves(row, lost, ended)]
        if not fit:
            return
        sequence = min(fit, key=lambda one: (self._in_vain.get(one, 0), one))
        row = self._pool[sequence]
        if await self.ask(row):
            # One that was seen before was older: else it would have served.
            self._seen[row.key.type, row.key.seller, row.key.date] = row
            served = {at for at in self._pool if at <= sequence and is_like(row.key, self._pool[at].key)}
            self._pool = {at: other for at, other in self._pool.items() if at not in served}
            self._in_vain = {at: count for at, count in self._in_vain.items() if at not in served}
            self._asks, self._next_at = 0, 0.0
            return
        self._in_vain[sequence] = self._in_vain.get(sequence, 0) + 1
        wait = min(self.longest, self.pause * 2.0 ** min(self._asks, 16))
        self._asks += 1
        self._next_at = asyncio.get_running_loop().time() + wait


def is_like(witness: InvoiceKey, lost: InvoiceKey) -> bool:
    """Say whether a list that shows the witness would also show the lost invoice, by type and date."""
    same = (witness.type, witness.seller) == (lost.type, lost.seller)
    return same and bool(lost.date) and witness.date >= lost.date


def _serves(row: Row, lost: InvoiceKey, ended: int) -> bool:
    return row.sequence > ended and is_like(row.key, lost)
