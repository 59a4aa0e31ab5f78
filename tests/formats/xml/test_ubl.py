"""UBL documents, made from the project's own examples by changing one thing."""

from __future__ import annotations

import base64
import xml.etree.ElementTree as ET
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import (
    BadRecord,
    Identity,
    InputError,
    ReadInvoice,
    ReadOptions,
    assign,
    read,
    scan,
)
from confirma_async.formats.xml import documents
from confirma_async.formats.xml.ubl.codes import TYPE_CODES
from confirma_async.schemas import InvoiceType
from tests.formats.xml.changes import changed, problems

CONVERTER = Converter()
EXAMPLES = Path(__file__).parents[3] / "examples" / "ubl"
INVOICE = (EXAMPLES / "invoice.xml").read_text(encoding="utf-8")
CREDIT_NOTE = (EXAMPLES / "credit-note.xml").read_text(encoding="utf-8")

ACCOUNT = """<cac:PayeeFinancialAccount>
      <cbc:ID>FI2112345600000785</cbc:ID>
      <cac:FinancialInstitutionBranch>
        <cbc:ID>NDEAFIHH</cbc:ID>
      </cac:FinancialInstitutionBranch>
    </cac:PayeeFinancialAccount>"""
DUE_DATE = "<cbc:DueDate>2026-11-16</cbc:DueDate>"
FIRST_PRICE = '<cbc:PriceAmount currencyID="EUR">84.00</cbc:PriceAmount>'
FIRST_QUANTITY = '<cbc:InvoicedQuantity unitCode="HUR">12</cbc:InvoicedQuantity>'
FIRST_NET = '<cbc:LineExtensionAmount currencyID="EUR">1008.00</cbc:LineExtensionAmount>'
PAYABLE = '<cbc:PayableAmount currencyID="EUR">1656.60</cbc:PayableAmount>'
LINE = "/Invoice/InvoiceLine[1]"


@pytest.fixture
def record(write):
    def read_one(document, **options):
        (found,) = read(write("in.xml", document), ReadOptions(**options))
        return found

    return read_one


@pytest.fixture
def invoice(record):
    def read_one(*pairs, document=INVOICE, **options):
        found = record(changed(document, *pairs), **options)
        assert isinstance(found, ReadInvoice), found
        return found.request.invoice

    return read_one


def is_good(found: object) -> bool:
    return isinstance(found, ReadInvoice)


def details(owner: Any) -> dict[str, tuple[str | None, str]]:
    return {each.code: (each.name, each.value) for each in owner.definition_details}


def account(number: str, branch: str | None = None) -> str:
    bank = f"<cac:FinancialInstitutionBranch><cbc:ID>{branch}</cbc:ID></cac:FinancialInstitutionBranch>"
    return (
        f"<cac:PayeeFinancialAccount><cbc:ID>{number}</cbc:ID>{bank if branch else ''}"
        "</cac:PayeeFinancialAccount>"
    )


# --- header and references --------------------------------------------------------------------------


@pytest.mark.parametrize("code", [code for code, kind in TYPE_CODES.items() if kind == "INVOICE"])
def test_other_codes_of_invoices_are_invoices(invoice, code):
    found = invoice(("Code>380<", f"Code>{code}<"))
    assert found.header.type == "INVOICE"
    assert code == "380" or details(found.extensions)["InvoiceTypeCode"] == (None, code)


@pytest.mark.parametrize("code", ["384", "389", "325", "x"])
def test_a_code_of_no_claim_is_refused_by_name(record, code):
    found = record(changed(INVOICE, ("Code>380<", f"Code>{code}<")))
    assert problems(found) == [("/Invoice/InvoiceTypeCode", "xml.type")]
    assert code in found.problems[0].message


def test_an_invoice_with_the_code_of_a_credit_note_is_one(invoice):
    assert invoice(("Code>380<", "Code>381<")).header.type == "CREDIT_NOTE"


def test_a_credit_note_with_the_code_of_an_invoice_is_refused(record):
    found = record(changed(CREDIT_NOTE, ("Code>381<", "Code>380<")))
    assert problems(found) == [("/CreditNote/CreditNoteTypeCode", "xml.type")]


def test_a_due_date_among_the_payment_means_is_taken(invoice):
    means = '<cbc:PaymentMeansCode name="Credit transfer">30</cbc:PaymentMeansCode>'
    due = "<cbc:PaymentDueDate>2026-11-20</cbc:PaymentDueDate>"
    assert str(invoice((DUE_DATE, ""), (means, means + due)).header.due_date) == "2026-11-20"


