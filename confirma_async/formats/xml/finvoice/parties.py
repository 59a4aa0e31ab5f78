"""Parties, addresses and accounts of a Finvoice document, in wire form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from confirma_async.formats.payload import put
from confirma_async.formats.xml.element_reader import ElementReader
from confirma_async.formats.xml.finvoice.codes import GLN_SCHEMES
from confirma_async.redaction import is_personal_number
from confirma_async.schemas import EntityType

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_STREETS = ("street", "street2", "street3")
_FINNISH_BBAN = re.compile(r"\d{14}", re.ASCII)
_IBAN = "IBAN"
_RECIPIENT = "InvoiceRecipientPartyDetails"


@frozen
class EInvoiceRoute:
    """Where a document is delivered electronically: the address, and the operator behind it."""

    address: str | None = None
    operator: str | None = None


def seller(reader: ElementReader, remarks: list[str]) -> dict[str, Any]:
    """``sellerParty``, with the account that the document asks to be paid to."""
    raw = _party(reader, "Seller", "SellerPartyDetails")
    _contact(reader, "Seller", raw)
    for path, place in (
        ("SellerInformationDetails/SellerCommonEmailaddressIdentifier", "contact.email"),
        ("SellerInformationDetails/SellerPhoneNumber", "contact.phone"),
    ):
        if place.rpartition(".")[2] not in raw.get("contact", {}):
            _text(reader, path, place, raw)
    account = _account(reader, remarks)
    if account:
        raw["paymentDetails"] = account
    return raw


def seller_id(reader: ElementReader) -> str:
    """The seller's business id, else VAT code, else nothing; takes nothing."""
    party = "SellerPartyDetails/Seller"
    return (
        reader.peek(reader.root, f"{party}PartyIdentifier")
        or reader.peek(reader.root, f"{party}OrganisationTaxCode")
        or ""
    )


def buyer(reader: ElementReader, route: EInvoiceRoute) -> dict[str, Any]:
    """``buyerParty``; with the route, unless the invoice goes to another recipient."""
    raw = _party(reader, "Buyer", "BuyerPartyDetails")
    _contact(reader, "Buyer", raw)
    _text(reader, "InvoiceDetails/SellersBuyerIdentifier", "customerAccountId", raw)
    code = reader.first(reader.root, "BuyerPartyDetails/BuyerCode")
    if code is not None and code.get("SchemeID") in GLN_SCHEMES:
        raw["glnNumber"] = reader.consume(code, "SchemeID")
    if is_personal_number(raw.get("businessId", "")):
        raw["personalIdentityNumber"] = raw.pop("businessId")
        raw["entityType"] = EntityType.PERSON.value
    elif "businessId" in raw or "vatCode" in raw:
        raw["entityType"] = EntityType.BUSINESS.value
    if reader.first(reader.root, _RECIPIENT) is None:
        _deliver(route, raw)
    return raw


def recipient(reader: ElementReader, route: EInvoiceRoute) -> dict[str, Any]:
    """``invoiceRecipientParty``, where the invoice goes to another than the buyer."""
    raw = _party(reader, "InvoiceRecipient", _RECIPIENT)
    if raw:
        communication = "InvoiceRecipientCommunicationDetails/InvoiceRecipient"
        _text(reader, f"{communication}EmailaddressIdentifier", "email", raw)
        _text(reader, f"{communication}PhoneNumberIdentifier", "contact.phone", raw)
        _text(reader, "InvoiceRecipientContactPersonName", "contact.contactPerson.name", raw)
        _deliver(route, raw)
    return raw


def delivery(reader: ElementReader) -> dict[str, Any]:
    """The delivery party, with when and how it was delivered."""
    raw = _party(reader, "Delivery", "DeliveryPartyDetails")
    raw.pop("businessId", None)
    raw.pop("vatCode", None)
    _contact(reader, "Delivery", raw)
    _text(reader, "DeliveryDetails/DeliveryMethodText", "deliveryMethod", raw)
    date = reader.date(reader.root, "DeliveryDetails/DeliveryDate")
    if date is not None:
        raw["deliveryDate"] = date
    return raw


def _deliver(route: EInvoiceRoute, raw: dict[str, Any]) -> None:
    if route.address:
        raw["electronicInvoiceAccount"] = route.address
    if route.operator:
        raw["electronicRoutingAddress"] = route.operator


