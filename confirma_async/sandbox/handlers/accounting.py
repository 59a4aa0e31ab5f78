"""Accounting: ledgers, payments and invoices on their way to the books."""

from __future__ import annotations

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import RejectedError, SandboxResponse
from confirma_async.sandbox.backend import Backend, submit
from confirma_async.sandbox.handlers.base import Call, read_body, with_blanks
from confirma_async.sandbox.rules.accounting import RecordKind, imbalance_of
from confirma_async.sandbox.store.records import AccountingRecord
from confirma_async.schemas import (
    AccountingInvoiceStatus,
    AccountingInvoiceStatuses,
    AccountingPaymentStatus,
    AccountingPaymentStatuses,
    AccountingReceipt,
    LedgerStatus,
    LedgerStatuses,
    LedgerSubmission,
    PaymentSubmission,
)
from confirma_async.schemas.accounting import PENDING, SYNCED
from confirma_async.validation.accounting import LONGEST_DESCRIPTION

_DOCUMENT_STATUS = {PENDING: "Pending", SYNCED: "Approved"}
"""``Approved`` was seen in an example (contract §7); the other words are assumed."""


def submit_ledger(backend: Backend, call: Call) -> SandboxResponse:
    """Take a ledger and answer 200 with a message (assumed: contract §7 does not show the answer)."""
    request = read_body(backend, call, LedgerSubmission)
    ledger = request.ledgers
    if len(ledger.document_description or "") > LONGEST_DESCRIPTION:
        what = f"must have at most {LONGEST_DESCRIPTION} characters"
        too_long = Problem("$.ledgers.documentDescription", "length", what)
        raise RejectedError(400, "the ledger cannot be taken", [too_long])
    record = AccountingRecord(
        client=call.client.name,
        kind=RecordKind.LEDGER,
        identifier=ledger.ledger_identifier,
        day=ledger.document_date,
        name=ledger.document_name,
        imbalance=imbalance_of(ledger),
    )
    submit(backend.store, record, backend.now())
    receipt = AccountingReceipt(message="The ledger was received and is pending.")
    return SandboxResponse(body=backend.converter.dumps(receipt))


def submit_payments(backend: Backend, call: Call) -> SandboxResponse:
    """Take payments and answer 200 with a message (assumed: contract §7 does not show the answer)."""
    request = read_body(backend, call, PaymentSubmission)
    now = backend.now()
    with backend.store.transaction():
        for payment in request.payments:
            record = AccountingRecord(
                client=call.client.name,
                kind=RecordKind.PAYMENT,
                identifier=payment.payment_identifier,
                number=payment.invoice_number,
                day=payment.payment_date,
            )
            submit(backend.store, record, now)
    receipt = AccountingReceipt(message="The payments were received and are pending.")
    return SandboxResponse(body=backend.converter.dumps(receipt))


def ledger_statuses(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with how each ledger stands, and 204 where there is none (contract §1, §7, documented)."""
    found = _records(backend, call, RecordKind.LEDGER)
    if not found:
        return SandboxResponse(status=204, body=b"")
    statuses = LedgerStatuses(
        ledgers=tuple(
            with_blanks(
                backend,
                LedgerStatus(
                    source_identifier=record.identifier,
                    document_date=record.day,
                    document_name=record.name,
                    document_status=_DOCUMENT_STATUS.get(record.status, "Rejected"),
                    sync_date=record.synced_at,
                    status=record.status,
                    description=record.description,
                ),
                "sync_date",
            )
            for record in found
        )
    )
    return SandboxResponse(body=backend.converter.dumps(statuses))


def payment_statuses(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with how each payment stands (contract §7, documented); none is an empty list (assumed)."""
    statuses = AccountingPaymentStatuses(
        payments=tuple(
            with_blanks(
                backend,
                AccountingPaymentStatus(
                    source_identifier=record.identifier,
                    invoice_number=record.number,
                    payment_date=record.day,
                    sync_date=record.synced_at,
                    status=record.status,
                    description=record.description,
                ),
                "sync_date",
            )
            for record in _records(backend, call, RecordKind.PAYMENT)
        )
    )
    return SandboxResponse(body=backend.converter.dumps(with_blanks(backend, statuses, "payments")))


def invoice_statuses(backend: Backend, call: Call) -> SandboxResponse:
    """Answer 200 with how the data of each invoice stands; provisional, since the page is not shown."""
    statuses = AccountingInvoiceStatuses(
        invoices=tuple(
            AccountingInvoiceStatus(
                source_identifier=record.number,
                invoice_number=record.number,
                invoice_date=record.day,
                sync_date=record.synced_at,
                status=record.status,
                description=record.description,
            )
            for record in _records(backend, call, RecordKind.INVOICE)
        )
    )
    return SandboxResponse(body=backend.converter.dumps(with_blanks(backend, statuses, "invoices")))


def _records(backend: Backend, call: Call, kind: RecordKind) -> list[AccountingRecord]:
    backend.now()
    return backend.store.records.find(client=call.client.name, kind=kind)
