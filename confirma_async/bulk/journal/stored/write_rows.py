"""Writes that are no invoices, as both databases keep them in their tables."""

from __future__ import annotations

import json
from typing import Any

from confirma_async.bulk.journal.stored.values import seconds
from confirma_async.bulk.journal.writes import WriteRow
from confirma_async.bulk.models import State

COLUMNS = (
    "id, operation, key, digest, facts, state, run, attempts, attempted_at, ends_at, decided_at, status, "
    "detail, form"
)
"""The columns of a write, in the order in which ``write_row`` takes them."""


def write_row(found: tuple[Any, ...]) -> WriteRow:
    """Return a write of the values of its columns."""
    (ident, operation, key, digest, facts, state, run, attempts, attempted_at, ends_at, decided_at, status,
     detail, form) = found  # fmt: skip
    return WriteRow(
        id=ident,
        operation=operation,
        key=key,
        digest=digest,
        facts=tuple(json.loads(facts)),
        state=State(state),
        run=run,
        attempts=attempts,
        attempted_at=seconds(attempted_at),
        ends_at=seconds(ends_at),
        decided_at=seconds(decided_at),
        status=status,
        detail=detail,
        form=form,
    )
