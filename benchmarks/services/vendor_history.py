"""A record that changes from day to day, as a service would tell it: for the mirror's truth, and its speed.

Each day brings invoices, cases, payments and settlements, and changes some that are there: a status, a stage,
an amount, a settlement that the vendor corrects. Some payments come late and out of order, some are equal to
another, some are taken back.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import define, field

from confirma_async.sandbox import ListedKind

Records = dict[str, dict[str, Any]]

METHODS = ("EMAIL", "EINVOICE", "LETTER")
STAGES = ("PAYMENT_CONTROL", "OVERDUE", "REMINDER", "COLLECTION")


@define
class CallRecord:
    """What the service tells, by kind and name.

    Attributes:
        first: The first day.
        days: How many days there are.
        invoices: How many invoices come over all days; payments and settlements likewise.
    """

    first: datetime.date
    days: int
    invoices: int
    payments: int
    settlements: int
    seed: int = 1
    listed: dict[ListedKind, Records] = field(factory=lambda: {kind: {} for kind in ListedKind})
    changed: dict[ListedKind, set[str]] = field(factory=lambda: {kind: set[str]() for kind in ListedKind})
    dropped: dict[ListedKind, set[str]] = field(factory=lambda: {kind: set[str]() for kind in ListedKind})
    _random: random.Random = field(init=False)
    _day: int = 0
    _numbers: int = 0
    _unsettled: list[str] = field(factory=list[str])

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)

    @property
    def today(self) -> datetime.date:
        """The day that was told last."""
        return self.first + datetime.timedelta(days=self._day - 1)

    def next_day(self) -> None:
        """Let a day pass."""
        self._day += 1
        for kind in ListedKind:
            self.changed[kind].clear()
            self.dropped[kind].clear()
        for _ in range(self._share(self.invoices)):
            self._send()
        if not self._numbers:
            return
        for _ in range(self._share(self.payments)):
            self._pay()
        for _ in range(self._share(self.settlements)):
            self._settle()
        for _ in range(max(1, self._share(self.invoices) // 5)):
            self._move()
        self._correct()

    def _share(self, whole: int) -> int:
        return whole * self._day // self.days - whole * (self._day - 1) // self.days

    def _put(self, kind: ListedKind, name: str, record: Mapping[str, Any]) -> None:
        self.listed[kind][name] = dict(record)
        self.changed[kind].add(name)

    def _drop(self, kind: ListedKind, name: str) -> None:
        del self.listed[kind][name]
        self.changed[kind].discard(name)
        self.dropped[kind].add(name)

    def _send(self) -> None:
        self._numbers += 1
        number, dice = self._numbers, self._random
        dated = self.today - datetime.timedelta(days=dice.choice((0, 0, 0, 0, 1, 3)))
        case = None if dice.random() < 0.4 else 7_000_000 + number
        failed = dice.random() < 0.02
        record: dict[str, Any] = {
            "invoiceNumber": str(number),
            "invoiceDate": dated.isoformat(),
            "status": "ERROR" if failed else dice.choice(("ACCEPTED", "INVOICED", "INVOICED")),
            "method": dice.choice(METHODS),
            "createdAt": _moment(self.today, dice),
        }
        if failed:
            record["error"] = "the postal code is missing"
        elif case is not None:
            record["caseId"] = case
            self._put(ListedKind.CASE, str(case), _case(case, self.today, amount_of(number)))
        self._put(ListedKind.DISTRIBUTION, f"d{number}", record)

    def _pay(self) -> None:
        dice = self._random
        late = dice.choice((0, 0, 0, 0, 0, 1, 2, 9))
        number = max(1, self._numbers - int(dice.expovariate(1 / max(1, self._numbers / 8))))
        name = f"p{len(self.listed[ListedKind.PAYMENT])}-{self._day}-{dice.random()}"
        amount = amount_of(number) if dice.random() < 0.8 else Decimal("10.00")
        case = self.listed[ListedKind.DISTRIBUTION][f"d{number}"].get("caseId")
        record = _payment(number, case, self.today - datetime.timedelta(days=late), amount, dice)
        self._put(ListedKind.PAYMENT, name, record)
        self._unsettled.append(name)
        if dice.random() < 0.05:  # paid twice, and nothing tells the two apart
            self._put(ListedKind.PAYMENT, f"{name}-again", record)
            self._unsettled.append(f"{name}-again")

    def _settle(self) -> None:
        share = max(1, len(self._unsettled) // 2)
        paid, self._unsettled = self._unsettled[:share], self._unsettled[share:]
        payments = [
            self.listed[ListedKind.PAYMENT][name] for name in paid if name in self.listed[ListedKind.PAYMENT]
        ]
        if payments:
            number = 100_000_000_001 + len(self.listed[ListedKind.SETTLEMENT])
            self._put(ListedKind.SETTLEMENT, str(number), _settlement(number, self.today, payments))

    def _move(self) -> None:
        """Change a record that is there, however old it is."""
        dice = self._random
        number = dice.randint(1, self._numbers)
        record = self.listed[ListedKind.DISTRIBUTION][f"d{number}"]
        if record["status"] == "ACCEPTED":
            self._put(ListedKind.DISTRIBUTION, f"d{number}", {**record, "status": "INVOICED"})
        case = record.get("caseId")
        if case is not None and record["status"] == "INVOICED" and dice.random() < 0.2:
            self._put(ListedKind.DISTRIBUTION, f"d{number}", {**record, "paymentControlStatus": "CONTROLLED"})
            known = self.listed[ListedKind.CASE][str(case)]
            summary = {**known["summary"], "stage": dice.choice(STAGES)}
            self._put(ListedKind.CASE, str(case), {**known, "summary": summary})

    def _correct(self) -> None:
        """Change a payment, take one back or correct a settlement, as the vendor does."""
        dice = self._random
        recent = [name for name in self._unsettled[-40:] if name in self.listed[ListedKind.PAYMENT]]
        if recent and dice.random() < 0.5:
            name = dice.choice(recent)
            record = self.listed[ListedKind.PAYMENT][name]
            self._put(ListedKind.PAYMENT, name, {**record, "amount": record["amount"] + Decimal("0.01")})
        if len(recent) > 1 and dice.random() < 0.2:
            self._drop(ListedKind.PAYMENT, dice.choice(recent))
        settlements = list(self.listed[ListedKind.SETTLEMENT])[-5:]
        if settlements and dice.random() < 0.2:
            name = dice.choice(settlements)
            record = self.listed[ListedKind.SETTLEMENT][name]
            self._put(
                ListedKind.SETTLEMENT, name, {**record, "remittanceReference": str(dice.randint(1, 10**9))}
            )


def amount_of(number: int) -> Decimal:
    """Return what an invoice asks for."""
    return Decimal(number * 7919 % 99_000 + 1_000).scaleb(-2)


def _moment(day: datetime.date, dice: random.Random) -> str:
    return f"{day.isoformat()}T{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:07.000Z"


def _payment(
    number: int, case: int | None, day: datetime.date, amount: Decimal, dice: random.Random
) -> dict[str, Any]:
    booked = _moment(day, dice)
    return {
        "caseId": case,
        "invoiceNumber": str(number),
        "invoicePaymentReference": f"RF{number}",
        "originalPaymentReference": f"RF{number}",
        "accountName": "Client funds",
        "bookingDate": booked,
        "paymentDate": booked,
        "amount": amount,
        "currency": "EUR",
    }


def _settlement(number: int, day: datetime.date, payments: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "settlementId": number,
        "settlementDate": day.isoformat(),
        "agency": "CashIn",
        "remittanceReference": None,
        "beneficiary": None,
        "settlementAmount": sum((payment["amount"] for payment in payments), Decimal(0)),
        "currency": "EUR",
        "apiFetchDate": None,
        "allocations": [
            {
                "allocationId": f"{number}-{place}",
                "allocatedTotalAmount": payment["amount"],
                "allocationDate": day.isoformat(),
                "currency": "EUR",
                "caseId": payment["caseId"],
                "originalInvoiceNumber": payment["invoiceNumber"],
                "originalPaymentReference": payment["originalPaymentReference"],
                "breakdown": [{"type": "CAPITAL", "amount": payment["amount"]}],
            }
            for place, payment in enumerate(payments)
        ],
    }


def _case(number: int, day: datetime.date, amount: Decimal) -> dict[str, Any]:
    return {
        "summary": {
            "caseId": number,
            "status": "OPEN",
            "stage": "PAYMENT_CONTROL",
            "createdAt": f"{day.isoformat()}T12:00:00.000Z",
            "closedAt": None,
            "activeDays": 0,
            "creditor": "Creditor",
            "currency": "EUR",
            "agency": "CashIn",
        },
        "balance": {
            "capitalAmount": amount,
            "interestAmount": Decimal("0.00"),
            "costsAmount": Decimal("0.00"),
        },
        "payments": [],
        "events": [],
        "timeline": [],
    }
