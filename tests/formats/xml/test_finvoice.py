"""Finvoice documents, made from the project's own example by changing one thing."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from lxml import etree

from confirma_async.converters import Converter
from confirma_async.formats import BadRecord, InputError, ReadInvoice, ReadOptions, assign, read, scan
from confirma_async.formats.xml.finvoice.codes import TYPE_CODES, day, number
from confirma_async.validation import check
from tests.formats.xml.changes import changed, problems

EXAMPLE = Path(__file__).parents[3] / "examples" / "finvoice" / "invoices.xml"
SCHEMA = Path(__file__).parents[3].parent / "shared" / "data" / "finvoice" / "Finvoice3.0.xsd"
DELIVERY = EXAMPLE.read_bytes().decode("iso-8859-15")
ENVELOPE, INVOICE, _, CREDIT_NOTE = re.split(r"(?=<\?xml)|(?<=</Finvoice>)\n(?=<SOAP)", DELIVERY.strip())
ROW = "/Finvoice/InvoiceRow[1]"
INSTRUCTED = '<EpiInstructedAmount AmountCurrencyIdentifier="EUR">1335,57<'
IBAN = '<EpiAccountID IdentificationSchemeName="IBAN">FI2112345600000785<'


@pytest.fixture
def records(write):
    def read_all(document, **options) -> list[Any]:
        contents = document if isinstance(document, bytes) else document.encode("iso-8859-15")
        return list(read(write("in.xml", contents), ReadOptions(**options)))

    return read_all


@pytest.fixture
def record(records):
    def read_one(document, *pairs, **options) -> Any:
        (found,) = records(changed(document, *pairs) if pairs else document, **options)
        return found

    return read_one


def details(found) -> dict[str, str]:
    invoice = found.request.invoice
    return {each.code: each.value for each in invoice.extensions.definition_details}


# --- places -----------------------------------------------------------------------------------------


def test_what_has_a_field_is_in_it(record):
    found = record(INVOICE)
    invoice = found.request.invoice
    header, references, parties = invoice.header, invoice.references, invoice.parties
    assert (header.number, header.type, header.currency_code) == (13001, "INVOICE", "EUR")
    assert (header.date.isoformat(), header.due_date.isoformat()) == ("2026-11-02", "2026-11-16")
    assert header.additional_information == "Kiitos tilauksesta.\nAlle 5 €:n palautuksia ei makseta."
    assert (references.buyer, references.payment) == ("Kustannuspaikka 12", "130019")
    assert (parties.seller_party.business_id, parties.seller_party.vat_code) == ("9990001-6", "FI99900016")
    assert parties.seller_party.contact.contact_person.email == "laskutus@example.fi"
    assert parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert parties.seller_party.payment_details.bic == "NDEAFIHH"
    assert (parties.buyer_party.name, parties.buyer_party.entity_type) == ("Satumetsän Saha Oy", "BUSINESS")
    assert parties.buyer_party.address.postal_code == "33100"
    assert parties.delivery_party.delivery_date.isoformat() == "2026-10-30"
    assert invoice.terms.payment.description == "14 päivää netto"
    assert invoice.terms.interest.percentage == Decimal("9.5")
    assert [(it.url, it.file_name) for it in invoice.attachments] == [
        ("https://example.fi/liitteet/13001.pdf", "Tuntierittely")
    ]
    assert check(found.request) == []


def test_rows_charges_and_totals_are_in_place(record):
    invoice = record(INVOICE).request.invoice
    first, text, _, charge = invoice.rows
    assert (first.product_code, first.quantity, first.unit, first.unit_price) == ("K-100", 12, "h", 84)
    assert (first.net_amount, first.vat_amount, first.gross_amount) == (
        Decimal("1008.00"),
        Decimal("257.04"),
        Decimal("1265.04"),
    )
    assert first.description == "Lokakuu"
    assert (text.description, text.net_amount) == ("Matkat erittelyn mukaan:", None)
    assert (charge.product_name, charge.net_amount, charge.quantity) == ("Laskutuslisä", 20, 1)
    assert [row.row_number for row in invoice.rows] == [1, 2, 3, 4]
    assert sum(row.net_amount or 0 for row in invoice.rows) == invoice.amounts.net_amount
    (vat,) = invoice.amounts.vat_breakdown
    assert (vat.vat_percentage, vat.net_amount, vat.vat_amount) == (
        Decimal("25.5"),
        Decimal("1064.20"),
        Decimal("271.37"),
    )


def test_what_has_no_field_is_kept_with_its_path(record):
    kept = details(record(INVOICE))
    assert kept["SellerInformationDetails/SellerHomeTownName"] == "Helsinki"
    assert kept["InvoiceDetails/InvoiceTypeText"] == "LASKU"
    assert "InvoiceDetails/RowsTotalVatExcludedAmount" not in kept  # told by the rows


def test_a_total_that_the_rows_do_not_tell_is_kept(record):
    found = record(INVOICE, (">1044,20</RowsTotal", ">1044,21</RowsTotal"))
    assert details(found)["InvoiceDetails/RowsTotalVatExcludedAmount"] == "1044,21"


def test_a_credit_note_names_its_original_and_tells_that_its_amounts_are_negative(record):
    found = record(CREDIT_NOTE)
    assert found.request.invoice.header.type == "CREDIT_NOTE"
    assert found.request.invoice.references.credited_invoice_number == 13001
    assert found.request.invoice.amounts.gross_amount == Decimal("-105.42")
    assert any("negative" in remark for remark in found.remarks)


def test_definitions_of_the_document_are_details_by_their_own_names(record):
    definition = (
        '<DefinitionDetails><DefinitionHeaderText DefinitionCode="AB12">Työmaa</DefinitionHeaderText>'
        "<DefinitionValue>Silta 7</DefinitionValue></DefinitionDetails>"
    )
    before = "    <RowsTotalVatExcludedAmount"
    found = record(INVOICE, (before, definition + before))
    first = found.request.invoice.extensions.definition_details[0]
    assert (first.code, first.name, first.value) == ("AB12", "Työmaa", "Silta 7")


def test_sub_rows_are_details_of_their_row(record):
    sub = "<InvoiceRow><SubInvoiceRow><SubArticleName>Erä</SubArticleName></SubInvoiceRow></InvoiceRow>\n  "
    found = record(INVOICE, ("<InvoiceRow>", sub + "<InvoiceRow>"))
    (detail,) = found.request.invoice.rows[0].definition_details
    assert (detail.code, detail.value) == ("SubInvoiceRow/SubArticleName", "Erä")


def test_a_person_is_known_by_the_form_of_the_number(record):
    pairs = ((">9990002-4</BuyerPartyIdentifier>", ">131052-308T</BuyerPartyIdentifier>"),)
    buyer = record(INVOICE, *pairs).request.invoice.parties.buyer_party
    assert (buyer.entity_type, buyer.personal_identity_number, buyer.business_id) == (
        "PERSON",
        "131052-308T",
        None,
    )


def test_another_recipient_gets_the_route(record):
    party = (
        "<InvoiceRecipientPartyDetails><InvoiceRecipientOrganisationName>Tilitoimisto</"
        "InvoiceRecipientOrganisationName></InvoiceRecipientPartyDetails>\n  <BuyerPartyDetails>"
    )
    found = record(ENVELOPE + changed(INVOICE, ("<BuyerPartyDetails>", party)))
    parties = found.request.invoice.parties
    assert parties.invoice_recipient_party.electronic_invoice_account == "003799900024"
    assert parties.buyer_party.electronic_invoice_account is None


# --- money ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2830,30", "2830.30"),
        ("10", "10"),
        ("-1,5", "-1.5"),
        ("1 000,00", "1000.00"),
        ("1.000,00", "1000.00"),
        ("130.00", "130.00"),
        ("0.5", "0.5"),
        ("1,234", "1.234"),
    ],
)
def test_numbers_are_read_with_a_comma_or_where_there_is_no_doubt(text, value):
    assert str(number(text)) == value


@pytest.mark.parametrize("text", ["1.000", "1,000.00", "10 kpl", "", "1e3", "NaN"])
def test_numbers_that_are_in_doubt_are_none(text):
    assert number(text) is None


@pytest.mark.parametrize(("text", "date"), [("20261102", "2026-11-02"), ("2026-11-02", "2026-11-02")])
def test_dates_are_read(text, date):
    assert day(text) == date


@pytest.mark.parametrize("text", ["20261302", "2.11.2026", "202611", ""])
def test_what_is_no_date_is_none(text):
    assert day(text) is None


def test_amounts_are_never_rounded(record):
    found = record(INVOICE, (">1335,57</InvoiceTotal", ">1335,575</InvoiceTotal"))
    assert ("/Finvoice/InvoiceDetails/InvoiceTotalVatIncludedAmount", "xml.amount") in problems(found)


def test_an_amount_in_another_currency_is_refused(record):
    found = record(
        INVOICE,
        ('AmountCurrencyIdentifier="EUR">36,20</RowVat', 'AmountCurrencyIdentifier="SEK">36,20</RowVat'),
    )
    assert problems(found) == [("/Finvoice/InvoiceRow[3]/RowVatExcludedAmount", "xml.currency")]


def test_an_amount_to_pay_that_contradicts_the_totals_is_refused(record):
    found = record(INVOICE, (INSTRUCTED, INSTRUCTED.replace("1335,57", "1335,56")))
    assert [rule for _, rule in problems(found)] == ["xml.totals"]


def test_rounding_and_payments_are_part_of_what_is_due(record):
    total = "1335,57</InvoiceTotalVatIncludedAmount>"
    more = "".join(
        f'<{name} AmountCurrencyIdentifier="EUR">{value}</{name}>'
        for name, value in (("InvoiceTotalRoundoffAmount", "-0,02"), ("InvoicePaidAmount", "35,55"))
    )
    found = record(INVOICE, (total, total + more), (INSTRUCTED, INSTRUCTED.replace("1335,57", "1300,00")))
    invoice = found.request.invoice
    assert invoice.amounts.rounding_amount == Decimal("-0.02")
    assert (invoice.payment_data.state.paid_amount, invoice.payment_data.state.open_amount) == (
        Decimal("35.55"),
        Decimal("1300.00"),
    )


def test_a_quantity_that_is_no_number_is_kept_as_a_detail(record):
    found = record(INVOICE, (">12</InvoicedQuantity>", ">noin 12</InvoicedQuantity>"))
    first = found.request.invoice.rows[0]
    assert first.quantity is None
    assert ("InvoicedQuantity", "noin 12") in [(it.code, it.value) for it in first.definition_details]


def test_a_price_for_several_units_is_divided_where_that_is_exact(record):
    def price(base):
        before = '<UnitPriceAmount AmountCurrencyIdentifier="EUR">84,00</UnitPriceAmount>'
        after = f"{before}<UnitPriceBaseQuantity>{base}</UnitPriceBaseQuantity>"
        row = record(INVOICE, (before, after)).request.invoice.rows[0]
        return row.unit_price, [it.code for it in row.definition_details]

    assert price("100")[0] == Decimal("0.84")
    assert price("9")[0] is None
    assert {"UnitPriceAmount", "UnitPriceBaseQuantity"} <= set(price("9")[1])


def test_a_finnish_account_without_iban_is_sent_as_its_iban(record):
    found = record(INVOICE, (IBAN, '<EpiAccountID IdentificationSchemeName="BBAN">12345600000785<'))
    assert found.request.invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"
    assert any("IBAN" in remark for remark in found.remarks)


def test_without_an_account_to_pay_to_the_first_iban_of_the_seller_is_taken(record):
    found = record(INVOICE, (IBAN, '<EpiAccountID IdentificationSchemeName="BBAN">X-1<'))
    assert found.request.invoice.parties.seller_party.payment_details.iban == "FI2112345600000785"


# --- types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", sorted(TYPE_CODES))
def test_a_type_that_is_a_claim_is_sent_as_its_type(record, code):
    document, plain = (CREDIT_NOTE, "INV02") if code == "INV02" else (INVOICE, "INV01")
    found = record(document, (plain, code))
    assert found.request.invoice.header.type == TYPE_CODES[code]


@pytest.mark.parametrize("code", ["INV05", "INV06", "INV07", "TES01", "ORD01", "REC01", ""])
def test_a_type_that_is_no_claim_of_the_seller_is_refused(record, code):
    assert [rule for _, rule in problems(record(INVOICE, ("INV01", code)))] == ["xml.type"]


@pytest.mark.parametrize("un_code", ["384", "389", "381", "999"])
def test_a_code_of_the_united_nations_that_says_something_else_is_refused(record, un_code):
    element = f"</InvoiceTypeCode>\n    <InvoiceTypeCodeUN>{un_code}</InvoiceTypeCodeUN>"
    assert [rule for _, rule in problems(record(INVOICE, ("</InvoiceTypeCode>", element)))] == ["xml.type"]


@pytest.mark.parametrize("origin", ["Copy", "Cancel"])
def test_a_copy_or_a_cancellation_is_refused(record, origin):
    assert problems(record(INVOICE, (">Original<", f">{origin}<"))) == [
        ("/Finvoice/InvoiceDetails/OriginCode", "xml.type")
    ]


def test_a_document_that_is_paid_is_refused(record):
    status = "<PaymentStatusDetails><PaymentStatusCode>PAID</PaymentStatusCode></PaymentStatusDetails>"
    found = record(INVOICE, ("  <InvoiceRow>", f"  {status}\n  <InvoiceRow>"))
    assert [rule for _, rule in problems(found)] == ["xml.type"]


def test_what_every_invoice_needs_and_lacks_is_named(record):
    code = "<InvoiceTypeCode>INV01</InvoiceTypeCode>"
    bare = record(f'<Finvoice Version="3.0"><InvoiceDetails>{code}</InvoiceDetails></Finvoice>')
    assert [path for path, _ in problems(bare)] == [
        "/Finvoice/InvoiceDetails/InvoiceNumber",
        "/Finvoice/InvoiceDetails/InvoiceDate",
        "/Finvoice/InvoiceDetails/InvoiceTotalVatIncludedAmount",
    ]


def test_an_invoice_without_a_due_date_gets_one_and_says_so(record):
    due = '<InvoiceDueDate Format="CCYYMMDD">20261116</InvoiceDueDate>'
    paid = '<EpiDateOptionDate Format="CCYYMMDD">20261116</EpiDateOptionDate>'
    assert record(INVOICE, (due, "")).request.invoice.header.due_date.isoformat() == "2026-11-16"
    found = record(INVOICE, (due, ""), (paid, ""), due_days=10)
    assert found.request.invoice.header.due_date.isoformat() == "2026-11-12"
    assert "10 days" in found.remarks[0]


def test_a_number_that_is_not_whole_needs_one_to_be_given(record, write):
    document = changed(INVOICE, (">13001</InvoiceNumber>", ">2026/17</InvoiceNumber>"))
    assert [rule for _, rule in problems(record(document))] == ["number.whole"]
    seen = list(scan(write("in.xml", document.encode("iso-8859-15"))))
    found = record(document, numbers=assign([each.identity for each in seen], 500))
    assert (found.request.invoice.header.number, found.original_number) == (500, "2026/17")


# --- files ------------------------------------------------------------------------------------------


def test_a_delivery_of_a_bank_is_read_document_by_document(records):
    found = records(DELIVERY)
    assert [each.request.invoice.header.number for each in found] == [13001, 13002]
    assert [each.place.line for each in found] == [37, 200]
    for each in found:
        buyer = each.request.invoice.parties.buyer_party
        assert buyer.electronic_invoice_account == "003799900024"
        assert buyer.electronic_routing_address == "OKOYFIHH"
        assert "Envelope around the document is not sent" in each.remarks[0]


@pytest.mark.parametrize("is_inside", [False, True])
def test_an_address_from_the_envelope_is_said_to_stand_there(records, is_inside):
    inner = INVOICE.split("?>", 1)[1]
    end = "</SOAP-ENV:Body>"
    within = ENVELOPE.replace(end, inner + end).encode()
    (found,) = records(within if is_inside else ENVELOPE + INVOICE)
    buyer = "$.invoice.parties.buyerParty"
    at = "/Envelope/Header/MessageHeader/To"
    assert found.origins.find(f"{buyer}.electronicInvoiceAccount").endswith(f"{at}[1]/PartyId")
    assert found.origins.find(f"{buyer}.electronicRoutingAddress").endswith(f"{at}[2]/PartyId")


def test_a_receiver_inside_another_document_of_the_frame_is_not_taken(records):
    inner = INVOICE.split("?>", 1)[1]
    other = changed(inner, ("</Finvoice>", "<To><PartyId>003712345678</PartyId></To></Finvoice>"))
    first, _ = records(f"<frame>{inner}{other}</frame>".encode())
    assert first.request.invoice.parties.buyer_party.electronic_invoice_account is None


def test_sightings_are_those_of_the_invoices():
    assert [(seen.identity.original, seen.place.line) for seen in scan(EXAMPLE)] == [
        ("13001", 37),
        ("13002", 200),
    ]


@pytest.mark.parametrize("number_of", [2, 7])
def test_documents_that_follow_each_other_without_envelopes_are_read(records, number_of):
    documents = [
        INVOICE.replace(">13001</InvoiceNumber>", f">{n}</InvoiceNumber>") for n in range(1, number_of + 1)
    ]
    found = records("\n\n".join(documents))
    assert [each.request.invoice.header.number for each in found] == [*range(1, number_of + 1)]


def test_a_document_inside_its_envelope_is_read(records):
    inner = INVOICE.split("?>", 1)[1]
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    wrapped = f'<s:Envelope xmlns:s="{soap}"><s:Body>{inner}</s:Body></s:Envelope>'
    (found,) = records(wrapped.encode())
    assert found.request.invoice.header.number == 13001
    assert found.place.line is None


def test_a_broken_document_costs_itself_alone(records):
    broken = changed(INVOICE, ("</InvoiceDetails>", ""))
    found = records(broken + INVOICE.replace(">13001</InvoiceNumber>", ">2</InvoiceNumber>"))
    assert problems(found[0]) == [("/", "xml.syntax")]
    assert isinstance(found[1], ReadInvoice)


def test_a_document_of_another_kind_among_others_is_told(records):
    found = records('<?xml version="1.0"?>\n<FinvoiceAttachments/>\n' + INVOICE)
    assert problems(found[0]) == [("/", "xml.root")]
    assert isinstance(found[1], ReadInvoice)


@pytest.mark.parametrize("times", [1, 2])
def test_an_envelope_without_a_document_is_told(records, times):
    declared = '<?xml version="1.0"?>\n' + ENVELOPE
    assert [problems(each) for each in records(declared * times)] == [[("/", "xml.root")]] * times


def test_both_encodings_are_read(record):
    for encoding in ("iso-8859-15", "utf-8"):
        document = changed(INVOICE, ("ISO-8859-15", encoding.upper())).encode(encoding)
        assert "€" in record(document).request.invoice.header.additional_information


def test_a_dtd_that_is_only_named_is_neither_fetched_nor_in_the_way(record):
    named = '<!DOCTYPE Finvoice SYSTEM "http://127.0.0.1:9/Finvoice.dtd">\n<Finvoice '
    assert isinstance(record(INVOICE, ("<Finvoice ", named)), ReadInvoice)


BOMB = '<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    "doctype",
    [
        f"<!DOCTYPE Finvoice [{BOMB}]>",
        f'<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd" [{BOMB}]>',
        '<!DOCTYPE Finvoice [<!ENTITY i SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd" [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x"> %p;]>',
        '<!DOCTYPE Finvoice PUBLIC "a" "b">',
        f'<!--<!DOCTYPE Finvoice SYSTEM "Finvoice.dtd">--><!DOCTYPE Finvoice [{BOMB}]>',
        '<!DOCTYPE Other SYSTEM "Finvoice.dtd">',
    ],
)
def test_a_dtd_that_declares_anything_is_refused(record, doctype):
    found = record(INVOICE, ("<Finvoice ", doctype + "<Finvoice "), ("Kiitos", "&i;"))
    assert problems(found) == [("/", "xml.doctype")]


def test_a_dtd_in_a_comment_lets_no_hidden_one_pass(record):
    """UTF-7 hides a DOCTYPE from whoever looks at the bytes."""
    hidden = f"<!DOCTYPE Finvoice [{BOMB}]>".replace("<", "+ADw-").replace("&", "+ACY-").replace('"', "+ACI-")
    text = (
        '<?xml version="1.0" encoding="UTF-7"?><!--<!DOCTYPE Finvoice SYSTEM "F.dtd">-->'
        f'{hidden}<Finvoice Version="3.0"><a>x</a></Finvoice>'
    )
    assert isinstance(record(text.encode()), BadRecord)


def test_the_root_must_be_finvoice_without_a_namespace(write):
    with pytest.raises(InputError, match="neither UBL"):
        list(read(write("in.xml", '<Finvoice xmlns="urn:other"/>')))


@given(
    st.lists(st.tuples(st.integers(0, len(EXAMPLE.read_bytes()) - 1), st.integers(0, 255)), max_size=10),
    st.integers(0, len(EXAMPLE.read_bytes())),
)
def test_broken_bytes_are_bad_records_or_an_input_error(tmp_path_factory, changes, cut):
    contents = bytearray(EXAMPLE.read_bytes())
    for place, byte in changes:
        contents[place] = byte
    path = tmp_path_factory.mktemp("broken") / "in.xml"
    path.write_bytes(contents[:cut] + b"<")
    try:
        for record in read(path):
            assert isinstance(record, ReadInvoice) or record.problems
    except InputError:
        pass


@pytest.mark.skipif(not SCHEMA.exists(), reason="the schema is not beside this repository")
@pytest.mark.parametrize("document", [INVOICE, CREDIT_NOTE], ids=["invoice", "credit note"])
def test_the_examples_are_valid_by_the_schema(document):
    schema = etree.XMLSchema(etree.parse(SCHEMA))
    assert schema.validate(etree.fromstring(document.encode("iso-8859-15"))), schema.error_log


@pytest.mark.parametrize("version", ["1.2", "1.3", "2.0", "2.01"])
def test_older_versions_are_read_alike(record, version):
    """They lack what 3.0 has added: the codes of VAT, and charges on the whole document."""
    older = re.sub(
        r"(?s) *<(RowVatCode|VatCode|ChargeDetails|(Rows|Charges)TotalVatExcludedAmount).*?</\1>\n",
        "",
        INVOICE,
    )
    older = older.replace('Version="3.0"', f'Version="{version}"')
    older = older.replace("InvoicedQuantity", "DeliveredQuantity")
    found = record(older)
    assert found.request.invoice.rows[0].quantity == 12
    assert "Version" not in str(Converter().unstructure(found.request))


def test_what_is_left_of_a_charge_is_told_once(record):
    found = record(INVOICE)
    assert [(each.code, each.value) for each in found.request.invoice.rows[-1].definition_details] == [
        ("ReasonCode", "FC")
    ]
    assert not [code for code in details(found) if "ChargeDetails" in code]
