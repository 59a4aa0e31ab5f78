"""Clients of the service with their tokens, and the facts of the sandbox as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from confirma_async.sandbox.rules.accounts import FIRST_CLIENT, FIRST_CUSTOMER_CODE, FIRST_PREFIX
from confirma_async.sandbox.store.database import Database
from confirma_async.sandbox.store.repository import Repository, TableOf


@frozen(kw_only=True)
class SandboxClient:
    """An account of the service; one never sees another's data.

    Attributes:
        id: Its number; 0 until it is stored.
        name: What the sandbox calls it: of one that was onboarded, its business code.
        api_key: Its token.
        service: The service its invoices live through.
        expires_at: When its token expires; None is never.
        title: The company's name.
        iban: The account that settlements go to.
        bic: Its bank.
        provider: Its accounting system; None where none is connected.
        provider_error: The text with which the provider rejects every record; None where it accepts them.
    """

    id: int = 0
    name: str
    api_key: str = field(repr=False)
    service: str
    expires_at: datetime | None = None
    title: str | None = None
    iban: str | None = None
    bic: str | None = None
    provider: str | None = None
    provider_error: str | None = None

    def has_expired(self, now: datetime) -> bool:
        """Say whether its token has."""
        return self.expires_at is not None and self.expires_at <= now

    @property
    def identifier(self) -> int:
        """What the service calls it."""
        return FIRST_CLIENT + self.id

    @property
    def customer_code(self) -> int:
        """Its customer code."""
        return FIRST_CUSTOMER_CODE + self.id

    @property
    def reference_prefix(self) -> int:
        """What the references of its invoices begin with."""
        return FIRST_PREFIX + self.id


CLIENTS = TableOf(
    record=SandboxClient,
    name="clients",
    columns={"name": "TEXT NOT NULL UNIQUE", "api_key": "TEXT NOT NULL UNIQUE"},
)

SCHEMA = (
    *CLIENTS.schema,
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
)


class ClientTable:
    """Who may ask. Tokens are looked up in memory: every request asks for one."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._stored = Repository(database, CLIENTS)
        clients = self._stored.find()
        self._by_token = {client.api_key: client for client in clients}
        self._by_name = {client.name: client for client in clients}

    def by_token(self, token: str) -> SandboxClient | None:
        """Return whose token it is, expired or not."""
        return self._by_token.get(token)

    def by_name(self, name: str) -> SandboxClient | None:
        """Return the client of a name."""
        return self._by_name.get(name)

    def by_id(self, ident: int) -> SandboxClient:
        """Return a client that is known to be there."""
        return next(client for client in self.all() if client.id == ident)

    def all(self) -> list[SandboxClient]:
        """Return all clients, in the order they came."""
        return list(self._by_name.values())

    def put(self, client: SandboxClient) -> SandboxClient:
        """Keep a client, or its changes, and return it with its number; an older token is unknown then."""
        client = self._stored.put(client)
        before = self._by_name.get(client.name)
        if before is not None:
            self._by_token.pop(before.api_key, None)
        self._by_token[client.api_key] = self._by_name[client.name] = client
        return client

    def fact(self, name: str) -> str | None:
        """Return a fact of the sandbox as a whole, e.g. its provisioning token."""
        row = self._db.row("SELECT value FROM settings WHERE name = ?", (name,))
        return None if row is None else str(row[0])

    def put_facts(self, facts: Mapping[str, str]) -> None:
        """Keep facts of the sandbox as a whole, all or none."""
        with self._db.transaction() as db:
            db.executemany("INSERT OR REPLACE INTO settings VALUES (?, ?)", facts.items())
