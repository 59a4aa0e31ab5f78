"""Finvoice as programs in the field write it."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from confirma_async.formats import InputError, ReadInvoice, read, read_files
from tests.formats.xml.changes import changed, problems

EXAMPLE = Path(__file__).parents[4] / "examples" / "finvoice" / "invoices.xml"
DELIVERY = EXAMPLE.read_bytes().decode("iso-8859-15")
INVOICE = re.split(r"(?=<\?xml)|(?<=</Finvoice>)\n(?=<SOAP)", DELIVERY.strip())[1]
INSTRUCTED = '<EpiInstructedAmount AmountCurrencyIdentifier="EUR">1335,57<'
IBAN = '<EpiAccountID IdentificationSchemeName="IBAN">FI2112345600000785<'
EPI = "<EpiDetails>"


@pytest.fixture
def record(write):
    def read_one(*pairs, encoding="iso-8859-15") -> Any:
        (found,) = read(write("in.xml", changed(INVOICE, *pairs).encode(encoding)))
        return found

    return read_one


def details(found) -> dict[str, str]:
    return {each.code: each.value for each in found.request.invoice.extensions.definition_details}


def buyer(identifier: str, vat: str = "", country: str = "SE") -> tuple[str, str]:
    before = re.search("<BuyerPartyDetails>.*?</BuyerPartyDetails>", INVOICE, re.DOTALL)[0]  # type: ignore[index]  # it is there
    code = f"<BuyerOrganisationTaxCode>{vat}</BuyerOrganisationTaxCode>" if vat else ""
    return before, (
        f"<BuyerPartyDetails><BuyerPartyIdentifier>{identifier}</BuyerPartyIdentifier>"
        f"<BuyerOrganisationName>K</BuyerOrganisationName>{code}<BuyerPostalAddressDetails>"
        f"<CountryCode>{country}</CountryCode></BuyerPostalAddressDetails></BuyerPartyDetails>"
    )


@pytest.mark.parametrize(
    ("identifier", "vat", "kind"),
    [
        ("556036-0793", "SE556036079301", "BUSINESS"),
        ("556036-0793", "", "BUSINESS"),
        ("811228-9874", "", "PERSON"),
        ("811228-9874", "SE811228987401", "BUSINESS"),
        ("811228-9873", "", None),
        ("131052-308T", "", "PERSON"),
    ],
)
def test_a_person_is_one_beyond_doubt_alone(record, identifier, vat, kind):
    party = record(buyer(identifier, vat)).request.invoice.parties.buyer_party
    assert party.entity_type == kind
    assert (party.personal_identity_number == identifier) == (kind == "PERSON")
    assert (party.business_id == identifier) == (kind != "PERSON")


PARTIAL = (
    '<PartialPaymentDetails><PaidAmount AmountCurrencyIdentifier="EUR">335,57</PaidAmount>'
    '<UnPaidAmount AmountCurrencyIdentifier="EUR">{}</UnPaidAmount></PartialPaymentDetails>'
)


@pytest.mark.parametrize("instructed", ["1335,57", "1000,00"])
def test_what_is_open_of_a_partly_paid_invoice_is_sent(record, instructed):
    found = record(
        (EPI, PARTIAL.format("1000,00") + EPI), (INSTRUCTED, INSTRUCTED.replace("1335,57", instructed))
    )
    state = found.request.invoice.payment_data.state
    assert (state.paid_amount, state.open_amount) == (Decimal("335.57"), Decimal("1000.00"))
    assert "the invoice is partly paid: 335.57 before, and 1000.00 is open" in found.remarks


def test_partial_payments_that_do_not_make_the_amount_are_refused(record):
    found = record((EPI, PARTIAL.format("900,00") + EPI))
    assert problems(found) == [("/Finvoice/PartialPaymentDetails/UnPaidAmount", "xml.totals")]


def test_that_a_part_was_paid_but_not_how_much_is_told(record):
    status = "<PaymentStatusDetails><PaymentStatusCode>PARTLYPAID</PaymentStatusCode></PaymentStatusDetails>"
    found = record((EPI, status + EPI))
    assert any("not how much" in remark for remark in found.remarks)


@pytest.mark.parametrize("account", ["FI2112345600000785", "FI21 1234 5600 0007 85"])
def test_an_account_without_a_scheme_is_an_iban_by_its_form(record, account):
    found = record((IBAN, f"<EpiAccountID>{account}<"))
    paid_to = found.request.invoice.parties.seller_party.payment_details
    assert (paid_to.iban, paid_to.bic) == ("FI2112345600000785", "NDEAFIHH")


def test_that_no_account_is_known_is_told(record):
    listed = re.search("<SellerAccountDetails>.*</SellerAccountDetails>", INVOICE, re.DOTALL)
    others = [(listed[0], "")] if listed else []
    found = record((IBAN, '<EpiAccountID IdentificationSchemeName="BGNR">5555-5551<'), *others)
    assert any("is no account that is known" in remark for remark in found.remarks)
    assert "5555-5551" in details(found).values()


@pytest.mark.parametrize(
    ("reference", "sent"),
    [("00000000000000130019", "130019"), ("1 30019", "130019"), ("RF18 5390 0754 7034", "RF18539007547034")],
)
def test_a_reference_is_sent_without_filling(record, reference, sent):
    before = re.search("<EpiRemittanceInfoIdentifier[^>]*>[^<]*<", INVOICE)[0]  # type: ignore[index]  # it is there
    found = record((before, f"<EpiRemittanceInfoIdentifier>{reference}<"))
    assert found.request.invoice.references.payment == sent


def language(code: str) -> tuple[str, str]:
    element = f"<InvoiceRecipientLanguageCode>{code}</InvoiceRecipientLanguageCode>"
    return "<SellerPartyDetails>", f"{element}<SellerPartyDetails>"


@pytest.mark.parametrize("code", ["fi", "FI"])
def test_a_language_is_sent_in_capitals(record, code):
    assert record(language(code)).request.invoice.header.language_code == "FI"


def test_a_language_that_is_none_is_kept_as_a_detail(record):
    assert details(record(language("suomi")))["InvoiceRecipientLanguageCode"] == "suomi"


def test_a_link_that_is_none_to_a_pdf_is_kept_and_told(record):
    found = record(("https://example.fi/liitteet/13001.pdf", "www.example.fi/liitteet/13001.pdf"))
    assert not found.request.invoice.attachments
    assert any("is no link to a PDF" in remark for remark in found.remarks)


def test_a_missing_currency_is_one_problem(record):
    total = "InvoiceTotalVatIncludedAmount"
    found = record((f'<{total} AmountCurrencyIdentifier="EUR">', f"<{total}>"))
    assert problems(found) == [
        ("/Finvoice/InvoiceDetails/InvoiceTotalVatIncludedAmount/@AmountCurrencyIdentifier", "xml.required")
    ]


def test_a_namespace_is_named_as_what_must_go(write):
    document = INVOICE.replace("<Finvoice ", '<Finvoice xmlns="urn:any" ', 1)
    with pytest.raises(InputError, match="Finvoice has no namespace; remove xmlns"):
        list(read(write("in.xml", document.encode("iso-8859-15"))))


def test_documents_without_declarations_are_cut_where_one_ends(write):
    body = INVOICE.partition("?>")[2]
    second = body.replace(">13001<", ">13002<")
    path = write("in.xml", f"{body}\n{second}{second.replace('<InvoiceDate ', '<InvoiceDat ', 1)}".encode())
    first, other, broken = read(path)
    assert isinstance(first, ReadInvoice)
    assert isinstance(other, ReadInvoice)
    assert [each.place.line for each in (first, other)] == [2, 4 + body.strip().count("\n")]
    assert problems(broken)[0] == ("/", "xml.syntax")


def test_what_follows_a_document_costs_itself_alone(write):
    path = write("in.xml", INVOICE.encode("iso-8859-15") + b"\nrubbish")
    first, rest = read(path)
    assert isinstance(first, ReadInvoice)
    assert problems(rest) == [("/", "xml.syntax")]


# --- encodings ----------------------------------------------------------------------------------------


def name_of_buyer(found):
    return found.request.invoice.parties.buyer_party.name


def test_utf_8_that_says_to_be_something_else_is_read_as_what_it_is(record):
    found = record(encoding="utf-8")
    assert name_of_buyer(found) == "Satumetsän Saha Oy"
    assert "says that it is ISO-8859-15, but its bytes are UTF-8" in found.remarks[0]


def test_letters_of_windows_are_read_as_such(record):
    found = record(("Satumetsän Saha", "Satumetsän \u2013 Saha"), encoding="cp1252")
    assert name_of_buyer(found) == "Satumetsän \u2013 Saha Oy"
    assert "holds letters of Windows-1252" in found.remarks[0]


def test_ascii_that_says_to_be_utf_16_is_read_as_utf_8(record):
    found = record(('encoding="ISO-8859-15"', 'encoding="utf-16"'), encoding="utf-8")
    assert name_of_buyer(found) == "Satumetsän Saha Oy"
    assert "says that it is utf-16" in found.remarks[0]


def test_a_document_in_the_encoding_it_says_has_nothing_told_of_it(record):
    assert not any("says that it is" in remark for remark in record().remarks)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("Saha Oy", "Saha & Oy", r"has an & that stands for itself at line \d+, column \d+, .* &amp;"),
        ("Saha Oy", "Saha &nbsp; Oy", "uses an entity"),
        ("Saha Oy", "Saha < Oy", r"has a < that stands for itself at line \d+, column \d+, .* &lt;"),
        ("Saha Oy", "Saha \x0b Oy", "holds a control character"),
        ("</Finvoice>", "", "is cut off: it ends at line"),
        ("</InvoiceDetails>", "</InvoiceDetail>", "mismatched tag"),
    ],
)
def test_what_is_wrong_with_the_syntax_is_told_with_its_place(record, before, after, says):
    found = record((before, after))
    assert problems(found) == [("/", "xml.syntax")]
    assert re.search(says, found.problems[0].message), found.problems[0].message


def test_letters_that_are_none_in_utf_8_are_told(record):
    found = record(('encoding="ISO-8859-15"', 'encoding="UTF-8"'))
    assert "are no UTF-8" in found.problems[0].message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ('<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>', "Svefaktura 1.0"),
        ('<a:CrossIndustryInvoice xmlns:a="urn:any"/>', "UN/CEFACT"),
    ],
)
def test_other_invoices_in_xml_are_known_by_name(write, document, says):
    (found,) = read_files([write("in.xml", document)])
    assert says in str(found)
