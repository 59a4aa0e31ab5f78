"""Ledgers and payments for the accounting system, and how their transfer stands (contract §7)."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from attrs import field, frozen

from confirma_async.schemas.values import (
    AllocationType,
    Amount,
    CalculationMode,
    InvoiceNumberText,
    Moment,
    NumericFlag,
    allocation_type,
    calculation_mode,
)
from confirma_async.schemas.wire import Answer, D, E, P, Schema, identifying, vendor

PENDING, SYNCED = 0, 1
"""The numbers of ``status`` that the vendor shows. A failed state exists; its number is not shown."""


@vendor("Ledger Dimension", section="7")
@frozen(kw_only=True)
class LedgerDimension(Schema):
    """What a ledger row is counted under; ``COST_CENTER`` was seen as a type."""

    dimension_type: str | None = field(default=None, metadata=E)
    dimension_value: str | None = field(default=None, metadata=E)


@vendor("Ledger Row", section="7")
@frozen(kw_only=True)
class LedgerRow(Schema):
    """One row of a ledger; debit is positive, credit negative.

    Attributes:
        amount: With VAT under GROSS: the row of the VAT itself is inside it.
        net_amount: What the rows of a ledger balance on.
        is_vat_row: Whether the row is the VAT of another; 0 or 1 on the wire.
    """

    booking_date: date | None = field(default=None, metadata=E)
    account_number: str | None = field(default=None, metadata=E)
    vat_account_number: str | None = field(default=None, metadata=E)
    vat_type: str | None = field(default=None, metadata=E)
    vat_percentage: Decimal | None = field(default=None, metadata=E)
    vat_code: str | None = field(default=None, metadata=E)
    amount: Amount | None = field(default=None, metadata=E)
    net_amount: Amount | None = field(default=None, metadata=E)
    is_vat_row: NumericFlag | None = field(default=None, metadata=E)
    project_number: str | None = field(default=None, metadata=E)
    transaction_type: str | None = field(default=None, metadata=E)
    transaction_description: str | None = field(default=None, metadata=E)
    ledger_dimensions: Sequence[LedgerDimension] = field(default=(), eq=tuple, metadata=E)


@vendor("Ledger", section="7")
@frozen(kw_only=True)
class Ledger(Schema):
    """A document of the ledger.

    Attributes:
        ledger_identifier: The caller's own; the status gives it back as ``source_identifier``.
        document_type: ``ML`` was seen.
        document_description: At most 210 characters (documented).
    """

    ledger_identifier: str | None = field(default=None, metadata=E)
    company_identifier: str | None = field(default=None, metadata=E)
    document_type: str | None = field(default=None, metadata=E)
    document_name: str | None = field(default=None, metadata=E)
    document_date: date | None = field(default=None, metadata=E)
    document_description: str | None = field(default=None, metadata=E)
    calculation_mode: CalculationMode | None = field(default=None, converter=calculation_mode, metadata=E)
    ledger_rows: Sequence[LedgerRow] = field(default=(), eq=tuple, metadata=E)


@vendor("Ledger Submission", section="7")
@frozen(kw_only=True)
class LedgerSubmission(Schema):
    """What "Accounting > Ledger" takes: one ledger, under a name in the plural."""

    ledgers: Ledger = field(metadata=E)


@vendor("Payment Allocation", section="7")
@frozen(kw_only=True)
class PaymentAllocation(Schema):
    """One part of a payment: capital, interest or fees. Every name is provisional."""

    type: AllocationType | None = field(default=None, converter=allocation_type, metadata=P)
    amount: Amount | None = field(default=None, metadata=P)


@vendor("Accounting Payment", section="7")
@frozen(kw_only=True)
class AccountingPayment(Schema):
    """A payment for the accounting system.

    Attributes:
        payment_identifier: The caller's own; the status gives it back as ``source_identifier``.
        target_identifier: What the payment is matched by; ``invoicenumber`` was seen.
    """

    payment_identifier: str | None = field(default=None, metadata=E)
    invoice_number: InvoiceNumberText | None = field(default=None, metadata=E)
    payment_date: date | None = field(default=None, metadata=E)
    booking_date: date | None = field(default=None, metadata=E)
    amount: Amount | None = field(default=None, metadata=E)
    currency: str | None = field(default=None, metadata=E)
    target_identifier: str | None = field(default=None, metadata=E)
    payment_reference: str | None = field(default=None, metadata=E)
    source_name: str | None = field(default=None, metadata=E)
    allocations: Sequence[PaymentAllocation] = field(default=(), eq=tuple, metadata=P)


@vendor("Payment Submission", section="7")
@frozen(kw_only=True)
class PaymentSubmission(Schema):
    """What "Accounting > Payment" takes."""

    payments: Sequence[AccountingPayment] = field(default=(), eq=tuple, metadata=E)


@vendor("Accounting Receipt", section="7")
@frozen(kw_only=True)
class AccountingReceipt(Answer):
    """The answer to a submission. The vendor does not show it: the name is provisional."""

    message: str | None = field(default=None, metadata=P)


@frozen(kw_only=True)
class TransferStatus(Answer):
    """How the transfer of one record stands: ``status`` as a number, and what it means."""

    status: int | None = field(default=None, metadata=identifying(D))
    description: str | None = field(default=None, metadata=D)

    @property
    def is_pending(self) -> bool:
        """Whether the record waits to be transferred (0)."""
        return self.status == PENDING

    @property
    def is_synced(self) -> bool:
        """Whether the accounting system has the record (1)."""
        return self.status == SYNCED

    @property
    def has_failed(self) -> bool:
        """Whether it is any other number; by our reading a failure, unless ``description`` denies it."""
        return self.status is not None and not (self.is_pending or self.is_synced)


@vendor("Ledger Status", section="7")
@frozen(kw_only=True)
class LedgerStatus(TransferStatus):
    """How a ledger stands; ``source_identifier`` is the caller's ``ledger_identifier``."""

    source_identifier: str | None = field(default=None, metadata=identifying(D))
    document_date: Moment | None = field(default=None, metadata=D)
    document_name: str | None = field(default=None, metadata=D)
    document_status: str | None = field(default=None, metadata=D)
    sync_date: Moment | None = field(default=None, metadata=D)


