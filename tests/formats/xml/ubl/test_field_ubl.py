"""UBL as programs in the field write it: what fits no field is kept, and the amounts decide."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from confirma_async.bulk.job.preparation import prepare
from confirma_async.bulk.models import RefusedRecord
from confirma_async.converters import Converter
from confirma_async.formats import ReadInvoice, ReadOptions, read
from confirma_async.validation import Checks
from tests.formats.xml.changes import changed, problems

CONVERTER = Converter()
EXAMPLES = Path(__file__).parents[4] / "examples" / "ubl"
INVOICE = (EXAMPLES / "invoice.xml").read_text(encoding="utf-8")
CREDIT_NOTE = (EXAMPLES / "credit-note.xml").read_text(encoding="utf-8")
SELLER = "<cac:AccountingSupplierParty>"
GROSS = '<cbc:TaxInclusiveAmount currencyID="EUR">1656.60</cbc:TaxInclusiveAmount>'
NET = '<cbc:TaxExclusiveAmount currencyID="EUR">1320.00</cbc:TaxExclusiveAmount>'
PAYABLE = '<cbc:PayableAmount currencyID="EUR">1656.60</cbc:PayableAmount>'
DUE = "<cbc:DueDate>2026-11-16</cbc:DueDate>"
MEANS = '<cbc:PaymentMeansCode name="Credit transfer">30</cbc:PaymentMeansCode>'
BUYER_ID = re.search(r"<cac:AccountingCustomerParty>.*?</cac:AccountingCustomerParty>", INVOICE, re.DOTALL)[0]  # type: ignore[index]  # it is there


@pytest.fixture
def record(write):
    def read_one(*pairs, document=INVOICE, **options) -> Any:
        (found,) = read(write("in.xml", changed(document, *pairs)), ReadOptions(**options))
        return found

    return read_one


@pytest.fixture
def found(record):
    def read_one(*pairs, **options) -> ReadInvoice:
        result = record(*pairs, **options)
        assert isinstance(result, ReadInvoice), result
        return result

    return read_one


def details(read_invoice) -> dict[str, str]:
    return {each.code: each.value for each in read_invoice.request.invoice.extensions.definition_details}


# --- what is to be paid -------------------------------------------------------------------------------


def test_without_a_gross_total_it_is_net_and_vat_and_the_amount_to_pay_is_checked(found, record):
    whole = found((GROSS, ""))
    assert whole.request.invoice.amounts.gross_amount == Decimal("1656.60")
    assert any("TaxInclusiveAmount" in remark for remark in whole.remarks)
    wrong = record((GROSS, ""), (PAYABLE, PAYABLE.replace("1656", "1655")))
    assert problems(wrong) == [("/Invoice/LegalMonetaryTotal/PayableAmount", "xml.totals")]


def test_the_amount_to_pay_alone_is_the_gross_total(found):
    start, end = INVOICE.index("<cac:TaxTotal>"), INVOICE.index("</cac:TaxTotal>") + len("</cac:TaxTotal>")
    whole = found((INVOICE[start:end], ""), (GROSS, ""), (NET, ""))
    assert whole.request.invoice.amounts.gross_amount == Decimal("1656.60")


def test_a_document_without_any_amount_to_pay_is_refused_where_it_should_stand(record):
    assert problems(record((GROSS, ""), (PAYABLE, ""))) == [
        ("/Invoice/LegalMonetaryTotal/PayableAmount", "xml.required")
    ]


def test_rounding_inside_the_total_is_taken_out_of_it(found):
    rounding = '<cbc:PayableRoundingAmount currencyID="EUR">0.40</cbc:PayableRoundingAmount>'
    payable = PAYABLE.replace("1656.60", "1657.00")
    whole = found((GROSS, GROSS.replace("1656.60", "1657.00")), (PAYABLE, rounding + payable))
    amounts = whole.request.invoice.amounts
    assert (amounts.gross_amount, amounts.rounding_amount) == (Decimal("1656.60"), Decimal("0.40"))
    assert any("1657.00 with the rounding in it" in remark for remark in whole.remarks)
    assert details(whole)["LegalMonetaryTotal/TaxInclusiveAmount"] == "1657.00"


def test_payments_one_by_one_are_what_was_paid_before(found, record):
    paid = '<cac:PrepaidPayment><cbc:PaidAmount currencyID="EUR">600.00</cbc:PaidAmount></cac:PrepaidPayment>'
    whole = found(
        ("<cac:LegalMonetaryTotal>", paid + "<cac:LegalMonetaryTotal>"),
        (PAYABLE, PAYABLE.replace("1656.60", "1056.60")),
    )
    state = whole.request.invoice.payment_data.state
    assert (state.paid_amount, state.open_amount) == (Decimal("600.00"), Decimal("1056.60"))
    assert "the invoice is partly paid: 600.00 before, and 1056.60 is open" in whole.remarks
    contradicting = record(("<cac:LegalMonetaryTotal>", paid + "<cac:LegalMonetaryTotal>"))
    assert problems(contradicting) == [("/Invoice/LegalMonetaryTotal/PayableAmount", "xml.totals")]


def discount(factor: str, amount: str = "112.00", base: str = "1120.00") -> str:
    return (
        "<cac:AllowanceCharge><cbc:ChargeIndicator>false</cbc:ChargeIndicator>"
        f"<cbc:MultiplierFactorNumeric>{factor}</cbc:MultiplierFactorNumeric>"
        f'<cbc:Amount currencyID="EUR">{amount}</cbc:Amount>'
        f'<cbc:BaseAmount currencyID="EUR">{base}</cbc:BaseAmount></cac:AllowanceCharge><cac:Item>'
    )


@pytest.mark.parametrize("factor", ["10", "0.1", "0.10"])
def test_a_discount_is_per_cent_whichever_way_it_is_written(found, factor):
    row = found(("<cac:Item>", discount(factor))).request.invoice.rows[0]
    assert row.discount_percentage == 10


def test_a_factor_that_makes_the_discount_in_neither_way_is_refused(record):
    wrong = record(("<cac:Item>", discount("12")))
    assert problems(wrong) == [
        ("/Invoice/InvoiceLine[1]/AllowanceCharge/MultiplierFactorNumeric", "xml.totals")
    ]


def test_a_vat_rate_that_is_a_fraction_is_per_cent_by_the_amounts(found):
    whole = found(
        (
            "<cbc:Percent>25.5</cbc:Percent>\n        <cac:TaxScheme>",
            "<cbc:Percent>0.255</cbc:Percent>\n        <cac:TaxScheme>",
        )
    )
    assert [part.vat_percentage for part in whole.request.invoice.amounts.vat_breakdown] == [Decimal("25.5")]
    assert any("0.255 is sent as 25.5" in remark for remark in whole.remarks)


def test_in_oioubl_the_tax_exclusive_amount_is_the_tax(found):
    customization = re.search("<cbc:CustomizationID>[^<]*<", INVOICE)[0]  # type: ignore[index]  # it is there
    whole = found(
        (customization, "<cbc:CustomizationID>OIOUBL-2.1<"), (NET, NET.replace("1320.00", "336.60"))
    )
    amounts = whole.request.invoice.amounts
    assert (amounts.net_amount, amounts.vat_amount, amounts.gross_amount) == (
        Decimal("1320.00"),
        Decimal("336.60"),
        Decimal("1656.60"),
    )
    assert "the document was read as OIOUBL" in whole.remarks


def test_in_oioubl_a_payment_slip_has_its_reference_beside_its_kind(found):
    slip = "<cbc:PaymentMeansCode>93</cbc:PaymentMeansCode><cbc:InstructionID>1232</cbc:InstructionID>"
    reference = re.search("<cbc:PaymentID>[^<]*<", INVOICE)[0]  # type: ignore[index]  # it is there
    whole = found((MEANS, slip), (reference, "<cbc:PaymentID>71<"))
    assert whole.request.invoice.references.payment == "1232"
    assert details(whole)["PaymentMeans/PaymentID"] == "71"


@pytest.mark.parametrize(
    ("identifier", "remarks"),
    [
        ("urn:cen.eu:en16931:2017#compliant#urn:xeinkauf.de:kosit:xrechnung_3.0", ["read as XRechnung"]),
        ("urn:www.cenbii.eu:transaction:biitrns010:ver2.0:extended:urn:www.difi.no:ehf:faktura", ["EHF"]),
        ("urn:sfti:se:svefaktura", ["read as Svefaktura"]),
        ("urn:cen.eu:en16931:2017", []),
        ("urn:of:nobody", ["CustomizationID is not known"]),
    ],
)
def test_by_which_rules_a_document_was_read_is_told(found, identifier, remarks):
    customization = re.search("<cbc:CustomizationID>[^<]*<", INVOICE)[0]  # type: ignore[index]  # it is there
    profile = re.search("<cbc:ProfileID>[^<]*</cbc:ProfileID>", INVOICE)[0]  # type: ignore[index]  # it is there
    whole = found((customization, f"<cbc:CustomizationID>{identifier}<"), (profile, ""))
    assert len(whole.remarks) == len(remarks)
    assert all(expected in said for expected, said in zip(remarks, whole.remarks, strict=True))
    assert details(whole)["CustomizationID"] == identifier


# --- dates --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "terms",
    [
        "<cbc:PaymentDueDate>2026-12-01</cbc:PaymentDueDate>",
        "<cbc:InstallmentDueDate>2026-12-01</cbc:InstallmentDueDate>",
        "<cac:SettlementPeriod><cbc:EndDate>2026-12-01</cbc:EndDate></cac:SettlementPeriod>",
    ],
)
def test_a_due_date_in_the_payment_terms_is_one(found, terms):
    whole = found(
        (DUE, ""), ("<cac:TaxTotal>", f"<cac:PaymentTerms>{terms}</cac:PaymentTerms><cac:TaxTotal>")
    )
    assert str(whole.request.invoice.header.due_date) == "2026-12-01"
    assert not any("states no due date" in remark for remark in whole.remarks)


def test_the_end_of_a_cash_discount_is_no_due_date(found):
    terms = (
        "<cac:PaymentTerms><cbc:SettlementDiscountPercent>2</cbc:SettlementDiscountPercent>"
        "<cac:SettlementPeriod><cbc:EndDate>2026-11-09</cbc:EndDate></cac:SettlementPeriod></cac:PaymentTerms>"
    )
    whole = found((DUE, ""), ("<cac:TaxTotal>", f"{terms}<cac:TaxTotal>"))
    assert any("states no due date" in remark for remark in whole.remarks)


@pytest.mark.parametrize("zone", ["Z", "+02:00", "T00:00:00", "T00:00:00.000+02:00"])
def test_a_date_with_a_time_zone_is_its_day_and_that_is_told(found, zone):
    whole = found(("2026-11-02</cbc:IssueDate>", f"2026-11-02{zone}</cbc:IssueDate>"))
    assert str(whole.request.invoice.header.date) == "2026-11-02"
    assert any(zone in remark for remark in whole.remarks)


def test_an_optional_date_that_is_none_is_kept_as_a_detail(found):
    order = "<cac:OrderReference><cbc:ID>1</cbc:ID><cbc:IssueDate>in May</cbc:IssueDate></cac:OrderReference>"
    whole = found((SELLER, order + SELLER))
    assert "in May" in details(whole).values()


# --- attachments --------------------------------------------------------------------------------------


def attachment(inner: str) -> str:
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>A1</cbc:ID>"
        f"<cac:Attachment>{inner}</cac:Attachment></cac:AdditionalDocumentReference>{SELLER}"
    )


def link(url: str) -> str:
    return f"<cac:ExternalReference><cbc:URI>{url}</cbc:URI></cac:ExternalReference>"


EMBEDDED = (
    '<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="a.pdf">JVBERi0='
    "</cbc:EmbeddedDocumentBinaryObject>"
)


def test_of_a_document_and_a_link_to_it_the_document_is_sent_and_the_link_kept(found):
    whole = found((SELLER, attachment(EMBEDDED + link("https://example.com/a.pdf"))))
    (sent,) = whole.request.invoice.attachments
    assert (sent.file_name, sent.data, sent.url) == ("a.pdf", "JVBERi0=", None)
    assert "https://example.com/a.pdf" in details(whole).values()
    assert any("stands beside the document itself" in remark for remark in whole.remarks)


@pytest.mark.parametrize(
    "url",
    [
        "www.example.com/a.pdf",
        "ftp://example.com/a.pdf",
        "mailto:a@example.com",
        "#part.pdf",
        "https://example.com/a b.pdf",
        "https://example.com/index.html",
        "a.pdf",
    ],
)
def test_a_link_that_cannot_be_attached_is_kept_and_refuses_nothing(found, url):
    whole = found((SELLER, attachment(link(url))))
    assert not whole.request.invoice.attachments
    assert url in details(whole).values()
    assert any("is no link to a PDF" in remark for remark in whole.remarks)


def test_a_text_of_more_than_ten_megabytes_is_read(found):
    data = "QUJD" * 2_700_000
    whole = found((SELLER, attachment(EMBEDDED.replace("JVBERi0=", data))))
    assert whole.request.invoice.attachments[0].data == data


# --- parties and accounts -----------------------------------------------------------------------------


def buyer(identifiers: str, country: str = "FI") -> tuple[str, str]:
    return BUYER_ID, (
        "<cac:AccountingCustomerParty><cac:Party><cac:PartyName><cbc:Name>K</cbc:Name></cac:PartyName>"
        f"<cac:PostalAddress><cac:Country><cbc:IdentificationCode>{country}</cbc:IdentificationCode>"
        f"</cac:Country></cac:PostalAddress>{identifiers}</cac:Party></cac:AccountingCustomerParty>"
    )


def company(identifier: str, scheme: str | None = None) -> str:
    named = f' schemeID="{scheme}"' if scheme else ""
    return f"<cac:PartyLegalEntity><cbc:CompanyID{named}>{identifier}</cbc:CompanyID></cac:PartyLegalEntity>"


@pytest.mark.parametrize(
    ("identifier", "scheme"),
    [
        ("2345678-0", None),
        ("003723456780", "0216"),
        ("003723456780", "0037"),
        ("00372345678012345", "0216"),
        ("23456780", "0037"),
        ("23456780", "0212"),
        ("FI23456780", "0213"),
        ("FI23456780", None),
        ("23456780", None),
    ],
)
def test_a_finnish_business_id_is_found_in_each_of_its_forms(found, identifier, scheme):
    whole = found(buyer(company(identifier, scheme)))
    party = whole.request.invoice.parties.buyer_party
    assert (party.business_id, party.entity_type) == ("2345678-0", "BUSINESS")
    if identifier != "2345678-0" and scheme:
        assert identifier in details(whole).values()


def test_an_identification_in_a_finnish_scheme_is_the_business_id_of_who_has_no_other(found):
    identification = (
        '<cac:PartyIdentification><cbc:ID schemeID="0216">003723456780</cbc:ID></cac:PartyIdentification>'
    )
    whole = found(buyer(identification))
    assert whole.request.invoice.parties.buyer_party.business_id == "2345678-0"


@pytest.mark.parametrize(
    ("identifier", "country", "kind"),
    [
        ("131052-308T", "FI", "PERSON"),
        ("811228-9874", "SE", "PERSON"),
        ("556036-0793", "SE", "BUSINESS"),
        ("811228-9873", "SE", None),
    ],
)
def test_a_person_is_one_beyond_doubt_alone(found, identifier, country, kind):
    party = found(buyer(company(identifier), country)).request.invoice.parties.buyer_party
    assert party.entity_type == kind
    assert (party.personal_identity_number or party.business_id) == identifier
    assert (party.personal_identity_number is not None) == (kind == "PERSON")


def accounts(*found: tuple[str, str]) -> tuple[str, str]:
    start = INVOICE.index("<cac:PayeeFinancialAccount>")
    end = INVOICE.index("</cac:PayeeFinancialAccount>") + len("</cac:PayeeFinancialAccount>")
    return INVOICE[start:end], "".join(
        f"<cac:PayeeFinancialAccount><cbc:ID>{number}</cbc:ID>{branch}</cac:PayeeFinancialAccount>"
        for number, branch in found
    )


BANKGIRO = (
    "<cac:FinancialInstitutionBranch><cac:FinancialInstitution><cbc:ID>SE:BANKGIRO</cbc:ID>"
    "</cac:FinancialInstitution></cac:FinancialInstitutionBranch>"
)


def test_a_bankgiro_may_stand_at_the_institution(found):
    paid_to = found(accounts(("5555-5551", BANKGIRO))).request.invoice.parties.seller_party.payment_details
    assert paid_to.bankgiro == "5555-5551"


def test_that_no_account_is_known_is_told(found):
    whole = found(accounts(("1234-567", "")))
    assert whole.request.invoice.parties.seller_party.payment_details is None
    assert any("is no account that is known" in remark for remark in whole.remarks)
    assert "1234-567" in details(whole).values()


def test_that_a_bic_stands_without_its_account_is_told(found):
    bank = "<cac:FinancialInstitutionBranch><cbc:ID>NDEAFIHH</cbc:ID></cac:FinancialInstitutionBranch>"
    whole = found(accounts(("99", bank)))
    assert any("has a BIC, but no account" in remark for remark in whole.remarks)


def test_the_reference_of_a_giro_has_no_finnish_check_digit(found):
    reference = re.search("<cbc:PaymentID>[^<]*<", INVOICE)[0]  # type: ignore[index]  # it is there
    whole = found(accounts(("5555-5551", BANKGIRO)), (reference, "<cbc:PaymentID>2018140<"))
    entry = prepare(whole, 1, CONVERTER, Checks())
    assert not isinstance(entry, RefusedRecord)
    assert any("was not checked" in remark for remark in entry.remarks)


# --- rows, references, places -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("identifiers", "numbers"),
    [(("2", "A"), [2, 3, 4]), (("A", "1"), [2, 1, 3]), (("1", "1"), [1, 2, 3]), (("7", "8"), [7, 8, 9])],
)
def test_numbers_of_rows_are_given_once(found, identifiers, numbers):
    first, second = identifiers
    whole = found(
        ("<cbc:ID>1</cbc:ID>\n    <cbc:Inv", f"<cbc:ID>{first}</cbc:ID><cbc:Inv"),
        ("<cbc:ID>2</cbc:ID>\n    <cbc:Inv", f"<cbc:ID>{second}</cbc:ID><cbc:Inv"),
    )
    assert [row.row_number for row in whole.request.invoice.rows] == numbers


def test_a_credit_note_of_a_period_is_told_where_its_original_belongs(record):
    start = CREDIT_NOTE.index("<cac:BillingReference>")
    end = CREDIT_NOTE.index("</cac:BillingReference>") + len("</cac:BillingReference>")
    period = "<cac:InvoicePeriod><cbc:StartDate>2026-10-01</cbc:StartDate></cac:InvoicePeriod>"
    wrong = record((CREDIT_NOTE[start:end], period), document=CREDIT_NOTE)
    assert problems(wrong) == [("/CreditNote/BillingReference/InvoiceDocumentReference/ID", "xml.required")]
    assert "InvoicePeriod" in wrong.problems[0].message


def test_a_missing_currency_is_one_problem(record):
    wrong = record(("<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>", ""))
    assert problems(wrong) == [("/Invoice/DocumentCurrencyCode", "xml.required")]


def test_problems_of_the_rules_name_the_element_and_its_line(found):
    whole = found(("FI2112345600000785", "FI2112345600000786"))
    refused = prepare(whole, 1, CONVERTER, Checks())
    assert isinstance(refused, RefusedRecord)
    line = INVOICE[: INVOICE.index("FI2112345600000785")].count("\n") + 1
    place = f"line {line}, /Invoice/PaymentMeans/PayeeFinancialAccount/ID"
    (problem,) = refused.problems
    assert problem.path == f"{place} ($.invoice.parties.sellerParty.paymentDetails.iban)"


def test_the_line_is_that_of_the_file_in_a_file_of_several(write):
    path = write("in.xml", INVOICE + INVOICE.replace("IssueDate>2026-11-02", "IssueDate>2.11.2026"))
    wrong: Any = list(read(path))[1]
    line = 2 * INVOICE.count("\n") - INVOICE[INVOICE.index("<cbc:IssueDate>") :].count("\n") + 1
    assert wrong.problems[0].path == f"line {line}, /Invoice/IssueDate"


def test_one_round_of_corrections_is_enough(record):
    wrong = record(
        ("IssueDate>2026-11-02", "IssueDate>2.11.2026"),
        ("FI2112345600000785", "FI2112345600000786"),
        ("<cbc:PostalZone>", "<cbc:PostalZone>x"),
    )
    assert {rule for _, rule in problems(wrong)} == {"xml.date", "iban", "postal-code"}
    assert len(wrong.problems) == 3