def _party(reader: ElementReader, prefix: str, above: str) -> dict[str, Any]:
    """The party below an element whose children's names begin with a prefix; a second name is left."""
    raw: dict[str, Any] = {}
    if reader.first(reader.root, above) is None:
        return raw
    if prefix != "Delivery":  # which has no place for these
        _text(reader, f"{above}/{prefix}PartyIdentifier", "businessId", raw)
        _text(reader, f"{above}/{prefix}OrganisationTaxCode", "vatCode", raw)
    _text(reader, f"{above}/{prefix}OrganisationName", "name", raw)
    address = reader.first(reader.root, f"{above}/{prefix}PostalAddressDetails")
    if address is not None:
        lines = reader.every(address, f"{prefix}StreetName")
        for place, line in zip(_STREETS, lines, strict=False):
            put(raw, f"address.{place}", reader.consume(line))
        for name, place in (
            (f"{prefix}PostCodeIdentifier", "postalCode"),
            (f"{prefix}TownName", "postalDistrict"),
            ("CountryCode", "countryCode"),
            ("CountryName", "countryName"),
        ):
            put(raw, f"address.{place}", reader.text(address, name))
    return raw


def _contact(reader: ElementReader, prefix: str, raw: dict[str, Any]) -> None:
    communication = f"{prefix}CommunicationDetails/{prefix}"
    _text(reader, f"{prefix}ContactPersonName", "contact.contactPerson.name", raw)
    email = f"{communication}EmailaddressIdentifier"
    has_person = "contactPerson" in raw.get("contact", {})
    _text(reader, email, "contact.contactPerson.email" if has_person else "contact.email", raw)
    _text(reader, f"{communication}PhoneNumberIdentifier", "contact.phone", raw)


def _text(reader: ElementReader, path: str, place: str, raw: dict[str, Any]) -> None:
    put(raw, place, reader.text(reader.root, path))


def _account(reader: ElementReader, remarks: list[str]) -> dict[str, Any]:
    """``paymentDetails``: the account of the payment instruction, else the seller's first IBAN."""
    parties = "EpiDetails/EpiPartyDetails/"
    account = reader.first(reader.root, f"{parties}EpiBeneficiaryPartyDetails/EpiAccountID")
    bank = reader.first(reader.root, f"{parties}EpiBfiPartyDetails/EpiBfiIdentifier")
    iban = None if account is None else _iban(reader, account, remarks)
    if iban is not None:
        raw: dict[str, Any] = {"iban": iban}
        if bank is not None:
            raw["bic"] = reader.consume(bank, "IdentificationSchemeName")
        _consume_repeated(reader, raw)
        return raw
    for details in reader.every(reader.root, "SellerInformationDetails/SellerAccountDetails"):
        account, bank = reader.first(details, "SellerAccountID"), reader.first(details, "SellerBic")
        if account is not None and account.get("IdentificationSchemeName") == _IBAN:
            raw = {"iban": _compact(reader.consume(account, "IdentificationSchemeName"))}
            if bank is not None:
                raw["bic"] = reader.consume(bank, "IdentificationSchemeName")
            return raw
    return {}


def _consume_repeated(reader: ElementReader, chosen: dict[str, Any]) -> None:
    """Consumes the same account where the seller's list names it once more; the others are left."""
    for details in reader.every(reader.root, "SellerInformationDetails/SellerAccountDetails"):
        account, bank = reader.first(details, "SellerAccountID"), reader.first(details, "SellerBic")
        if account is None or _compact(reader.peek(details, "SellerAccountID") or "") != chosen["iban"]:
            continue
        reader.consume(account, "IdentificationSchemeName")
        if bank is not None and reader.peek(details, "SellerBic") == chosen.get("bic"):
            reader.consume(bank, "IdentificationSchemeName")


def _iban(reader: ElementReader, account: Element, remarks: list[str]) -> str | None:
    """An account as its IBAN; a Finnish account of 14 digits has exactly one."""
    text = _compact("".join(account.itertext()))
    if account.get("IdentificationSchemeName") == _IBAN:
        reader.consume(account, "IdentificationSchemeName")
        return text
    if not _FINNISH_BBAN.fullmatch(text):
        return None
    reader.consume(account, "IdentificationSchemeName")
    check = 98 - int(f"{text}151800") % 97
    remarks.append("the account is a Finnish one without its IBAN; it is sent as the IBAN that it has")
    return f"FI{check:02}{text}"


def _compact(account: str) -> str:
    return re.sub(r"\s", "", account).upper()