def test_without_a_due_date_the_rule_of_the_options_is_taken_and_remarked(record):
    found = record(changed(INVOICE, (DUE_DATE, "")), due_days=10)
    assert str(found.request.invoice.header.due_date) == "2026-11-12"
    assert "due_days=" in found.remarks[0]


def test_a_credit_note_without_a_due_date_takes_its_issue_date_and_says_so(record):
    found = record(CREDIT_NOTE)
    assert found.request.invoice.header.due_date == found.request.invoice.header.date
    assert "issue date" in found.remarks[0]


def test_a_credit_note_names_its_original(invoice):
    assert invoice(document=CREDIT_NOTE).references.credited_invoice_number == 12001


def test_further_originals_are_kept_and_remarked(record):
    reference = "<cac:BillingReference>"
    more = (
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>7</cbc:ID></cac:InvoiceDocumentReference>"
        "</cac:BillingReference>"
    )
    found = record(changed(CREDIT_NOTE, (reference, more + reference)))
    assert found.request.invoice.references.credited_invoice_number == 7
    assert ("BillingReference[2]/InvoiceDocumentReference/ID", "12001") in [
        (each.code, each.value) for each in found.request.invoice.extensions.definition_details
    ]
    assert any("2 invoices" in remark for remark in found.remarks)


def test_an_original_outside_the_job_is_refused(record):
    found = record(changed(CREDIT_NOTE, ("<cbc:ID>12001<", "<cbc:ID>A-1<")))
    assert problems(found) == [
        ("/CreditNote/BillingReference/InvoiceDocumentReference/ID", "credit-note.original")
    ]


def test_an_earlier_invoice_on_an_invoice_is_a_detail_and_credits_nothing(invoice):
    reference = (
        "<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>A/7</cbc:ID>"
        "</cac:InvoiceDocumentReference></cac:BillingReference>"
    )
    found = invoice(("<cac:AccountingSupplierParty>", reference + "<cac:AccountingSupplierParty>"))
    assert found.references.credited_invoice_number is None
    assert details(found.extensions)["BillingReference/InvoiceDocumentReference/ID"] == (None, "A/7")


def test_a_number_that_is_no_whole_number_is_refused(record):
    found = record(changed(INVOICE, ("<cbc:ID>12001<", "<cbc:ID>A-1<")))
    assert problems(found) == [("/Invoice/ID", "number.whole")]
    assert found.number == "A-1"


def test_a_number_that_is_no_whole_number_is_given_by_the_book(write):
    path = write("in.xml", changed(INVOICE, ("<cbc:ID>12001<", "<cbc:ID>A-1<")))
    assert [seen.identity for seen in scan(path)] == [Identity("9990001-6", InvoiceType.INVOICE, "A-1")]
    (found,) = read(path, ReadOptions(numbers=assign((seen.identity for seen in scan(path)), 5)))
    assert isinstance(found, ReadInvoice)
    assert (found.request.invoice.header.number, found.original_number) == (5, "A-1")


def test_a_comment_inside_a_value_does_not_cut_it_short(invoice):
    assert invoice(("<cbc:ID>12001<", "<cbc:ID>12<!-- x -->001<")).header.number == 12001


@pytest.mark.parametrize("document", [INVOICE, CREDIT_NOTE], ids=["invoice", "credit note"])
def test_no_text_or_attribute_can_change_without_a_trace(record, document):
    tree = ET.fromstring(document)
    silent = set()
    for element in tree.iter():
        name, text = element.tag.rpartition("}")[2], (element.text or "").strip()
        for attribute, value in element.attrib.items():
            element.set(attribute, "Xyzzy")
            found = record(ET.tostring(tree))
            if "Xyzzy" not in str(CONVERTER.unstructure(found.request) if is_good(found) else "Xyzzy"):
                silent.add(f"{name}/@{attribute}")
            element.set(attribute, value)
        if text and not len(element):
            element.text = "1987-06-05" if text.startswith("2026-") else "87654321"
            found = record(ET.tostring(tree))
            wire = str(CONVERTER.unstructure(found.request)) if is_good(found) else element.text
            if str(element.text) not in wire:
                silent.add(name)
            element.text = text
    assert silent == set()


