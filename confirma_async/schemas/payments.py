"""Payments and the settlements that pay them out (contract §6)."""

from collections.abc import Sequence
from datetime import date

from attrs import field, frozen

from confirma_async.schemas.values import (
    AllocationType,
    Amount,
    BlankText,
    Identifier,
    InvoiceNumberText,
    Moment,
    allocation_type,
)
from confirma_async.schemas.wire import Answer, D, E, P, Schema, identifying, renamed, vendor


@vendor("Payments Query", section="6")
@frozen(kw_only=True)
class PaymentsQuery(Schema):
    """The query of "Retrieve Payments"."""

    from_date: date | None = field(default=None, metadata=D)
    to_date: date | None = field(default=None, metadata=D)


@vendor("Payment", section="6")
@frozen(kw_only=True)
class Payment(Answer):
    """A payment as it is allocated so far; it may still change, and settlements are final (documented)."""

    case_id: int | None = field(default=None, metadata=identifying(D))
    invoice_number: InvoiceNumberText | None = field(default=None, metadata=D)
    invoice_payment_reference: str | None = field(default=None, metadata=identifying(D))
    original_payment_reference: str | None = field(default=None, metadata=identifying(D))
    account_name: str | None = field(default=None, metadata=D)
    booking_date: Moment | None = field(default=None, metadata=D)
    payment_date: Moment | None = field(default=None, metadata=D)
    amount: Amount | None = field(default=None, metadata=P)
    currency: str | None = field(default=None, metadata=P)


@vendor("Settlements Query", section="6")
@frozen(kw_only=True)
class SettlementsQuery(Schema):
    """The query of "Retrieve settlements"; without a period it is the last 30 days (documented)."""

    unfetched_only: bool | None = field(default=None, metadata=D)
    from_date: date | None = field(default=None, metadata=P)
    to_date: date | None = field(default=None, metadata=P)


@vendor("Beneficiary", section="6")
@frozen(kw_only=True)
class Beneficiary(Answer):
    """Who was paid. ``""`` stands for "no value"."""

    name: BlankText | None = field(default=None, metadata=E)
    iban: BlankText | None = field(default=None, metadata=E)
    bic: BlankText | None = field(default=None, metadata=E)


@vendor("Allocation Breakdown", section="6")
@frozen(kw_only=True)
class AllocationBreakdown(Answer):
    """One part of an allocation: capital, interest or fees."""

    type: AllocationType | None = field(default=None, converter=allocation_type, metadata=E)
    amount: Amount | None = field(default=None, metadata=E)


@vendor("Settlement Allocation", section="6")
@frozen(kw_only=True)
class SettlementAllocation(Answer):
    """What of a settlement is for one invoice; its breakdown adds up to ``allocated_total_amount``.

    Attributes:
        allocation_id: Tells one allocation from another.
        breakdown: Its parts. An older form of the vendor's page calls them ``events``; both are read.
    """

    allocation_id: Identifier | None = field(default=None, metadata=E)
    allocated_total_amount: Amount | None = field(default=None, metadata=E)
    allocation_date: Moment | None = field(default=None, metadata=E)
    currency: str | None = field(default=None, metadata=E)
    case_id: int | None = field(default=None, metadata=E)
    original_invoice_number: InvoiceNumberText | None = field(default=None, metadata=E)
    original_payment_reference: str | None = field(default=None, metadata=E)
    breakdown: Sequence[AllocationBreakdown] = field(default=(), eq=tuple, metadata=renamed("events", E))


@vendor("Settlement", section="6")
@frozen(kw_only=True)
class Settlement(Answer):
    """One payment to the creditor; its allocations add up to ``settlement_amount``.

    Attributes:
        settlement_id: A number beyond 32 bits that tells one settlement from another. None where an answer
            lacks it; that is noted in its ``drift``.
        agency: Who paid it out; seen as ``CashIn`` and ``CASH-IN``.
        api_fetch_date: When it was retrieved first; null until then, by our reading.
    """

    settlement_id: int | None = field(metadata=E)
    settlement_date: Moment | None = field(default=None, metadata=E)
    agency: str | None = field(default=None, metadata=E)
    remittance_reference: str | None = field(default=None, metadata=E)
    beneficiary: Beneficiary | None = field(default=None, metadata=E)
    settlement_amount: Amount | None = field(default=None, metadata=E)
    currency: str | None = field(default=None, metadata=E)
    api_fetch_date: Moment | None = field(default=None, metadata=E)
    allocations: Sequence[SettlementAllocation] = field(default=(), eq=tuple, metadata=E)


@vendor("Settlements", section="6")
@frozen(kw_only=True)
class Settlements(Answer):
    """The answer to "Retrieve settlements"."""

    created_at: Moment | None = field(default=None, metadata=E)
    settlements: Sequence[Settlement] = field(default=(), eq=tuple, metadata=E)
