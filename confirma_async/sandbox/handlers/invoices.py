"""Create an invoice."""

from __future__ import annotations

import time

from confirma_async.sandbox.answers import SandboxResponse
from confirma_async.sandbox.backend import Backend
from confirma_async.sandbox.handlers.base import Call, read_body
from confirma_async.sandbox.rules.invoice_terms import snapshot_of
from confirma_async.sandbox.rules.invoices import VALIDATED_AFTER, facts_of
from confirma_async.sandbox.store.invoices import NewInvoice
from confirma_async.schemas import InvoiceReceipt, InvoiceStatus, SalesInvoiceRequest
from confirma_async.schemas.identity import InvoiceKey

_MESSAGES = {
    InvoiceStatus.PAUSED: "The invoice was received and awaits validation.",
    InvoiceStatus.DUPLICATE: "An invoice of this identity was received before; this one goes no further.",
}


def create_invoice(backend: Backend, call: Call) -> SandboxResponse:
    """Store one invoice, and answer 200 with its receipt.

    PAUSED is the documented status before validation, DUPLICATE a documented status (contract §4). The
    vendor shows neither the answer nor what a duplicate gets: the names of the receipt are provisional, and
    that a second invoice of one identity is stored with status DUPLICATE and answered 200 is assumed. So is
    the identity: client, seller, type and number, and for a REMINDER, which may repeat, its date.
    """
    request = read_body(backend, call, SalesInvoiceRequest)
    method = None if request.distribution is None else request.distribution.method
    delay = call.faults.listing_delay_seconds
    status = backend.store.invoices.add(
        NewInvoice(
            client=call.client.name,
            key=InvoiceKey.of(request),
            method=None if method is None else str(method),
            received_at=backend.clock.now(),
            due_after=VALIDATED_AFTER,
            listed_from=time.time() + delay if delay else None,
            facts=facts_of(request, call.client.service),
            snapshot=snapshot_of(request),
            body=call.body,
        )
    )
    number = request.invoice.header.number
    receipt = InvoiceReceipt(message=_MESSAGES[status], invoice_number=number, status=status)
    return SandboxResponse(body=backend.converter.dumps(receipt))
