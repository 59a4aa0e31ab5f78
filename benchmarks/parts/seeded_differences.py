"""A mirror of any size with exactly the differences that were put there: for precision, recall and speed."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import define, field

from confirma_async.converters import Converter
from confirma_async.mirror.reading.proof import WindowReading
from confirma_async.mirror.reading.windows import halves
from confirma_async.mirror.reconciliation.kinds import DIFFERENCES, DifferenceKind
from confirma_async.mirror.store.accounts import MirroredAccount, accounts_of
from confirma_async.mirror.store.database import MirrorDatabase
from confirma_async.mirror.store.write_session import WriteSession
from confirma_async.mirror.store.writing import merge
from confirma_async.mirror.streams import STREAMS

NOW = datetime.datetime(2026, 11, 2, 6, tzinfo=datetime.UTC)
FIRST = datetime.date(2025, 11, 3)
DAYS = 300
CURRENCIES = ("EUR", "EUR", "EUR", "SEK")

Records = list[dict[str, Any]]


@define
class Seeded:
    """What is told, what was sent, and what must be found.

    Attributes:
        wanted: How many differences of each kind must be found, by the subjects that they are about.
    """

    each: int
    sent: list[tuple[Any, ...]] = field(factory=list[tuple[Any, ...]])
    distributions: Records = field(factory=list[dict[str, Any]])
    payments: Records = field(factory=list[dict[str, Any]])
    settlements: Records = field(factory=list[dict[str, Any]])
    revised: Records = field(factory=list[dict[str, Any]])
    cases: Records = field(factory=list[dict[str, Any]])
    wanted: Counter[tuple[DifferenceKind, str]] = field(factory=Counter[tuple[DifferenceKind, str]])
    sums: Counter[str] = field(factory=Counter[str])

    def add(self, number: int, kind: DifferenceKind | None, cents_off: int) -> None:
        """Add an invoice that was paid and settled, but for what differs."""
        day = FIRST + datetime.timedelta(days=number % DAYS)
        currency = CURRENCIES[number % len(CURRENCIES)]
        cents = number * 7919 % 99_000 + 1_000
        subject = f"invoice {number}"
        if kind is not None:
            self.wanted[
                kind, f"settlement {_settlement_id(number)}" if kind in _OF_SETTLEMENTS else subject
            ] += 1
        if kind is not DifferenceKind.UNEXPECTED:
            self.sums[currency] += cents
            self.sent.append(
                (str(number), "INVOICE", "0737546-2", "", str(day), cents, currency, "accepted", None,
                 f"{day}T09:00:00.000Z", "seeded")
            )  # fmt: skip
        if kind is not DifferenceKind.MISSING:
            self._list(number, day, "ERROR" if kind is DifferenceKind.FAILED else "INVOICED", "10:00")
        if kind is DifferenceKind.TWICE:
            self._list(number, day, "INVOICED", "11:00")
        if kind not in {DifferenceKind.MISSING, DifferenceKind.FAILED, DifferenceKind.UNEXPECTED}:
            self._pay(number, day, currency, cents, kind, cents_off)

    def _list(self, number: int, day: datetime.date, status: str, at: str) -> None:
        self.distributions.append(
            {
                "invoiceNumber": str(number),
                "invoiceDate": str(day),
                "status": status,
                "createdAt": f"{day}T{at}:00.000Z",
                "caseId": None if status == "ERROR" else 7_000_000 + number,
            }
        )

    def _pay(
        self,
        number: int,
        day: datetime.date,
        currency: str,
        cents: int,
        kind: DifferenceKind | None,
        off: int,
    ) -> None:
        booked, settled = day + datetime.timedelta(days=5), day + datetime.timedelta(days=9)
        paid = cents + 500 if kind is DifferenceKind.OVERPAID else cents
        if kind is not DifferenceKind.SETTLED_WITHOUT_PAYMENT:
            self.payments.append(
                {
                    "caseId": 7_000_000 + number,
                    "invoiceNumber": str(number),
                    "invoicePaymentReference": f"R{number}",
                    "originalPaymentReference": f"R{number}",
                    "bookingDate": f"{booked}T10:00:00.000Z",
                    "paymentDate": f"{booked}T10:00:00.000Z",
                    "amount": Decimal(paid).scaleb(-2),
                    "currency": currency,
                }
            )
        if kind is DifferenceKind.PAID_NOT_SETTLED:
            return
        allocated = paid + off if kind is DifferenceKind.AMOUNT_DIFFERS else paid
        settlement = self._settlement(number, settled, currency, allocated, kind, off)
        self.settlements.append(settlement)
        if kind is DifferenceKind.CHANGED_AFTER_FINAL:
            self.revised.append({**settlement, "remittanceReference": "corrected"})
        if kind is DifferenceKind.SETTLED_TWICE:
            self.settlements.append({**settlement, "settlementId": settlement["settlementId"] + 10**9})

    def _settlement(
        self,
        number: int,
        day: datetime.date,
        currency: str,
        cents: int,
        kind: DifferenceKind | None,
        off: int,
    ) -> dict[str, Any]:
        amount = Decimal(cents).scaleb(-2)
        return {
            "settlementId": _settlement_id(number),
            "settlementDate": str(day),
            "settlementAmount": amount
            + (Decimal(off).scaleb(-2) if kind is DifferenceKind.SUM_BROKEN else 0),
            "currency": currency,
            "allocations": [
                {
                    "allocationId": f"a{number}",
                    "allocatedTotalAmount": amount,
                    "allocationDate": str(day),
                    "currency": currency,
                    "caseId": 7_000_000 + number,
                    "originalInvoiceNumber": str(number),
                    "originalPaymentReference": f"X{number}"
                    if kind is DifferenceKind.REFERENCE_CHANGED
                    else f"R{number}",
                    "breakdown": [{"type": "CAPITAL", "amount": min(amount, amount)}],
                }
            ],
        }


_OF_SETTLEMENTS = frozenset({DifferenceKind.SUM_BROKEN, DifferenceKind.CHANGED_AFTER_FINAL})


def _settlement_id(number: int) -> int:
    return 100_000_000_000 + number


def seeded(invoices: int, each: int, *, off: int = -1) -> Seeded:
    """Make so many invoices, so many of which differ in each way.

    Args:
        invoices: How many.
        each: How many differences of each kind.
        off: By how many hundredths amounts are off.
    """
    found = Seeded(each)
    step = max(1, invoices // max(1, each * len(DIFFERENCES)))
    for number in range(1, invoices + 1):
        place, rest = divmod(number - 1, step)
        kind = (
            DIFFERENCES[place % len(DIFFERENCES)] if rest == 0 and place < each * len(DIFFERENCES) else None
        )
        found.add(number, kind, off)
    return found


def fill(database: MirrorDatabase, what: Seeded) -> MirroredAccount:
    """Put all of it in a mirror, as runs would have."""
    database.run(
        "INSERT INTO account VALUES (1, 'service.example', 'default', '', '[]', ?, NULL)",
        ((FIRST - datetime.timedelta(days=100)).isoformat(),),
    )
    database.run("INSERT INTO run (id, account, began_at, ending) VALUES (1, 1, '2026-11-02', 'done')")
    session = WriteSession(database=database, account=1, run=1, now=NOW, converter=Converter())
    listed = {"distributions": what.distributions, "payments": what.payments, "settlements": what.settlements}
    for name, records in listed.items():
        _merge(session, name, records)
    _merge(session, "settlements", what.revised, keep=False)
    database.many(
        f"INSERT INTO sent VALUES (1, {', '.join('?' * 11)})",
        what.sent,
    )
    return accounts_of(database)[0]


def _merge(session: WriteSession, name: str, records: Sequence[dict[str, Any]], *, keep: bool = True) -> None:
    stream = STREAMS[name]
    reader = stream.reader(session.converter)
    seen = [reader.seen(record) for record in records]
    for window in halves(FIRST - datetime.timedelta(days=100), NOW.date() + datetime.timedelta(days=1)):
        here = [each for each in seen if each.days and window.first <= each.days[0] <= window.last]
        merge(session, stream, WindowReading(window=window, seen=here, whole=keep, reason=None), keep=keep)
