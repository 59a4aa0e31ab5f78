"""Retrieve distribution Information."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import date, timedelta

from attrs import frozen

from confirma_async.errors import ResponseDecodeError
from confirma_async.sandbox.answers import Answer, refusal
from confirma_async.sandbox.handlers.call import Call, World
from confirma_async.sandbox.lifecycle import CONTROLLED
from confirma_async.sandbox.store import ListedInvoice
from confirma_async.schemas import (
    DistributionInformation,
    DistributionMetaData,
    DistributionMethod,
    DistributionQuery,
    DistributionRecord,
    FiltersApplied,
    InvoiceStatus,
)

DEFAULT_WINDOW = timedelta(days=30)
"""Without dates the window is the last 30 days (contract §5, documented)."""

_SUCCESSFUL = frozenset({InvoiceStatus.INVOICED, InvoiceStatus.INTERMEDIATED})
_FAILED = frozenset({InvoiceStatus.ERROR, InvoiceStatus.DUPLICATE})
"""What the counts count. Ours: the vendor names the counts and does not say which statuses they stand for."""

_FIRST_CASE = 7_000_000
"""Case numbers start above this, so that no test mistakes one for an invoice number."""

_DUPLICATE = "an invoice of this identity was received before"


@frozen
class _Window:
    first: date
    last: date
    is_default: bool


def distributions(world: World, call: Call) -> Answer:
    """Answers 200 with the records of the client's invoices in order of arrival (contract §5).

    The window is on the invoice's date, both ends included; without dates it is the last 30 days of the
    virtual clock, in UTC, also where a number is asked for. One date alone leaves the other end open (ours).
    The names of query and records are provisional, as are the words of ``paymentControlStatus``;
    ``fetchType`` is echoed and otherwise ignored, its values being unknown.
    """
    wanted = {name: text for name, text in call.query.items() if text}  # "" stands for no value (§1)
    try:
        query = world.converter.structure(wanted, DistributionQuery)
    except ResponseDecodeError as error:
        return refusal(400, "the query is not that of distribution information", error.problems)
    now = world.clock.now()
    world.store.advance(now)
    window = _window(query, now.date())
    found = world.store.listing(
        call.client.name,
        number=query.invoice_number,
        first=window.first,
        last=window.last,
        real_time=time.time(),
    )
    information = DistributionInformation(
        meta_data=DistributionMetaData(
            total_count=len(found),
            successful_count=sum(item.status in _SUCCESSFUL for item in found),
            failed_count=sum(item.status in _FAILED for item in found),
            filters_applied=_filters(query, window),
        ),
        data=tuple(_record(item) for item in found),
    )
    return Answer(body=world.converter.dumps(information))


def _window(query: DistributionQuery, today: date) -> _Window:
    if query.from_inv_date is None and query.to_inv_date is None:
        return _Window(today - DEFAULT_WINDOW, today, is_default=True)
    return _Window(query.from_inv_date or date.min, query.to_inv_date or date.max, is_default=False)


def _filters(query: DistributionQuery, window: _Window) -> FiltersApplied:
    return FiltersApplied(
        invoice_number=query.invoice_number,
        from_inv_date=window.first if window.is_default else query.from_inv_date,
        to_inv_date=window.last if window.is_default else query.to_inv_date,
        fetch_type=query.fetch_type,
        default_last30_days=window.is_default,
    )


def _record(item: ListedInvoice) -> DistributionRecord:
    is_invoiced = item.status == InvoiceStatus.INVOICED
    errors: Mapping[InvoiceStatus, str | None] = {
        InvoiceStatus.ERROR: item.error,
        InvoiceStatus.DUPLICATE: _DUPLICATE,
    }
    return DistributionRecord(
        invoice_number=item.number,
        invoice_date=item.date,
        status=item.status,
        method=None if item.method is None else DistributionMethod(item.method),
        created_at=item.received_at,
        distributed_at=item.distributed_at,
        payment_control_status=item.control if is_invoiced else None,
        case_id=_FIRST_CASE + item.id if is_invoiced and item.control == CONTROLLED else None,
        error=errors.get(item.status),
    )
