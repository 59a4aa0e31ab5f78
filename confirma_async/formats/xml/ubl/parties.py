"""Reads the parties, addresses and accounts of a UBL document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from confirma_async.formats.payload import Draft
from confirma_async.formats.values import identifiers
from confirma_async.formats.xml.elements import own_text
from confirma_async.formats.xml.parse import Element
from confirma_async.formats.xml.parts import classify
from confirma_async.formats.xml.reading import placing
from confirma_async.formats.xml.reading.element_reader import ElementReader
from confirma_async.formats.xml.reading.filling import fill
from confirma_async.formats.xml.reading.once import check_once
from confirma_async.formats.xml.reading.part_cache import Fill
from confirma_async.formats.xml.reading.plan import Plan, Take
from confirma_async.formats.xml.ubl.codes import (
    GIRO_BRANCHES,
    GLN_SCHEME,
    ORGANISATION_SCHEMES,
    VAT_SCHEMES,
)

_SELLER = "cac:AccountingSupplierParty/cac:Party"
_BUYER = "cac:AccountingCustomerParty/cac:Party"
_ACCOUNT = "cac:PayeeFinancialAccount"
_DELIVERY = "cac:Delivery"
_COMPANY = "cac:PartyLegalEntity/cbc:CompanyID"
_IDENTIFICATION = "cac:PartyIdentification/cbc:ID"
_BRANCHES = (
    "cac:FinancialInstitutionBranch/cbc:ID",
    "cac:FinancialInstitutionBranch/cac:FinancialInstitution/cbc:ID",
)
_SCHEME = "schemeID"

_LINES = ("cbc:StreetName", "cbc:AdditionalStreetName", "cac:AddressLine/cbc:Line")
"""Address lines in the order in which they are printed."""

_STREETS = ("street", "street2", "street3")

_ADDRESS = Plan(
    {
        Take.TEXT: {
            "cbc:PostalZone": "address.postalCode",
            "cbc:CityName": "address.postalDistrict",
            "cac:Country/cbc:IdentificationCode": "address.countryCode",
            "cac:Country/cbc:Name": "address.countryName",
        }
    }
)

_CONTACT = Plan(
    {
        Take.TEXT: {
            "cbc:Name": "contact.contactPerson.name",
            "cbc:Telephone": "contact.phone",
            "cbc:ElectronicMail": "contact.email",
        }
    }
)


def _seller(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill ``sellerParty``, with the accounts to pay to."""
    element = reader.first(view, _SELLER)
    if element is not None:
        _party(reader, party, element)
    _accounts(reader, party, reader.every(view, _ACCOUNT))


def seller_id(reader: ElementReader) -> str:
    """Return the seller's business id, else VAT code, else an empty text, without taking it."""
    element = reader.first(reader.root, _SELLER)
    if element is None:
        return ""
    _, business_id = _business_id(reader, element)
    if business_id:
        return business_id
    vat = _vat_scheme(reader, element)
    return "" if vat is None else reader.peek(vat, "cbc:CompanyID") or ""


