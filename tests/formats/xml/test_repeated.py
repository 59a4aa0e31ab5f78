"""What a document says twice, and not alike, where its schema allows it once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from confirma_async.formats import BadRecord, ReadInvoice, ReadOptions, read
from tests.formats.xml.changes import problems

ROOT = Path(__file__).parents[3]
UBL = (ROOT / "examples" / "ubl" / "invoice.xml").read_text(encoding="utf-8")
FINVOICE = (Path(__file__).parent / "documents" / "finvoice-full.xml").read_text(encoding="utf-8")


def twice(document: str, name: str, value: str | None, at: int = 0) -> str:
    """The document with an element twice: alike, or the second with another value for all its texts."""
    found = [*re.finditer(rf"<{name}[ >].*?</{name}>", document, re.DOTALL)][at]
    second = found[0] if value is None else re.sub(r">[^<>\s][^<>]*<", f">{value}<", found[0])
    return document[: found.end()] + second + document[found.end() :]


CASES = [
    (UBL, "cbc:ID", "12009"),
    (UBL, "cbc:IssueDate", "2026-01-01"),
    (UBL, "cbc:InvoiceTypeCode", "384"),
    (UBL, "cbc:DocumentCurrencyCode", "SEK"),
    (UBL, "cac:AccountingSupplierParty", "other"),
    (UBL, "cac:AccountingCustomerParty", "other"),
    (UBL, "cac:LegalMonetaryTotal", "9.00"),
    (UBL, "cbc:PayableAmount", "9.00"),
    (UBL, "cbc:TaxInclusiveAmount", "9.00"),
    (UBL, "cbc:TaxExclusiveAmount", "9.00"),
    (UBL, "cac:TaxTotal", "9.00"),
    (UBL, "cbc:TaxAmount", "9.00"),
    (UBL, "cbc:TaxableAmount", "9.00"),
    (UBL, "cbc:InvoicedQuantity", "9"),
    (UBL, "cbc:PriceAmount", "9.00"),
    (UBL, "cac:Price", "9.00"),
    (FINVOICE, "InvoiceNumber", "77"),
    (FINVOICE, "InvoiceDate", "20260101"),
    (FINVOICE, "InvoiceTypeCode", "INV02"),
    (FINVOICE, "InvoiceTotalVatIncludedAmount", "9,00"),
    (FINVOICE, "InvoiceTotalVatExcludedAmount", "9,00"),
    (FINVOICE, "InvoiceTotalVatAmount", "9,00"),
    (FINVOICE, "InvoiceTotalRoundoffAmount", "9,00"),
    (FINVOICE, "InvoicePaidAmount", "9,00"),
    (FINVOICE, "SellerPartyIdentifier", "1572436-0"),
    (FINVOICE, "SellerPartyDetails", "other"),
    (FINVOICE, "EpiInstructedAmount", "9,00"),
    (FINVOICE, "EpiAccountID", "FI5542345670000081"),
    (FINVOICE, "RowVatExcludedAmount", "9,00"),
    (FINVOICE, "UnitPriceAmount", "9,00"),
    (FINVOICE, "VatBaseAmount", "9,00"),
]


@pytest.mark.parametrize(("document", "name", "value"), CASES, ids=[case[1] for case in CASES])
def test_two_values_of_what_stands_once_are_refused_at_the_second(write, document, name, value):
    (found,) = read(write("in.xml", twice(document, name, value)))
    assert isinstance(found, BadRecord)
    repeated = [(path, rule) for path, rule in problems(found) if rule == "xml.repeated"]
    assert len(repeated) == 1
    assert repeated[0][0].endswith(f"/{name.rpartition(':')[2]}[2]")
    assert value not in str(found.problems)


@pytest.mark.parametrize(("document", "name", "value"), CASES, ids=[case[1] for case in CASES])
def test_the_same_value_twice_is_one(write, document, name, value):
    (found,) = read(write("in.xml", twice(document, name, None)))
    rules = [rule for _, rule in problems(found)] if isinstance(found, BadRecord) else []
    assert "xml.repeated" not in rules


def test_two_net_amounts_of_a_line_are_refused(write):
    (found,) = read(write("in.xml", twice(UBL, "cbc:LineExtensionAmount", "9.00", at=1)))
    assert isinstance(found, BadRecord)
    assert "xml.repeated" in [rule for _, rule in problems(found)]


def test_both_quantities_of_a_line_must_say_the_same(write):
    quantity = '<cbc:InvoicedQuantity unitCode="HUR">12</cbc:InvoicedQuantity>'
    other = quantity.replace("Invoiced", "Credited").replace("12", "13")
    (found,) = read(write("in.xml", UBL.replace(quantity, quantity + other, 1)))
    assert problems(found) == [("/Invoice/InvoiceLine[1]/CreditedQuantity", "xml.repeated")]


@pytest.mark.parametrize("party", ["9990001-6", "9990002-4"], ids=["seller", "buyer"])
@pytest.mark.parametrize(("scheme", "is_refused"), [("0212", True), ("0088", False), ("", False)])
def test_identifiers_of_a_company_contradict_those_of_their_own_scheme(write, party, scheme, is_refused):
    own = f'<cbc:CompanyID schemeID="0212">{party}</cbc:CompanyID>'
    entity = "</cac:PartyLegalEntity><cac:PartyLegalEntity><cbc:RegistrationName>X</cbc:RegistrationName>"
    other = f'<cbc:CompanyID schemeID="{scheme}">7300010000001</cbc:CompanyID>'.replace(' schemeID=""', "")
    (found,) = read(write("in.xml", UBL.replace(own, own + entity + other, 1)))
    assert isinstance(found, BadRecord) == is_refused
    if is_refused:
        assert [rule for _, rule in problems(found)] == ["xml.repeated"]


CATEGORIES = [
    ("cac:ClassifiedTaxCategory", 0, "InvoiceLine[1]/Item"),
    ("cac:TaxCategory", 0, "AllowanceCharge"),
    ("cac:TaxCategory", 1, "TaxTotal/TaxSubtotal"),
]


def two_categories(name: str, at: int, percent: str, scheme: str = "VAT") -> str:
    found = [*re.finditer(rf"<{name}>.*?</{name}>", UBL, re.DOTALL)][at]
    second = re.sub(r"(?<=<cbc:Percent>)[^<]*", percent, found[0]).replace(">VAT<", f">{scheme}<")
    return UBL[: found.end()] + second + UBL[found.end() :]


@pytest.mark.parametrize(("name", "at", "path"), CATEGORIES)
def test_two_rates_of_one_tax_are_refused_at_the_second(write, name, at, path):
    (found,) = read(write("in.xml", two_categories(name, at, "12")))
    category = name.rpartition(":")[2]
    assert problems(found) == [(f"/Invoice/{path}/{category}[2]/Percent", "xml.repeated")]


@pytest.mark.parametrize(("name", "at", "path"), CATEGORIES)
@pytest.mark.parametrize("percent", ["25.5", "25.50"])
def test_the_same_rate_twice_is_one(write, name, at, path, percent):
    (found,) = read(write("in.xml", two_categories(name, at, percent)))
    assert isinstance(found, ReadInvoice), path


def test_the_rate_of_another_tax_contradicts_none_in_a_line_but_in_the_vat_breakdown(write):
    (found,) = read(write("in.xml", two_categories("cac:ClassifiedTaxCategory", 0, "12", "EXC")))
    assert isinstance(found, ReadInvoice)
    (found,) = read(write("in.xml", two_categories("cac:TaxCategory", 1, "12", "EXC")))
    assert [rule for _, rule in problems(found)] == ["xml.repeated"]


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (UBL, "cbc:PayableAmount"),
        (UBL, "cbc:TaxInclusiveAmount"),
        (UBL, "cbc:InvoicedQuantity"),
        (UBL, "cbc:PriceAmount"),
        (UBL, "cbc:Percent"),
        (UBL, "cbc:IssueDate"),
        (UBL, "cbc:ID"),
        (UBL, "cbc:DocumentCurrencyCode"),
        (FINVOICE, "InvoiceTotalVatIncludedAmount"),
        (FINVOICE, "RowVatExcludedAmount"),
        (FINVOICE, "UnitPriceAmount"),
        (FINVOICE, "DeliveredQuantity"),
        (FINVOICE, "InvoiceDate"),
        (FINVOICE, "InvoiceNumber"),
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_element_inside_a_value_makes_it_none(write, document, name, place):
    found = re.search(rf"(<{name}[^>]*>)([^<]*)(?=</{name}>)", document)
    assert found is not None
    value = f"{found[2][:place]}<x>9</x>{found[2][place:]}"
    (record,) = read(write("in.xml", document[: found.start(2)] + value + document[found.end(2) :]))
    assert isinstance(record, BadRecord)
    name = name.rpartition(":")[2]
    told = [rule for path, rule in problems(record) if path.endswith((f"/{name}", f"/{name}[1]"))]
    assert sorted({*told}) == sorted(told)[:1]


def test_a_currency_behind_an_empty_one_is_that_of_the_amounts(write):
    code = "<cbc:DocumentCurrencyCode>"
    (found,) = read(write("in.xml", UBL.replace(code, f"{code}</cbc:DocumentCurrencyCode>{code}")))
    assert isinstance(found, ReadInvoice)
    other = UBL.replace(f"{code}EUR", f"{code}</cbc:DocumentCurrencyCode>{code}SEK")
    (found,) = read(write("in.xml", other))
    assert "xml.currency" in [rule for _, rule in problems(found)]


@pytest.mark.parametrize(
    "name", ["LineExtensionAmount", "TaxExclusiveAmount", "TaxInclusiveAmount", "PayableAmount"]
)
def test_a_total_in_another_currency_than_the_document_is_refused(write, name):
    totals = UBL.index("<cac:LegalMonetaryTotal>")
    changed = UBL[totals:].replace(f'<cbc:{name} currencyID="EUR">', f'<cbc:{name} currencyID="SEK">', 1)
    (found,) = read(write("in.xml", UBL[:totals] + changed))
    assert (f"/Invoice/LegalMonetaryTotal/{name}", "xml.currency") in problems(found)


def test_what_is_repeated_is_found_in_documents_of_known_markup_too(write):
    ids = "<cbc:ID>{}</cbc:ID><cbc:ID>{}</cbc:ID>"
    pairs = [(1, 1), (2, 2), (3, 3), (4, 4), (5, 6), (7, 7), (8, 9)]
    made = [UBL.replace("<cbc:ID>12001</cbc:ID>", ids.format(*pair), 1) for pair in pairs]
    found = [*read(write("in.xml", "\n".join(made)), ReadOptions())]
    assert [isinstance(each, ReadInvoice) for each in found] == [one == other for one, other in pairs]
