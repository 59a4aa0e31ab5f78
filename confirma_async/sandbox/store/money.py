"""Payments and the settlements that pay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from attrs import evolve, frozen

from confirma_async.sandbox.rules.money.amounts import AmountByKind
from confirma_async.sandbox.rules.money.settlement import FIRST_SETTLEMENT
from confirma_async.sandbox.store.database import Database
from confirma_async.sandbox.store.repository import Repository, TableOf


@frozen(kw_only=True)
class ReceivedPayment:
    """A payment and where it went.

    Attributes:
        id: Its number; 0 until it is stored.
        client: Whose invoice it pays.
        case_id: The case it pays.
        number: The invoice it pays.
        at: When it came.
        amount: How much.
        currency: ISO 4217.
        invoice_reference: The reference that the invoice asks for.
        reference: The reference it came with.
        split: How it is allocated; adds up to the amount.
        direct: Whether the creditor got it straight, so that it is never settled.
        settlement: The settlement that paid it out, once one has.
    """

    id: int = 0
    client: str
    case_id: int
    number: str
    at: datetime
    amount: Decimal
    currency: str
    invoice_reference: str
    reference: str
    split: AmountByKind
    direct: bool = False
    settlement: int | None = None

    @property
    def day(self) -> date:
        """Return the day on which it came, in UTC."""
        return self.at.date()


@frozen(kw_only=True)
class MadeSettlement:
    """A settlement.

    Attributes:
        id: Its number; 0 until it is stored.
        client: Who is paid.
        at: When.
        currency: ISO 4217.
        fetched_at: When it was fetched first; None before.
        payments: What it pays out. Their own records say so; this one is stored without them.
    """

    id: int = 0
    client: str
    at: datetime
    currency: str
    fetched_at: datetime | None = None
    payments: Sequence[ReceivedPayment] = ()

    @property
    def day(self) -> date:
        """Return the day of the settlement, in UTC."""
        return self.at.date()


PAYMENTS = TableOf(
    record=ReceivedPayment,
    name="payments",
    columns={
        "client": "TEXT NOT NULL",
        "case_id": "INTEGER NOT NULL",
        "day": "TEXT NOT NULL",
        "settlement": "INTEGER",
    },
    indexes=[("client", "day"), ("case_id",), ("client", "settlement")],
)

SETTLEMENTS = TableOf(
    record=MadeSettlement,
    name="settlements",
    columns={"client": "TEXT NOT NULL", "day": "TEXT NOT NULL"},
    indexes=[("client", "day")],
    first_id=FIRST_SETTLEMENT + 1,
)


class MoneyTables:
    """What was paid and what was paid out.

    Attributes:
        payments: The payments.
        settlements: The settlements, without what they pay out.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.payments: Repository[ReceivedPayment] = Repository(database, PAYMENTS)
        self.settlements: Repository[MadeSettlement] = Repository(database, SETTLEMENTS)

    def count(self) -> Mapping[str, int]:
        """Return how many payments and settlements there are."""
        return {
            "payments": self.payments.count(),
            "not_settled": self.payments.count(settlement=None),
            "settlements": self.settlements.count(),
        }

    def settle(self, client: str, at: datetime) -> None:
        """Pay out what has come in for a client: one settlement for each currency."""
        waiting: dict[str, list[ReceivedPayment]] = {}
        for payment in self.payments.find(client=client, settlement=None):
            if not payment.direct:
                waiting.setdefault(payment.currency, []).append(payment)
        with self._db.transaction():
            for currency, payments in waiting.items():
                made = self.settlements.put(MadeSettlement(client=client, at=at, currency=currency))
                for payment in payments:
                    self.payments.put(evolve(payment, settlement=made.id))

    def settled(
        self, client: str, first: date, last: date, *, unfetched_only: bool = False
    ) -> list[MadeSettlement]:
        """Return a client's settlements of a window of days, with the payments that they pay out.

        Args:
            client: The client's name.
            first: The first day, included.
            last: The last day, included.
            unfetched_only: Whether to return only settlements that were never fetched.
        """
        return [
            evolve(made, payments=self.payments.find(client=client, settlement=made.id))
            for made in self.settlements.find(client=client, days=(first, last))
            if made.fetched_at is None or not unfetched_only
        ]

    def mark_fetched(self, settlements: Sequence[MadeSettlement], at: datetime) -> None:
        """Note when settlements were fetched first."""
        with self._db.transaction():
            for made in settlements:
                if made.fetched_at is None:
                    self.settlements.put(evolve(made, fetched_at=at, payments=()))