def _buyer(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill ``buyerParty``, with its electronic address as ``scheme:id``."""
    element = reader.first(view, _BUYER)
    if element is None:
        return
    _party(reader, party, element)
    for identification in reader.every(element, _IDENTIFICATION):
        if party.get("glnNumber") is None and identification.get(_SCHEME) == GLN_SCHEME:
            reader.take(party, "glnNumber", identification, _SCHEME)
    endpoint = reader.first(element, "cbc:EndpointID")
    scheme = None if endpoint is None else endpoint.get(_SCHEME)
    if endpoint is not None:
        address = own_text(endpoint)
        reader.imply(endpoint, _SCHEME)
        party.put("electronicInvoiceAccount", f"{scheme}:{address}" if scheme else address, endpoint)
        if party.get("glnNumber") is None and scheme == GLN_SCHEME:
            party.put("glnNumber", address, endpoint)
    classify(reader, party, is_business=_is_organisation(scheme))


def _delivery(reader: ElementReader, party: Draft, view: Element) -> None:
    """Fill the delivery party from the first delivery; further ones become details."""
    element = reader.first(view, _DELIVERY)
    if element is None:
        return
    placing.text(reader, party, "name", element, "cac:DeliveryParty/cac:PartyName/cbc:Name")
    address = reader.first(element, "cac:DeliveryLocation/cac:Address")
    if address is not None:
        _address(reader, party, address)
    placing.date(reader, party, "deliveryDate", element, "cbc:ActualDeliveryDate", optional=True)


PARTIES: Mapping[str, tuple[Sequence[str], Fill]] = {
    "seller": (("cac:AccountingSupplierParty", f"cac:PaymentMeans/{_ACCOUNT}"), _seller),
    "buyer": (("cac:AccountingCustomerParty",), _buyer),
    "delivery": ((_DELIVERY,), _delivery),
}
"""The parties of an invoice: the elements of each, and the function that fills it."""


def _is_organisation(scheme: str | None) -> bool:
    return scheme is not None and (scheme in ORGANISATION_SCHEMES or scheme.startswith("99"))


def _party(reader: ElementReader, party: Draft, element: Element) -> None:
    _put_business_id(reader, party, element)
    registered = reader.first(element, "cac:PartyLegalEntity/cbc:RegistrationName")
    called = reader.first(element, "cac:PartyName/cbc:Name")
    if registered is not None:
        reader.take(party, "name", registered)
        if called is not None and own_text(called) == own_text(registered):
            reader.imply(called)
    elif called is not None:
        reader.take(party, "name", called)
    vat = _vat_scheme(reader, element)
    if vat is not None:
        placing.text(reader, party, "vatCode", vat, "cbc:CompanyID")
        scheme = reader.first(vat, "cac:TaxScheme/cbc:ID")
        if scheme is not None and own_text(scheme) == "VAT":
            reader.imply(scheme)
    address = reader.first(element, "cac:PostalAddress")
    if address is not None:
        _address(reader, party, address)
    contact = reader.first(element, "cac:Contact")
    if contact is not None:
        fill(reader, party, contact, _CONTACT)


def _business_id(reader: ElementReader, element: Element) -> tuple[Element | None, str | None]:
    """Return the element with a party's business id, and the id.

    It is the id of the legal entity, else one in a Finnish scheme.
    """
    company = reader.first(element, _COMPANY)
    if company is not None:
        text = own_text(company)
        return company, identifiers.business_id(text, company.get(_SCHEME)) or text
    for identification in reader.every(element, _IDENTIFICATION):
        scheme = identification.get(_SCHEME)
        found = identifiers.business_id(own_text(identification), scheme) if scheme else None
        if found is not None:
            return identification, found
    return None, None


def _put_business_id(reader: ElementReader, party: Draft, element: Element) -> None:
    source, business_id = _business_id(reader, element)
    if source is None or business_id is None:
        return
    written = own_text(source)
    party.put("businessId", business_id, source)
    if written == business_id:
        reader.imply(source)
        return
    reader.findings.remark(source, f"is {written}; the Business ID in it, {business_id}, is sent")
    if written.upper().startswith("FI") and _vat_scheme(reader, element) is None:
        party.put("vatCode", identifiers.vat_code(written), source)


def _vat_scheme(reader: ElementReader, element: Element) -> Element | None:
    for scheme in reader.every(element, "cac:PartyTaxScheme"):
        if reader.peek(scheme, "cac:TaxScheme/cbc:ID") in VAT_SCHEMES and reader.peek(
            scheme, "cbc:CompanyID"
        ):
            return scheme
    return None


def _address(reader: ElementReader, party: Draft, element: Element) -> None:
    lines = [line for path in _LINES for line in reader.every(element, path)]
    for place, line in zip(_STREETS, lines, strict=False):  # a fourth line is left over, and so kept
        reader.take(party, f"address.{place}", line)
    fill(reader, party, element, _ADDRESS)


_KINDS = ("iban", *GIRO_BRANCHES.values())


def _accounts(reader: ElementReader, party: Draft, accounts: Sequence[Element]) -> None:
    """Put in the first account of each kind; further ones, and other kinds, become details."""
    for account in accounts:
        _account(reader, party, account)
    spare = (bank for each in accounts if (bank := _branch(reader, each)) is not None and _is_bic(bank))
    bank = next(spare, None)
    # A bank's code beside another bank's IBAN would send the money astray: it is used only without an IBAN.
    if bank is not None and party.get("paymentDetails.iban") is None:
        reader.take(party, "paymentDetails.bic", bank)
    unknown = next((each for account in accounts for each in reader.every(account, "cbc:ID")), None)
    if unknown is not None and all(party.get(f"paymentDetails.{kind}") is None for kind in _KINDS):
        reader.findings.remark(
            unknown,
            "is no account that is known (an IBAN, bankgiro or plusgiro); it is kept in the details alone",
        )


def _account(reader: ElementReader, party: Draft, account: Element) -> None:
    number, bank = reader.first(account, "cbc:ID"), _branch(reader, account)
    if number is None:
        return
    check_once(reader, account, ("cbc:ID",), are_texts=True)
    giro = None if bank is None else GIRO_BRANCHES.get(own_text(bank))
    if giro is not None and bank is not None:
        if party.get(f"paymentDetails.{giro}") is None:
            reader.take(party, f"paymentDetails.{giro}", number)
            reader.imply(bank)
    elif identifiers.has_form_of_iban(own_text(number)) and party.get("paymentDetails.iban") is None:
        party.put("paymentDetails.iban", identifiers.account(own_text(number)), number)
        reader.imply(number)
        if bank is not None and _is_bic(bank):
            reader.take(party, "paymentDetails.bic", bank)


def _branch(reader: ElementReader, account: Element) -> Element | None:
    return next((each for path in _BRANCHES if (each := reader.first(account, path)) is not None), None)


def _is_bic(bank: Element) -> bool:
    return identifiers.bic(own_text(bank)) is not None