# --- parties and accounts ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accounts", "expected"),
    [
        ([("FI21 1234 5600 0007 85", "NDEAFIHH")], {"iban": "FI2112345600000785", "bic": "NDEAFIHH"}),
        ([("1234567", "SE:BANKGIRO")], {"bankgiro": "1234567"}),
        ([("123456", "SE:PLUSGIRO")], {"postgiro": "123456"}),
        ([("99", "OKOYFIHH"), ("FI2112345600000785", None)], {"iban": "FI2112345600000785"}),
        ([("99", "OKOYFIHH")], {"bic": "OKOYFIHH"}),
    ],
)
def test_accounts_go_where_they_belong(invoice, accounts, expected):
    found = invoice((ACCOUNT, "".join(account(*each) for each in accounts)))
    paid_to = found.parties.seller_party.payment_details
    names = ("iban", "bic", "bankgiro", "postgiro")
    assert {name: getattr(paid_to, name) for name in names if getattr(paid_to, name)} == expected


def test_an_account_of_another_kind_is_kept_as_a_detail(invoice):
    found = invoice((ACCOUNT, account("33331234567")))
    assert found.parties.seller_party.payment_details is None
    assert ("PaymentMeans/PayeeFinancialAccount/ID") in details(found.extensions)


def test_a_second_iban_is_kept_as_a_detail(invoice):
    found = invoice((ACCOUNT, account("FI2112345600000785") + account("SE4550000000058398257466")))
    assert found.parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert "SE4550000000058398257466" in {value for _, value in details(found.extensions).values()}


def test_a_fourth_address_line_is_kept_as_a_detail(invoice):
    line = "<cac:AddressLine><cbc:Line>{}</cbc:Line></cac:AddressLine>"
    lines = "<cbc:StreetName>a</cbc:StreetName>" + "".join(map(line.format, "bcd"))
    address = invoice(
        ("<cbc:StreetName>Esimerkkikatu 1</cbc:StreetName>", lines)
    ).parties.seller_party.address
    assert (address.street, address.street2, address.street3) == ("a", "b", "c")


def test_a_trade_name_beside_the_legal_name_is_kept_as_a_detail(invoice):
    name = "<cac:PartyName><cbc:Name>Kutsumanimi</cbc:Name></cac:PartyName><cac:PostalAddress>"
    found = invoice(("<cac:PostalAddress>", name))
    assert details(found.extensions)["AccountingSupplierParty/Party/PartyName/Name"] == (None, "Kutsumanimi")


def test_the_electronic_address_of_the_buyer_keeps_its_scheme(invoice):
    found = invoice(('schemeID="0216">003799900024', 'schemeID="0088">7312345678909'))
    assert found.parties.buyer_party.electronic_invoice_account == "0088:7312345678909"
    assert found.parties.buyer_party.gln_number == "7312345678909"


def test_a_buyer_without_any_mark_of_an_organisation_is_not_called_one(invoice):
    start = INVOICE.index("<cac:AccountingCustomerParty>")
    end = INVOICE.index("</cac:AccountingCustomerParty>")
    name = "<cac:PartyName><cbc:Name>T. A.</cbc:Name></cac:PartyName>"
    person = f"<cac:AccountingCustomerParty><cac:Party>{name}</cac:Party>"
    found = invoice((INVOICE[start:end], person))
    assert (found.parties.buyer_party.name, found.parties.buyer_party.entity_type) == ("T. A.", None)


# --- amounts ----------------------------------------------------------------------------------------


def test_the_amounts_of_the_example_are_in_place(invoice):
    found = invoice()
    assert [row.net_amount for row in found.rows] == [Decimal("1008.00"), Decimal("298.00"), Decimal("14.00")]
    assert found.rows[2].product_name == "Toimituskulu"
    assert found.amounts.net_amount == Decimal("1320.00")
    assert found.amounts.gross_amount == Decimal("1656.60")
    assert found.amounts.vat_breakdown[0].vat_percentage == Decimal("25.5")


def test_an_allowance_on_the_document_is_a_negative_row(invoice):
    found = invoice(("<cbc:ChargeIndicator>true<", "<cbc:ChargeIndicator>false<"))
    assert (found.rows[2].quantity, found.rows[2].net_amount) == (1, Decimal("-14.00"))


def test_zeros_beyond_cents_are_dropped(invoice):
    assert invoice((">1008.00<", ">1008.000<")).rows[0].net_amount == Decimal("1008.00")


