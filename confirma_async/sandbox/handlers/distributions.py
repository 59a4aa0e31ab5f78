"""Retrieve distribution Information, at once and by pages."""

from __future__ import annotations

import time
from collections.abc import Mapping

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_query, with_blanks
from confirma_async.sandbox.handlers.listed import (
    DateWindow,
    added_records_of,
    counted,
    listed,
    window_of,
)
from confirma_async.sandbox.store.added_records import ListedKind
from confirma_async.sandbox.store.invoices import InvoiceQuery, ListedInvoice
from confirma_async.schemas import (
    DistributionInformation,
    DistributionMetaData,
    DistributionMethod,
    DistributionPage,
    DistributionPageMeta,
    DistributionPageQuery,
    DistributionQuery,
    DistributionRecord,
    FiltersApplied,
    InvoiceStatus,
)

PAGE_SIZE = 100
"""Records of a page unless the query says otherwise. Assumed."""

LARGEST_PAGE = 1000
"""Records of a page at most. Assumed."""

LAST_PAGE = 10**9
"""The highest page that can be asked for. Assumed."""

_CONTROLLED = frozenset({InvoiceStatus.INVOICED, InvoiceStatus.CREDITED})
_SUCCESSFUL = frozenset({*_CONTROLLED, InvoiceStatus.INTERMEDIATED})
_FAILED = frozenset({InvoiceStatus.ERROR, InvoiceStatus.DUPLICATE})
"""What the counts count. Assumed: the vendor names the counts, and not the statuses behind them."""

_DUPLICATE = "an invoice of this identity was received before"


def distributions(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with the records of the client's invoices in order of arrival (contract §5).

    The window is on the invoice's date, both ends included; without dates it is the last 30 days of the
    virtual clock, in UTC, also where a number is asked for. The names of query and records are provisional,
    as are the words of ``paymentControlStatus``; ``fetchType`` is echoed and otherwise ignored, its values
    being unknown.
    """
    query = read_query(backend, call, DistributionQuery)
    today = backend.now().date()
    window = window_of(query.from_inv_date, query.to_inv_date, today, all_days=call.faults.unfiltered)
    found = backend.store.invoices.listed(_invoice_query(call, query.invoice_number, window))
    added = added_records_of(backend, call, ListedKind.DISTRIBUTION, window, number=query.invoice_number)
    information = DistributionInformation(
        meta_data=DistributionMetaData(
            total_count=counted(call, len(found) + len(added)),
            successful_count=sum(item.status in _SUCCESSFUL for item in found),
            failed_count=sum(item.status in _FAILED for item in found),
            filters_applied=_filters(query, window),
        ),
        data=tuple(_record(item) for item in found),
    )
    return listed(backend, call, with_blanks(backend, information, "data"), "data", added)


def distributions_v2(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with one page of the same records (contract §5; provisional throughout).

    Pages count from 1; a page beyond the last is empty (assumed).
    """
    query = read_query(backend, call, DistributionPageQuery)
    page = 1 if query.page is None else query.page
    size = PAGE_SIZE if query.page_size is None else query.page_size
    if not 1 <= page <= LAST_PAGE or not 1 <= size <= LARGEST_PAGE:
        wrong = Problem("$", "page", f"must be pages from 1, of 1 to {LARGEST_PAGE} records")
        raise RejectedError(400, "there is no such page", [wrong])
    window = window_of(query.from_inv_date, query.to_inv_date, backend.now().date())
    listing = _invoice_query(call, query.invoice_number, window)
    found = backend.store.invoices.listed(listing, skip=(page - 1) * size, most=size)
    answer = DistributionPage(
        meta_data=DistributionPageMeta(
            page=page, page_size=size, total_count=backend.store.invoices.listed_count(listing)
        ),
        data=tuple(_record(item) for item in found),
    )
    return SandboxResponse(body=backend.converter.dumps(with_blanks(backend, answer, "data")))


def _invoice_query(call: Call, number: str | None, window: DateWindow) -> InvoiceQuery:
    return InvoiceQuery(
        client=call.client.name,
        number=number,
        first=window.first,
        last=window.last,
        real_time=time.time(),
    )


def _filters(query: DistributionQuery, window: DateWindow) -> FiltersApplied:
    return FiltersApplied(
        invoice_number=query.invoice_number,
        from_inv_date=window.first if window.is_default else query.from_inv_date,
        to_inv_date=window.last if window.is_default else query.to_inv_date,
        fetch_type=query.fetch_type,
        default_last30_days=window.is_default,
    )


def _record(item: ListedInvoice) -> DistributionRecord:
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
        payment_control_status=item.control if item.status in _CONTROLLED else None,
        case_id=item.case_id,
        error=errors.get(item.status),
    )
