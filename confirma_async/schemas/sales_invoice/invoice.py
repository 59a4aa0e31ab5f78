"""SalesInvoiceRequest and its parts: what "Create an invoice" takes and answers (contract §4)."""

import datetime
from collections.abc import Sequence

from attrs import field, frozen

from confirma_async.schemas.sales_invoice.party import InvoiceParties
from confirma_async.schemas.sales_invoice.rows import DefinitionDetail, InvoiceAmounts, InvoiceRowData
from confirma_async.schemas.sales_invoice.terms import Collection, Factoring, InvoiceTerms, PaymentData
from confirma_async.schemas.values import (
    DistributionMethod,
    InvoiceNumber,
    InvoiceStatus,
    InvoiceType,
    distribution_method,
    invoice_status,
    invoice_type,
)
from confirma_async.schemas.wire import Answer, E, P, Schema, vendor


@vendor("Processing", section="4")
@frozen(kw_only=True)
class Processing(Schema):
    """What the service does with the invoice beyond delivering it."""

    payment_control_enabled: bool | None = field(default=None, metadata=E)
    manual_approval_enabled: bool | None = field(default=None, metadata=E)
    accounting_invoice_enabled: bool | None = field(default=None, metadata=E)
    show_product_code_enabled: bool | None = field(default=None, metadata=E)


@vendor("Distribution", section="4")
@frozen(kw_only=True)
class Distribution(Schema):
    """How the invoice is delivered."""

    method: DistributionMethod | None = field(default=None, converter=distribution_method, metadata=E)
    enabled: bool | None = field(default=None, metadata=E)


@vendor("Invoice Header", section="4")
@frozen(kw_only=True)
class InvoiceHeader(Schema):
    """Identity and dates of an invoice.

    Attributes:
        number: A whole number; the vendor takes no other form here.
        type: What kind of invoice it is; documented words in ``InvoiceType``.
        date: The invoice's date.
        due_date: When it is to be paid; not before ``date``.
        currency_code: ISO 4217.
        language_code: ISO 639-1, or one of the vendor's five words (FI, SV, NO, DK, EN).
    """

    number: InvoiceNumber = field(metadata=E)
    type: InvoiceType = field(default=InvoiceType.INVOICE, converter=invoice_type, metadata=E)
    date: datetime.date = field(metadata=E)
    due_date: datetime.date = field(metadata=E)
    description: str | None = field(default=None, metadata=E)
    additional_information: str | None = field(default=None, metadata=E)
    currency_code: str = field(metadata=E)
    language_code: str | None = field(default=None, metadata=E)


@vendor("InvoiceReferences", section="4")
@frozen(kw_only=True)
class InvoiceReferences(Schema):
    """What the invoice refers to.

    Attributes:
        payment: The payment reference: a Finnish reference number or an RF creditor reference.
        credited_invoice_number: The original that a credit note credits; a whole number.
    """

    sales: str | None = field(default=None, metadata=E)
    buyer: str | None = field(default=None, metadata=E)
    order_number: str | None = field(default=None, metadata=E)
    order_date: datetime.date | None = field(default=None, metadata=E)
    agreement: str | None = field(default=None, metadata=E)
    payment: str | None = field(default=None, metadata=E)
    electronic_payment_code: str | None = field(default=None, metadata=E)
    credited_invoice_number: InvoiceNumber | None = field(default=None, metadata=E)
    invoice_copy_url: str | None = field(default=None, metadata=E)


@vendor("Invoice Attachments", section="4")
@frozen(kw_only=True)
class InvoiceAttachments(Schema):
    """One attached document, by URL or as base64 (a PDF; base64 is recommended, documented)."""

    file_name: str | None = field(default=None, metadata=P)
    url: str | None = field(default=None, metadata=P)
    data: str | None = field(default=None, repr=False, metadata=P)
    mime_type: str | None = field(default=None, metadata=P)


@vendor("InvoiceExtensions", section="4")
@frozen(kw_only=True)
class InvoiceExtensions(Schema):
    """Facts about the whole invoice that have no field of their own."""

    definition_details: Sequence[DefinitionDetail] = field(default=(), eq=tuple, metadata=P)


@vendor("Invoice Content Data", section="4")
@frozen(kw_only=True)
class InvoiceContentData(Schema):
    """The invoice itself."""

    header: InvoiceHeader = field(metadata=E)
    references: InvoiceReferences | None = field(default=None, metadata=E)
    parties: InvoiceParties | None = field(default=None, metadata=E)
    rows: Sequence[InvoiceRowData] = field(default=(), eq=tuple, metadata=P)
    amounts: InvoiceAmounts | None = field(default=None, metadata=P)
    terms: InvoiceTerms | None = field(default=None, metadata=P)
    payment_data: PaymentData | None = field(default=None, metadata=P)
    collection: Collection | None = field(default=None, metadata=P)
    factoring: Factoring | None = field(default=None, metadata=P)
    attachments: Sequence[InvoiceAttachments] = field(default=(), eq=tuple, metadata=P)
    extensions: InvoiceExtensions | None = field(default=None, metadata=P)


@vendor("SalesInvoiceRequest", section="4")
@frozen(kw_only=True)
class SalesInvoiceRequest(Schema):
    """One invoice to create, with how to process and deliver it."""

    processing: Processing | None = field(default=None, metadata=E)
    distribution: Distribution | None = field(default=None, metadata=E)
    invoice: InvoiceContentData = field(metadata=E)

    @property
    def seller_identifier(self) -> str:
        """The seller's business id, else VAT code, as written; empty where none is named (the client)."""
        parties = self.invoice.parties
        seller = parties.seller_party if parties else None
        return seller.identifier if seller else ""


@vendor("Invoice Error", section="4")
@frozen(kw_only=True)
class InvoiceError(Answer):
    """One thing the service found wrong."""

    message: str | None = field(default=None, metadata=P)
    field: str | None = field(
        default=None, metadata=P
    )  # last: from here on the class's own name hides attrs'


@vendor("Invoice Receipt", section="4")
@frozen(kw_only=True)
class InvoiceReceipt(Answer):
    """The answer to "Create an invoice". The vendor does not show it: every name here is provisional."""

    message: str | None = field(default=None, metadata=P)
    invoice_number: InvoiceNumber | None = field(default=None, metadata=P)
    status: InvoiceStatus | None = field(default=None, converter=invoice_status, metadata=P)
    errors: Sequence[InvoiceError] = field(default=(), eq=tuple, metadata=P)