@pytest.mark.parametrize(
    ("before", "after", "path", "rule"),
    [
        (FIRST_NET, FIRST_NET.replace("8.00", "8.005"), f"{LINE}/LineExtensionAmount", "xml.amount"),
        (FIRST_NET, FIRST_NET.replace("EUR", "SEK"), f"{LINE}/LineExtensionAmount", "xml.currency"),
        (FIRST_PRICE, FIRST_PRICE.replace("EUR", "SEK"), f"{LINE}/Price/PriceAmount", "xml.currency"),
        (FIRST_QUANTITY, FIRST_QUANTITY.replace("12", "1,2"), f"{LINE}/InvoicedQuantity", "xml.number"),
        (PAYABLE, PAYABLE.replace("1656", "1655"), "/Invoice/LegalMonetaryTotal/PayableAmount", "xml.totals"),
        ("Indicator>true<", "Indicator>yes<", "/Invoice/AllowanceCharge", "xml.boolean"),
        ("IssueDate>2026-11-02<", "IssueDate>2.11.2026<", "/Invoice/IssueDate", "xml.date"),
        ("<cbc:IssueDate>2026-11-02</cbc:IssueDate>", "", "/Invoice/IssueDate", "xml.required"),
        ("<cbc:ID>12001</cbc:ID>", "<cbc:ID> </cbc:ID>", "/Invoice/ID", "xml.required"),
    ],
)
def test_one_fault_is_one_problem_with_its_path(record, before, after, path, rule):
    assert problems(record(changed(INVOICE, (before, after)))) == [(path, rule)]


def test_all_faults_are_listed(record):
    found = record(
        changed(
            INVOICE,
            (FIRST_NET, FIRST_NET.replace("8.00", "8.005")),
            (DUE_DATE, "<cbc:DueDate>x</cbc:DueDate>"),
        )
    )
    assert sorted(rule for _, rule in problems(found)) == ["xml.amount", "xml.date"]


def test_vat_restated_in_the_currency_of_accounting_is_a_detail(invoice):
    currency = "<cbc:DocumentCurrencyCode>EUR</cbc:DocumentCurrencyCode>"
    restated = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">3700.00</cbc:TaxAmount></cac:TaxTotal>'
    found = invoice(
        (currency, currency + "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>"),
        ("<cac:LegalMonetaryTotal>", restated + "<cac:LegalMonetaryTotal>"),
    )
    assert found.amounts.vat_amount == Decimal("336.60")
    assert details(found.extensions)["TaxTotal[2]/TaxAmount"] == ("currencyID=SEK", "3700.00")


def test_vat_in_a_currency_that_nobody_named_is_refused(record):
    restated = '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">3700.00</cbc:TaxAmount></cac:TaxTotal>'
    found = record(changed(INVOICE, ("<cac:LegalMonetaryTotal>", restated + "<cac:LegalMonetaryTotal>")))
    assert problems(found) == [("/Invoice/TaxTotal[2]", "xml.repeated")]


def test_what_was_paid_before_is_payment_data(invoice):
    prepaid = '<cbc:PrepaidAmount currencyID="EUR">656.60</cbc:PrepaidAmount>'
    state = invoice((PAYABLE, prepaid + PAYABLE.replace("1656.60", "1000.00"))).payment_data.state
    assert (state.paid_amount, state.open_amount) == (Decimal("656.60"), Decimal("1000.00"))


def test_rounding_is_carried_and_the_rounded_amount_kept(invoice):
    rounding = '<cbc:PayableRoundingAmount currencyID="EUR">0.40</cbc:PayableRoundingAmount>'
    found = invoice((PAYABLE, rounding + PAYABLE.replace("1656.60", "1657.00")))
    assert found.amounts.rounding_amount == Decimal("0.40")
    assert details(found.extensions)["LegalMonetaryTotal/PayableAmount"] == (None, "1657.00")


# --- rows -------------------------------------------------------------------------------------------


def test_a_price_for_several_units_is_divided_where_that_is_exact(invoice):
    row = invoice((FIRST_PRICE, FIRST_PRICE + '<cbc:BaseQuantity unitCode="HUR">8</cbc:BaseQuantity>')).rows[
        0
    ]
    assert row.unit_price == Decimal("10.5")
    assert details(row)["Price/BaseQuantity"] == (None, "8")


@pytest.mark.parametrize("base", ["9", "0"])
def test_a_price_that_does_not_divide_is_left_as_it_is(invoice, base):
    row = invoice(
        (FIRST_PRICE, f'{FIRST_PRICE}<cbc:BaseQuantity unitCode="HUR">{base}</cbc:BaseQuantity>')
    ).rows[0]
    assert row.unit_price is None
    assert details(row)["Price/PriceAmount"] == (None, "84.00")
    assert details(row)["Price/BaseQuantity"] == (None, base)


def test_a_price_of_another_unit_says_so(invoice):
    row = invoice((FIRST_PRICE, FIRST_PRICE + '<cbc:BaseQuantity unitCode="DAY">1</cbc:BaseQuantity>')).rows[
        0
    ]
    assert details(row)["Price/BaseQuantity/@unitCode"] == (None, "DAY")


