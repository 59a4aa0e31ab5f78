"""Accounting: ledgers, payments and invoices on their way to the books."""

from __future__ import annotations

from confirma_async.errors import Problem
from confirma_async.sandbox.answers import Answer, refusal
from confirma_async.sandbox.handlers.base import Call, read_body, with_blanks
from confirma_async.sandbox.rules.accounting import RecordKind, imbalance_of
from confirma_async.sandbox.scheduler import submit
from confirma_async.sandbox.service import World
from confirma_async.sandbox.store.accounting import Record
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

LONGEST_DESCRIPTION = 210
"""Characters of a document's description (contract §7, documented)."""

_DOCUMENT_STATUS = {PENDING: "Pending", SYNCED: "Approved"}
"""``Approved`` was seen in an example (contract §7); the other words are ours."""


def submit_ledger(world: World, call: Call) -> Answer:
    """Takes a ledger and answers 200 with a message, which is ours: the answer is not shown (contract §7)."""
    request = read_body(world, call, LedgerSubmission)
    if isinstance(request, Answer):
        return request
    ledger = request.ledgers
    if len(ledger.document_description or "") > LONGEST_DESCRIPTION:
        what = f"must have at most {LONGEST_DESCRIPTION} characters"
        too_long = Problem("$.ledgers.documentDescription", "length", what)
        return refusal(400, "the ledger cannot be taken", [too_long])
    record = Record(
        client=call.client.name,
        kind=RecordKind.LEDGER,
        identifier=ledger.ledger_identifier,
        day=ledger.document_date,
        name=ledger.document_name,
        imbalance=imbalance_of(ledger),
    )
    submit(world.store, record, world.now())
    receipt = AccountingReceipt(message="The ledger was received and is pending.")
    return Answer(body=world.converter.dumps(receipt))


def submit_payments(world: World, call: Call) -> Answer:
    """Takes payments and answers 200 with a message, which is ours: the answer is not shown (contract §7)."""
    request = read_body(world, call, PaymentSubmission)
    if isinstance(request, Answer):
        return request
    now = world.now()
    with world.store.transaction():
        for payment in request.payments:
            record = Record(
                client=call.client.name,
                kind=RecordKind.PAYMENT,
                identifier=payment.payment_identifier,
                number=payment.invoice_number,
                day=payment.payment_date,
            )
            submit(world.store, record, now)
    receipt = AccountingReceipt(message="The payments were received and are pending.")
    return Answer(body=world.converter.dumps(receipt))


def ledger_statuses(world: World, call: Call) -> Answer:
    """Answers 200 with how each ledger stands, and 204 where there is none (contract §1, §7, documented)."""
    found = _records(world, call, RecordKind.LEDGER)
    if not found:
        return Answer(status=204, body=b"")
    told = LedgerStatuses(
        ledgers=tuple(
            with_blanks(
                world,
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
    return Answer(body=world.converter.dumps(told))


def payment_statuses(world: World, call: Call) -> Answer:
    """Answers 200 with how each payment stands (contract §7, documented); none is an empty list (ours)."""
    told = AccountingPaymentStatuses(
        payments=tuple(
            with_blanks(
                world,
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
            for record in _records(world, call, RecordKind.PAYMENT)
        )
    )
    return Answer(body=world.converter.dumps(with_blanks(world, told, "payments")))


def invoice_statuses(world: World, call: Call) -> Answer:
    """Answers 200 with how the data of each invoice stands; provisional, since the page is not shown."""
    told = AccountingInvoiceStatuses(
        invoices=tuple(
            AccountingInvoiceStatus(
                source_identifier=record.number,
                invoice_number=record.number,
                invoice_date=record.day,
                sync_date=record.synced_at,
                status=record.status,
                description=record.description,
            )
            for record in _records(world, call, RecordKind.INVOICE)
        )
    )
    return Answer(body=world.converter.dumps(with_blanks(world, told, "invoices")))


def _records(world: World, call: Call, kind: RecordKind) -> list[Record]:
    world.now()
    return world.store.records.of(call.client.name, kind)
