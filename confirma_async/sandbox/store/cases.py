"""Cases with their history, and the actions that wait to change them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import frozen

from confirma_async.sandbox.rules.cases import SandboxCase, SandboxEvent
from confirma_async.sandbox.store.repository import Repository, TableOf


@frozen(kw_only=True)
class PastEvent:
    """An event of a case with its time; ``id`` is 0 until it is stored."""

    id: int = 0
    case_id: int
    at: datetime
    event: SandboxEvent


@frozen(kw_only=True)
class QueuedAction:
    """An action as it was received, in its wire form, and its case; ``id`` is 0 until it is stored."""

    id: int = 0
    case_id: int
    action: bytes


CASES = TableOf(
    record=SandboxCase,
    name="cases",
    columns={"client": "TEXT NOT NULL", "number": "TEXT NOT NULL"},
    indexes=[("client", "number")],
)

EVENTS = TableOf(
    record=PastEvent, name="events", columns={"case_id": "INTEGER NOT NULL"}, indexes=[("case_id",)]
)

ACTIONS = TableOf(record=QueuedAction, name="actions")


def find_cases(
    cases: Repository[SandboxCase], client: str, *, ident: int | None, number: str | None
) -> list[SandboxCase]:
    """Return a client's cases of a number, an identifier, or both; all where neither is given."""
    named = {"id": ident, "number": number}
    wanted: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    return cases.find(client=client, **wanted)
