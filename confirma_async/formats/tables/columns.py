"""The columns of tables: the name of each, its place in the request, and the kind of its values.

One line is one invoice row. Consecutive lines with the same number, type and seller are one invoice. Columns
that begin with ``row_`` belong to the row, all others to the invoice: there, an empty cell on a later line
means the same as above.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from attrs import Factory, field, frozen


class ValueKind(enum.Enum):
    """The kinds of values that a column can have."""

    TEXT = "text"
    IDENTIFIER = "text; a number of a spreadsheet that may not have lost digits"
    SECRET = "text that never shows in a message"  # noqa: S105 (a kind of value, not a password)
    NUMBER = "an invoice number"
    WHOLE = "a whole number"
    DECIMAL = "a number"
    PERCENTAGE = "a number of percent, with or without %"
    AMOUNT = "an amount with at most two decimals"
    DATE = "a date; as text, YYYY-MM-DD or D.M.YYYY"
    FLAG = "yes or no (true, false, 1, 0, x, kyllä, ei, ja, nej)"
    ATTACHMENT = "a PDF: its path from the folder of the table on, or its URL; each line may name another"
    LINK = "the URL of a PDF, which is passed on and not fetched; each line may name another"
    INVOICE_TYPE = "a word for the type of document"
    METHOD = "a word for the way of delivery"
    ENTITY = "BUSINESS or PERSON"

    @property
    def is_attached(self) -> bool:
        """Whether the values name documents, of which an invoice may have several."""
        return self in {ValueKind.ATTACHMENT, ValueKind.LINK}

    @property
    def is_numeric(self) -> bool:
        """Whether the values may show the decimal separator of the file."""
        return self in {ValueKind.DECIMAL, ValueKind.PERCENTAGE, ValueKind.AMOUNT}


def _is_of_row(column: Column) -> bool:
    return column.name.startswith("row_")


@frozen
class Column:
    """A column that is read.

    Attributes:
        name: Its name in the header line, in which case, spaces and hyphens do not matter.
        place: The place of its values: wire names from the request down, or from the row down.
        kind: The kind of its values.
        of_row: Whether it belongs to the row, not to the invoice.
    """

    name: str
    place: str
    kind: ValueKind
    of_row: bool = field(init=False, default=Factory(_is_of_row, takes_self=True))


_HEADER = "invoice.header."
_REFERENCES = "invoice.references."
_SELLER = "invoice.parties.sellerParty."
_BUYER = "invoice.parties.buyerParty."
_RECIPIENT = "invoice.parties.invoiceRecipientParty."
_DELIVERY = "invoice.parties.deliveryParty."
_AMOUNTS = "invoice.amounts."
_TERMS = "invoice.terms."

_TABLE = (
    ("number", _HEADER + "number", ValueKind.NUMBER),
    ("type", _HEADER + "type", ValueKind.INVOICE_TYPE),
    ("date", _HEADER + "date", ValueKind.DATE),
    ("due_date", _HEADER + "dueDate", ValueKind.DATE),
    ("currency", _HEADER + "currencyCode", ValueKind.TEXT),
    ("language", _HEADER + "languageCode", ValueKind.TEXT),
    ("description", _HEADER + "description", ValueKind.TEXT),
    ("additional_information", _HEADER + "additionalInformation", ValueKind.TEXT),
    ("order_date", _REFERENCES + "orderDate", ValueKind.DATE),
    ("order_number", _REFERENCES + "orderNumber", ValueKind.IDENTIFIER),
    ("buyer_reference", _REFERENCES + "buyer", ValueKind.TEXT),
    ("sales_reference", _REFERENCES + "sales", ValueKind.TEXT),
    ("agreement", _REFERENCES + "agreement", ValueKind.IDENTIFIER),
    ("payment_reference", _REFERENCES + "payment", ValueKind.IDENTIFIER),
    ("credited_number", _REFERENCES + "creditedInvoiceNumber", ValueKind.NUMBER),
    ("electronic_payment_code", _REFERENCES + "electronicPaymentCode", ValueKind.IDENTIFIER),
    ("invoice_copy_url", _REFERENCES + "invoiceCopyUrl", ValueKind.TEXT),
    ("payment_control", "processing.paymentControlEnabled", ValueKind.FLAG),
    ("manual_approval", "processing.manualApprovalEnabled", ValueKind.FLAG),
    ("accounting_invoice", "processing.accountingInvoiceEnabled", ValueKind.FLAG),
    ("show_product_code", "processing.showProductCodeEnabled", ValueKind.FLAG),
    ("distribution_enabled", "distribution.enabled", ValueKind.FLAG),
    ("distribution_method", "distribution.method", ValueKind.METHOD),
    ("seller_business_id", _SELLER + "businessId", ValueKind.IDENTIFIER),
    ("seller_name", _SELLER + "name", ValueKind.TEXT),
    ("seller_vat_code", _SELLER + "vatCode", ValueKind.IDENTIFIER),
    ("seller_street", _SELLER + "address.street", ValueKind.TEXT),
    ("seller_postal_code", _SELLER + "address.postalCode", ValueKind.IDENTIFIER),
    ("seller_city", _SELLER + "address.postalDistrict", ValueKind.TEXT),
    ("seller_country", _SELLER + "address.countryCode", ValueKind.TEXT),
    ("seller_contact_name", _SELLER + "contact.contactPerson.name", ValueKind.TEXT),
    ("seller_contact_email", _SELLER + "contact.contactPerson.email", ValueKind.TEXT),
    ("seller_email", _SELLER + "contact.email", ValueKind.TEXT),
    ("seller_phone", _SELLER + "contact.phone", ValueKind.IDENTIFIER),
    ("seller_iban", _SELLER + "paymentDetails.iban", ValueKind.IDENTIFIER),
    ("seller_bic", _SELLER + "paymentDetails.bic", ValueKind.IDENTIFIER),
    ("seller_bankgiro", _SELLER + "paymentDetails.bankgiro", ValueKind.IDENTIFIER),
    ("seller_postgiro", _SELLER + "paymentDetails.postgiro", ValueKind.IDENTIFIER),
    ("buyer_type", _BUYER + "entityType", ValueKind.ENTITY),
    ("buyer_name", _BUYER + "name", ValueKind.TEXT),
    ("buyer_customer_account", _BUYER + "customerAccountId", ValueKind.IDENTIFIER),
    ("buyer_personal_identity_number", _BUYER + "personalIdentityNumber", ValueKind.SECRET),
    ("buyer_business_id", _BUYER + "businessId", ValueKind.IDENTIFIER),
    ("buyer_vat_code", _BUYER + "vatCode", ValueKind.IDENTIFIER),
    ("buyer_einvoice_account", _BUYER + "electronicInvoiceAccount", ValueKind.IDENTIFIER),
    ("buyer_einvoice_operator", _BUYER + "electronicRoutingAddress", ValueKind.IDENTIFIER),
    ("buyer_gln", _BUYER + "glnNumber", ValueKind.IDENTIFIER),
    ("buyer_language", _BUYER + "languageCode", ValueKind.TEXT),
    ("buyer_street", _BUYER + "address.street", ValueKind.TEXT),
    ("buyer_street2", _BUYER + "address.street2", ValueKind.TEXT),
    ("buyer_street3", _BUYER + "address.street3", ValueKind.TEXT),
    ("buyer_postal_code", _BUYER + "address.postalCode", ValueKind.IDENTIFIER),
    ("buyer_city", _BUYER + "address.postalDistrict", ValueKind.TEXT),
    ("buyer_country", _BUYER + "address.countryCode", ValueKind.TEXT),
    ("buyer_contact_name", _BUYER + "contact.contactPerson.name", ValueKind.TEXT),
    ("buyer_contact_email", _BUYER + "contact.contactPerson.email", ValueKind.TEXT),
    ("buyer_email", _BUYER + "contact.email", ValueKind.TEXT),
    ("buyer_phone", _BUYER + "contact.phone", ValueKind.IDENTIFIER),
    ("buyer_disable_collection", _BUYER + "disableCollection", ValueKind.FLAG),
    ("recipient_name", _RECIPIENT + "name", ValueKind.TEXT),
    ("recipient_business_id", _RECIPIENT + "businessId", ValueKind.IDENTIFIER),
    ("recipient_vat_code", _RECIPIENT + "vatCode", ValueKind.IDENTIFIER),
    ("recipient_einvoice_account", _RECIPIENT + "electronicInvoiceAccount", ValueKind.IDENTIFIER),
    ("recipient_einvoice_operator", _RECIPIENT + "electronicRoutingAddress", ValueKind.IDENTIFIER),
    ("recipient_email", _RECIPIENT + "email", ValueKind.TEXT),
    ("recipient_language", _RECIPIENT + "languageCode", ValueKind.TEXT),
    ("recipient_street", _RECIPIENT + "address.street", ValueKind.TEXT),
    ("recipient_postal_code", _RECIPIENT + "address.postalCode", ValueKind.IDENTIFIER),
    ("recipient_city", _RECIPIENT + "address.postalDistrict", ValueKind.TEXT),
    ("recipient_country", _RECIPIENT + "address.countryCode", ValueKind.TEXT),
    ("delivery_name", _DELIVERY + "name", ValueKind.TEXT),
    ("delivery_date", _DELIVERY + "deliveryDate", ValueKind.DATE),
    ("delivery_method", _DELIVERY + "deliveryMethod", ValueKind.TEXT),
    ("delivery_street", _DELIVERY + "address.street", ValueKind.TEXT),
    ("delivery_postal_code", _DELIVERY + "address.postalCode", ValueKind.IDENTIFIER),
    ("delivery_city", _DELIVERY + "address.postalDistrict", ValueKind.TEXT),
    ("delivery_country", _DELIVERY + "address.countryCode", ValueKind.TEXT),
    ("net_amount", _AMOUNTS + "netAmount", ValueKind.AMOUNT),
    ("vat_amount", _AMOUNTS + "vatAmount", ValueKind.AMOUNT),
    ("gross_amount", _AMOUNTS + "grossAmount", ValueKind.AMOUNT),
    ("rounding_amount", _AMOUNTS + "roundingAmount", ValueKind.AMOUNT),
    ("net_days", _TERMS + "payment.netDays", ValueKind.WHOLE),
    ("payment_terms", _TERMS + "payment.description", ValueKind.TEXT),
    ("cash_discount_days", _TERMS + "payment.cashDiscountDays", ValueKind.WHOLE),
    ("cash_discount_percentage", _TERMS + "payment.cashDiscountPercentage", ValueKind.PERCENTAGE),
    ("interest_percentage", _TERMS + "interest.percentage", ValueKind.PERCENTAGE),
    ("attachment", "invoice.attachments", ValueKind.ATTACHMENT),
    ("attachment_url", "invoice.attachments", ValueKind.LINK),
    ("row_number", "rowNumber", ValueKind.WHOLE),
    ("row_product_code", "productCode", ValueKind.IDENTIFIER),
    ("row_product_name", "productName", ValueKind.TEXT),
    ("row_description", "description", ValueKind.TEXT),
    ("row_quantity", "quantity", ValueKind.DECIMAL),
    ("row_unit", "unit", ValueKind.TEXT),
    ("row_unit_price", "unitPrice", ValueKind.DECIMAL),
    ("row_discount_percentage", "discountPercentage", ValueKind.PERCENTAGE),
    ("row_vat_percentage", "vatPercentage", ValueKind.PERCENTAGE),
    ("row_vat_code", "vatCode", ValueKind.TEXT),
    ("row_net_amount", "netAmount", ValueKind.AMOUNT),
    ("row_vat_amount", "vatAmount", ValueKind.AMOUNT),
    ("row_gross_amount", "grossAmount", ValueKind.AMOUNT),
    ("row_account", "accounting.accountNumber", ValueKind.IDENTIFIER),
    ("row_cost_center", "accounting.costCenter", ValueKind.IDENTIFIER),
    ("row_project", "accounting.project", ValueKind.IDENTIFIER),
)

COLUMNS: Mapping[str, Column] = {name: Column(name, place, kind) for name, place, kind in _TABLE}
"""Every column that is read, by name."""

REQUIRED = ("number", "date", "due_date", "currency")
"""The columns that every invoice needs; ``net_days`` can replace ``due_date``."""


@frozen
class ColumnSet:
    """The columns that a table of one kind of record may have.

    Attributes:
        by_name: The columns, by name.
        required: The names of those that every record needs.
        instead: The column that can replace a required one, by the name of the latter.
    """

    by_name: Mapping[str, Column]
    required: tuple[str, ...]
    instead: Mapping[str, str] = field(factory=dict[str, str])


INVOICE_COLUMNS = ColumnSet(COLUMNS, REQUIRED, {"due_date": "net_days"})
"""The columns of a table of invoices."""

KEY = ("number", "type", "seller_business_id", "seller_vat_code")
"""The columns that tell one invoice from the next."""

SUMMED: Mapping[str, str] = {
    "net_amount": "row_net_amount",
    "vat_amount": "row_vat_amount",
    "gross_amount": "row_gross_amount",
}
"""Totals that are summed from the rows if the file does not give them and every row gives its part."""

MARKS = ("Confirma status", "Confirma reason")
"""The columns that a marked copy adds to a table. They are passed over when the copy is read."""

_SEPARATORS = re.compile(r"[\s_-]+")


def column_name(written: str) -> str:
    """Return the name of a column in the form of ``COLUMNS``: lower case, with underscores."""
    return _SEPARATORS.sub("_", written.strip().lower()).strip("_")
