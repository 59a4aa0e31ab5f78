"""Invoices: create them, and see what became of them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from confirma_async.contract import CREATE_INVOICE, DISTRIBUTIONS
from confirma_async.pagination import Listing, Window, period
from confirma_async.resources.arguments import as_schema, encode_invoice
from confirma_async.schemas import (
    DistributionInformation,
    DistributionQuery,
    DistributionRecord,
    InvoiceReceipt,
    SalesInvoiceRequest,
)
from confirma_async.session.pipeline import CallOptions, Pipeline


class Invoices:
    """``confirma.invoices``."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def create(
        self,
        request: SalesInvoiceRequest | Mapping[str, Any],
        *,
        validate: bool = True,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> InvoiceReceipt:
        """Sends one invoice (POST ``/invoice``; contract §4, documented; the answer's names are provisional).

        Args:
            request: The invoice, or a mapping of wire names.
            validate: Whether to check the invoice against the rules that need no server.
            timeout: Seconds for the whole call.
            headers: Headers to add.

        Raises:
            RequestInvalidError: the invoice breaks a rule; nothing was sent.
            OutcomeUnknownError: the invoice may have arrived; look it up before sending it again.
            CallError: the call failed otherwise.
        """
        invoice = as_schema(request, SalesInvoiceRequest, self._pipeline.converter)
        body = encode_invoice(invoice, self._pipeline.converter, validate=validate)
        subject = f"invoice {invoice.invoice.header.number}"
        options = CallOptions(timeout=timeout, headers=headers, subject=subject)
        return await self._pipeline.call(CREATE_INVOICE, InvoiceReceipt, body, options=options)

    def distributions(
        self,
        *,
        invoice_number: int | str | None = None,
        from_date: datetime.date | None = None,
        to_date: datetime.date | None = None,
        fetch_type: str | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Listing[DistributionInformation, DistributionRecord]:
        """What became of invoices (GET ``/invoice/distribution``; contract §5).

        Awaited, it is the answer of one call; iterated, it is record after record, window after window.
        The path is documented; the query and record names are provisional.

        Args:
            invoice_number: Only this invoice.
            from_date: First invoice date. Without dates the service takes the last 30 days.
            to_date: Last invoice date; today when only ``from_date`` is given.
            fetch_type: Passed on as given; its values are not documented.
            timeout: Seconds for each call.
            headers: Headers to add.

        Raises:
            RequestInvalidError: the dates are upside down, or only the last one is given.
            CallError: a call failed (when awaited or iterated).
        """
        options = CallOptions(timeout=timeout, headers=headers)
        number = None if invoice_number is None else str(invoice_number)

        async def fetch(window: Window | None) -> DistributionInformation:
            query = DistributionQuery(
                invoice_number=number,
                from_inv_date=window.first if window else None,
                to_inv_date=window.last if window else None,
                fetch_type=fetch_type,
            )
            return await self._pipeline.call(
                DISTRIBUTIONS, DistributionInformation, query=query, options=options
            )

        return Listing(fetch, lambda answer: answer.data, period(from_date, to_date))
