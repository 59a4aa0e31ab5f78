"""Parties, addresses and accounts of a Finvoice document, in wire form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from confirma_async.formats.payload import put
from confirma_async.formats.xml.element_reader import Leaves
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
class Route:
    """Where a document is delivered electronically: the address, and the operator behind it."""

    address: str | None = None
    operator: str | None = None


def seller(leaves: Leaves, remarks: list[str]) -> dict[str, Any]:
    """``sellerParty``, with the account that the document asks to be paid to."""
    raw = _party(leaves, "Seller", "SellerPartyDetails")
    _contact(leaves, "Seller", raw)
    for path, place in (
        ("SellerInformationDetails/SellerCommonEmailaddressIdentifier", "contact.email"),
        ("SellerInformationDetails/SellerPhoneNumber", "contact.phone"),
    ):
        if place.rpartition(".")[2] not in raw.get("contact", {}):
            _text(leaves, path, place, raw)
    account = _account(leaves, remarks)
    if account:
        raw["paymentDetails"] = account
    return raw


def seller_id(leaves: Leaves) -> str:
    """The seller's business id, else VAT code, else nothing; takes nothing."""
    party = "SellerPartyDetails/Seller"
    return (
        leaves.peek(leaves.root, f"{party}PartyIdentifier")
        or leaves.peek(leaves.root, f"{party}OrganisationTaxCode")
        or ""
    )


def buyer(leaves: Leaves, route: Route) -> dict[str, Any]:
    """``buyerParty``; with the route, unless the invoice goes to another recipient."""
    raw = _party(leaves, "Buyer", "BuyerPartyDetails")
    _contact(leaves, "Buyer", raw)
    _text(leaves, "InvoiceDetails/SellersBuyerIdentifier", "customerAccountId", raw)
    code = leaves.first(leaves.root, "BuyerPartyDetails/BuyerCode")
    if code is not None and code.get("SchemeID") in GLN_SCHEMES:
        raw["glnNumber"] = leaves.take(code, "SchemeID")
    if is_personal_number(raw.get("businessId", "")):
        raw["personalIdentityNumber"] = raw.pop("businessId")
        raw["entityType"] = EntityType.PERSON.value
    elif "businessId" in raw or "vatCode" in raw:
        raw["entityType"] = EntityType.BUSINESS.value
    if leaves.first(leaves.root, _RECIPIENT) is None:
        _deliver(route, raw)
    return raw


def recipient(leaves: Leaves, route: Route) -> dict[str, Any]:
    """``invoiceRecipientParty``, where the invoice goes to another than the buyer."""
    raw = _party(leaves, "InvoiceRecipient", _RECIPIENT)
    if raw:
        communication = "InvoiceRecipientCommunicationDetails/InvoiceRecipient"
        _text(leaves, f"{communication}EmailaddressIdentifier", "email", raw)
        _text(leaves, f"{communication}PhoneNumberIdentifier", "contact.phone", raw)
        _text(leaves, "InvoiceRecipientContactPersonName", "contact.contactPerson.name", raw)
        _deliver(route, raw)
    return raw


def delivery(leaves: Leaves) -> dict[str, Any]:
    """The delivery party, with when and how it was delivered."""
    raw = _party(leaves, "Delivery", "DeliveryPartyDetails")
    raw.pop("businessId", None)
    raw.pop("vatCode", None)
    _contact(leaves, "Delivery", raw)
    _text(leaves, "DeliveryDetails/DeliveryMethodText", "deliveryMethod", raw)
    date = leaves.date(leaves.root, "DeliveryDetails/DeliveryDate")
    if date is not None:
        raw["deliveryDate"] = date
    return raw


def _deliver(route: Route, raw: dict[str, Any]) -> None:
    if route.address:
        raw["electronicInvoiceAccount"] = route.address
    if route.operator:
        raw["electronicRoutingAddress"] = route.operator


