"""Gives each consumer its events, in order and each at least once, and remembers which it has had."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
import msgspec
from attrs import field, frozen

from confirma_async.errors import ConfigurationError
from confirma_async.mirror.store.accounts import MirroredAccount
from confirma_async.mirror.store.database import MirrorDatabase

AT_ONCE = 200
"""Number of events that one query reads."""

_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode


@frozen(kw_only=True)
class Event:
    """A change in the mirror.

    Attributes:
        id: The same at every delivery, so that a receiver can recognise the event.
        sequence: The number of the event in the order of all events of the mirror.
        type: What happened: ``payment.seen``.
        at: When the mirror found the change; ISO 8601, in UTC.
        subject: What it is about, in words: ``invoice 1042``.
        account: The account's name.
        data: The contents, by name; nothing in them names a person.
    """

    id: str
    sequence: int
    type: str
    at: str
    subject: str
    account: str
    data: Mapping[str, Any] = field(repr=False)

    def as_json(self) -> bytes:
        """Return the event as JSON, the same bytes at every delivery."""
        return _encode(attrs.asdict(self, recurse=False, filter=attrs.filters.exclude("sequence")))


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def named(consumer: str) -> str:
    """Check a consumer's name, which becomes a part of a file's name, and return it.

    Raises:
        ConfigurationError: the name cannot be used.
    """
    if not _NAME.fullmatch(consumer):
        raise ConfigurationError(
            "the name of a consumer takes letters, digits, '.', '_' and '-', 64 at most (consumer=)"
        )
    return consumer


@frozen
class Consumer:
    """A consumer of the events of an account.

    Attributes:
        database: The mirror.
        account: The account whose events it takes.
        name: Its name, by which the mirror remembers what it has had.
    """

    database: MirrorDatabase
    account: MirroredAccount
    name: str

    def begin(self, *, new_only: bool) -> None:
        """Enter the consumer in the mirror; with ``new_only`` a new one gets only the events from now on."""
        ((last,),) = self.database.rows(
            "SELECT coalesce(max(id), 0) FROM event WHERE account = ?", (self.account.id,)
        )
        self.database.run(
            "INSERT INTO consumer VALUES (?, ?, ?) ON CONFLICT (account, name) DO NOTHING",
            (self.account.id, self.name, last if new_only else 0),
        )

    def waiting(self) -> Sequence[Event]:
        """Return the next events that the consumer has not had, in order; none if it has had all."""
        rows = self.database.rows(
            "SELECT e.name, e.id, e.type, e.at, e.subject, e.data FROM event e "
            "JOIN consumer c ON c.account = e.account AND c.name = ? "
            "WHERE e.account = ? AND e.id > c.event ORDER BY e.id LIMIT ?",
            (self.name, self.account.id, AT_ONCE),
        )
        return [
            Event(
                id=name, sequence=sequence, type=kind, at=at, subject=subject, account=self.account.name,
                data=_decode(data),
            )
            for name, sequence, kind, at, subject, data in rows
        ]  # fmt: skip

    def take(self, event: Event) -> None:
        """Record that the consumer has had an event and all events before it."""
        self.database.run(
            "UPDATE consumer SET event = ? WHERE account = ? AND name = ? AND event < ?",
            (event.sequence, self.account.id, self.name, event.sequence),
        )
