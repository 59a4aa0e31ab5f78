"""Parties, addresses and accounts of a UBL document, in wire form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from confirma_async.formats.payload import put
from confirma_async.formats.xml.element_reader import Leaves
from confirma_async.formats.xml.ubl.codes import GIRO_BRANCHES, GLN_SCHEME, ORGANISATION_SCHEMES
from confirma_async.schemas import EntityType

if TYPE_CHECKING:
    from confirma_async.formats.xml.element_reader import Element

_LINES = ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line")
"""Address lines in the order in which they are printed."""

_STREETS = ("street", "street2", "street3")

_ADDRESS = (
    ("cbc:PostalZone", "postalCode"),
    ("cbc:CityName", "postalDistrict"),
    ("cac:Country/cbc:IdentificationCode", "countryCode"),
    ("cac:Country/cbc:Name", "countryName"),
)

_CONTACT = (
    ("cac:Contact/cbc:Name", "contact.contactPerson.name"),
    ("cac:Contact/cbc:Telephone", "contact.phone"),
    ("cac:Contact/cbc:ElectronicMail", "contact.email"),
)

_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", re.ASCII)


def seller(leaves: Leaves) -> dict[str, Any]:
    """``sellerParty``, with the accounts that the document asks to be paid to."""
    element = leaves.first(leaves.root, "cac:AccountingSupplierParty/cac:Party")
    raw = {} if element is None else _party(leaves, element)
    accounts = _accounts(leaves)
    if accounts:
        raw["paymentDetails"] = accounts
    return raw


def seller_id(leaves: Leaves) -> str:
    """The seller's business id, else VAT code, else nothing; takes nothing."""
    element = leaves.first(leaves.root, "cac:AccountingSupplierParty/cac:Party")
    if element is None:
        return ""
    business_id = leaves.peek(element, "cac:PartyLegalEntity/cbc:CompanyID")
    if business_id:
        return business_id
    vat = _vat_scheme(leaves, element)
    return "" if vat is None else leaves.peek(vat, "cbc:CompanyID") or ""


def buyer(leaves: Leaves) -> dict[str, Any]:
    """``buyerParty``, with its electronic address as ``scheme:id``."""
    element = leaves.first(leaves.root, "cac:AccountingCustomerParty/cac:Party")
    if element is None:
        return {}
    raw = _party(leaves, element)
    gln: str | None = None
    for identification in leaves.every(element, "cac:PartyIdentification/cbc:ID"):
        if gln is None and identification.get("schemeID") == GLN_SCHEME:
            gln = leaves.take(identification, "schemeID")
    endpoint = leaves.first(element, "cbc:EndpointID")
    scheme = None if endpoint is None else endpoint.get("schemeID")
    if endpoint is not None:
        address = leaves.take(endpoint, "schemeID")
        raw["electronicInvoiceAccount"] = f"{scheme}:{address}" if scheme else address
        if gln is None and scheme == GLN_SCHEME:
            gln = address
    if gln is not None:
        raw["glnNumber"] = gln
    if "businessId" in raw or "vatCode" in raw or _is_organisation(scheme):
        raw["entityType"] = EntityType.BUSINESS.value
    return raw


def delivery(leaves: Leaves) -> dict[str, Any]:
    """The delivery party, of the first delivery; further ones are left."""
    element = leaves.first(leaves.root, "cac:Delivery")
    raw: dict[str, Any] = {}
    if element is None:
        return raw
    _texts(leaves, element, (("cac:DeliveryParty/cac:PartyName/cbc:Name", "name"),), raw)
    address = leaves.first(element, "cac:DeliveryLocation/cac:Address")
    if address is not None:
        raw["address"] = _address(leaves, address)
    date = leaves.date(element, "cbc:ActualDeliveryDate")
    if date is not None:
        raw["deliveryDate"] = date
    return raw


def _is_organisation(scheme: str | None) -> bool:
    return scheme is not None and (scheme in ORGANISATION_SCHEMES or scheme.startswith("99"))


def _party(leaves: Leaves, element: Element) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    _texts(leaves, element, (("cac:PartyLegalEntity/cbc:CompanyID", "businessId"),), raw)
    name = leaves.text(element, "cac:PartyLegalEntity/cbc:RegistrationName")
    if name is None or leaves.peek(element, "cac:PartyName/cbc:Name") == name:
        name = leaves.text(element, "cac:PartyName/cbc:Name")
    if name is not None:
        raw["name"] = name
    vat = _vat_scheme(leaves, element)
    if vat is not None:
        _texts(leaves, vat, (("cbc:CompanyID", "vatCode"), ("cac:TaxScheme/cbc:ID", "")), raw)
    address = leaves.first(element, "cac:PostalAddress")
    if address is not None:
        raw["address"] = _address(leaves, address)
    _texts(leaves, element, _CONTACT, raw)
    return raw


def _vat_scheme(leaves: Leaves, element: Element) -> Element | None:
    for scheme in leaves.every(element, "cac:PartyTaxScheme"):
        if leaves.peek(scheme, "cac:TaxScheme/cbc:ID") == "VAT" and leaves.peek(scheme, "cbc:CompanyID"):
            return scheme
    return None


def _address(leaves: Leaves, element: Element) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    lines = [line for path in _LINES for line in leaves.every(element, path)]
    for place, line in zip(_STREETS, lines, strict=False):  # a fourth line is left over, and so kept
        raw[place] = leaves.take(line)
    _texts(leaves, element, _ADDRESS, raw)
    return raw


def _texts(leaves: Leaves, element: Element, table: tuple[tuple[str, str], ...], raw: dict[str, Any]) -> None:
    """Takes texts to their places; an empty place means that another one tells the same."""
    for path, place in table:
        text = leaves.text(element, path)
        if text is not None and place:
            put(raw, place, text)


def _accounts(leaves: Leaves) -> dict[str, Any]:
    """``paymentDetails``: the first account of each kind; further ones, and other kinds, are left."""
    raw: dict[str, Any] = {}
    spare_bic: Element | None = None
    for account in leaves.every(leaves.root, "cac:PaymentMeans/cac:PayeeFinancialAccount"):
        number = leaves.first(account, "cbc:ID")
        branch = leaves.first(account, "cac:FinancialInstitutionBranch/cbc:ID")
        branch_id = leaves.peek(account, "cac:FinancialInstitutionBranch/cbc:ID") or ""
        giro = GIRO_BRANCHES.get(branch_id)
        compact = re.sub(r"\s", "", leaves.peek(account, "cbc:ID") or "").upper()
        is_bic = branch is not None and _BIC.fullmatch(branch_id) is not None
        if number is not None and giro is not None and giro not in raw:
            raw[giro] = leaves.take(number)
            leaves.text(account, "cac:FinancialInstitutionBranch/cbc:ID")
        elif number is not None and _IBAN.fullmatch(compact) and "iban" not in raw:
            leaves.take(number)
            raw["iban"] = compact
            if branch is not None and is_bic:
                raw["bic"] = leaves.take(branch)
        elif is_bic and spare_bic is None:
            spare_bic = branch
    # A bank's code beside another bank's IBAN would send the money astray: it is used only without an IBAN.
    if spare_bic is not None and "iban" not in raw:
        raw["bic"] = leaves.take(spare_bic)
    return raw
