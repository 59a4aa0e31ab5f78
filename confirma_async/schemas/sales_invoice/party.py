"""The parties of an invoice: who sells, buys, receives the invoice and receives the goods (contract §4)."""

from datetime import date

from attrs import field, frozen

from confirma_async.schemas.values import EntityType, entity_type
from confirma_async.schemas.wire import E, P, Schema, vendor


@vendor("Address", section="4")
@frozen(kw_only=True)
class Address(Schema):
    """A postal address. ``country_code`` is ISO 3166-1 alpha-2, ``postal_code`` valid for that country."""

    street: str | None = field(default=None, metadata=E)
    street2: str | None = field(default=None, metadata=E)
    street3: str | None = field(default=None, metadata=E)
    postal_code: str | None = field(default=None, metadata=E)
    postal_district: str | None = field(default=None, metadata=E)
    country_code: str | None = field(default=None, metadata=E)
    country_name: str | None = field(default=None, metadata=E)


@vendor("Contact Person", section="4")
@frozen(kw_only=True)
class ContactPerson(Schema):
    """A named person to ask for."""

    name: str | None = field(default=None, metadata=E)
    email: str | None = field(default=None, metadata=E)


@vendor("Contact", section="4")
@frozen(kw_only=True)
class Contact(Schema):
    """How to reach a party."""

    contact_person: ContactPerson | None = field(default=None, metadata=E)
    email: str | None = field(default=None, metadata=E)
    phone: str | None = field(default=None, metadata=E)


@vendor("Payment Details", section="4")
@frozen(kw_only=True)
class PaymentDetails(Schema):
    """The accounts that the seller is paid to."""

    iban: str | None = field(default=None, metadata=E)
    bic: str | None = field(default=None, metadata=E)
    bankgiro: str | None = field(default=None, metadata=E)
    postgiro: str | None = field(default=None, metadata=E)


@vendor("Seller Party", section="4")
@frozen(kw_only=True)
class SellerParty(Schema):
    """The creditor."""

    business_id: str | None = field(default=None, metadata=E)
    name: str | None = field(default=None, metadata=E)
    vat_code: str | None = field(default=None, metadata=E)
    address: Address | None = field(default=None, metadata=E)
    contact: Contact | None = field(default=None, metadata=E)
    payment_details: PaymentDetails | None = field(default=None, metadata=E)

    @property
    def identifier(self) -> str:
        """The business id, else the VAT code, else an empty text; it tells one seller from another."""
        return self.business_id or self.vat_code or ""


@vendor("BuyerParty", section="4")
@frozen(kw_only=True)
class BuyerParty(Schema):
    """The debtor. ``personal_identity_number`` is a secret: it never shows in a repr or a log."""

    entity_type: EntityType | None = field(default=None, converter=entity_type, metadata=E)
    name: str | None = field(default=None, metadata=E)
    customer_account_id: str | None = field(default=None, metadata=E)
    personal_identity_number: str | None = field(default=None, repr=False, metadata=E)
    business_id: str | None = field(default=None, metadata=E)
    vat_code: str | None = field(default=None, metadata=E)
    electronic_invoice_account: str | None = field(default=None, metadata=E)
    electronic_routing_address: str | None = field(default=None, metadata=E)
    gln_number: str | None = field(default=None, metadata=E)
    language_code: str | None = field(default=None, metadata=E)
    disable_collection: bool | None = field(default=None, metadata=E)
    address: Address | None = field(default=None, metadata=E)
    contact: Contact | None = field(default=None, metadata=E)


@vendor("Invoice Recipient Party", section="4")
@frozen(kw_only=True)
class InvoiceRecipientParty(Schema):
    """Who receives the invoice, where that is not the buyer."""

    name: str | None = field(default=None, metadata=E)
    business_id: str | None = field(default=None, metadata=E)
    vat_code: str | None = field(default=None, metadata=E)
    electronic_invoice_account: str | None = field(default=None, metadata=E)
    electronic_routing_address: str | None = field(default=None, metadata=E)
    gln_number: str | None = field(default=None, metadata=E)
    email: str | None = field(default=None, metadata=E)
    language_code: str | None = field(default=None, metadata=E)
    address: Address | None = field(default=None, metadata=E)
    contact: Contact | None = field(default=None, metadata=P)


@vendor("Delivery Party", section="4")
@frozen(kw_only=True)
class DeliveryParty(Schema):
    """Who received the goods, where and when."""

    name: str | None = field(default=None, metadata=P)
    address: Address | None = field(default=None, metadata=P)
    contact: Contact | None = field(default=None, metadata=P)
    delivery_date: date | None = field(default=None, metadata=P)
    delivery_method: str | None = field(default=None, metadata=P)


@vendor("Invoice Parties", section="4")
@frozen(kw_only=True)
class InvoiceParties(Schema):
    """All parties of an invoice."""

    seller_party: SellerParty | None = field(default=None, metadata=E)
    buyer_party: BuyerParty | None = field(default=None, metadata=E)
    invoice_recipient_party: InvoiceRecipientParty | None = field(default=None, metadata=E)
    delivery_party: DeliveryParty | None = field(default=None, metadata=P)