def test_a_line_id_that_is_no_number_is_kept_and_the_position_taken(invoice):
    row = invoice(
        (f"<cbc:ID>1</cbc:ID>\n    {FIRST_QUANTITY}", f"<cbc:ID>L/1</cbc:ID>{FIRST_QUANTITY}")
    ).rows[0]
    assert row.row_number == 1
    assert details(row)["ID"] == (None, "L/1")


def allowance(indicator: str = "false", factor: str = "10") -> str:
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>"
        f"<cbc:MultiplierFactorNumeric>{factor}</cbc:MultiplierFactorNumeric>"
        '<cbc:Amount currencyID="EUR">112.00</cbc:Amount></cac:AllowanceCharge>'
    )


def test_a_lines_only_allowance_is_its_discount(invoice):
    row = invoice((FIRST_NET, FIRST_NET + allowance())).rows[0]
    assert row.discount_percentage == 10
    assert details(row)["AllowanceCharge/Amount"] == (None, "112.00")


@pytest.mark.parametrize("charges", [allowance() * 2, allowance() + allowance("true"), allowance("true")])
def test_several_allowances_or_a_charge_are_no_discount(invoice, charges):
    row = invoice((FIRST_NET, FIRST_NET + charges)).rows[0]
    assert row.discount_percentage is None
    assert "112.00" in {value for _, value in details(row).values()}


def test_a_note_describes_an_item_without_description(invoice):
    description = "<cbc:Description>Käyttöönotto, lokakuu</cbc:Description>"
    row = invoice((description, ""), (FIRST_QUANTITY, "<cbc:Note>Huom</cbc:Note>" + FIRST_QUANTITY)).rows[0]
    assert row.description == "Huom"


def test_a_note_beside_a_description_is_a_detail(invoice):
    row = invoice((FIRST_QUANTITY, "<cbc:Note>Huom</cbc:Note>" + FIRST_QUANTITY)).rows[0]
    assert row.description == "Käyttöönotto, lokakuu"
    assert details(row)["Note"] == (None, "Huom")


def test_what_has_no_field_is_kept_with_its_path_and_attributes(invoice):
    code = '<cbc:ItemClassificationCode listID="STI">71</cbc:ItemClassificationCode>'
    item = f"<cac:CommodityClassification>{code}</cac:CommodityClassification>"
    row = invoice(("<cac:ClassifiedTaxCategory>", item + "<cac:ClassifiedTaxCategory>")).rows[0]
    assert details(row)["Item/CommodityClassification/ItemClassificationCode"] == ("listID=STI", "71")


# --- attachments ------------------------------------------------------------------------------------


def embedded(data: str) -> str:
    name = "cbc:EmbeddedDocumentBinaryObject"
    return f'<{name} mimeCode="application/pdf" filename="a.pdf">{data}</{name}>'


def attachment(inner: str) -> str:
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>liite</cbc:ID>"
        f"<cac:Attachment>{inner}</cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
    )


def test_an_embedded_document_is_an_attachment(invoice):
    (found,) = invoice(("<cac:AccountingSupplierParty>", attachment(embedded("JVBE\nRi0=")))).attachments
    assert (found.file_name, found.mime_type, found.data) == ("a.pdf", "application/pdf", "JVBERi0=")


def test_a_linked_document_is_an_attachment(invoice):
    inner = "<cac:ExternalReference><cbc:URI>https://example.com/a.pdf</cbc:URI></cac:ExternalReference>"
    (found,) = invoice(("<cac:AccountingSupplierParty>", attachment(inner))).attachments
    assert found.url == "https://example.com/a.pdf"


def test_an_embedded_document_that_is_not_base64_is_refused(record):
    found = record(changed(INVOICE, ("<cac:AccountingSupplierParty>", attachment(embedded("%%%")))))
    assert [rule for _, rule in problems(found)] == ["xml.base64"]


# --- files on which to be on guard ------------------------------------------------------------------

