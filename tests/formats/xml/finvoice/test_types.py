"""Types of Finvoice documents, and what every invoice needs."""

from __future__ import annotations

import pytest

from confirma_async.formats import assign, scan
from confirma_async.formats.xml.finvoice.codes import TYPE_CODES
from tests.formats.xml.changes import changed, problems
from tests.formats.xml.finvoice.samples import CREDIT_NOTE, INVOICE


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
