"""What an invoice charges for: rows, their accounting and details, and the totals (contract §4)."""

from collections.abc import Sequence
from decimal import Decimal

from attrs import field, frozen

from confirma_async.schemas.values import Amount
from confirma_async.schemas.wire import P, Schema, vendor


@vendor("Definition Detail", section="4")
@frozen(kw_only=True)
class DefinitionDetail(Schema):
    """One named fact that has no field of its own."""

    code: str | None = field(default=None, metadata=P)
    name: str | None = field(default=None, metadata=P)
    value: str | None = field(default=None, metadata=P)


@vendor("Accounting", section="4")
@frozen(kw_only=True)
class Accounting(Schema):
    """Where a row goes in the books."""

    account_number: str | None = field(default=None, metadata=P)
    cost_center: str | None = field(default=None, metadata=P)
    project: str | None = field(default=None, metadata=P)


@vendor("InvoiceRowData", section="4")
@frozen(kw_only=True)
class InvoiceRowData(Schema):
    """One row. Amounts have at most two decimals; quantity, unit price and percentages go as given."""

    row_number: int | None = field(default=None, metadata=P)
    product_code: str | None = field(default=None, metadata=P)
    product_name: str | None = field(default=None, metadata=P)
    description: str | None = field(default=None, metadata=P)
    quantity: Decimal | None = field(default=None, metadata=P)
    unit: str | None = field(default=None, metadata=P)
    unit_price: Decimal | None = field(default=None, metadata=P)
    discount_percentage: Decimal | None = field(default=None, metadata=P)
    vat_percentage: Decimal | None = field(default=None, metadata=P)
    vat_code: str | None = field(default=None, metadata=P)
    net_amount: Amount | None = field(default=None, metadata=P)
    vat_amount: Amount | None = field(default=None, metadata=P)
    gross_amount: Amount | None = field(default=None, metadata=P)
    accounting: Accounting | None = field(default=None, metadata=P)
    definition_details: Sequence[DefinitionDetail] = field(default=(), eq=tuple, metadata=P)


@vendor("VAT Breakdown", section="4")
@frozen(kw_only=True)
class VatBreakdown(Schema):
    """The totals of one VAT rate."""

    vat_percentage: Decimal | None = field(default=None, metadata=P)
    net_amount: Amount | None = field(default=None, metadata=P)
    vat_amount: Amount | None = field(default=None, metadata=P)


@vendor("InvoiceAmounts", section="4")
@frozen(kw_only=True)
class InvoiceAmounts(Schema):
    """The totals of an invoice: ``gross_amount`` is net plus VAT; ``rounding_amount`` comes on top of it."""

    net_amount: Amount | None = field(default=None, metadata=P)
    vat_amount: Amount | None = field(default=None, metadata=P)
    gross_amount: Amount | None = field(default=None, metadata=P)
    rounding_amount: Amount | None = field(default=None, metadata=P)
    vat_breakdown: Sequence[VatBreakdown] = field(default=(), eq=tuple, metadata=P)