BOMB = (
    '<!DOCTYPE Invoice [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">'
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


@pytest.mark.parametrize(
    "doctype",
    [
        "<!DOCTYPE Invoice>",
        '<!DOCTYPE Invoice SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE Invoice [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        BOMB,
        BOMB.replace("]>", '<!ATTLIST Invoice x CDATA "&i;">]>'),
    ],
)
def test_a_doctype_is_refused_before_anything_in_it_counts(record, doctype):
    found = record(INVOICE.replace("<Invoice ", doctype + "<Invoice ", 1).replace(">12001<", ">&x;<"))
    assert problems(found) == [("/", "xml.doctype")]


@pytest.mark.parametrize("cut", [0.2, 0.5, 0.999])
def test_a_document_that_is_cut_off_is_refused_with_line_and_column(record, cut):
    found = record(INVOICE[: int(len(INVOICE) * cut)].rstrip(">"))
    assert problems(found) == [("/", "xml.syntax")]
    assert "line" in found.problems[0].message


def test_a_document_in_another_encoding_than_it_says_is_refused(record):
    assert problems(record(INVOICE.encode("latin-1"))) == [("/", "xml.syntax")]


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "utf-8-sig"])
def test_a_document_in_the_encoding_that_it_says_is_read(record, encoding):
    named = {"latin-1": "ISO-8859-1", "utf-16": "UTF-16"}.get(encoding, "UTF-8")
    found = record(INVOICE.replace("UTF-8", named, 1).encode(encoding))
    assert found.request.invoice.rows[0].description == "Käyttöönotto, lokakuu"


def test_an_encoding_that_nobody_knows_is_refused(record):
    assert problems(record(INVOICE.replace("UTF-8", "X-NONE", 1))) == [("/", "xml.syntax")]


def test_an_entity_that_nobody_declared_is_refused(record):
    found = record(INVOICE.replace(">12001<", ">&x;<", 1))
    assert problems(found) == [("/", "xml.syntax")]
    assert "uses an entity" in found.problems[0].message


def test_files_to_include_are_refused_unread(record):
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd" parse="text"/>'
    found = record(INVOICE.replace("<cbc:Note>", f"<cbc:Note>{include}", 1))
    assert problems(found) == [("/", "xml.xinclude")]


def test_elements_nested_without_end_are_refused(record):
    deep = "<a>" * 100_000
    assert problems(record(INVOICE.replace("<cbc:Note>", f"<cbc:Note>{deep}", 1))) == [("/", "xml.syntax")]


def test_a_document_beyond_the_limit_is_refused(record, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 100)
    assert problems(record(INVOICE)) == [("/", "xml.size")]


@pytest.mark.parametrize("document", ["<Order/>", "<Invoice/>", '<Invoice xmlns="urn:other">1</Invoice>'])
@pytest.mark.parametrize("ask", [read, scan])
def test_xml_that_is_no_ubl_is_an_input_error_that_names_its_root(write, ask, document):
    with pytest.raises(InputError, match=r"its root element is (Order|Invoice)"):
        list(ask(write("in.xml", document)))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("<Invoice/>", r"UBL's namespace is missing; .*Invoice-2"),
        ("<CreditNote/>", r"UBL's namespace is missing; .*CreditNote-2"),
        ('<Invoice xmlns="urn:other">1</Invoice>', "another namespace than UBL's"),
        ("<Order/>", "export the document as UBL"),
    ],
)
def test_xml_that_is_no_ubl_is_refused_with_what_to_do(write, document, says):
    with pytest.raises(InputError, match=says):
        list(read(write("in.xml", document)))


def test_a_document_that_cannot_be_read_has_no_identity(write):
    assert [seen.identity for seen in scan(write("in.xml", INVOICE[:300]))] == []


# --- documents in other documents -------------------------------------------------------------------

ATTACHED = """<AttachedDocument xmlns="urn:oasis:names:specification:ubl:schema:xsd:AttachedDocument-2"
  xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
  xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
  <cbc:ID>1</cbc:ID><cac:Attachment>{}</cac:Attachment></AttachedDocument>"""
AS_TEXT = "<cac:ExternalReference><cbc:Description><![CDATA[{}]]></cbc:Description></cac:ExternalReference>"
AS_BASE64 = "<cbc:EmbeddedDocumentBinaryObject>{}</cbc:EmbeddedDocumentBinaryObject>"


@pytest.mark.parametrize(
    "attached", [AS_TEXT.format(INVOICE), AS_BASE64.format(base64.b64encode(INVOICE.encode()).decode())]
)
def test_a_document_that_another_carries_is_read(record, attached):
    found = record(ATTACHED.format(attached))
    assert found.request.invoice.header.number == 12001
    assert found.remarks == ("the AttachedDocument around the document is not sent",)


@pytest.mark.parametrize(
    ("carried", "rule"),
    [(BOMB + "<Invoice/>", "xml.doctype"), ("<Invoice>", "xml.syntax")],
)
def test_a_carried_document_is_looked_at_as_carefully(record, carried, rule):
    assert problems(record(ATTACHED.format(AS_TEXT.format(carried)))) == [("/", rule)]
    encoded = base64.b64encode(carried.encode()).decode()
    assert problems(record(ATTACHED.format(AS_BASE64.format(encoded)))) == [("/", rule)]


