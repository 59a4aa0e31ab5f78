"""Reads the parties, addresses and accounts of a Finvoice document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from confirma_async.formats.payload import Draft
from confirma_async.formats.values import identifiers
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.finvoice.codes import GLN_SCHEMES
from confirma_async.formats.xml.markup.reusable import PathsToPlaces
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import classify
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.part_cache import Fill

_STREETS = ("street", "street2", "street3")
_SCHEME = "IdentificationSchemeName"
_IBAN = "IBAN"
_RECIPIENT = "InvoiceRecipientPartyDetails"
_ACCOUNTS = "SellerInformationDetails/SellerAccountDetails"
_EPI = "EpiPartyDetails/"


def _seller(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill ``sellerParty``, with the account to pay to."""
    _party(reader, party, view, "Seller", "SellerPartyDetails")
    _contact(reader, party, view, "Seller")
    for path, place in (
        ("SellerInformationDetails/SellerCommonEmailaddressIdentifier", "contact.email"),
        ("SellerInformationDetails/SellerPhoneNumber", "contact.phone"),
    ):
        if party.get(place) is None:
            placing.text(reader, party, place, view, path)
    _account(reader, party, view)


def seller_id(reader: ElementReader) -> str:
    """Return the seller's business id, else VAT code, else an empty text, without taking it."""
    party = "SellerPartyDetails/Seller"
    identifier = reader.peek(reader.root, f"{party}PartyIdentifier")
    if identifier:
        return identifiers.business_id(identifier) or identifier
    return reader.peek(reader.root, f"{party}OrganisationTaxCode") or ""


