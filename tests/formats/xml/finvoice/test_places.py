"""Where what a Finvoice document says goes, and what is kept as a detail."""

from __future__ import annotations

from decimal import Decimal

from confirma_async.validation import check
from tests.formats.xml.changes import changed
from tests.formats.xml.finvoice.samples import CREDIT_NOTE, ENVELOPE, INVOICE


def details(found) -> dict[str, str]:
    invoice = found.request.invoice
    return {each.code: each.value for each in invoice.extensions.definition_details}


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


def test_what_is_left_of_a_charge_is_told_once(record):
    found = record(INVOICE)
    assert [(each.code, each.value) for each in found.request.invoice.rows[-1].definition_details] == [
        ("ReasonCode", "FC")
    ]
    assert not [code for code in details(found) if "ChargeDetails" in code]
