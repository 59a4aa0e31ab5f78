"""Tables of the mirror: what there is to ask, and what its events mean."""

from __future__ import annotations

from confirma_async.mirror.events.event_types import TYPES
from confirma_async.mirror.reconciliation.kinds import STANDINGS, DifferenceKind
from confirma_async.mirror.store.views import VIEWS
from docs.tables.markup import code, member_docs, table


def mirror_tables() -> str:
    """Return every table that can be asked, column by column."""
    parts = [
        f"### {view.name}\n\n{view.what}\n\n"
        + table(("Column", "What it says"), [(code(name), text) for name, text in view.columns.items()])
        for view in VIEWS
    ]
    return "\n".join(parts)


def standings() -> str:
    """Return how an invoice, a payment or a settlement can stand."""
    docs = member_docs(DifferenceKind)
    rows = [(kind.value, docs[kind.name], "" if kind in STANDINGS else "yes") for kind in DifferenceKind]
    return table(("Standing", "Meaning", "A difference"), rows)


def events() -> str:
    """Return every type of event."""
    return table(("Type", "What happened"), [(code(name), text) for name, text in TYPES.items()])