@vendor("Ledger Statuses", section="7")
@frozen(kw_only=True)
class LedgerStatuses(Answer):
    """The answer to "Accounting > Ledger" (GET); empty where the service has no content (204)."""

    ledgers: Sequence[LedgerStatus] = field(default=(), eq=tuple, metadata=D)


@vendor("Accounting Payment Status", section="7")
@frozen(kw_only=True)
class AccountingPaymentStatus(TransferStatus):
    """How a payment stands; ``source_identifier`` is the caller's ``payment_identifier``."""

    source_identifier: str | None = field(default=None, metadata=E)
    invoice_number: InvoiceNumberText | None = field(default=None, metadata=E)
    payment_date: Moment | None = field(default=None, metadata=E)
    sync_date: Moment | None = field(default=None, metadata=E)
    status: int | None = field(default=None, metadata=E)
    description: str | None = field(default=None, metadata=E)


@vendor("Accounting Payment Statuses", section="7")
@frozen(kw_only=True)
class AccountingPaymentStatuses(Answer):
    """The answer to "Accounting > Payment" (GET)."""

    payments: Sequence[AccountingPaymentStatus] = field(default=(), eq=tuple, metadata=E)


@vendor("Accounting Invoice Status", section="7")
@frozen(kw_only=True)
class AccountingInvoiceStatus(TransferStatus):
    """How an invoice stands. The page is not shown to us: every name is provisional."""

    source_identifier: str | None = field(default=None, metadata=P)
    invoice_number: InvoiceNumberText | None = field(default=None, metadata=P)
    invoice_date: Moment | None = field(default=None, metadata=P)
    sync_date: Moment | None = field(default=None, metadata=P)
    status: int | None = field(default=None, metadata=P)
    description: str | None = field(default=None, metadata=P)


@vendor("Accounting Invoice Statuses", section="7")
@frozen(kw_only=True)
class AccountingInvoiceStatuses(Answer):
    """The answer to "Accounting > Invoice". Every name is provisional."""

    invoices: Sequence[AccountingInvoiceStatus] = field(default=(), eq=tuple, metadata=P)


@vendor("Accounting Query", section="7")
@frozen(kw_only=True)
class AccountingQuery(Schema):
    """The query of the three status pages: none is shown, so all that is asked goes through ``extra``."""
