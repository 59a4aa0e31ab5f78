"""The sandbox's state in SQLite: clients, invoices, keys and the time. In memory, or in a file.

A file survives a crash of the process with everything that was answered for; it is not synced to the disk
on every commit, so a power cut may take the last moments with it. One sandbox at a time owns a file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen

from confirma_async.errors import ConfigurationError
from confirma_async.sandbox.lifecycle import Facts, Transition
from confirma_async.schemas import InvoiceStatus, InvoiceType

_APPLICATION_ID = 0x43464953
"""Marks our files: CFIS."""

_VERSION = 1

_SCHEMA = """
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE clients (name TEXT PRIMARY KEY, api_key TEXT NOT NULL UNIQUE, service TEXT NOT NULL) STRICT;
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
    service TEXT NOT NULL,
    valid INTEGER NOT NULL,
    manual INTEGER NOT NULL,
    delivered INTEGER NOT NULL,
    printed INTEGER NOT NULL,
    control TEXT,
    error TEXT
) STRICT;
-- Apart, since a change of status writes its whole row again.
CREATE TABLE bodies (invoice INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE INDEX invoices_by_identity ON invoices (client, number, type, seller, occasion);
CREATE INDEX invoices_by_date ON invoices (client, date);
CREATE INDEX invoices_by_due ON invoices (next_due) WHERE next_due IS NOT NULL;
"""


@frozen(kw_only=True)
class Client:
    """An account of the service; one never sees another's data.

    Attributes:
        name: What the sandbox calls it.
        api_key: Its token.
        service: The service its invoices live through.
    """

    name: str
    api_key: str = field(repr=False)
    service: str


@frozen(kw_only=True)
class NewInvoice:
    """An invoice as it arrives.

    Attributes:
        client: The client's name.
        seller: The seller's business id, else VAT code, else empty.
        type: What kind of invoice it is.
        number: Its number.
        date: Its date.
        method: How it is to be delivered, where it says.
        received_at: Virtual time of arrival.
        due_after: When its first transition is due.
        listed_from: Real time, in seconds of the epoch, before which it is not listed; None lists it at once.
        facts: What decides its way.
        body: The JSON exactly as received.
    """

    client: str
    seller: str
    type: InvoiceType
    number: int
    date: date
    method: str | None
    received_at: datetime
    due_after: timedelta
    listed_from: float | None
    facts: Facts
    body: bytes = field(repr=False)


@frozen(kw_only=True)
class StoredInvoice:
    """An invoice that the sandbox holds.

    Attributes:
        client: The name of the client that sent it.
        number: Its number.
        type: What kind of invoice it is.
        seller: The seller's business id, else VAT code, else empty.
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
class ListedInvoice:
    """What a listing needs of an invoice; ``id`` rises in order of arrival."""

    id: int
    number: str
    date: date
    status: InvoiceStatus
    method: str | None
    received_at: datetime
    distributed_at: datetime | None
    control: str | None
    error: str | None


_FACTS = tuple(item.name for item in attrs.fields(Facts))

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

_LISTED = (
    "SELECT id, number, date, status, method, received_at, distributed_at, control, error FROM invoices "
)

_OF_NUMBER = _LISTED + (
    "INDEXED BY invoices_by_identity WHERE client = ? AND number = ? AND date BETWEEN ? AND ? "
    "AND (listed_from IS NULL OR listed_from <= ?) ORDER BY id"
)

_OF_WINDOW = _LISTED + (
    "INDEXED BY invoices_by_date WHERE client = ? AND date BETWEEN ? AND ? "
    "AND (listed_from IS NULL OR listed_from <= ?) ORDER BY id"
)


def _step(transition: Transition) -> tuple[str, Mapping[str, Any]]:
    """A transition as one statement over the rows that are due, and its parameters."""
    wanted = "".join(f" AND {fact} = :{fact}" for fact in transition.when)
    distributed = ", distributed_at = next_due" if transition.distributes else ""
    statement = (
        "UPDATE invoices INDEXED BY invoices_by_due "  # noqa: S608 (built from our own attribute names)
        f"SET status = :target, next_due = next_due + :due_after{distributed} "
        f"WHERE next_due <= :now AND status = :source{wanted}"
    )
    due_after = None if transition.due_after is None else transition.due_after // timedelta(milliseconds=1)
    return statement, {
        **transition.when,
        "source": str(transition.source),
        "target": str(transition.target),
        "due_after": due_after,  # a sum with NULL is NULL: nothing more is due
    }


class Store:
    """One SQLite connection with the sandbox's questions to it. Safe to use from any thread.

    Args:
        path: The file; None keeps everything in memory.
        transitions: The steps that ``advance`` takes, earlier ones first.

    Raises:
        ConfigurationError: the file cannot be opened, is in use, or is not of a sandbox.
    """

    def __init__(self, path: str | Path | None, transitions: Iterable[Transition]) -> None:
        self._steps = [_step(transition) for transition in transitions]
        self._lock = threading.RLock()
        where = "memory" if path is None else str(path)
        connection: sqlite3.Connection | None = None
        try:
            connection = sqlite3.connect(
                ":memory:" if path is None else path,
                isolation_level=None,
                check_same_thread=False,
                timeout=0,
            )
            _prepare(connection)
        except (sqlite3.Error, ConfigurationError) as error:
            if connection is not None:
                connection.close()
            raise ConfigurationError(
                f"the sandbox cannot keep its state in {where}: {_reason(error)}"
            ) from error
        self._db = connection

    def close(self) -> None:
        """Closes the database; what is in memory is gone."""
        with self._lock:
            self._db.close()

    def get(self, name: str) -> str | None:
        """A fact of the sandbox as a whole, e.g. its provisioning token."""
        with self._lock:
            row = self._db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def put(self, facts: Mapping[str, str]) -> None:
        """Keeps facts of the sandbox as a whole, all or none."""
        with self._transaction() as db:
            db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", facts.items())

    def clients(self) -> list[Client]:
        """All clients."""
        with self._lock:
            rows = self._db.execute("SELECT name, api_key, service FROM clients").fetchall()
        return [Client(name=name, api_key=api_key, service=service) for name, api_key, service in rows]

    def put_client(self, client: Client) -> None:
        """Keeps a client, or its changes."""
        with self._transaction() as db:
            db.execute(
                "INSERT OR REPLACE INTO clients VALUES (?, ?, ?)",
                (client.name, client.api_key, client.service),
            )

    def add_invoice(self, invoice: NewInvoice) -> InvoiceStatus:
        """Stores an invoice in one transaction and returns the status it got: PAUSED or DUPLICATE."""
        number, kind, day = str(invoice.number), str(invoice.type), invoice.date.isoformat()
        occasion = day if invoice.type == InvoiceType.REMINDER else ""
        identity = (invoice.client, number, kind, invoice.seller, occasion)
        received_at = _milliseconds(invoice.received_at)
        due = received_at + invoice.due_after // timedelta(milliseconds=1)
        facts = invoice.facts
        with self._transaction() as db:
            known = db.execute(_KNOWN, identity).fetchone() is not None
            status = InvoiceStatus.DUPLICATE if known else InvoiceStatus.PAUSED
            cursor = db.execute(
                _INSERT,
                (
                    *identity,
                    day,
                    invoice.method,
                    str(status),
                    None if known else due,
                    received_at,
                    invoice.listed_from,
                    *(getattr(facts, name) for name in _FACTS),
                ),
            )
            db.execute("INSERT INTO bodies VALUES (?, ?)", (cursor.lastrowid, invoice.body))
        return status

    def advance(self, now: datetime) -> None:
        """Takes the steps that are due at a virtual time; looks at no row that is not due."""
        moment = _milliseconds(now)
        with self._lock:
            due = self._db.execute(
                "SELECT 1 FROM invoices INDEXED BY invoices_by_due WHERE next_due <= ? LIMIT 1", (moment,)
            ).fetchone()
            if due is None:
                return
            with self._transaction() as db:
                for statement, parameters in self._steps:
                    db.execute(statement, {**parameters, "now": moment})

    def listing(
        self, client: str, *, number: str | None, first: date, last: date, real_time: float
    ) -> Sequence[ListedInvoice]:
        """A client's invoices of a window of invoice dates, both included, in order of arrival."""
        window = (first.isoformat(), last.isoformat(), real_time)
        with self._lock:
            if number is None:
                rows = self._db.execute(_OF_WINDOW, (client, *window)).fetchall()
            else:
                rows = self._db.execute(_OF_NUMBER, (client, number, *window)).fetchall()
        return [_listed(row) for row in rows]

    def invoices(self) -> list[StoredInvoice]:
        """Every invoice of every client, in order of arrival."""
        with self._lock:
            rows = self._db.execute(
                "SELECT client, number, type, seller, status, received_at, body "
                "FROM invoices JOIN bodies ON invoice = id ORDER BY id"
            ).fetchall()
        return [
            StoredInvoice(
                client=client,
                number=int(number),
                type=InvoiceType(kind),
                seller=seller,
                status=InvoiceStatus(status),
                received_at=_moment(received_at),
                body=body,
            )
            for client, number, kind, seller, status, received_at, body in rows
        ]

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")


def _prepare(db: sqlite3.Connection) -> None:
    # Exclusive: a second sandbox on the same file would not see this one's clock and clients.
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    is_new = _is_new(db)  # before anything is changed in a file that may be somebody else's
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("BEGIN IMMEDIATE")
    if is_new:
        for statement in _SCHEMA.split(";\n"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {_VERSION}")
    db.execute("COMMIT")


def _is_new(db: sqlite3.Connection) -> bool:
    (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if not tables:
        return True
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if owner != _APPLICATION_ID:
        raise ConfigurationError("it is a database of something else; name another file")
    if version != _VERSION:
        raise ConfigurationError("it was made by another version of the sandbox; name another file")
    return False


def _reason(error: Exception) -> str:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return str(error)
    # The low byte is the primary code; the rest of an extended code only says where it happened.
    return _REASONS.get(code & 0xFF, str(error))


_REASONS: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: "another sandbox is using it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened; the folder must exist and be writable",
    sqlite3.SQLITE_NOTADB: "it is not a database; name another file",
    sqlite3.SQLITE_READONLY: "it may not be written to",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def _moment(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)


def _listed(row: tuple[Any, ...]) -> ListedInvoice:
    ident, number, day, status, method, received_at, distributed_at, control, error = row
    return ListedInvoice(
        id=ident,
        number=number,
        date=date.fromisoformat(day),
        status=InvoiceStatus(status),
        method=method,
        received_at=_moment(received_at),
        distributed_at=None if distributed_at is None else _moment(distributed_at),
        control=control,
        error=error,
    )