def test_a_carried_document_that_is_no_base64_is_refused(record):
    assert problems(record(ATTACHED.format(AS_BASE64.format("%%%")))) == [("/", "xml.base64")]


BASE64 = base64.b64encode(INVOICE.encode()).decode()
IN_WINDOWS = base64.b64encode(INVOICE.replace("\n", "\r\n").encode("utf-8-sig")).decode()
OTHER = INVOICE.replace("<cbc:ID>12001<", "<cbc:ID>12009<", 1)
OTHER_BASE64 = base64.b64encode(OTHER.encode()).decode()
NEXT = "</cac:Attachment><cac:Attachment>"
PDF = AS_BASE64.format(base64.b64encode(b"%PDF-1.7").decode())
CUT_OFF = AS_BASE64.format(BASE64[:-7])
HTML = base64.b64encode(b"<!DOCTYPE html><html><br></html>").decode()
OF_A_KIND = '<cbc:EmbeddedDocumentBinaryObject mimeCode="{}">{}</cbc:EmbeddedDocumentBinaryObject>'
WRAPPED = base64.encodebytes(INVOICE.encode()).decode()
OTHER_WRAPPED = base64.encodebytes(OTHER.encode()).decode()
WORDS = (
    "<cac:ExternalReference><cbc:Description>The invoice, in XML</cbc:Description></cac:ExternalReference>"
)
PARENT = (
    "</cac:Attachment><cac:ParentDocumentLineReference><cac:DocumentReference><cac:Attachment>{}"
    "</cac:Attachment></cac:DocumentReference></cac:ParentDocumentLineReference><cac:Attachment>"
)


@pytest.mark.parametrize(
    "attached",
    [
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format(OTHER),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(OTHER_BASE64),
        AS_BASE64.format(OTHER_BASE64) + NEXT + AS_BASE64.format(BASE64),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_BASE64.format(OTHER_BASE64)),
        AS_TEXT.format(f"<Frame>{INVOICE.split('?>', 1)[1]}{OTHER.split('?>', 1)[1]}</Frame>"),
    ],
    ids=["texts", "text and base64", "base64", "nested", "frame"],
)
def test_a_document_that_carries_several_is_refused(record, attached):
    found = record(ATTACHED.format(attached))
    assert problems(found) == [("/", "xml.root")]
    assert "more than one document" in found.problems[0].message


@pytest.mark.parametrize(
    "second",
    [
        CUT_OFF,
        AS_BASE64.format(f"%%%{BASE64}"),
        AS_TEXT.format("<Invoice>"),
        AS_TEXT.format(f"as agreed: {OTHER}"),
        AS_BASE64.format(OTHER_WRAPPED),
        AS_TEXT.format(f"\ufeff{OTHER}"),
        AS_TEXT.format(f"\n\ufeff\n{OTHER}"),
        AS_BASE64.format(base64.b64encode(f"\ufeff\n{OTHER}".encode()).decode()),
        AS_BASE64.format(base64.b64encode(OTHER[:-1].replace("UTF-8", "UTF-16").encode("utf-16")).decode()),
        OF_A_KIND.format("application/pdf", OTHER_BASE64),
    ],
)
@pytest.mark.parametrize("place", ["{}", PARENT], ids=["own", "nested"])
def test_a_second_document_that_cannot_be_read_is_not_passed_over(record, place, second):
    attached = AS_TEXT.format(INVOICE) + NEXT + place.format(second)
    assert isinstance(record(ATTACHED.format(attached)), BadRecord)


@pytest.mark.parametrize(
    "attached",
    [
        AS_BASE64.format(WRAPPED),
        AS_TEXT.format(f"\ufeff{INVOICE}"),
        OF_A_KIND.format("text/xml", WRAPPED),
        OF_A_KIND.format("application/pdf", BASE64),
    ],
    ids=["wrapped", "mark", "kind", "another kind"],
)
def test_a_document_that_another_carries_is_read_however_it_is_written(record, attached):
    assert record(ATTACHED.format(attached)).request.invoice.header.number == 12001


@pytest.mark.parametrize(
    "attached",
    [PDF, OF_A_KIND.format("application/pdf", "JVBERg=="), OF_A_KIND.format("text/html", HTML), WORDS],
    ids=["pdf", "pdf by name", "html", "words"],
)
def test_what_carries_no_document_is_refused(record, attached):
    assert isinstance(record(ATTACHED.format(attached)), BadRecord)


