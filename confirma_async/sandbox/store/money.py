"""Payments and the settlements that pay them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

import msgspec
from attrs import evolve, field, frozen

from confirma_async.sandbox.rules.money.amounts import AmountByKind
from confirma_async.sandbox.rules.money.settlement import FIRST_SETTLEMENT
from confirma_async.sandbox.store.database import Database, key_of, milliseconds, moment

SCHEMA = (
    """
    CREATE TABLE payments (
        id INTEGER PRIMARY KEY,
        client TEXT NOT NULL,
        case_id INTEGER NOT NULL,
        day TEXT NOT NULL,
        settlement INTEGER,  -- null until it is settled
        contents BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX payments_by_day ON payments (client, day)",
    "CREATE INDEX payments_by_case ON payments (case_id)",
    "CREATE INDEX payments_by_settlement ON payments (client, settlement)",
    """
    CREATE TABLE settlements (
        id INTEGER PRIMARY KEY,
        client TEXT NOT NULL,
        at INTEGER NOT NULL,
        day TEXT NOT NULL,
        currency TEXT NOT NULL,
        fetched_at INTEGER
    ) STRICT
    """,
    "CREATE INDEX settlements_by_day ON settlements (client, day)",
)


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


_decode = msgspec.json.Decoder(ReceivedPayment).decode


@frozen(kw_only=True)
class MadeSettlement:
    """A settlement with the payments that it pays out."""

    id: int
    at: datetime
    currency: str
    fetched_at: datetime | None
    payments: Sequence[ReceivedPayment] = field(converter=tuple[ReceivedPayment, ...])


class PaymentTable:
    """What was paid and what was paid out."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def put_payment(self, payment: ReceivedPayment) -> ReceivedPayment:
        """Keep a payment, or its changes, and return it with its number."""
        with self._db.transaction() as db:
            cursor = db.execute(
                "INSERT OR REPLACE INTO payments VALUES (?, ?, ?, ?, ?, ?)",
                (
                    payment.id or None,
                    payment.client,
                    payment.case_id,
                    payment.at.date().isoformat(),
                    payment.settlement,
                    msgspec.json.encode(payment),
                ),
            )
        return evolve(payment, id=payment.id or cursor.lastrowid or 0)

    def drop_payment(self, ident: int) -> None:
        """Forget a payment."""
        with self._db.transaction() as db:
            db.execute("DELETE FROM payments WHERE id = ?", (ident,))

    def payment(self, ident: int) -> ReceivedPayment | None:
        """Return a payment by its number."""
        found = self._payments("WHERE id = ?", key_of(ident))
        return found[0] if found else None

    def payments(self, client: str, first: date, last: date) -> list[ReceivedPayment]:
        """Return a client's payments of a window of days, both included, in order of arrival."""
        return self._payments(
            "WHERE client = ? AND day BETWEEN ? AND ?", client, first.isoformat(), last.isoformat()
        )

    def payments_of(self, case_id: int) -> list[ReceivedPayment]:
        """Return the payments to a case, in order of arrival."""
        return self._payments("WHERE case_id = ?", case_id)

    def count(self) -> Mapping[str, int]:
        """Return how many payments and settlements there are."""
        (row,) = self._db.rows(
            "SELECT (SELECT count(*) FROM payments), "
            "(SELECT count(*) FROM payments WHERE settlement IS NULL), (SELECT count(*) FROM settlements)"
        )
        return dict(zip(("payments", "not_settled", "settlements"), row, strict=True))

    def settle(self, client: str, at: datetime) -> list[MadeSettlement]:
        """Pay out what has come in for a client: one settlement for each currency."""
        waiting: dict[str, list[ReceivedPayment]] = {}
        for payment in self._payments("WHERE client = ? AND settlement IS NULL", client):
            if not payment.direct:
                waiting.setdefault(payment.currency, []).append(payment)
        with self._db.transaction():
            return [self._settle(client, at, currency, payments) for currency, payments in waiting.items()]

    def settlements(
        self, client: str, first: date, last: date, *, unfetched_only: bool = False
    ) -> list[MadeSettlement]:
        """Return a client's settlements of a window of days, both included, in order."""
        rows = self._db.rows(
            "SELECT id, at, currency, fetched_at FROM settlements WHERE client = ? AND day BETWEEN ? AND ? "
            "AND (fetched_at IS NULL OR NOT ?) ORDER BY id",
            (client, first.isoformat(), last.isoformat(), unfetched_only),
        )
        return [
            MadeSettlement(
                id=ident,
                at=moment(at),
                currency=currency,
                fetched_at=None if fetched_at is None else moment(fetched_at),
                payments=self._payments("WHERE client = ? AND settlement = ?", client, ident),
            )
            for ident, at, currency, fetched_at in rows
        ]

    def mark_fetched(self, settlements: Sequence[MadeSettlement], at: datetime) -> None:
        """Note when settlements were fetched first."""
        with self._db.transaction() as db:
            db.executemany(
                "UPDATE settlements SET fetched_at = ? WHERE id = ? AND fetched_at IS NULL",
                [(milliseconds(at), settlement.id) for settlement in settlements],
            )

    def _settle(
        self, client: str, at: datetime, currency: str, payments: Sequence[ReceivedPayment]
    ) -> MadeSettlement:
        with self._db.transaction() as db:
            (last,) = db.execute("SELECT max(id) FROM settlements").fetchone()
            ident = (last or FIRST_SETTLEMENT) + 1
            db.execute(
                "INSERT INTO settlements VALUES (?, ?, ?, ?, ?, NULL)",
                (ident, client, milliseconds(at), at.date().isoformat(), currency),
            )
            settled = [self.put_payment(evolve(payment, settlement=ident)) for payment in payments]
        return MadeSettlement(id=ident, at=at, currency=currency, fetched_at=None, payments=settled)

    def _payments(self, where: str, *parameters: object) -> list[ReceivedPayment]:
        rows = self._db.rows(
            f"SELECT id, contents FROM payments {where} ORDER BY id",  # noqa: S608 (written in this module)
            parameters,
        )
        return [evolve(_decode(contents), id=ident) for ident, contents in rows]
