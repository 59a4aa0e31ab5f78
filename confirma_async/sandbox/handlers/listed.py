"""What all lists of the sandbox have in common: windows of days, added records, and the faults of lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from attrs import evolve, frozen

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.schemas.wire import Schema

DEFAULT_WINDOW = timedelta(days=30)
"""Without dates the window is the last 30 days (documented for distribution information, contract §5, and for
settlements, §6; for payments it is assumed)."""


@frozen
class DateWindow:
    """A window of days, both ends included, and whether it is the default one."""

    first: date
    last: date
    is_default: bool


def window_of(first: date | None, last: date | None, today: date, *, all_days: bool = False) -> DateWindow:
    """Return the window that a query asks for; one date alone leaves the other end open (assumed).

    Args:
        first: The first day of the query.
        last: Its last day.
        today: The day, by the virtual clock.
        all_days: Whether the fault IGNORED_DAYS hits it, so that the days do not count.

    Raises:
        RefusedError: it ends before it begins (assumed).
    """
    if first is None and last is None:
        window = DateWindow(today - DEFAULT_WINDOW, today, is_default=True)
    else:
        window = DateWindow(first or date.min, last or date.max, is_default=False)
    if window.last < window.first:
        upside_down = Problem("$", "window", "must not end before it begins; exchange the dates")
        raise RejectedError(400, "the dates of the query are upside down", [upside_down])
    return evolve(window, first=date.min, last=date.max) if all_days else window


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
    if not added and call.faults.most is None:
        return SandboxResponse(body=backend.converter.dumps(answer))
    written: dict[str, Any] = backend.converter.unstructure(answer)
    (name,) = [item.wire for item in backend.converter.fields_of(type(answer)) if item.attribute == attribute]
    written[name] = kept(call, [*(written.get(name) or ()), *added])
    return SandboxResponse(body=backend.converter.encode(written))


def kept(call: Call, records: Sequence[Any]) -> Sequence[Any]:
    """Return the records of a list, cut off where the fault CUT_LIST hits it."""
    return records if call.faults.most is None else records[call.faults.skipped :][: call.faults.most]


def counted(call: Call, count: int) -> int:
    """Return the count that an answer states."""
    return len(kept(call, range(count))) if call.faults.counted else count
