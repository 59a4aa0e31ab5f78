"""Types of UBL documents, their dates and numbers, and the documents they refer to."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from confirma_async.converters import Converter
from confirma_async.formats import Identity, ReadInvoice, ReadOptions, assign, read, scan
from confirma_async.formats.xml.ubl.codes import TYPE_CODES
from confirma_async.schemas import InvoiceType
from tests.formats.xml.changes import changed, problems
from tests.formats.xml.ubl.samples import CREDIT_NOTE, DUE_DATE, INVOICE, details

CONVERTER = Converter()


def is_good(found: object) -> bool:
    return isinstance(found, ReadInvoice)


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
