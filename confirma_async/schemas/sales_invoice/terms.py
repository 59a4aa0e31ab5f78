"""When and how an invoice is paid, and what happens when it is not (contract §4)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from attrs import field, frozen

from confirma_async.schemas.values import Amount, InterestType, interest_type
from confirma_async.schemas.wire import D, P, Schema, vendor


@vendor("PaymentTerms", section="4")
@frozen(kw_only=True)
class PaymentTerms(Schema):
    """The terms of payment."""

    net_days: int | None = field(default=None, metadata=P)
    cash_discount_days: int | None = field(default=None, metadata=P)
    cash_discount_percentage: Decimal | None = field(default=None, metadata=P)
    description: str | None = field(default=None, metadata=P)


@vendor("Interest", section="4")
@frozen(kw_only=True)
class Interest(Schema):
    """Interest on late payment.

    Under payment control a ``REFERENCE_RATE`` invoice takes the client's own rate and ``percentage`` is
    ignored (documented).
    """

    type: InterestType | None = field(default=None, converter=interest_type, metadata=D)
    percentage: Decimal | None = field(default=None, metadata=D)


@vendor("InvoiceTerms", section="4")
@frozen(kw_only=True)
class InvoiceTerms(Schema):
    """Payment and interest terms."""

    payment: PaymentTerms | None = field(default=None, metadata=P)
    interest: Interest | None = field(default=None, metadata=P)


@vendor("PaymentState", section="4")
@frozen(kw_only=True)
class PaymentState(Schema):
    """What has been paid already and what is open."""

    paid_amount: Amount | None = field(default=None, metadata=P)
    open_amount: Amount | None = field(default=None, metadata=P)
    last_payment_date: date | None = field(default=None, metadata=P)


@vendor("Invoice Payment", section="4")
@frozen(kw_only=True)
class InvoicePayment(Schema):
    """One payment that the invoice already carries."""

    amount: Amount | None = field(default=None, metadata=P)
    payment_date: date | None = field(default=None, metadata=P)
    reference: str | None = field(default=None, metadata=P)


@vendor("PaymentData", section="4")
@frozen(kw_only=True)
class PaymentData(Schema):
    """Payments known when the invoice is sent."""

    state: PaymentState | None = field(default=None, metadata=P)
    payments: Sequence[InvoicePayment] = field(default=(), eq=tuple, metadata=P)


@vendor("Collection Costs", section="4")
@frozen(kw_only=True)
class CollectionCosts(Schema):
    """Costs so far; only where the seller already has outstanding costs (documented)."""

    creditor_costs_amount: Amount | None = field(default=None, metadata=D)
    collection_fees_amount: Amount | None = field(default=None, metadata=D)


@vendor("Collection Interest", section="4")
@frozen(kw_only=True)
class CollectionInterest(Schema):
    """Interest claimed with the capital."""

    type: InterestType | None = field(default=None, converter=interest_type, metadata=P)
    percentage: Decimal | None = field(default=None, metadata=P)
    amount: Amount | None = field(default=None, metadata=P)
    start_date: date | None = field(default=None, metadata=P)


@vendor("Collection", section="4")
@frozen(kw_only=True)
class Collection(Schema):
    """What a debt collection case starts from."""

    costs: CollectionCosts | None = field(default=None, metadata=P)
    interest: CollectionInterest | None = field(default=None, metadata=P)


@vendor("Factoring", section="4")
@frozen(kw_only=True)
class Factoring(Schema):
    """The financier that acquires the invoice."""

    financier_code: str | None = field(default=None, metadata=P)
    agreement_number: str | None = field(default=None, metadata=P)
    text: str | None = field(default=None, metadata=P)
