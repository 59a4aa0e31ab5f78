"""Public Peppol BIS Billing 3 documents, checked against a plain walk over their XML.

The documents are not part of this repository; where they are not beside it, these tests are skipped.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import ReadInvoice, ReadOptions, assign, read, scan

CONVERTER = Converter()
FOLDER = Path(__file__).parents[4].parent / "shared" / "data" / "ubl"
PATHS = sorted(FOLDER.glob("*.xml"))

pytestmark = pytest.mark.skipif(not PATHS, reason="the public UBL documents are not beside this repository")

NOISE = {
    "CustomizationID",  # which rules the document was written by
    "ProfileID",
    "TaxScheme/ID=VAT",  # told by vatCode, vatPercentage
    "InvoiceTypeCode=380",  # told by header.type
    "CreditNoteTypeCode=381",
    "FinancialInstitutionBranch/ID=SE:BANKGIRO",  # told by bankgiro, postgiro
    "FinancialInstitutionBranch/ID=SE:PLUSGIRO",
}
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"


def ubl(path: str) -> str:
    return re.sub(r"\b([A-Z]\w*)", lambda match: (CBC if match.end() == len(path) else CAC) + match[1], path)


def texts(element: ET.Element, path: str) -> list[str]:
    return [(each.text or "").strip() for each in element.findall(ubl(path))]


def text(element: ET.Element, path: str) -> str | None:
    return next(iter(texts(element, path)), None)


def number(element: ET.Element, path: str) -> Decimal | None:
    found = text(element, path)
    return None if found is None else Decimal(found)


def in_currency(root: ET.Element, path: str) -> list[Decimal]:
    currency = text(root, "DocumentCurrencyCode")
    return [
        Decimal(each.text or "") for each in root.findall(ubl(path)) if each.get("currencyID") == currency
    ]


@pytest.fixture(scope="module")
def book():
    return assign((seen.identity for path in PATHS for seen in scan(path)), 1000)


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def pair(request, book):
    (found,) = read(request.param, ReadOptions(numbers=book))
    assert isinstance(found, ReadInvoice), found
    return found, ET.parse(request.param).getroot()


def scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from scalars(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from scalars(inner)
    else:
        yield value


def leaves(element: ET.Element, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    children = list(element)
    for child in children:
        yield from leaves(child, (*path, child.tag.rpartition("}")[2]))
    found = (element.text or "").strip()
    if not children and found:
        yield "/".join(path), found


def as_decimal(value: str) -> Decimal | None:
    try:
        return Decimal(value)
    except InvalidOperation:
        return None


def magnitude(value: str) -> Decimal | None:
    found = as_decimal(value)
    return None if found is None else abs(found)


def is_noise(path: str, value: str, root: ET.Element) -> bool:
    if path in NOISE or any(f"{path}={value}".endswith(noise) for noise in NOISE):
        return True
    # Totals that repeat what rows say: proved by adding them up, not taken on trust.
    lines = [
        each
        for name in ("InvoiceLine", "CreditNoteLine")
        for each in texts(root, f"{name}/LineExtensionAmount")
    ]
    charges = {"true": Decimal(0), "false": Decimal(0)}
    for charge in root.findall(ubl("AllowanceCharge/X").rpartition("/")[0]):
        charges[text(charge, "ChargeIndicator") or ""] += number(charge, "Amount") or 0
    implied = {
        "LineExtensionAmount": sum(map(Decimal, lines), Decimal(0)),
        "AllowanceTotalAmount": charges["false"],
        "ChargeTotalAmount": charges["true"],
        "PrepaidAmount": Decimal(0),
    }
    parent, _, name = path.rpartition("/")
    if parent == "LegalMonetaryTotal" and name in implied:
        return Decimal(value) == implied[name]
    return name == "BaseQuantity" and Decimal(value) == 1


def test_every_text_of_the_document_is_in_the_request(pair):
    found, root = pair
    values = list(scalars(CONVERTER.unstructure(found.request)))
    strings = {line.strip() for each in values if isinstance(each, str) for line in (each, *each.split(":"))}
    joined = [each for each in values if isinstance(each, str) and "\n" in each]
    numbers = {abs(each) for each in values if isinstance(each, int | Decimal) and not isinstance(each, bool)}
    lost = [
        (path, value)
        for path, value in leaves(root)
        if value not in strings
        and magnitude(value) not in numbers
        and not any(value in each for each in joined)
        and not is_noise(path, value, root)
    ]
    assert lost == []


def replacement(value: str) -> str:
    """Another value of the same kind that stands nowhere else."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return "1987-06-05"
    return "87654321" if as_decimal(value) is not None else f"{value} Xyzzy"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_no_text_of_the_document_can_change_without_a_trace(path, book, write):
    tree = ET.parse(path)
    silent = []
    for element in tree.iter():
        before = element.text or ""
        if len(element) or not before.strip():
            continue
        element.text = replacement(before.strip())
        (found,) = read(write("changed.xml", ET.tostring(tree.getroot())), ReadOptions(numbers=book))
        traces = {"87654321", "1987-06-05", "Xyzzy", "XYZZY"}
        wire = str(CONVERTER.unstructure(found.request)) if isinstance(found, ReadInvoice) else "87654321"
        if not any(trace in wire for trace in traces):
            silent.append(element.tag.rpartition("}")[2])
        element.text = before
    assert set(silent) <= {"CustomizationID", "ProfileID"}