def _party(leaves: Leaves, prefix: str, above: str) -> dict[str, Any]:
    """The party below an element whose children's names begin with a prefix; a second name is left."""
    raw: dict[str, Any] = {}
    if leaves.first(leaves.root, above) is None:
        return raw
    if prefix != "Delivery":  # which has no place for these
        _text(leaves, f"{above}/{prefix}PartyIdentifier", "businessId", raw)
        _text(leaves, f"{above}/{prefix}OrganisationTaxCode", "vatCode", raw)
    _text(leaves, f"{above}/{prefix}OrganisationName", "name", raw)
    address = leaves.first(leaves.root, f"{above}/{prefix}PostalAddressDetails")
    if address is not None:
        lines = leaves.every(address, f"{prefix}StreetName")
        for place, line in zip(_STREETS, lines, strict=False):
            put(raw, f"address.{place}", leaves.take(line))
        for name, place in (
            (f"{prefix}PostCodeIdentifier", "postalCode"),
            (f"{prefix}TownName", "postalDistrict"),
            ("CountryCode", "countryCode"),
            ("CountryName", "countryName"),
        ):
            text = leaves.text(address, name)
            if text is not None:
                put(raw, f"address.{place}", text)
    return raw


def _contact(leaves: Leaves, prefix: str, raw: dict[str, Any]) -> None:
    communication = f"{prefix}CommunicationDetails/{prefix}"
    _text(leaves, f"{prefix}ContactPersonName", "contact.contactPerson.name", raw)
    email = f"{communication}EmailaddressIdentifier"
    has_person = "contactPerson" in raw.get("contact", {})
    _text(leaves, email, "contact.contactPerson.email" if has_person else "contact.email", raw)
    _text(leaves, f"{communication}PhoneNumberIdentifier", "contact.phone", raw)


def _text(leaves: Leaves, path: str, place: str, raw: dict[str, Any]) -> None:
    text = leaves.text(leaves.root, path)
    if text is not None:
        put(raw, place, text)


def _account(leaves: Leaves, remarks: list[str]) -> dict[str, Any]:
    """``paymentDetails``: the account of the payment instruction, else the seller's first IBAN."""
    parties = "EpiDetails/EpiPartyDetails/"
    account = leaves.first(leaves.root, f"{parties}EpiBeneficiaryPartyDetails/EpiAccountID")
    bank = leaves.first(leaves.root, f"{parties}EpiBfiPartyDetails/EpiBfiIdentifier")
    iban = None if account is None else _iban(leaves, account, remarks)
    if iban is not None:
        raw: dict[str, Any] = {"iban": iban}
        if bank is not None:
            raw["bic"] = leaves.take(bank, "IdentificationSchemeName")
        _take_repeated(leaves, raw)
        return raw
    for details in leaves.every(leaves.root, "SellerInformationDetails/SellerAccountDetails"):
        account, bank = leaves.first(details, "SellerAccountID"), leaves.first(details, "SellerBic")
        if account is not None and account.get("IdentificationSchemeName") == _IBAN:
            raw = {"iban": _compact(leaves.take(account, "IdentificationSchemeName"))}
            if bank is not None:
                raw["bic"] = leaves.take(bank, "IdentificationSchemeName")
            return raw
    return {}


def _take_repeated(leaves: Leaves, chosen: dict[str, Any]) -> None:
    """Takes the same account where the seller's list names it once more; the others are left."""
    for details in leaves.every(leaves.root, "SellerInformationDetails/SellerAccountDetails"):
        account, bank = leaves.first(details, "SellerAccountID"), leaves.first(details, "SellerBic")
        if account is None or _compact(leaves.peek(details, "SellerAccountID") or "") != chosen["iban"]:
            continue
        leaves.take(account, "IdentificationSchemeName")
        if bank is not None and leaves.peek(details, "SellerBic") == chosen.get("bic"):
            leaves.take(bank, "IdentificationSchemeName")


def _iban(leaves: Leaves, account: Element, remarks: list[str]) -> str | None:
    """An account as its IBAN; a Finnish account of 14 digits has exactly one."""
    text = _compact("".join(account.itertext()))
    if account.get("IdentificationSchemeName") == _IBAN:
        leaves.take(account, "IdentificationSchemeName")
        return text
    if not _FINNISH_BBAN.fullmatch(text):
        return None
    leaves.take(account, "IdentificationSchemeName")
    check = 98 - int(f"{text}151800") % 97
    remarks.append("the account is a Finnish one without its IBAN; it is sent as the IBAN that it has")
    return f"FI{check:02}{text}"


def _compact(account: str) -> str:
    return re.sub(r"\s", "", account).upper()
