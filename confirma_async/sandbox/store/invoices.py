"""Invoices: the tables of the hot path. What arrives is one small transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import attrs
import msgspec
from attrs import field, frozen
from attrs.converters import optional

from confirma_async.sandbox.rules.invoice_terms import InvoiceTermsSnapshot
from confirma_async.sandbox.rules.invoices import COMPLETED, RoutingFacts, Transition
from confirma_async.sandbox.store.database import Database, milliseconds, moment
from confirma_async.sandbox.store.schedule import Due
from confirma_async.schemas import InvoiceStatus, InvoiceType
from confirma_async.schemas.identity import InvoiceKey

_decode = msgspec.json.Decoder(InvoiceTermsSnapshot).decode

SCHEMA = (
    """
    CREATE TABLE invoices (
        id INTEGER PRIMARY KEY,  -- the order of arrival
        client TEXT NOT NULL,
        number TEXT NOT NULL,  -- text: a whole number of the wire may exceed 64 bits
        type TEXT NOT NULL,
        seller TEXT NOT NULL,
        occasion TEXT NOT NULL,  -- the date of a REMINDER, which may repeat; else empty
        date TEXT NOT NULL,
        method TEXT,
        status TEXT NOT NULL,
        next_due INTEGER,  -- milliseconds of virtual time; null when nothing happens by itself
        received_at INTEGER NOT NULL,
        distributed_at INTEGER,
        listed_from REAL,  -- real time; null when listed at once
        case_id INTEGER,
        service TEXT NOT NULL,
        valid INTEGER NOT NULL,
        manual INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        printed INTEGER NOT NULL,
        control TEXT,
        followed INTEGER NOT NULL,
        error TEXT
    ) STRICT
    """,
    # Apart, since a change of status writes its whole row again.
    "CREATE TABLE contents (invoice INTEGER PRIMARY KEY, claim BLOB NOT NULL, body BLOB NOT NULL) STRICT",
    "CREATE INDEX invoices_by_identity ON invoices (client, number, type, seller, occasion)",
    "CREATE INDEX invoices_by_date ON invoices (client, date)",
    "CREATE INDEX invoices_by_due ON invoices (next_due) WHERE next_due IS NOT NULL",
)


@frozen(kw_only=True)
class NewInvoice:
    """An invoice as it arrives.

    Attributes:
        client: The client's name.
        key: What makes it the same as another.
        method: How it is to be delivered, where it says.
        received_at: Virtual time of arrival.
        due_after: When its first transition is due.
        listed_from: Real time, in seconds of the epoch, before which it is not listed; None lists it at once.
        facts: What decides its way.
        snapshot: What it claims.
        body: The JSON exactly as received.
    """

    client: str
    key: InvoiceKey
    method: str | None
    received_at: datetime
    due_after: timedelta
    listed_from: float | None
    facts: RoutingFacts
    snapshot: InvoiceTermsSnapshot
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class StoredInvoice:
    """An invoice that the sandbox holds.

    Attributes:
        client: The name of the client that sent it.
        number: Its number.
        type: What kind of invoice it is.
        seller: The seller's business id, else VAT code, in one spelling; else empty.
        status: Where it stands now.
        received_at: Virtual time of arrival.
        body: The JSON exactly as received.
    """

    client: str
    number: int
    type: InvoiceType
    seller: str
    status: InvoiceStatus
    received_at: datetime
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class InvoiceQuery:
    """Which invoices to list.

    Attributes:
        client: Whose.
        number: Of which number; None takes all.
        first: From which date of the invoices on.
        last: Up to which date, included.
        real_time: Now, in seconds of the epoch; what is listed later is left out.
    """

    client: str
    number: str | None
    first: date
    last: date
    real_time: float

    @property
    def parameters(self) -> Sequence[Any]:
        """What the statements ask for, in order."""
        by_number = () if self.number is None else (self.number,)
        return (self.client, *by_number, self.first.isoformat(), self.last.isoformat(), self.real_time)


def _day(stored: str) -> date:
    return date.fromisoformat(stored)


def _snapshot(stored: bytes) -> InvoiceTermsSnapshot:
    return _decode(stored)


@frozen
class ListedInvoice:
    """What a listing needs of an invoice, as its row has it; ``id`` rises in order of arrival."""

    id: int
    number: str
    date: date = field(converter=_day)
    status: InvoiceStatus = field(converter=InvoiceStatus)
    method: str | None
    received_at: datetime = field(converter=moment)
    distributed_at: datetime | None = field(converter=optional(moment))
    control: str | None
    case_id: int | None
    error: str | None


@frozen
class DeliveredInvoice:
    """What the way after delivery needs of an invoice; ``is_delivered`` says whether anybody gets it."""

    id: int
    client: str
    number: str
    type: InvoiceType = field(converter=InvoiceType)
    seller: str
    date: date = field(converter=_day)
    status: InvoiceStatus = field(converter=InvoiceStatus)
    is_delivered: bool = field(converter=bool)
    control: str | None
    case_id: int | None
    snapshot: InvoiceTermsSnapshot = field(converter=_snapshot)


_FACTS = tuple(item.name for item in attrs.fields(RoutingFacts))

_COLUMNS = (
    *("client", "number", "type", "seller", "occasion", "date", "method", "status", "next_due"),
    *("received_at", "listed_from", *_FACTS),
)

_INSERT = "".join(
    ("INSERT INTO invoices (", ", ".join(_COLUMNS), ") VALUES (", ", ".join("?" * len(_COLUMNS)), ")")
)

_KNOWN = (
    "SELECT 1 FROM invoices INDEXED BY invoices_by_identity "
    "WHERE client = ? AND number = ? AND type = ? AND seller = ? AND occasion = ? LIMIT 1"
)

_LISTED = "SELECT id, number, date, status, method, received_at, distributed_at, control, case_id, error "

_OF_NUMBER = (
    "FROM invoices INDEXED BY invoices_by_identity WHERE client = ? AND number = ? AND date BETWEEN ? AND ? "
    "AND (listed_from IS NULL OR listed_from <= ?)"
)

_OF_WINDOW = (
    "FROM invoices INDEXED BY invoices_by_date WHERE client = ? AND date BETWEEN ? AND ? "
    "AND (listed_from IS NULL OR listed_from <= ?)"
)

_DELIVERED = (
    "SELECT id, client, number, type, seller, date, status, delivered, control, case_id, claim "
    "FROM invoices JOIN contents ON invoice = id "
)

_ORIGINAL = _DELIVERED + (
    "WHERE client = ? AND number = ? AND seller = ? AND type NOT IN (?, ?) AND status NOT IN (?, ?) "
    "ORDER BY id LIMIT 1"
)


def _step(transition: Transition) -> tuple[str, str | None, Mapping[str, Any]]:
    """Return a transition as a statement over the rows that are due, what it schedules, and parameters."""
    wanted = "".join(f" AND {fact} = :{fact}" for fact in transition.when)
    due = f"WHERE next_due <= :now AND status = :source{wanted}"
    distributed = ", distributed_at = next_due" if transition.distributes else ""
    statement = (
        "UPDATE invoices INDEXED BY invoices_by_due "  # noqa: S608 (built from our own attribute names)
        f"SET status = :target, next_due = next_due + :due_after{distributed} {due}"
    )
    follow_up = (
        "INSERT INTO agenda (due, kind, subject) SELECT next_due, :kind_of_due, id "  # noqa: S608 (as above)
        f"FROM invoices INDEXED BY invoices_by_due {due} AND followed ORDER BY next_due, id"
    )
    due_after = None if transition.due_after is None else transition.due_after // timedelta(milliseconds=1)
    return (
        statement,
        follow_up if transition.target in COMPLETED else None,
        {
            **transition.when,
            "source": str(transition.source),
            "target": str(transition.target),
            "due_after": due_after,  # a sum with NULL is NULL: nothing more is due
            "kind_of_due": Due.DELIVERED,
        },
    )


class InvoiceTable:
    """What was sent, and where it stands."""

    def __init__(self, database: Database, transitions: Iterable[Transition]) -> None:
        self._db = database
        self._steps = [_step(transition) for transition in transitions]

    def add(self, invoice: NewInvoice) -> InvoiceStatus:
        """Store an invoice in one transaction and return the status it got: PAUSED or DUPLICATE."""
        key = invoice.key
        identity = (invoice.client, str(key.number), key.type, key.seller, key.repeat)
        received_at = milliseconds(invoice.received_at)
        due = received_at + invoice.due_after // timedelta(milliseconds=1)
        facts = invoice.facts
        snapshot = msgspec.json.encode(invoice.snapshot)
        with self._db.transaction() as db:
            known = db.execute(_KNOWN, identity).fetchone() is not None
            status = InvoiceStatus.DUPLICATE if known else InvoiceStatus.PAUSED
            cursor = db.execute(
                _INSERT,
                (
                    *identity,
                    key.date,
                    invoice.method,
                    str(status),
                    None if known else due,
                    received_at,
                    invoice.listed_from,
                    *(getattr(facts, name) for name in _FACTS),
                ),
            )
            db.execute("INSERT INTO contents VALUES (?, ?, ?)", (cursor.lastrowid, snapshot, invoice.body))
        return status

    def advance(self, now: datetime) -> None:
        """Take the transitions that are due at a virtual time; look at no row that is not due."""
        until = milliseconds(now)
        due = "SELECT 1 FROM invoices INDEXED BY invoices_by_due WHERE next_due <= ? LIMIT 1"
        if self._db.row(due, (until,)) is None:
            return
        with self._db.transaction() as db:
            for statement, follow_up, parameters in self._steps:
                if follow_up is not None:
                    db.execute(follow_up, {**parameters, "now": until})
                db.execute(statement, {**parameters, "now": until})

    def listed(
        self, query: InvoiceQuery, *, skip: int = 0, most: int | None = None
    ) -> Sequence[ListedInvoice]:
        """Return the invoices of a query in order of arrival.

        Without the first ``skip``, and ``most`` at most.
        """
        found = _OF_WINDOW if query.number is None else _OF_NUMBER
        rows = self._db.rows(
            f"{_LISTED}{found} ORDER BY id LIMIT ? OFFSET ?",
            (*query.parameters, -1 if most is None else most, skip),
        )
        return [ListedInvoice(*row) for row in rows]

    def listed_count(self, query: InvoiceQuery) -> int:
        """Return how many invoices a query has."""
        found = _OF_WINDOW if query.number is None else _OF_NUMBER
        ((count,),) = self._db.rows(f"SELECT count(*) {found}", query.parameters)
        return int(count)

    def all(self) -> list[StoredInvoice]:
        """Return every invoice of every client, in order of arrival."""
        rows = self._db.rows(
            "SELECT client, number, type, seller, status, received_at, body "
            "FROM invoices JOIN contents ON invoice = id ORDER BY id"
        )
        return [
            StoredInvoice(
                client=client,
                number=int(number),
                type=InvoiceType(kind),
                seller=seller,
                status=InvoiceStatus(status),
                received_at=moment(received_at),
                body=body,
            )
            for client, number, kind, seller, status, received_at, body in rows
        ]

    def count(self) -> Mapping[str, int]:
        """Return how many invoices there are, by status."""
        return dict(self._db.rows("SELECT status, count(*) FROM invoices GROUP BY status ORDER BY status"))

    def delivered(self, ident: int) -> DeliveredInvoice:
        """Return an invoice by its row."""
        (row,) = self._db.rows(_DELIVERED + "WHERE id = ?", (ident,))
        return DeliveredInvoice(*row)

    def of_number(self, client: str, number: str) -> list[DeliveredInvoice]:
        """Return a client's invoices of one number, in order of arrival, but for duplicates."""
        rows = self._db.rows(
            _DELIVERED + "WHERE client = ? AND number = ? AND status <> ? ORDER BY id",
            (client, number, str(InvoiceStatus.DUPLICATE)),
        )
        return [DeliveredInvoice(*row) for row in rows]

    def original_of(self, invoice: DeliveredInvoice) -> DeliveredInvoice | None:
        """Return what an invoice credits or reminds of, of the same client and seller.

        None where it is not here.
        """
        row = self._db.row(
            _ORIGINAL,
            (
                *(invoice.client, str(invoice.snapshot.original), invoice.seller),
                *(str(InvoiceType.CREDIT_NOTE), str(InvoiceType.REMINDER)),
                *(str(InvoiceStatus.DUPLICATE), str(InvoiceStatus.ERROR)),
            ),
        )
        return None if row is None else DeliveredInvoice(*row)

    def put_case(self, ident: int, case_id: int) -> None:
        """Say which case an invoice belongs to."""
        with self._db.transaction() as db:
            db.execute("UPDATE invoices SET case_id = ? WHERE id = ?", (case_id, ident))

    def put_snapshot(self, ident: int, snapshot: InvoiceTermsSnapshot) -> None:
        """Change what an invoice claims."""
        with self._db.transaction() as db:
            db.execute(
                "UPDATE contents SET claim = ? WHERE invoice = ?", (msgspec.json.encode(snapshot), ident)
            )

    def put_status(
        self, ident: int, status: InvoiceStatus, *, due: datetime | None = None, error: str | None = None
    ) -> None:
        """Set the status of an invoice, and the time of its next step.

        Args:
            ident: The number of its row.
            status: The new status.
            due: When its next step is due, by the virtual clock; None where no step follows by itself.
            error: The error that its distribution record shows; None for none.
        """
        with self._db.transaction() as db:
            db.execute(
                "UPDATE invoices SET status = ?, next_due = ?, error = ? WHERE id = ?",
                (str(status), None if due is None else milliseconds(due), error, ident),
            )