def test_header_and_references_are_in_place(pair):
    found, root = pair
    invoice = found.request.invoice
    header, references = invoice.header, invoice.references
    own = text(root, "ID")
    assert str(header.number) == own or (found.original_number == own and references.sales == own)
    assert header.date.isoformat() == text(root, "IssueDate")
    due = text(root, "DueDate")
    assert due is None or header.due_date.isoformat() == due
    assert header.type == {"Invoice": "INVOICE", "CreditNote": "CREDIT_NOTE"}[root.tag.rpartition("}")[2]]
    assert header.currency_code == text(root, "DocumentCurrencyCode")
    assert references.buyer == text(root, "BuyerReference")
    assert references.order_number == text(root, "OrderReference/ID")
    assert references.agreement == text(root, "ContractDocumentReference/ID")
    assert references.payment == text(root, "PaymentMeans/PaymentID")
    credited = text(root, "BillingReference/InvoiceDocumentReference/ID")
    assert credited is None or str(references.credited_invoice_number) == credited


def test_every_credit_note_has_its_original(pair):
    found, _ = pair
    if found.request.invoice.header.type == "CREDIT_NOTE":
        assert found.request.invoice.references.credited_invoice_number is not None


@pytest.mark.parametrize("side", ["seller", "buyer"])
def test_parties_are_in_place(pair, side):
    found, root = pair
    party = getattr(found.request.invoice.parties, f"{side}_party")
    above = {"seller": "AccountingSupplierParty/Party", "buyer": "AccountingCustomerParty/Party"}[side]
    assert party.name == text(root, f"{above}/PartyLegalEntity/RegistrationName")
    assert party.business_id == text(root, f"{above}/PartyLegalEntity/CompanyID")
    assert party.address.country_code == text(root, f"{above}/PostalAddress/Country/IdentificationCode")
    assert party.address.postal_code == text(root, f"{above}/PostalAddress/PostalZone")
    assert party.address.postal_district == text(root, f"{above}/PostalAddress/CityName")
    lines = [
        line
        for name in ("StreetName", "AdditionalStreetName", "AddressLine/Line")
        for line in texts(root, f"{above}/PostalAddress/{name}")
    ]
    printed = [party.address.street, party.address.street2, party.address.street3]
    assert [line for line in printed if line is not None] == lines
    phone = text(root, f"{above}/Contact/Telephone")
    assert phone is None or party.contact.phone == phone
    if side == "seller":
        vat = texts(root, f"{above}/PartyTaxScheme/CompanyID")
        assert party.vat_code == next((each for each in vat if each.startswith("SE")), None)
    else:
        assert party.entity_type == "BUSINESS"
        assert party.electronic_invoice_account.endswith(text(root, f"{above}/EndpointID"))


def test_totals_are_in_place(pair):
    found, root = pair
    invoice = found.request.invoice
    amounts, totals = invoice.amounts, "LegalMonetaryTotal/"
    assert amounts.net_amount == number(root, totals + "TaxExclusiveAmount")
    assert amounts.gross_amount == number(root, totals + "TaxInclusiveAmount")
    assert amounts.rounding_amount == number(root, totals + "PayableRoundingAmount")
    assert [amounts.vat_amount] == in_currency(root, "TaxTotal/TaxAmount")
    subtotals = root.findall(ubl("TaxTotal/TaxSubtotal/X").rpartition("/")[0])
    assert [(each.net_amount, each.vat_amount, each.vat_percentage) for each in amounts.vat_breakdown] == [
        (number(each, "TaxableAmount"), number(each, "TaxAmount"), number(each, "TaxCategory/Percent"))
        for each in subtotals
    ]
    paid = number(root, totals + "PrepaidAmount") or Decimal(0)
    payable = number(root, totals + "PayableAmount")
    assert payable == amounts.gross_amount + (amounts.rounding_amount or 0) - paid
    assert (invoice.payment_data is not None) == (paid != 0)
    if paid:
        assert (invoice.payment_data.state.paid_amount, invoice.payment_data.state.open_amount) == (
            paid,
            payable,
        )


def test_rows_are_in_place_and_sum_to_the_net_amount(pair):
    found, root = pair
    rows = found.request.invoice.rows
    lines = [each for each in root if each.tag in {CAC + "InvoiceLine", CAC + "CreditNoteLine"}]
    assert len(rows) == len(lines) + len(texts(root, "AllowanceCharge/Amount"))
    assert sum(row.net_amount for row in rows) == found.request.invoice.amounts.net_amount
    for row, line in zip(rows, lines, strict=False):
        assert str(row.row_number) == text(line, "ID")
        assert row.product_name == text(line, "Item/Name")
        assert row.quantity in {number(line, "InvoicedQuantity"), number(line, "CreditedQuantity")}
        assert row.net_amount == number(line, "LineExtensionAmount")
        assert row.vat_percentage == number(line, "Item/ClassifiedTaxCategory/Percent")
        base = number(line, "Price/BaseQuantity") or 1
        assert row.unit_price * base == number(line, "Price/PriceAmount")


def test_all_eleven_documents_are_there():
    assert len(PATHS) == 11