def _buyer(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill ``buyerParty``."""
    _party(reader, party, view, "Buyer", "BuyerPartyDetails")
    _contact(reader, party, view, "Buyer")
    placing.text(reader, party, "customerAccountId", view, "SellersBuyerIdentifier")
    code = reader.first(view, "BuyerPartyDetails/BuyerCode")
    if code is not None and code.get("SchemeID") in GLN_SCHEMES:
        reader.take(party, "glnNumber", code, "SchemeID")
    classify(reader, party, is_business=False)


def _recipient(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill ``invoiceRecipientParty``, if the invoice goes to another party than the buyer."""
    _party(reader, party, view, "InvoiceRecipient", _RECIPIENT)
    if not party.values:
        return
    communication = "InvoiceRecipientCommunicationDetails/InvoiceRecipient"
    placing.text(reader, party, "email", view, f"{communication}EmailaddressIdentifier")
    placing.text(reader, party, "contact.phone", view, f"{communication}PhoneNumberIdentifier")
    placing.text(reader, party, "contact.contactPerson.name", view, "InvoiceRecipientContactPersonName")


def _delivery(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill the delivery party, with when and how it was delivered."""
    _party(reader, party, view, "Delivery", "DeliveryPartyDetails")
    _contact(reader, party, view, "Delivery")
    placing.text(reader, party, "deliveryMethod", view, "DeliveryDetails/DeliveryMethodText")
    placing.date(reader, party, "deliveryDate", view, "DeliveryDetails/DeliveryDate", optional=True)


def _made_of(prefix: str, *further: str) -> Sequence[str]:
    return f"{prefix}PartyDetails", f"{prefix}ContactPersonName", f"{prefix}CommunicationDetails", *further


PARTIES: Mapping[str, tuple[Sequence[str], Fill]] = {
    "seller": (_made_of("Seller", "SellerInformationDetails", "EpiDetails/EpiPartyDetails"), _seller),
    "buyer": (_made_of("Buyer", "InvoiceDetails/SellersBuyerIdentifier"), _buyer),
    "invoiceRecipient": (_made_of("InvoiceRecipient"), _recipient),
    "delivery": (_made_of("Delivery", "DeliveryDetails"), _delivery),
}
"""The parties of an invoice: the elements of each, and the function that fills it."""


def deliver(reader: ElementReader, name: str, party: Draft, route: Mapping[str, Element]) -> None:
    """Put the electronic address into a party, if the document goes to it: the recipient, else the buyer.

    Args:
        reader: The reader of the document.
        name: The name of the party: ``buyer`` or ``invoiceRecipient``.
        party: The draft of the party.
        route: The elements of the electronic address, by their places.
    """
    is_buyer = name == "buyer" and reader.first(reader.root, _RECIPIENT) is None
    if is_buyer or (name == "invoiceRecipient" and party.values):
        for place, element in route.items():
            reader.take(party, place, element)


def _party(reader: ElementReader, party: Draft, view: Element, prefix: str, above: str) -> None:
    """Fill a party from an element whose children's names have a prefix; a second name becomes a detail."""
    details = reader.first(view, above)
    if details is None:
        return
    placing.texts(reader, party, details, _names(prefix))
    address = reader.first(details, f"{prefix}PostalAddressDetails")
    if address is None:
        return
    lines = reader.every(address, f"{prefix}StreetName")
    for place, line in zip(_STREETS, lines, strict=False):
        reader.take(party, f"address.{place}", line)
    placing.texts(reader, party, address, _address(prefix))


@cache  # of a few prefixes
def _names(prefix: str) -> PathsToPlaces:
    name = (f"{prefix}OrganisationName", "name")
    if prefix == "Delivery":  # which has no place for the others
        return (name,)
    return (f"{prefix}PartyIdentifier", "businessId"), (f"{prefix}OrganisationTaxCode", "vatCode"), name


@cache
def _address(prefix: str) -> PathsToPlaces:
    return (
        (f"{prefix}PostCodeIdentifier", "address.postalCode"),
        (f"{prefix}TownName", "address.postalDistrict"),
        ("CountryCode", "address.countryCode"),
        ("CountryName", "address.countryName"),
    )


def _contact(reader: ElementReader, party: Draft, view: Element, prefix: str) -> None:
    communication = f"{prefix}CommunicationDetails/{prefix}"
    person = placing.text(reader, party, "contact.contactPerson.name", view, f"{prefix}ContactPersonName")
    email = "contact.email" if person is None else "contact.contactPerson.email"
    placing.text(reader, party, email, view, f"{communication}EmailaddressIdentifier")
    placing.text(reader, party, "contact.phone", view, f"{communication}PhoneNumberIdentifier")


def _account(reader: ElementReader, party: Draft, view: Element) -> None:
    """Put in the account of the payment instruction, else the first valid one of the seller."""
    instructed = reader.first(view, f"{_EPI}EpiBeneficiaryPartyDetails/EpiAccountID")
    bank = reader.first(view, f"{_EPI}EpiBfiPartyDetails/EpiBfiIdentifier")
    if instructed is not None and _put_account(reader, party, instructed, bank):
        _imply_repeated(reader, party, view)
        return
    unknown = instructed
    for details in reader.every(view, _ACCOUNTS):
        account, its_bank = reader.first(details, "SellerAccountID"), reader.first(details, "SellerBic")
        if account is not None and _put_account(reader, party, account, its_bank):
            unknown = None
            break
        unknown = unknown if unknown is not None else account
    if unknown is not None:
        reader.findings.remark(
            unknown, "is no account that is known (an IBAN); it is kept in the details alone"
        )
    elif bank is not None and party.get("paymentDetails.iban") is None:
        reader.take(party, "paymentDetails.bic", bank, _SCHEME)


def _put_account(reader: ElementReader, party: Draft, account: Element, bank: Element | None) -> bool:
    """Put in an account and its bank if its scheme or check digits are right; return whether they are."""
    text = own_text(account)
    scheme = (account.get(_SCHEME) or "").upper()
    finnish = identifiers.iban_of_finnish(text)
    if scheme == _IBAN or identifiers.has_form_of_iban(text):
        party.put("paymentDetails.iban", identifiers.account(text), account)
    elif finnish is not None:
        party.put("paymentDetails.iban", finnish, account)
        reader.findings.remarks.append(
            "the account is a Finnish one without its IBAN; it is sent as the IBAN that it has"
        )
    else:
        return False
    _imply(reader, account)
    if bank is not None:
        reader.take(party, "paymentDetails.bic", bank)
        _imply(reader, bank)
    return True


def _imply_repeated(reader: ElementReader, party: Draft, view: Element) -> None:
    """Take the same account again in the seller's list; the others become details."""
    for details in reader.every(view, _ACCOUNTS):
        account, bank = reader.first(details, "SellerAccountID"), reader.first(details, "SellerBic")
        if account is None or identifiers.account(own_text(account)) != party.get("paymentDetails.iban"):
            continue
        _imply(reader, account)
        if bank is not None and own_text(bank) == party.get("paymentDetails.bic"):
            _imply(reader, bank)


def _imply(reader: ElementReader, element: Element) -> None:
    """Take an account or a bank, with its scheme if its place says the same."""
    known = (element.get(_SCHEME) or "").upper() in {"IBAN", "BIC", "BBAN"}
    reader.imply(element, *((_SCHEME,) if known else ()))
