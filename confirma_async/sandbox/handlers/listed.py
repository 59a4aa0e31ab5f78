"""What all lists of the sandbox have in common: added records, and the faults of lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import msgspec

from confirma_async.sandbox.answers import SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call
from confirma_async.sandbox.handlers.date_window import DateWindow, window_of
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.schemas.wire import Schema


def window_for(
    call: Call, first: date | None, last: date | None, today: date
) -> DateWindow | SandboxResponse:
    """Return the window of a query; all days where the fault IGNORED_DAYS hits it."""
    window = window_of(first, last, today)
    if isinstance(window, DateWindow) and call.unfiltered:
        return DateWindow(date.min, date.max, is_default=window.is_default)
    return window


def added_records_of(
    backend: Backend, call: Call, kind: ListedKind, window: DateWindow, *, number: str | None = None
) -> Sequence[msgspec.Raw]:
    """Return the added records (``Controls.add_records``) of a window; none for a query for one invoice.

    Args:
        backend: The state of the sandbox.
        call: The request, with its client.
        kind: The list that is asked for.
        window: The days of the query, both ends included.
        number: The invoice number of the query; None where it names none.
    """
    if number is not None:
        return ()
    return backend.store.added_records.find(call.client.name, kind, window.first, window.last)


def listed(
    backend: Backend, call: Call, answer: Schema, attribute: str, added: Sequence[msgspec.Raw]
) -> SandboxResponse:
    """Return the answer with a list: own records, then added ones, cut off where a fault says so.

    Args:
        backend: The state of the sandbox.
        call: The request, with the faults that hit it.
        answer: The answer with the sandbox's own records.
        attribute: The attribute of the answer that holds the list.
        added: The added records, as JSON.
    """
    if not added and call.most is None:
        return SandboxResponse(body=backend.converter.dumps(answer))
    written: dict[str, Any] = backend.converter.unstructure(answer)
    (name,) = [item.wire for item in backend.converter.fields_of(type(answer)) if item.attribute == attribute]
    written[name] = kept(call, [*(written.get(name) or ()), *added])
    return SandboxResponse(body=backend.converter.encode(written))


def kept(call: Call, records: Sequence[Any]) -> Sequence[Any]:
    """Return the records of a list, cut off where the fault CUT_LIST hits it."""
    return records if call.most is None else records[call.skipped :][: call.most]


def counted(call: Call, count: int) -> int:
    """Return the count that an answer states."""
    return len(kept(call, range(count))) if call.counted else count
