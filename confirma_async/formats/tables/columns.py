"""The columns of tables, whichever file they stand in: name, place in the request, and kind of value.

One line stands for one invoice row; lines that follow each other with the same number, type and seller are
one invoice. Columns that begin with ``row_`` belong to the row, all others to the invoice: there, an empty
value on a later line means the same as above.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping

from attrs import Factory, field, frozen


class Kind(enum.Enum):
    """What the values of a column are."""

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
        return self in {Kind.ATTACHMENT, Kind.LINK}

    @property
    def is_numeric(self) -> bool:
        """Whether the values may tell how the file writes decimals."""
        return self in {Kind.DECIMAL, Kind.PERCENTAGE, Kind.AMOUNT}


def _is_of_row(column: Column) -> bool:
    return column.name.startswith("row_")


@frozen
class Column:
    """One column.

    Attributes:
        name: Its name in the header line; case, spaces and hyphens do not matter there.
        place: Where its values go: wire names from the request down, or from the row down.
        kind: What its values are.
        of_row: Whether it belongs to the row, not to the invoice.
    """

    name: str
    place: str
    kind: Kind
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
    ("number", _HEADER + "number", Kind.NUMBER),
    ("type", _HEADER + "type", Kind.INVOICE_TYPE),
    ("date", _HEADER + "date", Kind.DATE),
    ("due_date", _HEADER + "dueDate", Kind.DATE),
    ("currency", _HEADER + "currencyCode", Kind.TEXT),
    ("language", _HEADER + "languageCode", Kind.TEXT),
    ("description", _HEADER + "description", Kind.TEXT),
    ("additional_information", _HEADER + "additionalInformation", Kind.TEXT),
    ("order_date", _REFERENCES + "orderDate", Kind.DATE),
    ("order_number", _REFERENCES + "orderNumber", Kind.IDENTIFIER),
    ("buyer_reference", _REFERENCES + "buyer", Kind.TEXT),
    ("sales_reference", _REFERENCES + "sales", Kind.TEXT),
    ("agreement", _REFERENCES + "agreement", Kind.IDENTIFIER),
    ("payment_reference", _REFERENCES + "payment", Kind.IDENTIFIER),
    ("credited_number", _REFERENCES + "creditedInvoiceNumber", Kind.NUMBER),
    ("electronic_payment_code", _REFERENCES + "electronicPaymentCode", Kind.IDENTIFIER),
    ("invoice_copy_url", _REFERENCES + "invoiceCopyUrl", Kind.TEXT),
    ("payment_control", "processing.paymentControlEnabled", Kind.FLAG),
    ("manual_approval", "processing.manualApprovalEnabled", Kind.FLAG),
    ("accounting_invoice", "processing.accountingInvoiceEnabled", Kind.FLAG),
    ("show_product_code", "processing.showProductCodeEnabled", Kind.FLAG),
    ("distribution_enabled", "distribution.enabled", Kind.FLAG),
    ("distribution_method", "distribution.method", Kind.METHOD),
    ("seller_business_id", _SELLER + "businessId", Kind.IDENTIFIER),
    ("seller_name", _SELLER + "name", Kind.TEXT),
    ("seller_vat_code", _SELLER + "vatCode", Kind.IDENTIFIER),
    ("seller_street", _SELLER + "address.street", Kind.TEXT),
    ("seller_postal_code", _SELLER + "address.postalCode", Kind.IDENTIFIER),
    ("seller_city", _SELLER + "address.postalDistrict", Kind.TEXT),
    ("seller_country", _SELLER + "address.countryCode", Kind.TEXT),
    ("seller_contact_name", _SELLER + "contact.contactPerson.name", Kind.TEXT),
    ("seller_contact_email", _SELLER + "contact.contactPerson.email", Kind.TEXT),
    ("seller_email", _SELLER + "contact.email", Kind.TEXT),
    ("seller_phone", _SELLER + "contact.phone", Kind.IDENTIFIER),
    ("seller_iban", _SELLER + "paymentDetails.iban", Kind.IDENTIFIER),
    ("seller_bic", _SELLER + "paymentDetails.bic", Kind.IDENTIFIER),
    ("seller_bankgiro", _SELLER + "paymentDetails.bankgiro", Kind.IDENTIFIER),
    ("seller_postgiro", _SELLER + "paymentDetails.postgiro", Kind.IDENTIFIER),
    ("buyer_type", _BUYER + "entityType", Kind.ENTITY),
    ("buyer_name", _BUYER + "name", Kind.TEXT),
    ("buyer_customer_account", _BUYER + "customerAccountId", Kind.IDENTIFIER),
    ("buyer_personal_identity_number", _BUYER + "personalIdentityNumber", Kind.SECRET),
    ("buyer_business_id", _BUYER + "businessId", Kind.IDENTIFIER),
    ("buyer_vat_code", _BUYER + "vatCode", Kind.IDENTIFIER),
    ("buyer_einvoice_account", _BUYER + "electronicInvoiceAccount", Kind.IDENTIFIER),
    ("buyer_einvoice_operator", _BUYER + "electronicRoutingAddress", Kind.IDENTIFIER),
    ("buyer_gln", _BUYER + "glnNumber", Kind.IDENTIFIER),
    ("buyer_language", _BUYER + "languageCode", Kind.TEXT),
    ("buyer_street", _BUYER + "address.street", Kind.TEXT),
    ("buyer_street2", _BUYER + "address.street2", Kind.TEXT),
    ("buyer_street3", _BUYER + "address.street3", Kind.TEXT),
    ("buyer_postal_code", _BUYER + "address.postalCode", Kind.IDENTIFIER),
    ("buyer_city", _BUYER + "address.postalDistrict", Kind.TEXT),
    ("buyer_country", _BUYER + "address.countryCode", Kind.TEXT),
    ("buyer_contact_name", _BUYER + "contact.contactPerson.name", Kind.TEXT),
    ("buyer_contact_email", _BUYER + "contact.contactPerson.email", Kind.TEXT),
    ("buyer_email", _BUYER + "contact.email", Kind.TEXT),
    ("buyer_phone", _BUYER + "contact.phone", Kind.IDENTIFIER),
    ("buyer_disable_collection", _BUYER + "disableCollection", Kind.FLAG),
    ("recipient_name", _RECIPIENT + "name", Kind.TEXT),
    ("recipient_business_id", _RECIPIENT + "businessId", Kind.IDENTIFIER),
    ("recipient_vat_code", _RECIPIENT + "vatCode", Kind.IDENTIFIER),
    ("recipient_einvoice_account", _RECIPIENT + "electronicInvoiceAccount", Kind.IDENTIFIER),
    ("recipient_einvoice_operator", _RECIPIENT + "electronicRoutingAddress", Kind.IDENTIFIER),
    ("recipient_email", _RECIPIENT + "email", Kind.TEXT),
    ("recipient_language", _RECIPIENT + "languageCode", Kind.TEXT),
    ("recipient_street", _RECIPIENT + "address.street", Kind.TEXT),
    ("recipient_postal_code", _RECIPIENT + "address.postalCode", Kind.IDENTIFIER),
    ("recipient_city", _RECIPIENT + "address.postalDistrict", Kind.TEXT),
    ("recipient_country", _RECIPIENT + "address.countryCode", Kind.TEXT),
    ("delivery_name", _DELIVERY + "name", Kind.TEXT),
    ("delivery_date", _DELIVERY + "deliveryDate", Kind.DATE),
    ("delivery_method", _DELIVERY + "deliveryMethod", Kind.TEXT),
    ("delivery_street", _DELIVERY + "address.street", Kind.TEXT),
    ("delivery_postal_code", _DELIVERY + "address.postalCode", Kind.IDENTIFIER),
    ("delivery_city", _DELIVERY + "address.postalDistrict", Kind.TEXT),
    ("delivery_country", _DELIVERY + "address.countryCode", Kind.TEXT),
    ("net_amount", _AMOUNTS + "netAmount", Kind.AMOUNT),
    ("vat_amount", _AMOUNTS + "vatAmount", Kind.AMOUNT),
    ("gross_amount", _AMOUNTS + "grossAmount", Kind.AMOUNT),
    ("rounding_amount", _AMOUNTS + "roundingAmount", Kind.AMOUNT),
    ("net_days", _TERMS + "payment.netDays", Kind.WHOLE),
    ("payment_terms", _TERMS + "payment.description", Kind.TEXT),
    ("cash_discount_days", _TERMS + "payment.cashDiscountDays", Kind.WHOLE),
    ("cash_discount_percentage", _TERMS + "payment.cashDiscountPercentage", Kind.PERCENTAGE),
    ("interest_percentage", _TERMS + "interest.percentage", Kind.PERCENTAGE),
    ("attachment", "invoice.attachments", Kind.ATTACHMENT),
    ("attachment_url", "invoice.attachments", Kind.LINK),
    ("row_number", "rowNumber", Kind.WHOLE),
    ("row_product_code", "productCode", Kind.IDENTIFIER),
    ("row_product_name", "productName", Kind.TEXT),
    ("row_description", "description", Kind.TEXT),
    ("row_quantity", "quantity", Kind.DECIMAL),
    ("row_unit", "unit", Kind.TEXT),
    ("row_unit_price", "unitPrice", Kind.DECIMAL),
    ("row_discount_percentage", "discountPercentage", Kind.PERCENTAGE),
    ("row_vat_percentage", "vatPercentage", Kind.PERCENTAGE),
    ("row_vat_code", "vatCode", Kind.TEXT),
    ("row_net_amount", "netAmount", Kind.AMOUNT),
    ("row_vat_amount", "vatAmount", Kind.AMOUNT),
    ("row_gross_amount", "grossAmount", Kind.AMOUNT),
    ("row_account", "accounting.accountNumber", Kind.IDENTIFIER),
    ("row_cost_center", "accounting.costCenter", Kind.IDENTIFIER),
    ("row_project", "accounting.project", Kind.IDENTIFIER),
)

COLUMNS: Mapping[str, Column] = {name: Column(name, place, kind) for name, place, kind in _TABLE}
"""Every column that is read, by name."""

REQUIRED = ("number", "date", "due_date", "currency")
"""Columns without which no line can become an invoice; ``net_days`` can stand for ``due_date``."""

KEY = ("number", "type", "seller_business_id", "seller_vat_code")
"""Columns that tell one invoice from the next."""

SUMMED: Mapping[str, str] = {
    "net_amount": "row_net_amount",
    "vat_amount": "row_vat_amount",
    "gross_amount": "row_gross_amount",
}
"""Totals that are summed from the rows where the file does not give them, and every row gives its part."""

_SEPARATORS = re.compile(r"[\s_-]+")


def column_name(written: str) -> str:
    """Return the name of a column as the table has it: lower case, underscores for spaces and hyphens."""
    return _SEPARATORS.sub("_", written.strip().lower()).strip("_")
