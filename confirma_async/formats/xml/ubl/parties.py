"""Parties, addresses and accounts of a UBL document, in wire form."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from confirma_async.formats.payload import put
from confirma_async.formats.xml.element_reader import ElementReader
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


def seller(reader: ElementReader) -> dict[str, Any]:
    """``sellerParty``, with the accounts that the document asks to be paid to."""
    element = reader.first(reader.root, "cac:AccountingSupplierParty/cac:Party")
    raw = {} if element is None else _party(reader, element)
    accounts = _accounts(reader)
    if accounts:
        raw["paymentDetails"] = accounts
    return raw


def seller_id(reader: ElementReader) -> str:
    """The seller's business id, else VAT code, else nothing; takes nothing."""
    element = reader.first(reader.root, "cac:AccountingSupplierParty/cac:Party")
    if element is None:
        return ""
    business_id = reader.peek(element, "cac:PartyLegalEntity/cbc:CompanyID")
    if business_id:
        return business_id
    vat = _vat_scheme(reader, element)
    return "" if vat is None else reader.peek(vat, "cbc:CompanyID") or ""


def buyer(reader: ElementReader) -> dict[str, Any]:
    """``buyerParty``, with its electronic address as ``scheme:id``."""
    element = reader.first(reader.root, "cac:AccountingCustomerParty/cac:Party")
    if element is None:
        return {}
    raw = _party(reader, element)
    gln: str | None = None
    for identification in reader.every(element, "cac:PartyIdentification/cbc:ID"):
        if gln is None and identification.get("schemeID") == GLN_SCHEME:
            gln = reader.consume(identification, "schemeID")
    endpoint = reader.first(element, "cbc:EndpointID")
    scheme = None if endpoint is None else endpoint.get("schemeID")
    if endpoint is not None:
        address = reader.consume(endpoint, "schemeID")
        raw["electronicInvoiceAccount"] = f"{scheme}:{address}" if scheme else address
        if gln is None and scheme == GLN_SCHEME:
            gln = address
    if gln is not None:
        raw["glnNumber"] = gln
    if "businessId" in raw or "vatCode" in raw or _is_organisation(scheme):
        raw["entityType"] = EntityType.BUSINESS.value
    return raw


def delivery(reader: ElementReader) -> dict[str, Any]:
    """The delivery party, of the first delivery; further ones are left."""
    element = reader.first(reader.root, "cac:Delivery")
    raw: dict[str, Any] = {}
    if element is None:
        return raw
    _texts(reader, element, (("cac:DeliveryParty/cac:PartyName/cbc:Name", "name"),), raw)
    address = reader.first(element, "cac:DeliveryLocation/cac:Address")
    if address is not None:
        raw["address"] = _address(reader, address)
    date = reader.date(element, "cbc:ActualDeliveryDate")
    if date is not None:
        raw["deliveryDate"] = date
    return raw


def _is_organisation(scheme: str | None) -> bool:
    return scheme is not None and (scheme in ORGANISATION_SCHEMES or scheme.startswith("99"))


def _party(reader: ElementReader, element: Element) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    _texts(reader, element, (("cac:PartyLegalEntity/cbc:CompanyID", "businessId"),), raw)
    name = reader.text(element, "cac:PartyLegalEntity/cbc:RegistrationName")
    if name is None or reader.peek(element, "cac:PartyName/cbc:Name") == name:
        name = reader.text(element, "cac:PartyName/cbc:Name")
    if name is not None:
        raw["name"] = name
    vat = _vat_scheme(reader, element)
    if vat is not None:
        _texts(reader, vat, (("cbc:CompanyID", "vatCode"), ("cac:TaxScheme/cbc:ID", "")), raw)
    address = reader.first(element, "cac:PostalAddress")
    if address is not None:
        raw["address"] = _address(reader, address)
    _texts(reader, element, _CONTACT, raw)
    return raw


def _vat_scheme(reader: ElementReader, element: Element) -> Element | None:
    for scheme in reader.every(element, "cac:PartyTaxScheme"):
        if reader.peek(scheme, "cac:TaxScheme/cbc:ID") == "VAT" and reader.peek(scheme, "cbc:CompanyID"):
            return scheme
    return None


def _address(reader: ElementReader, element: Element) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    lines = [line for path in _LINES for line in reader.every(element, path)]
    for place, line in zip(_STREETS, lines, strict=False):  # a fourth line is left over, and so kept
        raw[place] = reader.consume(line)
    _texts(reader, element, _ADDRESS, raw)
    return raw


def _texts(
    reader: ElementReader, element: Element, table: tuple[tuple[str, str], ...], raw: dict[str, Any]
) -> None:
    """Takes texts to their places; an empty place means that another one tells the same."""
    for path, place in table:
        text = reader.text(element, path)
        if place:
            put(raw, place, text)


def _accounts(reader: ElementReader) -> dict[str, Any]:
    """``paymentDetails``: the first account of each kind; further ones, and other kinds, are left."""
    raw: dict[str, Any] = {}
    spare_bic: Element | None = None
    for account in reader.every(reader.root, "cac:PaymentMeans/cac:PayeeFinancialAccount"):
        number = reader.first(account, "cbc:ID")
        branch = reader.first(account, "cac:FinancialInstitutionBranch/cbc:ID")
        branch_id = reader.peek(account, "cac:FinancialInstitutionBranch/cbc:ID") or ""
        giro = GIRO_BRANCHES.get(branch_id)
        compact = re.sub(r"\s", "", reader.peek(account, "cbc:ID") or "").upper()
        is_bic = branch is not None and _BIC.fullmatch(branch_id) is not None
        if number is not None and giro is not None and giro not in raw:
            raw[giro] = reader.consume(number)
            reader.text(account, "cac:FinancialInstitutionBranch/cbc:ID")
        elif number is not None and _IBAN.fullmatch(compact) and "iban" not in raw:
            reader.consume(number)
            raw["iban"] = compact
            if branch is not None and is_bic:
                raw["bic"] = reader.consume(branch)
        elif is_bic and spare_bic is None:
            spare_bic = branch
    # A bank's code beside another bank's IBAN would send the money astray: it is used only without an IBAN.
    if spare_bic is not None and "iban" not in raw:
        raw["bic"] = reader.consume(spare_bic)
    return raw