@pytest.mark.parametrize(
    "attached",
    [
        AS_TEXT.format(INVOICE) + AS_BASE64.format(BASE64),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(IN_WINDOWS),
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format(f"\n{INVOICE}\n"),
        AS_TEXT.format(INVOICE) + NEXT + PDF,
        PDF + NEXT + AS_TEXT.format(INVOICE),
        AS_TEXT.format(INVOICE) + NEXT + AS_TEXT.format("<ApplicationResponse/>"),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_TEXT.format("as agreed")),
        AS_TEXT.format(INVOICE) + AS_BASE64.format(WRAPPED),
        AS_TEXT.format(INVOICE) + NEXT + AS_BASE64.format("%%%"),
        OF_A_KIND.format("application/pdf", "JVBERi0xLjcK\nJVBERg==") + NEXT + AS_TEXT.format(INVOICE),
        OF_A_KIND.format("image/png", "%") + NEXT + AS_TEXT.format(INVOICE),
        OF_A_KIND.format("text/html", HTML) + NEXT + AS_TEXT.format(INVOICE),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_BASE64.format(HTML)),
        AS_TEXT.format(INVOICE) + PARENT.format(AS_TEXT.format("<see page 2>")),
        AS_BASE64.format(BASE64) + WORDS,
    ],
)
def test_one_document_is_read_beside_itself_and_what_is_none(record, attached):
    assert record(ATTACHED.format(attached)).request.invoice.header.number == 12001


def test_a_document_in_a_frame_is_read(record):
    header = "<StandardBusinessDocumentHeader><Sender>x</Sender></StandardBusinessDocumentHeader>"
    inner = INVOICE.split("?>", 1)[1]
    found = record(f"<StandardBusinessDocument>{header}{inner}</StandardBusinessDocument>")
    assert found.request.invoice.header.number == 12001
    assert found.remarks == ("the StandardBusinessDocument around the document is not sent",)


def test_documents_in_one_file_are_read_one_by_one(write):
    found = list(read(write("in.xml", INVOICE + "\n" + CREDIT_NOTE)))
    assert [each.place.line for each in found] == [1, 2 + INVOICE.count("\n")]
    assert all(isinstance(each, ReadInvoice) for each in found)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
def test_the_lines_of_a_file_are_counted_whatever_ends_them(write, end):
    lines = [*INVOICE.splitlines(), "", *INVOICE.splitlines()]
    found = list(read(write("in.xml", end.join(lines))))
    assert [each.place.line for each in found] == [1, 2 + INVOICE.count("\n")]


def test_a_document_beyond_the_limit_costs_itself_alone(write, monkeypatch):
    monkeypatch.setattr(documents, "LARGEST_DOCUMENT", 20_000)
    monkeypatch.setattr(documents, "_BLOCK", 1000)
    long = INVOICE.replace("<cbc:Note>", f"<cbc:Note>{'x' * 30_000}\n", 1)
    found = list(read(write("in.xml", long + INVOICE + CREDIT_NOTE)))
    assert problems(found[0]) == [("/", "xml.size")]
    assert [each.place.line for each in found] == [
        1,
        1 + long.count("\n"),
        1 + long.count("\n") + INVOICE.count("\n"),
    ]
    assert all(isinstance(each, ReadInvoice) for each in found[1:])


def test_a_tax_scheme_of_a_row_that_is_none_of_vat_is_kept(record):
    row = INVOICE.index("<cac:InvoiceLine>")
    changed_row = INVOICE[row:].replace(
        "<cac:TaxScheme>\n          <cbc:ID>VAT<", "<cac:TaxScheme>\n          <cbc:ID>GST<", 1
    )
    assert changed_row != INVOICE[row:]
    first = record(INVOICE[:row] + changed_row).request.invoice.rows[0]
    assert ("Item/ClassifiedTaxCategory/TaxScheme/ID", "GST") in [
        (each.code, each.value) for each in first.definition_details
    ]


def test_rows_of_one_shape_keep_what_each_says(record):
    row = INVOICE[INVOICE.index("<cac:InvoiceLine>") : INVOICE.index("</cac:InvoiceLine>") + 18]
    lines = "".join(
        changed(row, ("<cbc:ID>1<", f"<cbc:ID>{name}<"), (">K-100<", f">K-{name}<"))
        for name in ("1", "A", "3")
    )
    rows = record(changed(INVOICE, (row, lines))).request.invoice.rows[:3]
    assert [each.product_code for each in rows] == ["K-1", "K-A", "K-3"]
    left = [[(it.code, it.value) for it in each.definition_details or ()] for each in rows]
    assert left == [[], [("ID", "A")], []]
