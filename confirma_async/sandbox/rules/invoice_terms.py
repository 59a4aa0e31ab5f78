"""The terms of an invoice, as fixed when it arrives."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import frozen

from confirma_async.sandbox.rules.money.amounts import ZERO_AMOUNT, added, payable
from confirma_async.schemas import Interest, InterestType, InvoiceType, SalesInvoiceRequest


@frozen(kw_only=True)
class InvoiceTermsSnapshot:
    """What an invoice claims.

    Attributes:
        amount: What is to be paid; of a credit note, what it gives back.
        currency: ISO 4217.
        due_date: When it is to be paid.
        percentage: Interest in per cent a year; None is the client's own rate.
        reference: Its payment reference, where it has one.
        creditor: The financier of a FACTORING invoice, else the seller's name, where it has one.
        collectable: Whether the case may come to collection.
        fees: Costs that it brings along.
        interest: Interest that it brings along.
        original: The number of the invoice that it credits or reminds of.
        booked: Whether its data goes to the accounting system.
    """

    amount: Decimal
    currency: str
    due_date: date
    percentage: Decimal | None
    reference: str | None
    creditor: str | None
    collectable: bool
    fees: Decimal
    interest: Decimal
    original: str | None
    booked: bool


def snapshot_of(request: SalesInvoiceRequest) -> InvoiceTermsSnapshot:
    """Return what an invoice claims."""
    invoice = request.invoice
    header, references, parties = invoice.header, invoice.references, invoice.parties
    seller = parties.seller_party if parties else None
    buyer = parties.buyer_party if parties else None
    collection = invoice.collection
    costs = collection.costs if collection else None
    brought = collection.interest if collection else None
    originals = {
        InvoiceType.CREDIT_NOTE: references.credited_invoice_number if references else None,
        InvoiceType.REMINDER: header.number,
    }
    original = originals.get(header.type)
    return InvoiceTermsSnapshot(
        amount=payable(invoice),
        currency=header.currency_code,
        due_date=header.due_date,
        percentage=_percentage(invoice.terms.interest if invoice.terms else None),
        reference=references.payment if references else None,
        creditor=_financier(request) or (seller.name if seller else None),
        collectable=not (buyer and buyer.disable_collection),
        fees=added(_owed(fee) for fee in (costs.creditor_costs_amount, costs.collection_fees_amount))
        if costs
        else ZERO_AMOUNT,
        interest=_owed(brought.amount) if brought else ZERO_AMOUNT,
        original=None if original is None else str(original),
        booked=bool(request.processing and request.processing.accounting_invoice_enabled),
    )


def _financier(request: SalesInvoiceRequest) -> str | None:
    is_acquired = request.invoice.header.type == InvoiceType.FACTORING
    factoring = request.invoice.factoring
    return factoring.financier_code if is_acquired and factoring else None


def _owed(amount: Decimal | None) -> Decimal:
    return max(amount or ZERO_AMOUNT, ZERO_AMOUNT)


def _percentage(terms: Interest | None) -> Decimal | None:
    """Return the invoice's own percentage; None takes the client's rate (contract §4: REFERENCE_RATE)."""
    if terms is None or terms.type == InterestType.REFERENCE_RATE:
        return None
    return terms.percentage
